"""Copy numbers of genes in cell lines from a file: a matrix of either orientation, with annotations, or a tidy table."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from guidefit.base.errors import UserError
from guidefit.screens import labels, matrices, ploidy, text_files
from guidefit.screens.copy_number import find_unit, linear
from guidefit.screens.ledger import Ledger, listed

MOST_COLUMNS = 15  # of a tidy table
LINES = ("celllinename", "cellline", "celllineid", "modelid", "depmapid", "line", "model", "sample", "sampleid", "ccleid", "name")
VALUES = (
    *("copynumber", "relativecopynumber", "copynumberratio", "cn", "cna", "cnv", "totalcn", "totalcopynumber", "log2", "log2ratio"),
    *("logratio", "log2cn", "log2copyratio", "log2copynumber", "segmentmean", "segmean", "value", "tcn", "gistic", "call"),
)
POSITIONS = (
    {"start", "startposition", "locstart", "chromstart", "startbp"},
    {"end", "stop", "endposition", "locend", "chromend", "endbp"},
)


def read(path: str | Path, genes: Collection[str], ledger: Ledger) -> pd.DataFrame:
    """The copy numbers of a file as a matrix of lines and genes, either way round.

    genes: names of genes of the screen, by which the column of genes of a tidy table (a row per line and gene) is found. Raises
    UserError where the file holds segments, or a tidy table without columns of lines and values.
    """
    path = Path(path)
    if not matrices.is_hdf5(path):
        header = text_files.read_header(path)
        if len(header) <= MOST_COLUMNS:
            table = text_files.read(path)
            tidy = _read_tidy(table, path, genes)
            if tidy is not None:
                ledger.note(f"{path}: read as a table with a row for each cell line and gene")
                return tidy
    return matrices.read(path, ledger)


def _read_tidy(table: pd.DataFrame, path: Path, genes: Collection[str]) -> pd.DataFrame | None:
    """The matrix (line, gene) of a tidy table; None where the table is not one."""
    folded = {labels.fold(str(column)): column for column in table.columns}
    known = set(genes) | {labels.symbol(gene) for gene in genes}
    is_number = {column: pd.api.types.is_numeric_dtype(table[column]) for column in table.columns}
    names = {
        column: labels.clean_column(table[column])
        for column in table.columns
        if table[column].nunique() < len(table) or not is_number[column]
    }
    share: dict[str, float] = {column: names[column].drop_duplicates().isin(known).mean() for column in names}
    gene = max(share, key=lambda column: share[column], default="")
    has_genes = share.get(gene, 0.0) > 0.3
    if all(set(folded) & each for each in POSITIONS) and not has_genes:
        raise UserError(
            f"{path}: these are segments of chromosomes (columns {listed(table.columns)}), not copy numbers of genes. Give a table "
            "with the copy number of each gene in each cell line: average the segments over each gene, or take such a table from "
            "where the segments are from."
        )
    lines = [column for column in names if column != gene and not is_number[column] and not names[column].is_unique]
    lines = [folded[name] for name in LINES if folded.get(name) in names and folded[name] != gene] or lines
    if not has_genes or not lines or len(table.columns) < 3:
        return None
    if names[gene].is_unique and names[lines[0]].is_unique:
        return None
    value = _find_values(table, path, {gene, lines[0]}, folded)
    pairs = pd.DataFrame({"line": names[lines[0]], "gene": names[gene], "value": table[value]}).dropna(subset=["line", "gene"])
    pairs = pairs.drop_duplicates()
    repeated = pairs[pairs.duplicated(["line", "gene"])]
    if len(repeated):
        first = repeated.iloc[0]
        raise UserError(
            f"{path}: {len(repeated)} pair(s) of line and gene have several values, first {first['gene']} in {first['line']}. "
            "Keep one."
        )
    return pairs.pivot(index="line", columns="gene", values="value").rename_axis(index=None, columns=None).astype(float)


def _find_values(table: pd.DataFrame, path: Path, taken: Collection[str], folded: dict[str, str]) -> str:
    numeric = [column for column in table.columns if column not in taken and pd.api.types.is_float_dtype(table[column])]
    named = [folded[name] for name in VALUES if name in folded and folded[name] not in taken]
    for column in named:
        _, is_no_number = text_files.as_numbers(table[column])
        if is_no_number.any():
            line = table.index[is_no_number][0]
            raise UserError(
                f"{path}: column {column!r} is not a number on line {line}: {str(table.loc[line, column])[:40]!r}. Expected a copy "
                "number: correct it, or leave the cell empty."
            )
    if len(named) == 1 or (named and len(numeric) != 1):
        return named[0]
    if len(numeric) == 1:
        return numeric[0]
    raise UserError(
        f"{path}: this table has a row for each cell line and gene, but it is not clear which column holds the copy numbers "
        f"(columns {listed(numeric or table.columns)}). Name it copy_number."
    )


def to_linear(
    copies: pd.DataFrame,
    lines: Collection[str],
    genes: Collection[str],
    unit: str | None,
    diploid: float,
    place: str,
    ledger: Ledger,
    ploidies: str | None = None,
) -> pd.DataFrame:
    """The matrix (line, gene) as linear copy numbers; the unit is judged by the cells of the screen's lines and genes.

    lines, genes: of the screen; unit: of the config, None to recognise it; diploid: linear; ploidies: file of the ploidy of each
    line, by which absolute copy numbers become relative ones. Raises UserError, see `find_unit`.
    """
    columns = labels.match(dict.fromkeys(genes), copies.columns, "gene")
    own_lines, own_genes = copies.index.isin(list(lines)), np.unique(columns.positions[columns.found])
    if ploidies is not None:
        of_line = ploidy.read(ploidies, copies.index[own_lines], ledger)
        ploidy.check(*ploidy.of_matrix(copies.iloc[own_lines, own_genes]), of_line, ploidies, place, ledger)
        copies, unit = copies.div(of_line.reindex(copies.index), axis=0), "linear"
    of_screen = copies.to_numpy()[np.ix_(own_lines, own_genes)].ravel()
    values = of_screen if np.isfinite(of_screen).any() else copies.to_numpy().ravel()
    found = find_unit(values, unit, "log2", diploid, place, ledger, is_known=ploidies is not None)
    copies = copies if found == "linear" else linear(copies, found)
    ploidy.warn_of_other_ploidies(*ploidy.of_matrix(copies.iloc[own_lines, own_genes]), diploid, place, ledger)
    return copies
