"""Tables in text files: read with pandas, after a look for what pandas accepts without a word or reports in its own terms."""

import csv
import gzip
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from guidefit.base.errors import UserError

MISSING = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None"]  # words for a missing number

# Control characters, soft hyphen, zero-width and direction characters, byte order mark: names that look equal and are not.
INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
CHUNK_BYTES = 1 << 24


def read_csv(path: str | Path, separator: str = ",", **options: Any) -> pd.DataFrame:
    """A text file as a table; options: those of pandas.read_csv. Raises UserError with the line where the file is malformed.

    Refused are NUL characters, lines with more cells than the header, and files that pandas cannot read.
    """
    path = Path(path)
    try:
        if options.get("nrows") is None:  # a look at the first lines needs no pass over the file
            _refuse_nul(path)
        _refuse_wide_first_line(path, separator)
        return pd.read_csv(path, sep=separator, **options)
    except pd.errors.EmptyDataError:
        raise UserError(f"{path}: the file is empty. Expected a header line and at least one row.") from None
    except (pd.errors.ParserError, UnicodeDecodeError, OSError, EOFError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read as a table: {_explain(error)}".rstrip()) from error


def read_header(path: str | Path, separator: str = ",") -> list[str]:
    """The names in the first line of a text file, as written. Raises UserError where the file is empty or cannot be read."""
    header = read_csv(path, separator, header=None, nrows=1, dtype=str, keep_default_na=False).iloc[0]
    return header.tolist()


def find_invisible(names: Iterable[Any]) -> list[str]:
    """The different names that contain invisible characters."""
    return [name for name in dict.fromkeys(names) if isinstance(name, str) and INVISIBLE.search(name)]


def show_invisible(name: str) -> str:
    """A name with its invisible characters as escapes."""
    return INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", name)


def _open(path: Path, mode: str, **options: Any) -> Any:
    return gzip.open(path, mode, **options) if path.suffix == ".gz" else open(path, mode, **options)


def _refuse_nul(path: Path) -> None:
    """Raise UserError with the line of the first NUL character, at which pandas would cut off the cell."""
    lines = 1
    with _open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            place = chunk.find(b"\0")
            if place >= 0:
                line = lines + chunk.count(b"\n", 0, place)
                raise UserError(
                    f"{path}: line {line} contains a NUL character. Expected plain text in UTF-8: the file is damaged or saved in "
                    "another encoding (UTF-16). Save it again as CSV in UTF-8."
                )
            lines += chunk.count(b"\n")


def _refuse_wide_first_line(path: Path, separator: str) -> None:
    """Raise UserError where the first row has more cells than the header: pandas would take its first cells for names of rows.

    Later rows that are longer than the ones before them are errors of pandas itself.
    """
    with _open(path, "rt", encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=separator)
        filled = (row for row in reader if row)
        header, first = next(filled, []), next(filled, [])
        line = reader.line_num
    if header and len(first) > len(header):
        raise UserError(
            f"{path}: line {line} has {len(first)} cells, but the header has {len(header)} names. Give every column a name; "
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
