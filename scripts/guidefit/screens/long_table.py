"""A real screen as one long table: read, checked, and given its covariate."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from guidefit.screens.covariates import Covariate
from guidefit.base.errors import UserError
from guidefit.screens.ledger import MISSING, Ledger, listed, note_date_like_names
from guidefit.screens.copy_number import check_unit, linear
from guidefit.screens.screen_file import COLUMNS, IDS, find_constant_genes

NUMBERS = ("cna", "logfc")


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
        named = "; ".join(f"column {theirs!r} (screen.columns.{ours})" for ours, theirs in missing.items())
        has = ", ".join(map(str, list(table.columns)[:15]))
        raise UserError(f"{path}: missing {named}. The file has: {has}. Correct the names under screen.columns.")
    if table.empty:
        raise UserError(f"{path}: no rows under the header. It needs a row per sgRNA and cell line.")
    ours = table[[columns[key] for key in columns]].set_axis(list(columns), axis=1)
    taken = (*COLUMNS, "x_diploid", "Gene")  # Gene: how DepMap's files write a gene
    rest = table.drop(columns=list(columns.values())).rename(columns=lambda c: f"source_{c}" if c in taken else str(c))
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
    return pd.read_csv(path, sep=separator, dtype=as_text, na_values=missing, keep_default_na=False, low_memory=False)


def check(table: pd.DataFrame, source: str, columns: Mapping[str, str], drop_missing: bool, ledger: Ledger) -> pd.DataFrame:
    """The table with numeric cna and logfc, checked; what was dropped goes into the ledger.

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
        report(
            "cna",
            "negative copy number",
            negative,
            "Give linear copy number (0 = lost), or log2(relative copy number + 1) with screen.copy_number_unit: log2.",
        )

    required = [*IDS, *NUMBERS]
    empty = table[required].isna()
    if drop_missing:
        for column in required:
            lines = empty.index[empty[column]]
            ledger.drop(f"missing {columns[column]}", len(lines), [f"line {line}" for line in lines[:6]])
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
    return table.astype(dict.fromkeys(IDS, "str"))


def import_screen(
    path: str | Path,
    columns: Mapping[str, str],
    covariate: Covariate,
    missing: str = "refuse",
    constant_covariate: str = "refuse",
    copy_number_unit: str = "linear",
) -> tuple[pd.DataFrame, Ledger]:
    """A real screen, checked, with its covariate x and what x is at the diploid copy number, and what was left out of it.

    missing, constant_covariate: "refuse" or "drop". Raises UserError (file, column, count and first lines).
    """
    ledger = Ledger()
    table = check(read(path, columns), str(path), columns, missing == "drop", ledger)
    place = f"{path}: column {columns['cna']!r}"
    check_unit(table["cna"].to_numpy(), copy_number_unit, covariate.diploid, place, ledger)
    note_date_like_names(table["gene"].unique(), ledger)
    table["cna"] = linear(table["cna"].to_numpy(), copy_number_unit)
    table = _with_covariate(table, covariate)
    constant = find_constant_genes(table)
    if constant:
        lines = table.index[table["gene"].isin(constant)]
        if constant_covariate == "refuse":
            raise UserError(
                f"{place}: no variation of the covariate {covariate.name} in {len(constant)} gene(s) "
                f"({listed(constant)}; {len(lines)} rows, first on line {lines[0]}), so no slope can be fitted for them. "
                "Take them out, or set screen.constant_covariate: drop to leave them out and have them counted."
            )
        ledger.drop("no variation of the covariate", len(lines), [f"gene {gene}" for gene in constant])
        # x depends on the rows that are left where it is scaled over all of them
        table = _with_covariate(table.drop(index=lines), covariate)
    if table.empty:
        raise UserError(f"{path}: no rows left after dropping. See screen.missing and screen.constant_covariate.")
    if table["cell_line"].nunique() < 2:
        raise UserError(f"{path}: fewer than two cell lines are left after dropping rows with missing values.")
    first = [column for column in (*COLUMNS, "x_diploid") if column in table.columns]
    table = table[[*first, *(c for c in table.columns if c not in first)]]
    return table.reset_index(drop=True), ledger


def _with_covariate(table: pd.DataFrame, covariate: Covariate) -> pd.DataFrame:
    if table.empty:
        return table.assign(x=np.empty(0), x_diploid=np.empty(0))
    gene, _ = pd.factorize(table["gene"])
    cna = table["cna"].to_numpy()
    fitted = covariate.fit(cna, gene)
    return table.assign(x=fitted.x(cna, gene), x_diploid=fitted.x(np.full(len(cna), covariate.diploid), gene))
