"""One reader of tables in text files, of any usual form; it refuses what it cannot read, and names the line."""

import csv
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from guidefit.base import messages
from guidefit.base.errors import UserError
from guidefit.screens import labels
from guidefit.screens.ledger import Ledger, listed
from guidefit.screens.text_layout import Layout, find_layout, open_bytes

# Words for a missing cell: of a name, and of a number. A gene or line may be called NA or None, but not #N/A.
NO_NAME = ["", "#N/A", "#NA", "#NV", "#N/D", "#NULL!", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#WERT!", "#BEZUG!", "<NA>"]
_EMPTY = ["NA", "N/A", "n/a", "na", "n.a.", "N.A.", "NaN", "nan", "NAN", "NULL", "null", "None", "none", "-", ".", "missing"]
MISSING = ["", "#N/A", "#N/A N/A", "#NA", "#NV", "#N/D", "<NA>", *_EMPTY]


def read(
    path: str | Path,
    text: Collection[str] | Literal["all"] = (),
    unique: Collection[str] | Literal["all"] = (),
    ledger: Ledger | None = None,
    has_header: bool = True,
    unparsed: Collection[str] = (),
) -> pd.DataFrame:
    """A table in a text file: comma, tab, semicolon, ..., any usual encoding and compression; the index is the line in the file.

    text: columns of names, cleaned, missing ones as NaN. The others become numbers where all their cells are numbers, and those in
    `unparsed` stay text with decimal points, in which `as_numbers` finds the other cells. unique: names that the header may have
    once only; other repeated names get a number. has_header: False gives the columns the names 0, 1, ... What is unusual is noted
    in the ledger. Empty rows, and columns without name and content, are left out. Raises UserError (file and line).
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file. Give its path relative to the folder that snakemake runs in.")
    try:
        layout = find_layout(path)
        names = _name_columns(path, layout, unique) if has_header else [str(i) for i in range(len(layout.header))]
        if has_header:
            _refuse_wide_first_row(path, layout)
        as_text = [*names] if text == "all" else [name for name in names if name in text]
        table = _parse(path, layout, names, as_text, [*unparsed], has_header)
    except (
        pd.errors.ParserError,
        pd.errors.EmptyDataError,
        UnicodeError,
        OSError,
        EOFError,
        csv.Error,
        lzma.LZMAError,
        zlib.error,
        zipfile.BadZipFile,
    ) as error:
        raise UserError(f"{path}: cannot be read as a table: {_explain(error)}".rstrip()) from error
    if ledger and (unusual := layout.unusual(path.name)):
        ledger.note(f"{path}: read {unusual}")
    table.index = pd.RangeIndex(layout.skipped + 1 + has_header, layout.skipped + 1 + has_header + len(table))
    unnamed = [name for i, name in enumerate(names) if i and name.startswith("Unnamed: ") and table[name].isna().all()]
    table = table.drop(columns=unnamed)
    for name in as_text:
        before, table[name] = table[name], labels.clean_column(table[name], NO_NAME)
        changed = before[(before != table[name]) & table[name].notna()].unique()
        if ledger and len(changed):
            ledger.note(f"{path}: blanks or invisible characters removed from {len(changed)} name(s) in column {name!r}", changed)
    if layout.decimal == ",":
        for name in unparsed:
            table[name] = table[name].str.replace(",", ".")
    return table[~table.isna().all(axis=1)] if len(table.columns) <= MANY_COLUMNS else table


MANY_COLUMNS = 200  # a row of a wider table is not looked through for emptiness


def read_header(path: str | Path) -> list[str]:
    """The names in the header of a text file, stripped. Raises UserError where the file is empty or no text."""
    try:
        return find_layout(Path(path)).header
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise UserError(f"{path}: cannot be read as a table: {error}") from error


def list_columns(columns: Collection[str], wanted: str) -> str:
    """Some columns for a message, those most like the wanted one first."""
    columns = list(map(str, columns))
    nearest = messages.nearest(wanted, columns) if len(columns) <= MANY_COLUMNS else columns
    return listed(labels.show_control(name) for name in nearest)


def find_column(wanted: str, columns: Collection[str]) -> str | None:
    """The column of this name, or the only one whose name differs by case or punctuation alone."""
    if wanted in columns:
        return wanted
    same = [column for column in columns if labels.fold(str(column)) == labels.fold(wanted)]
    return same[0] if len(same) == 1 else None


def _name_columns(path: Path, layout: Layout, unique: Collection[str] | str) -> list[str]:
    """Names of columns: those of the header, cleaned; a number after repeated ones and in place of missing ones."""
    cleaned = [labels.clean(name) for name in layout.header]
    repeated = pd.Index(cleaned)[pd.Index(cleaned).duplicated()].unique()
    wrong = [name for name in repeated if name and (unique == "all" or name in unique)]
    if wrong:
        raise UserError(f"{path}: {len(wrong)} column(s) occur more than once in the header ({listed(wrong)}). Keep one of each.")
    names: dict[str, None] = {}
    for i, name in enumerate(cleaned):
        names[f"{name}.{i}" if name in names else name or f"Unnamed: {i}"] = None
    return [*names]


def _parse(path: Path, layout: Layout, names: list[str], as_text: list[str], unparsed: list[str], has_header: bool) -> pd.DataFrame:
    text = set(as_text)  # words for missing numbers are no missing names
    missing = {name: NO_NAME if name in text else MISSING for name in names}
    with open_bytes(path) as file:
        return pd.read_csv(
            file,
            sep=layout.separator,
            decimal=layout.decimal,
            encoding=layout.encoding,
            header=0 if has_header else None,
            names=names,
            skiprows=layout.skipped,
            dtype=dict.fromkeys([*as_text, *unparsed], str),
            na_values=missing,
            keep_default_na=False,
            low_memory=False,
            index_col=False,
            skipinitialspace=True,
        )


def _refuse_wide_first_row(path: Path, layout: Layout) -> None:
    """Raise UserError where the first row has more cells than the header: pandas would take its first cells for names of rows.

    Later rows that are longer than the ones before them are errors of pandas itself.
    """
    with open_bytes(path) as file:
        reader = csv.reader(io.TextIOWrapper(file, encoding=layout.encoding, newline=None), delimiter=layout.separator)
        numbered = ((reader.line_num, row) for row in reader)
        filled = ((line, row) for line, row in numbered if row and line > layout.skipped)
        next(filled, None)
        line, first = next(filled, (0, []))
    if len(first) > len(layout.header) and any(cell.strip() for cell in first[len(layout.header) :]):
        raise UserError(
            f"{path}: line {line} has {len(first)} cells, but the header has {len(layout.header)} names. Give every column a name; "
            "from R, write with row.names = FALSE."
        )


def _explain(error: Exception) -> str:
    """pandas' message in the terms of the file."""
    found = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
    if found:
        expected, line, cells = found.groups()
        return (
            f"line {line} has {cells} cells, but {expected} are expected. Remove the surplus cells, "
            "or quote text that has separators."
        )
    return str(error)


def as_numbers(values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """(row,) numbers as float64, NaN where missing or not a number, and which values are not numbers: text, or true and false."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return pd.Series(np.nan, values.index), values.notna()
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    if values.dtype == object:
        numbers = numbers.mask(values.map(lambda value: isinstance(value, bool | np.bool_)).astype(bool))
    return numbers, numbers.isna() & values.notna()
