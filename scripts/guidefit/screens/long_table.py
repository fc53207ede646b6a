"""A real screen as one long table: read, validated, and given its covariate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from guidefit.base.errors import UserError
from guidefit.screens import labels, matrices, ploidy, text_files
from guidefit.screens.copy_number import find_unit, linear, recognise, remedy
from guidefit.screens.covariates import Covariate
from guidefit.screens.ledger import Ledger, listed
from guidefit.screens.long_covariate import with_varying_covariate
from guidefit.screens.screen_file import COLUMNS, IDS
from guidefit.screens.spreadsheets import check_gene_names, clean_case

NUMBERS = ("cna", "logfc")


def import_screen(
    path: str | Path,
    columns: Mapping[str, str],
    covariate: Covariate,
    missing: str,
    constant_covariate: str,
    copy_number_unit: str | None,
    logfc_max: float,
    lost_share: float,
    ploidies: str | None = None,
) -> tuple[pd.DataFrame, Ledger]:
    """A real screen, validated, with its covariate x and x at the diploid copy number, and what was left out of it.

    columns: our name -> the file's; without cna the screen has no copy numbers, and x is 0; missing: "refuse" or "drop";
    constant_covariate: these or "keep"; copy_number_unit: of copy_number.UNITS, None to recognise it; logfc_max: largest |logFC|;
    lost_share: largest share of the screen's sgRNAs, genes or lines that may be lost with dropped rows; ploidies: file of the
    ploidy of each line, where copy numbers are absolute. Raises
    UserError (file, column, count and first lines).
    """
    ledger = Ledger(lost_share)
    place = f"{path}: column {columns.get('cna')!r}"
    table = read(path, columns, ledger)
    for name, what in (("gene", "gene"), ("cell_line", "cell line")):
        table[name] = clean_case(table[name], what, str(path), ledger)
    has_copies = "cna" in columns
    is_ratio = has_copies and (copy_number_unit or _recognise(table["cna"], covariate.diploid)) == "log2_ratio"
    fewest_lines = 1 if constant_covariate == "keep" or not has_copies else 2
    table = validate(table, str(path), columns, missing == "drop", ledger, logfc_max, is_ratio, fewest_lines)
    check_gene_names(table[["sgrna", "gene"]].drop_duplicates(), str(path), ledger)
    if not has_copies:
        return _in_order(table.assign(cna=np.nan, x=0.0, x_diploid=0.0)), ledger
    if ploidies is not None:
        table, copy_number_unit = ploidy.divide_rows(table, ploidies, place, ledger), "linear"
    unit = find_unit(table["cna"].to_numpy(), copy_number_unit, "linear", covariate.diploid, place, ledger, ploidies is not None)
    table["cna"] = linear(table["cna"].to_numpy(), unit)
    ploidy.warn_of_other_ploidies(*ploidy.of_rows(table), covariate.diploid, place, ledger)
    table = with_varying_covariate(table, covariate, constant_covariate, place, ledger)
    if table.empty:
        raise UserError(
            f"{path}: no rows are left after dropping genes whose covariate does not vary (screen.constant_covariate: drop). "
            "Correct the copy numbers: those of each gene are the same in all rows."
        )
    if constant_covariate != "keep" and len(left := table["cell_line"].unique()) < 2:
        raise UserError(
            f"{path}: only one cell line is left ({listed(left)}) after dropping genes whose covariate does not vary "
            "(screen.constant_covariate: drop). Slopes on copy number need at least two: correct the copy numbers, or add rows of "
            "another line that was screened with the same library."
        )
    return _in_order(table), ledger


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """The table with our columns first."""
    first = [column for column in (*COLUMNS, "x_diploid") if column in table.columns]
    return table[[*first, *(column for column in table.columns if column not in first)]].reset_index(drop=True)


def _recognise(cna: pd.Series, diploid: float) -> str | None:
    """The unit that the numbers in a column of copy numbers show."""
    numbers, _ = text_files.as_numbers(cna)
    finite = numbers[np.isfinite(numbers)].to_numpy()
    return recognise(finite, diploid) if len(finite) else None


# --- reading -----------------------------------------------------------------------------------------------------


def read(path: str | Path, columns: Mapping[str, str], ledger: Ledger) -> pd.DataFrame:
    """A screen's table with our column names first and the source's other columns behind them.

    path: Parquet, or text of any usual format (`text_files.read`). columns: our name -> the file's name.
    Numbers stay as they are in the file: `validate` judges them. The index is the line (text) or row (Parquet) in the file.
    Raises UserError where the file cannot be read or lacks a column.
    """
    path = Path(path)
    if _is_parquet(path):
        table = _read_parquet(path)
        columns = _find_columns(table, path, columns)
        table = table.assign(**{columns[name]: labels.clean_column(table[columns[name]]) for name in IDS})
    else:
        table, columns = _read_text(path, columns, ledger)
    if table.empty:
        raise UserError(f"{path}: no rows under the header. Expected one row per sgRNA and cell line.")
    return _rename_columns(table, columns)


def _is_parquet(path: Path) -> bool:
    if not path.is_file():
        raise UserError(f"{path}: no such file. Give screen.path relative to the folder that snakemake runs in.")
    with open(path, "rb") as file:
        return file.read(4) == b"PAR1" or path.suffix == ".parquet"


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path, page_checksum_verification=True)
    except (OSError, pa.ArrowInvalid) as error:
        raise UserError(f"{path}: cannot be read as Parquet: {error}".rstrip()) from error
    return table.set_index(pd.RangeIndex(1, 1 + len(table)))


def _read_text(path: Path, columns: Mapping[str, str], ledger: Ledger) -> tuple[pd.DataFrame, Mapping[str, str]]:
    header = pd.DataFrame(columns=list(map(labels.clean, text_files.read_header(path))))
    columns = _find_columns(header, path, columns)
    ids, numbers = ([theirs for ours, theirs in columns.items() if (ours in IDS) is is_id] for is_id in (True, False))
    return text_files.read(path, text=ids, unparsed=numbers, unique=[*columns.values()], ledger=ledger), columns


def _find_columns(table: pd.DataFrame, path: Path, columns: Mapping[str, str]) -> dict[str, str]:
    """Our name -> the column of the table. Raises UserError where there is none."""
    found = {ours: text_files.find_column(theirs, table.columns) for ours, theirs in columns.items()}
    absent = {ours: columns[ours] for ours, theirs in found.items() if theirs is None}
    if absent:
        named = "; ".join(f"column {theirs!r} (screen.columns.{ours})" for ours, theirs in absent.items())
        has = text_files.list_columns(table.columns, next(iter(absent.values())))
        raise UserError(f"{path}: missing {named}. The file has: {has}. Correct the names under screen.columns.")
    return {ours: theirs for ours, theirs in found.items() if theirs is not None}


def _rename_columns(table: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Our columns, then the source's others; those that have one of our names become source_NAME."""
    ours = table[list(columns.values())].set_axis(list(columns), axis=1)
    taken = (*COLUMNS, "x_diploid", "Gene")  # Gene: the gene as DepMap's files write it
    others = table.drop(columns=list(columns.values()))
    others = others.rename(columns=lambda column: f"source_{column}" if column in taken else str(column))
    return pd.concat([ours, others], axis=1)


# --- validation --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Candidate:
    """To be validated: the table with numeric cna and logfc, which of their cells are not numbers, and the file's column names."""

    table: pd.DataFrame
    not_numbers: dict[str, pd.Index]
    source: pd.DataFrame
    columns: Mapping[str, str]
    logfc_max: float
    is_ratio: bool

    @property
    def required(self) -> list[str]:
        """The columns in which no cell may be empty."""
        return [*IDS, *self.not_numbers]

    def problem(self, column: str, what: str, lines: pd.Index, remedy: str) -> str:
        """A problem in words: column, what is wrong, in how many rows and on which lines, and what to do."""
        return f"column {self.columns[column]!r}: {what} in {len(lines)} row(s), line(s) {listed(lines)}. {remedy}"

    def lines_of(self, names: list[str], column: str) -> pd.Index:
        """The lines with one of these names in a column."""
        return self.table.index[self.table[column].isin(names)]


def validate(
    table: pd.DataFrame,
    source: str,
    columns: Mapping[str, str],
    drop_missing: bool,
    ledger: Ledger,
    logfc_max: float,
    is_ratio: bool = False,
    fewest_lines: int = 2,
) -> pd.DataFrame:
    """The table with numeric logfc and, if any, cna, and names as text; rows that were dropped are counted in the ledger.

    source: the file's name for messages; drop_missing: drop rows with missing values instead of refusing them; is_ratio: copy
    numbers are logarithms of ratios, which may be negative. Raises UserError that lists all problems, each with its column, its
    count and first lines.
    """
    numbers, not_numbers = {}, {}
    for column in filter(columns.__contains__, NUMBERS):
        numbers[column], is_no_number = text_files.as_numbers(table[column])
        not_numbers[column] = table.index[is_no_number]
    candidate = _Candidate(table.assign(**numbers), not_numbers, table, columns, logfc_max, is_ratio)
    problems = [problem for find in VALUE_CHECKS for problem in find(candidate)]
    if drop_missing:
        candidate = _drop_missing(candidate, ledger)
    else:
        problems += _find_missing(candidate)
    problems += [problem for find in NAME_CHECKS for problem in find(candidate)]
    problems = problems or _find_too_few_lines(candidate, fewest_lines)
    if problems:
        raise UserError(f"{source}: {len(problems)} problem(s):\n" + "\n".join(f"  - {problem}" for problem in problems))
    return candidate.table.astype(dict.fromkeys(IDS, "str"))


def _find_text(candidate: _Candidate) -> list[str]:
    """Text, or true and false, where numbers are expected."""
    remedy = "Expected a number with a decimal point and no unit; leave the cell empty where it is missing."
    problems = []
    for column, lines in candidate.not_numbers.items():
        if len(lines):
            values = ", ".join(repr(str(value)[:40]) for value in candidate.source.loc[lines[:3], column])
            problems.append(candidate.problem(column, f"not a number ({values})", lines, remedy))
    return problems


def _find_infinite(candidate: _Candidate) -> list[str]:
    remedy = "If it is the logarithm of 0, add a pseudocount before taking logarithms, or remove the row."
    infinite = {column: candidate.table.index[np.isinf(candidate.table[column])] for column in candidate.not_numbers}
    return [candidate.problem(column, "infinite value", lines, remedy) for column, lines in infinite.items() if len(lines)]


def _find_negative_copies(candidate: _Candidate) -> list[str]:
    if "cna" not in candidate.columns:
        return []
    cna = candidate.table["cna"]
    lines = candidate.table.index[(cna < 0) & np.isfinite(cna)]
    if candidate.is_ratio or not len(lines):
        return []
    return [candidate.problem("cna", "negative copy number", lines, remedy(cna[np.isfinite(cna)].to_numpy()))]


def _find_extreme_logfc(candidate: _Candidate) -> list[str]:
    logfc = candidate.table["logfc"]
    lines = candidate.table.index[(logfc.abs() > candidate.logfc_max) & np.isfinite(logfc)]
    if not len(lines):
        return []
    largest = logfc[lines].loc[logfc[lines].abs().idxmax()]
    what = f"value beyond {candidate.logfc_max:g} (up to {largest:.3g}), which no log2 fold change reaches,"
    return [candidate.problem("logfc", what, lines, "Is the column a logFC? Correct the values, or remove the rows.")]


def _find_unsigned_logfc(candidate: _Candidate) -> list[str]:
    logfc = candidate.table["logfc"]
    if candidate.not_numbers["logfc"].size or not matrices.is_unsigned(logfc.to_numpy()):
        return []
    return [f"column {candidate.columns['logfc']!r}: {matrices.explain_unsigned()}"]


def _find_missing(candidate: _Candidate) -> list[str]:
    """Empty cells; a column in which text is not a number has been reported already."""
    remedy = "Fill it in, or set screen.missing: drop to leave such rows out."
    problems = []
    for column in candidate.required:
        lines = candidate.table.index[candidate.table[column].isna()]
        if len(lines) and not len(candidate.not_numbers.get(column, ())):
            problems.append(candidate.problem(column, "missing value", lines, remedy))
    return problems


def _find_control_characters(candidate: _Candidate) -> list[str]:
    problems = []
    for column in IDS:
        names = [name for name in candidate.table[column].dropna().unique() if labels.CONTROL.search(str(name))]
        if names:
            shown = listed((labels.show_control(name) for name in names), 3)
            lines = candidate.lines_of(names, column)
            remedy = "Names that look equal would be different ones: remove these characters."
            problems.append(candidate.problem(column, f"control characters ({shown})", lines, remedy))
    return problems


def _find_repeated_rows(candidate: _Candidate) -> list[str]:
    named = candidate.table.dropna(subset=list(IDS))
    lines = named.index[named.duplicated(["sgrna", "cell_line"], keep=False)]
    if not len(lines):
        return []
    pairs = named.loc[lines, ["sgrna", "cell_line"]].drop_duplicates().head(3)
    shown = "; ".join(f"{sgrna} in {line}" for sgrna, line in pairs.itertuples(index=False))
    what = f"the same sgRNA and cell line more than once ({shown})"
    advice = (
        "Average replicates of one condition and day first. Other conditions or days are other screens, in tables of their own."
    )
    return [candidate.problem("sgrna", what, lines, advice)]


def _find_sgrnas_of_several_genes(candidate: _Candidate) -> list[str]:
    named = candidate.table.dropna(subset=list(IDS))
    genes = named.groupby("sgrna")["gene"].nunique()
    several = genes.index[genes > 1].tolist()
    if not several:
        return []
    lines = named.index[named["sgrna"].isin(several)]
    what = f"{len(several)} sgRNA(s) of several genes ({listed(several, 3)})"
    return [candidate.problem("sgrna", what, lines, "Keep one gene for each sgRNA.")]


def _find_too_few_lines(candidate: _Candidate, fewest: int) -> list[str]:
    lines = candidate.table["cell_line"].dropna().unique()
    if len(lines) >= fewest:
        return []
    return [
        f"column {candidate.columns['cell_line']!r}: fewer than two cell lines ({listed(lines) or 'none'}). "
        "Slopes on copy number need at least two: add rows of another line that was screened with the same library. "
        "For a single cell line use the variant one_line and set screen.constant_covariate: keep."
    ]


def _drop_missing(candidate: _Candidate, ledger: Ledger) -> _Candidate:
    """The candidate without rows with missing values, which are counted by column."""
    empty = candidate.table[candidate.required].isna()
    for column in candidate.required:
        lines = empty.index[empty[column]]
        ledger.drop(f"missing {candidate.columns[column]}", len(lines), [f"line {line}" for line in lines[:6]])
    kept = candidate.table[~empty.any(axis=1)]
    for name, what in (("sgrna", "sgRNAs"), ("gene", "genes"), ("cell_line", "cell lines")):
        names = candidate.table[name].dropna().unique()
        lost = names[~pd.Index(names).isin(kept[name])]
        ledger.join_of_screen("rows without missing values", f"{what} of the table", len(names), lost.tolist())
    return _Candidate(kept, candidate.not_numbers, candidate.source, candidate.columns, candidate.logfc_max, candidate.is_ratio)


Check = Callable[[_Candidate], list[str]]
VALUE_CHECKS: tuple[Check, ...] = (_find_text, _find_infinite, _find_negative_copies, _find_extreme_logfc, _find_unsigned_logfc)
NAME_CHECKS: tuple[Check, ...] = (_find_control_characters, _find_repeated_rows, _find_sgrnas_of_several_genes)
