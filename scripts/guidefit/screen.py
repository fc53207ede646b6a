"""The screen: one table of rows (gene, sgrna, cell_line, cna, x, logfc), read, checked, and turned into arrays for models."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from guidefit import covariates
from guidefit.errors import UserError

IDS = ("gene", "sgrna", "cell_line")
NUMBERS = ("cna", "logfc")
COLUMNS = ("study", "seed", *IDS, "cna", "x", "logfc")
MISSING = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None"]


@dataclass(frozen=True)
class ModelData:
    """A screen as the arrays a model is built from.

    genes, sgrnas: names, in order of first appearance; gene_of_sgrna: (sgrna,) codes; sgrna_of_row: (row,) codes;
    x: (row,) covariate; logfc: (row,) log2 fold change; cell_lines: names; cell_line_of_row: (row,) codes.
    """

    genes: list[str]
    sgrnas: list[str]
    gene_of_sgrna: np.ndarray
    sgrna_of_row: np.ndarray
    x: np.ndarray
    logfc: np.ndarray
    cell_lines: list[str]
    cell_line_of_row: np.ndarray

    @property
    def sizes(self) -> dict[str, int]:
        """Numbers of rows, genes, sgrnas and cell_lines."""
        names = {"genes": self.genes, "sgrnas": self.sgrnas, "cell_lines": self.cell_lines}
        return {"rows": len(self.x)} | {key: len(each) for key, each in names.items()}

    def digest(self) -> str:
        """Checksum of the layout, x and logFC."""
        names = "\x1f".join([*self.genes, *self.sgrnas, *self.cell_lines]).encode()
        arrays = (self.gene_of_sgrna, self.sgrna_of_row, self.cell_line_of_row, self.x, self.logfc)
        return hashlib.sha256(names + b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()

    @property
    def gene_of_row(self) -> np.ndarray:
        """(row,) gene codes."""
        return self.gene_of_sgrna[self.sgrna_of_row]

    @property
    def coords(self) -> dict[str, Any]:
        """Coordinates of the model's dims."""
        return {"gene": self.genes, "sgrna": self.sgrnas, "cell_line": self.cell_lines, "row": np.arange(len(self.x))}

    def same_layout(self, other: "ModelData") -> bool:
        """Whether a model compiled for the other data fits these after swapping x and logfc."""
        return (
            self.genes == other.genes
            and self.sgrnas == other.sgrnas
            and self.cell_lines == other.cell_lines
            and np.array_equal(self.gene_of_sgrna, other.gene_of_sgrna)
            and np.array_equal(self.sgrna_of_row, other.sgrna_of_row)
            and np.array_equal(self.cell_line_of_row, other.cell_line_of_row)
        )


def model_data(table: pd.DataFrame) -> ModelData:
    """Arrays of one screen (one seed's rows)."""
    sgrna_codes, sgrnas = pd.factorize(table["sgrna"].astype(str))
    gene_codes, genes = pd.factorize(table["gene"].astype(str))
    line_codes, lines = pd.factorize(table["cell_line"].astype(str))
    gene_of_sgrna = np.empty(len(sgrnas), dtype=np.int64)
    gene_of_sgrna[sgrna_codes] = gene_codes
    logfc = table["logfc"] if "logfc" in table else np.zeros(len(table))
    x, y = np.asarray(table["x"], float), np.asarray(logfc, float)
    return ModelData(list(genes), list(sgrnas), gene_of_sgrna, sgrna_codes, x, y, list(lines), line_codes)


def groups_of_seed(file: pq.ParquetFile, seed: int) -> list[int]:
    """The row groups of one seed in a screen's file; a real screen's rows carry no seed and serve every seed."""
    metadata = file.metadata
    column = file.schema_arrow.get_field_index("seed")
    ranges = [metadata.row_group(i).column(column).statistics for i in range(metadata.num_row_groups)]
    return [i for i, s in enumerate(ranges) if s is None or not s.has_min_max or s.min <= seed <= s.max]


def of_seed(path: str | Path, seed: int) -> pd.DataFrame:
    """The rows of one seed."""
    with pq.ParquetFile(path) as file:
        return file.read_row_groups(groups_of_seed(file, seed)).to_pandas()


def rows_of_seed(path: str | Path, seed: int) -> int:
    """Number of rows of one seed, without reading them."""
    with pq.ParquetFile(path) as file:
        return sum(file.metadata.row_group(i).num_rows for i in groups_of_seed(file, seed))


def of_genes(path: str | Path, seed: int, most: int) -> tuple[pd.DataFrame, int]:
    """At most `most` genes of one seed, evenly spaced in their order: their rows, and how many genes there are. Holds no more."""
    genes: dict[str, None] = {}
    with pq.ParquetFile(path, read_dictionary=["gene"]) as file:
        groups = groups_of_seed(file, seed)
        for batch in file.iter_batches(1 << 20, groups, ["gene"]):
            genes |= dict.fromkeys(batch["gene"].unique().to_pylist())
        names = list(genes)
        kept = pa.array([names[i] for i in np.unique(np.linspace(0, len(names) - 1, min(most, len(names))).astype(int))])
        parts = []
        for batch in file.iter_batches(1 << 20, groups):
            rows = batch.filter(pc.is_in(batch["gene"].cast(pa.string()), kept))
            if rows.num_rows:
                parts.append(rows.to_pandas().astype({"gene": "str", "sgrna": "str", "cell_line": "str"}))
    return pd.concat(parts, ignore_index=True), len(names)


def truth_of_seed(path: str | Path, seed: int) -> pd.DataFrame:
    """The truth of one seed (variable, gene, sgrna, truth); no rows for a real screen."""
    with pq.ParquetFile(path) as file:
        table = file.read_row_groups(groups_of_seed(file, seed)).to_pandas()
    return table[table["seed"] == seed].drop(columns=["seed"])


def coords(table: pd.DataFrame) -> dict[str, list[str]]:
    """Names of genes, sgRNAs and cell lines in order of first appearance."""
    return {name: table[name].drop_duplicates().astype(str).tolist() for name in IDS}


class Writer:
    """Writes screens and their truths seed by seed into two Parquet files, a row group per seed."""

    TRUTH = pa.schema(
        [
            ("study", "string"),
            ("seed", "int64"),
            ("variable", "string"),
            ("gene", "string"),
            ("sgrna", "string"),
            ("truth", "float64"),
        ]
    )

    def __init__(self, screen: str | Path, truth: str | Path, study: str) -> None:
        self.path, self.study = screen, study
        self._screen: pq.ParquetWriter | None = None
        self._truth = pq.ParquetWriter(truth, self.TRUTH)

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self._truth.close()
        if self._screen:
            self._screen.close()

    def write(self, seed: int | None, screen: pd.DataFrame, truth: pd.DataFrame | None) -> None:
        """Add one seed's screen and truth; seed None: a real screen, which serves every seed and has no truth."""
        self.write_rows(seed, screen)
        if truth is not None and seed is not None:
            self.write_truth(seed, truth)

    def write_rows(self, seed: int | None, screen: pd.DataFrame) -> None:
        """Add rows of one seed's screen."""
        count = len(screen)
        names = pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), [self.study])
        numbers = pa.array(np.full(count, -1 if seed is None else seed), pa.int64(), mask=np.full(count, seed is None))
        arrays = {"study": names, "seed": numbers} | {str(name): _arrow(column) for name, column in screen.items()}
        table = pa.table(arrays)
        if self._screen is None:
            self._screen = pq.ParquetWriter(self.path, table.schema)
        self._screen.write_table(table)

    def write_truth(self, seed: int, truth: pd.DataFrame) -> None:
        """Add one seed's truth."""
        rows = truth.assign(study=self.study, seed=seed)[self.TRUTH.names]
        self._truth.write_table(pa.Table.from_pandas(rows, self.TRUTH, preserve_index=False))


def _arrow(column: pd.Series) -> pa.Array:
    """A column for Parquet; categories get codes of one width, however many there are, so that parts of a file fit together."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return pa.DictionaryArray.from_arrays(column.cat.codes.to_numpy(np.int32), pa.array(column.cat.categories, pa.string()))
    return pa.Array.from_pandas(column)


MORE_VARIATION = "Use more cell lines, a higher copy_number.mean or more copy_number.noise."
OTHER_COVARIATE = "Use the covariate of the study that the layout is from."


def refuse_constant_genes(table: pd.DataFrame, place: str, covariate: str, mend: str = MORE_VARIATION) -> None:
    """Raise UserError where a simulated screen has a gene whose covariate does not vary; mend: what to do about it."""
    constant = constant_genes(table)
    if constant:
        raise UserError(
            f"config: {place}: the covariate {covariate} does not vary in {len(constant)} gene(s) ({', '.join(constant[:5])}), "
            f"so no slope can be fitted. {mend}"
        )


# --- real screens ------------------------------------------------------------------------------------------------


def read(path: str | Path, columns: Mapping[str, str]) -> pd.DataFrame:
    """A screen's table with our column names first and the source's other columns behind them.

    path: .csv, .tsv, .txt (tab) or .parquet, the text ones also gzipped. columns: our name -> the file's name.
    Numbers stay as they are in the file: `check` judges them. The index is the line (text) or row (Parquet) in the file.
    Raises UserError where the file cannot be read or lacks a column.
    """
    path = Path(path)
    name = path.name.removesuffix(".gz")
    if not path.is_file():
        raise UserError(f"{path}: no such file. Give screen.path relative to the folder you run snakemake in.")
    try:
        if name.endswith(".parquet"):
            table = pd.read_parquet(path)
            first = 1
        elif name.endswith((".csv", ".tsv", ".txt")):
            table = _read_text(path, "," if name.endswith(".csv") else "\t", columns)
            first = 2  # line 1 is the header
        else:
            raise UserError(f"{path}: file type not known. Use .csv, .tsv, .txt (tab-separated) or .parquet; text may be .gz.")
    except pd.errors.EmptyDataError:
        raise UserError(f"{path}: the file is empty. It needs a header line and a row per sgRNA and cell line.") from None
    except (pd.errors.ParserError, UnicodeDecodeError, OSError, EOFError, pa.ArrowInvalid) as error:
        raise UserError(f"{path}: cannot be read as a table: {error}".rstrip()) from error

    missing = {ours: theirs for ours, theirs in columns.items() if theirs not in table.columns}
    if missing:
        listed = "; ".join(f"column {theirs!r} (screen.columns.{ours})" for ours, theirs in missing.items())
        has = ", ".join(map(str, list(table.columns)[:15]))
        raise UserError(f"{path}: missing {listed}. The file has: {has}. Correct the names under screen.columns.")
    if table.empty:
        raise UserError(f"{path}: no rows under the header. It needs a row per sgRNA and cell line.")
    ours = table[[columns[key] for key in columns]].set_axis(list(columns), axis=1)
    rest = table.drop(columns=list(columns.values())).rename(columns=lambda c: f"source_{c}" if c in COLUMNS else str(c))
    result = pd.concat([ours, rest], axis=1)
    result.index = pd.RangeIndex(first, first + len(result))
    return result


def _read_text(path: Path, separator: str, columns: Mapping[str, str]) -> pd.DataFrame:
    header = pd.read_csv(path, sep=separator, nrows=0).columns
    doubled = [c for c in columns.values() if c in header and f"{c}.1" in header]  # pandas numbers doubled names
    if doubled:
        raise UserError(f"{path}: column {doubled[0]!r} stands twice in the header. Keep one of the two.")
    ids = {theirs for ours, theirs in columns.items() if ours in IDS}
    # A gene or line may well be called NA or None: only an empty cell counts as missing there.
    missing = {column: [""] if column in ids else MISSING for column in header}
    as_text = dict.fromkeys(columns.values(), str)
    return pd.read_csv(path, sep=separator, dtype=as_text, na_values=missing, keep_default_na=False)


def check(table: pd.DataFrame, source: str, columns: Mapping[str, str], drop_missing: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table with numeric cna and logfc, checked, and a table of what was dropped (reason, rows, examples).

    source: the file's name for messages. Every problem found is told at once, with its column, its count and first lines.
    Raises UserError. Rows with missing values are dropped only where drop_missing says so.
    """
    problems: list[str] = []

    def report(column: str, what: str, lines: Iterable[Any], mend: str) -> None:
        lines = list(lines)
        shown = ", ".join(map(str, lines[:5])) + (", ..." if len(lines) > 5 else "")
        problems.append(f"column {columns[column]!r}: {what} in {len(lines)} row(s), line(s) {shown}. {mend}")

    table = table.copy()
    for column in NUMBERS:
        text = table[column]
        number = pd.to_numeric(text, errors="coerce").astype("float64")
        bad = text.index[number.isna() & text.notna()]
        if len(bad):
            values = ", ".join(repr(str(v)) for v in text[bad].head(3))
            report(column, f"not a number ({values})", bad, "Use a decimal point and no units, or leave the cell empty.")
        infinite = number.index[np.isinf(number)]
        if len(infinite):
            report(column, "infinite value", infinite, "Log of zero? Add a pseudocount before the logarithm, or drop the row.")
        table[column] = number
    negative = table.index[table["cna"] < 0]
    if len(negative):
        report("cna", "negative copy number", negative, "Give linear copy number (0 = lost), not its logarithm.")

    required = [*IDS, *NUMBERS]
    empty = table[required].isna()
    dropped = pd.DataFrame({"reason": pd.Series(dtype="str"), "rows": pd.Series(dtype="int64"), "examples": pd.Series(dtype="str")})
    if drop_missing:
        counts = [(c, empty.index[empty[c]]) for c in required if empty[c].any()]
        dropped = pd.DataFrame(
            [(f"missing {columns[c]}", len(lines), "lines " + ", ".join(map(str, lines[:5]))) for c, lines in counts],
            columns=list(dropped.columns),
        ).astype(dropped.dtypes.to_dict())
        table = table[~empty.any(axis=1)]
    else:
        for column in required:
            # Text that is no number was told above; here, only cells that are empty in the file.
            lines = empty.index[empty[column]]
            if len(lines) and not any(f"{columns[column]!r}: not a number" in p for p in problems):
                report(column, "missing value", lines, "Fill it in, or set screen.missing: drop to leave such rows out.")

    keyed = table.dropna(subset=list(IDS))
    double = keyed.index[keyed.duplicated(["sgrna", "cell_line"], keep=False)]
    if len(double):
        pairs = keyed.loc[double, ["sgrna", "cell_line"]].drop_duplicates().head(3)
        named = "; ".join(f"{s} in {c}" for s, c in pairs.itertuples(index=False))
        report("sgrna", f"the same sgRNA and cell line more than once ({named})", double, "Average replicates first.")
    genes_of = keyed.groupby("sgrna")["gene"].nunique()
    torn = genes_of.index[genes_of > 1]
    if len(torn):
        lines = keyed.index[keyed["sgrna"].isin(torn)]
        named = ", ".join(map(str, torn[:3]))
        report("sgrna", f"{len(torn)} sgRNA(s) of two genes ({named})", lines, "Keep one gene for each sgRNA.")
    if not problems and keyed["cell_line"].nunique() < 2:
        found = ", ".join(map(str, keyed["cell_line"].unique())) or "none"
        problems.append(
            f"column {columns['cell_line']!r}: fewer than two cell lines ({found}). "
            "A slope on copy number needs at least two; add cell lines to the table."
        )
    if problems:
        raise UserError(f"{source}: {len(problems)} problem(s):\n" + "\n".join(f"  - {p}" for p in problems))
    for column in IDS:
        table[column] = table[column].astype("str")
    return table, dropped


def constant_genes(table: pd.DataFrame) -> list[str]:
    """Genes whose covariate x does not vary over their rows, so that the data cannot give them a slope."""
    by_gene = table.groupby("gene", observed=True, sort=False)["x"]
    spread = by_gene.max() - by_gene.min()
    return [str(gene) for gene in spread.index[spread <= 1e-9]]


def import_screen(
    path: str | Path,
    columns: Mapping[str, str],
    covariate: str,
    missing: str = "refuse",
    constant_covariate: str = "refuse",
    winsor_quantiles: tuple[float, float] = (0.01, 0.99),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A real screen, checked and with its covariate x, and the table of what was dropped.

    missing, constant_covariate: "refuse" or "drop". Raises UserError (file, column, count and first lines).
    """
    table, dropped = check(read(path, columns), str(path), columns, missing == "drop")
    table = _with_covariate(table, covariate, winsor_quantiles)
    constant = constant_genes(table)
    if constant:
        lines = table.index[table["gene"].isin(constant)]
        named = ", ".join(constant[:5]) + (", ..." if len(constant) > 5 else "")
        if constant_covariate == "refuse":
            raise UserError(
                f"{path}: column {columns['cna']!r}: no variation of the covariate {covariate} in {len(constant)} gene(s) "
                f"({named}; {len(lines)} rows, first on line {lines[0]}), so no slope can be fitted for them. "
                "Take them out, or set screen.constant_covariate: drop to leave them out and have them counted."
            )
        dropped.loc[len(dropped)] = ["no variation of the covariate", len(lines), "genes " + named]
        # x depends on the rows that are left where it is scaled over all of them
        table = _with_covariate(table.drop(index=lines), covariate, winsor_quantiles)
    if table.empty:
        raise UserError(f"{path}: no rows left after dropping. See screen.missing and screen.constant_covariate.")
    if table["cell_line"].nunique() < 2:
        raise UserError(f"{path}: fewer than two cell lines are left after dropping rows with missing values.")
    first = [column for column in COLUMNS if column in table.columns]
    table = table[[*first, *(c for c in table.columns if c not in first)]]
    return table.reset_index(drop=True), dropped


def _with_covariate(table: pd.DataFrame, covariate: str, winsor_quantiles: tuple[float, float]) -> pd.DataFrame:
    if table.empty:
        return table.assign(x=np.empty(0))
    codes, _ = pd.factorize(table["gene"])
    x, _ = covariates.transform(covariate, table["cna"].to_numpy(), codes, winsor_quantiles)
    return table.assign(x=x)
