"""The sample sheet of a screen: what each sequenced sample is. DepMap's sequence map is such a sheet."""

import re
from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from guidefit.base.errors import UserError
from guidefit.screens import labels, text_files
from guidefit.screens.ledger import Ledger, listed

# our column -> the names that sheets use, earlier ones first; case and punctuation do not matter
COLUMNS = {
    "sample": ("sequence_ID", "sample", "sample_name", "sample_ID", "label"),
    "cell_line": ("cell_line_name", "ModelID", "DepMap_ID", "cell_line", "cell_line_ID", "model", "line"),
    "condition": ("condition", "treatment", "arm", "drug"),
    "day": ("day", "days", "timepoint", "time"),
    "replicate": ("replicate", "rep"),
    "reference": ("reference", "references"),
    "batch": ("pDNA_batch", "batch"),
    "screen": ("ScreenID",),
    "passes_qc": ("PassesQC",),
    "type": ("ScreenType",),
}
KEYS = {"sample": "sequence", "cell_line": "cell_line", "batch": "pdna_batch", "screen": "screen"}
"""Our column -> the key of screen.map_columns that names it."""

PLASMID = "pDNA"  # the cell line of plasmid samples
_PLASMIDS = ("pdna", "plasmid", "plasmids", "plasmiddna", "plasmidlibrary", "plasmidpool", "library", "librarydna", "pdnalibrary")
_START = ("0", "start", "initial", "baseline", "input", "pretreatment", "begin")
_DAY = re.compile(
    r"(?:t|d|day|days|h|w|wk|week|time)?\s*[-_]?\s*(\d+(?:\.\d+)?)\s*(d|days?|h|hours?|w|wks?|weeks?)?", re.IGNORECASE
)
_START_IN_NAME = re.compile(r"(?:^|[^a-z0-9])(?:[td]0|day[-_ ]?0|initial|baseline|plasmid|pdna)(?:[^a-z0-9]|$)", re.IGNORECASE)
_WORD = re.compile(r"[a-z]{3,}(?:\d+(?:[num]m|[num]g|gy))?", re.IGNORECASE)
_DAY_IN_NAME = re.compile(r"[td]\d+|day\d+|\d+(?:d|days?|h|hours?)", re.IGNORECASE)
_REPLICATE_IN_NAME = re.compile(
    r"(?:bio|tech)?(?:rep|replicate|lane|run|batch|pool|lib|library|seq|clone|sample|plate|well|cas)s?[a-z]?\d*", re.IGNORECASE
)
# Columns in which replicates of one kind may differ
_OF_REPLICATES = (
    *("replicate", "library", "quality", "qc", "lane", "run", "flowcell", "plate", "well", "date", "file", "fastq", "index"),
    *("barcode", "read", "id", "comment", "note", "batch", "operator", "name"),
)


def read_sheet(
    path: str, map_columns: Mapping[str, str], ledger: Ledger, needed: Collection[str] = ("sample", "cell_line")
) -> pd.DataFrame:
    """The sheet, one row per sample: the columns of COLUMNS as cleaned text, empty where there are none, and `is_plasmid`.

    map_columns: keys of screen.map_columns -> the sheet's names; needed: columns that may not be absent. Plasmid samples have
    PLASMID as cell line. day: a number of days as text, or another name of a time in lower case; "0" for all names of the start.
    Other columns of the sheet are kept under their own names with "other: " in front. Raises UserError.
    """
    table = text_files.read(path, text="all", ledger=ledger).fillna("")
    found = _find_columns(path, table, map_columns, needed)
    sheet = pd.DataFrame({ours: table[found[ours]] if ours in found else "" for ours in COLUMNS}, index=table.index)
    for column in table.columns.difference(list(found.values()), sort=False):
        sheet[f"other: {column}"] = table[column]
    sheet = sheet[(sheet[list(COLUMNS)] != "").any(axis=1)]
    _refuse_rows(path, sheet, needed)
    is_plasmid = sheet["cell_line"].map(_is_plasmid) | sheet["type"].map(_is_plasmid) | sheet["condition"].map(_is_plasmid)
    for column in ("cell_line", "condition"):
        sheet[column] = _one_spelling(sheet[column])
    sheet["day"] = sheet["day"].map(parse_day)
    names_start = sheet["condition"].map(lambda name: parse_day(name) == "0")
    sheet.loc[names_start & (sheet["day"] == ""), "day"] = "0"
    sheet.loc[is_plasmid, "cell_line"] = PLASMID
    return sheet.assign(is_plasmid=is_plasmid).reset_index(drop=True)


def _find_columns(path: str, table: pd.DataFrame, own: Mapping[str, str], needed: Collection[str]) -> dict[str, str]:
    """Our column -> the sheet's. Raises UserError where a needed or a named column is absent."""
    found, absent = {}, []
    for ours, theirs in COLUMNS.items():
        named = own.get(KEYS.get(ours, ""))
        known = [named] if named is not None else theirs
        column = next((name for wanted in known if (name := text_files.find_column(wanted, table.columns))), None)
        if column is not None:
            found[ours] = column
        elif named is not None or ours in needed:
            absent.append(" or ".join(known) + (f" (screen.map_columns.{KEYS[ours]})" if ours in KEYS else ""))
    if absent:
        raise UserError(f"{path}: missing column {'; '.join(absent)}. The file has: {', '.join(table.columns[:15])}.")
    return found


def _refuse_rows(path: str, sheet: pd.DataFrame, needed: Collection[str]) -> None:
    """Raise UserError where a sample has two rows, or a row has no sample or no cell line."""
    repeated = sheet["sample"][sheet["sample"].duplicated()].unique()
    if len(repeated) and "sample" in needed:
        raise UserError(
            f"{path}: {len(repeated)} sample(s) have more than one row ({listed(repeated)}). Expected one row per sample: keep "
            "one of each."
        )
    is_other = ~(sheet["type"].map(_is_plasmid) | sheet["condition"].map(_is_plasmid))
    for column, rows in (("sample", sheet["sample"] == ""), ("cell_line", (sheet["cell_line"] == "") & is_other)):
        if column in needed and rows.any():
            place = sheet.index[rows][0]
            raise UserError(
                f"{path}: {rows.sum()} row(s) have no {column}, first line {place}. Fill it in (plasmid samples have {PLASMID} as "
                "cell line), or remove the row."
            )


def _is_plasmid(name: str) -> bool:
    return labels.fold(name) in _PLASMIDS


def _one_spelling(names: pd.Series) -> pd.Series:
    """Names that differ by case alone in the spelling of the first of them."""
    first: dict[str, str] = {}
    return names.map(lambda name: first.setdefault(name.lower(), name))


def parse_day(text: str) -> str:
    """A day as text: "14" of 14, d14, T14, 14 days, 2 weeks or 336 h; "0" of T0, initial, baseline, ...; else in lower case."""
    if labels.fold(text) in _START:
        return "0"
    found = _DAY.fullmatch(text.strip())
    if not found:
        return text.strip().lower()
    unit = (found[2] or text[:1]).lower()[:1]
    return f"{float(found[1]) * {'w': 7.0, 'h': 1 / 24}.get(unit, 1.0):g}"


def leave_out_failed(sheet: pd.DataFrame, failed_qc: str, ledger: Ledger) -> pd.DataFrame:
    """The sheet without samples that failed quality control elsewhere, or with them for "keep"; noted either way."""
    failed = sheet[sheet["passes_qc"].str.lower().isin(["false", "0", "no"])]
    if len(failed):
        what = "left out" if failed_qc == "drop" else "kept (screen.failed_qc: drop leaves them out)"
        ledger.note(f"{len(failed)} sample(s) that failed quality control {what}", failed["sample"])
    return sheet.drop(index=failed.index) if failed_qc == "drop" else sheet


def warn_of_hidden_conditions(chosen: pd.DataFrame, path: str, ledger: Ledger) -> None:
    """Warn where samples that are averaged as replicates differ in what the sheet says elsewhere, or by their names.

    chosen: rows of the sheet of equal cell line, condition and day.
    """
    groups = chosen.groupby(["cell_line", "condition", "day"], sort=False)
    for column in (name for name in chosen if name.startswith("other: ")):
        title = column.removeprefix("other: ")
        values = chosen[column]
        is_of_replicates = any(word in labels.fold(title) for word in _OF_REPLICATES)
        differs = groups[column].nunique() > 1
        if not is_of_replicates and differs.any() and values.nunique() <= max(len(chosen) // 2, 1):
            ledger.warn(
                f"{path}: samples of {differs.sum()} cell line(s) are averaged as replicates and differ in column {title!r} "
                f"({listed(values.unique())}). If they are not replicates, rename this column to condition"
            )
    words = _find_conditions_in_names(chosen)
    if words:
        ledger.warn(
            f"{path}: samples that are averaged as replicates have names that differ in {listed(words)}. If these are conditions "
            "or days, give them in the columns condition and day, and choose with screen.of",
            chosen["sample"],
        )
    starts = chosen["sample"].map(lambda name: bool(_START_IN_NAME.search(name)))
    mixed = starts.groupby(chosen["cell_line"]).transform(lambda each: each.any() and not each.all())
    if mixed.any():
        ledger.warn(
            f"{path}: the names of {(starts & mixed).sum()} sample(s) look like those of initial samples or plasmids, but they are "
            "averaged with other samples of their line. Give them day 0, or pDNA as cell line",
            chosen.loc[starts & mixed, "sample"],
        )


def _find_conditions_in_names(chosen: pd.DataFrame) -> list[str]:
    """Words and days in which the names of samples differ that are averaged as replicates, such as DMSO and d14 of L1_DMSO_d14_A.

    A word counts where several samples have it, as those of an arm do: a name that only one sample has may be anything.
    """
    parts = chosen["sample"].map(lambda name: {part for part in re.split(r"[\W_]+", name) if part})
    frequency = pd.Series([part for own in parts for part in own]).value_counts()
    found: dict[str, None] = {}
    for _, rows in parts.groupby([chosen[column] for column in ("cell_line", "condition", "day")], sort=False):
        varying = set.union(*rows) - set.intersection(*rows)
        is_arm = {part for part in varying if frequency[part] > 1 and (_WORD.fullmatch(part) or _DAY_IN_NAME.fullmatch(part))}
        found |= dict.fromkeys(sorted(part for part in is_arm if not _REPLICATE_IN_NAME.fullmatch(part)))
    return list(found)


def describe(samples: pd.DataFrame) -> Iterable[str]:
    """What samples there are, as "day 14, DMSO (5 samples)", in the order of the sheet."""
    for (day, condition), rows in samples.groupby(["day", "condition"], sort=False):
        place = ", ".join(part for part in (f"day {day}" if day else "", condition) if part) or "no day, no condition"
        yield f"{place} ({len(rows)} sample{'s' * (len(rows) != 1)})"
