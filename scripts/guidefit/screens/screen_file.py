"""The file of screens (Parquet): rows of study, seed, gene, sgrna, cell_line, cna, x and logfc, and the truth in another file."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from guidefit.base import parquet
from guidefit.base.arrays import evenly_spaced
from guidefit.base.errors import UserError

IDS = ("gene", "sgrna", "cell_line")
TRUTH_ROWS = 20_000  # truths of small screens are written together, since each table takes a millisecond however small it is
COLUMNS = ("study", "seed", *IDS, "cna", "x", "logfc")


def row_groups_of_seed(file: pq.ParquetFile, seed: int) -> list[int]:
    """The row groups of one seed in a screen's file; the rows of a real screen have no seed and serve every seed."""
    return [i for i, (low, high) in enumerate(_seeds_of_row_groups(file)) if low <= seed <= high]


def _seeds_of_row_groups(file: pq.ParquetFile) -> list[tuple[float, float]]:
    """The smallest and largest seed of each row group; infinite where its rows serve every seed."""
    metadata, column = file.metadata, file.schema_arrow.get_field_index("seed")
    ranges = [metadata.row_group(i).column(column).statistics for i in range(metadata.num_row_groups)]
    return [(-np.inf, np.inf) if s is None or not s.has_min_max else (s.min, s.max) for s in ranges]


def read_seed(path: str | Path, seed: int) -> pd.DataFrame:
    """The rows of one seed."""
    return next(iterate_seeds(path, [seed]))


def iterate_seeds(path: str | Path, seeds: Iterable[int]) -> Iterator[pd.DataFrame]:
    """The rows of one seed after the other, from a file that is opened once."""
    for table in iterate_small_screens(path, seeds, np.inf):
        assert table is not None
        yield table


def iterate_small_screens(path: str | Path, seeds: Iterable[int], most_rows: float) -> Iterator[pd.DataFrame | None]:
    """The same, with None instead of a screen of more than most_rows rows."""
    with parquet.opened(path) as file:
        ranges, metadata = _seeds_of_row_groups(file), file.metadata
        for seed in seeds:
            groups = [i for i, (low, high) in enumerate(ranges) if low <= seed <= high]
            rows = sum(metadata.row_group(i).num_rows for i in groups)
            yield file.read_row_groups(groups).to_pandas() if rows <= most_rows else None


def count_rows(path: str | Path, seed: int) -> int:
    """Number of rows of one seed, without reading them."""
    with parquet.opened(path) as file:
        return sum(file.metadata.row_group(i).num_rows for i in row_groups_of_seed(file, seed))


def read_some_genes(path: str | Path, seed: int, most: int) -> tuple[pd.DataFrame, int]:
    """At most `most` genes of one seed, evenly spaced in their order: their rows, and the number of all genes."""
    genes: dict[str, None] = {}
    with parquet.opened(path, ["gene"]) as file:
        groups = row_groups_of_seed(file, seed)
        for batch in file.iter_batches(1 << 20, groups, ["gene"]):
            genes |= dict.fromkeys(batch["gene"].unique().to_pylist())
        names = list(genes)
        kept = pa.array([names[i] for i in evenly_spaced(len(names), most)])
        parts = []
        for batch in file.iter_batches(1 << 20, groups):
            rows = batch.filter(pc.is_in(batch["gene"].cast(pa.string()), kept))
            if rows.num_rows:
                parts.append(rows.to_pandas().astype({"gene": "str", "sgrna": "str", "cell_line": "str"}))
    return pd.concat(parts, ignore_index=True), len(names)


def iterate_rows(path: str | Path, seed: int, columns: list[str], batch_rows: int = 1 << 20) -> Iterator[pd.DataFrame]:
    """The rows of one seed, batch_rows at a time, with those of the columns that the file has; names as categories."""
    with parquet.opened(path, list(IDS)) as file:
        present = [name for name in columns if name in file.schema_arrow.names]
        for batch in file.iter_batches(batch_rows, row_groups_of_seed(file, seed), present):
            yield batch.to_pandas()


def read_rows_of_genes(path: str | Path, seed: int, genes: list[str]) -> pd.DataFrame:
    """The rows of some genes: gene, sgrna, cell_line, cna, x, logfc."""
    columns = [*IDS, "cna", "x", "logfc"]
    parts = [rows[rows["gene"].isin(genes)].astype({"gene": "str", "sgrna": "str"}) for rows in iterate_rows(path, seed, columns)]
    return pd.concat(parts, ignore_index=True)


def read_gene_labels(path: str | Path, seed: int) -> pd.Series:
    """gene -> its name in the source."""
    parts = [rows.drop_duplicates("gene").astype("str") for rows in iterate_rows(path, seed, ["gene", "Gene"])]
    table = pd.concat(parts).drop_duplicates("gene")
    return table.set_index("gene", drop=False)["Gene" if "Gene" in table else "gene"]


def read_truths(path: str | Path) -> pd.DataFrame:
    """The truths of all seeds (seed, variable, gene, sgrna, cell_line, truth); no rows for a real screen."""
    with parquet.opened(path) as file:
        return file.read().to_pandas()


def coords(table: pd.DataFrame) -> dict[str, list[str]]:
    """Names of genes, sgRNAs and cell lines in order of first appearance."""
    return {name: _names_in_order(table[name]) for name in IDS}


def _names_in_order(column: pd.Series) -> list[str]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [str(name) for name in column.cat.categories[pd.unique(column.cat.codes.to_numpy())]]
    return column.drop_duplicates().astype(str).tolist()


class ScreenWriter:
    """Writes screens and their truths seed by seed into two Parquet files: a row group per seed, or per TRUTH_ROWS of truths."""

    TRUTH = pa.schema(
        [
            ("study", "string"),
            ("seed", "int64"),
            ("variable", "string"),
            ("gene", "string"),
            ("sgrna", "string"),
            ("cell_line", "string"),
            ("truth", "float64"),
        ]
    )

    def __init__(self, screen: str | Path, truth: str | Path, study: str) -> None:
        self.path, self.study = screen, study
        self._screen: pq.ParquetWriter | None = None
        self._truth = parquet.writer(truth, self.TRUTH)
        self._waiting: list[tuple[int, pd.DataFrame]] = []

    def __enter__(self) -> "ScreenWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._write_waiting_truths()
        self._truth.close()
        if self._screen:
            self._screen.close()

    def write(self, seed: int, screen: pd.DataFrame, truth: pd.DataFrame) -> None:
        """Add one seed's screen and truth."""
        self.write_rows(seed, screen)
        self.write_truth(seed, truth)

    def write_rows(self, seed: int | None, screen: pd.DataFrame) -> None:
        """Add rows of one seed's screen; seed None: rows of a real screen, which serve every seed."""
        count = len(screen)
        names = pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), [self.study])
        numbers = pa.array(np.full(count, -1 if seed is None else seed), pa.int64(), mask=np.full(count, seed is None))
        table = pa.table({"study": names, "seed": numbers} | arrow_columns(screen))
        if self._screen is None:
            self._screen = parquet.writer(self.path, table.schema)
        self._screen.write_table(table)

    def write_truth(self, seed: int, truth: pd.DataFrame) -> None:
        """Add one seed's truth."""
        self._waiting.append((seed, truth))
        if sum(len(each) for _, each in self._waiting) >= TRUTH_ROWS:
            self._write_waiting_truths()

    def _write_waiting_truths(self) -> None:
        if self._waiting:
            truths = [truth for _, truth in self._waiting]
            seeds = np.repeat([seed for seed, _ in self._waiting], [len(truth) for truth in truths])
            rows = pd.concat(truths, ignore_index=True).assign(study=self.study, seed=seeds)[self.TRUTH.names]
            self._truth.write_table(pa.Table.from_pandas(rows, self.TRUTH, preserve_index=False))
            self._waiting = []


def arrow_columns(table: pd.DataFrame) -> dict[str, pa.Array]:
    """Columns for Parquet; all categories get 32-bit codes, so that parts of a file have one schema."""

    def of(column: pd.Series) -> pa.Array:
        if isinstance(column.dtype, pd.CategoricalDtype):
            return pa.DictionaryArray.from_arrays(column.cat.codes.to_numpy(np.int32), pa.array(column.cat.categories, pa.string()))
        return pa.Array.from_pandas(column.astype("str") if column.dtype == object else column)

    return {str(name): of(column) for name, column in table.items()}


MORE_VARIATION = "Use more cell lines, a higher copy_number.mean or more copy_number.noise."
OTHER_COVARIATE = "Use the covariate of the study whose layout is taken."


def refuse_constant_genes(table: pd.DataFrame, place: str, covariate: str, remedy: str = MORE_VARIATION) -> None:
    """Raise UserError where a simulated screen has a gene whose covariate does not vary; remedy: what the user can do."""
    constant = find_constant_genes(table)
    if constant:
        raise UserError(
            f"config: {place}: the covariate {covariate} does not vary in {len(constant)} gene(s) ({', '.join(constant[:5])}), "
            f"so no slope can be fitted. {remedy}"
        )


def find_constant_genes(table: pd.DataFrame) -> list[str]:
    """Genes whose covariate x does not vary over their rows, so that the data cannot give them a slope."""
    by_gene = table.groupby("gene", observed=True, sort=False)["x"]
    spread = by_gene.max() - by_gene.min()
    return [str(gene) for gene in spread.index[spread <= 1e-9]]
