"""Tables: concatenation of parts, and CSV files in which no spreadsheet finds a formula."""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

# A spreadsheet runs text as a formula after blanks, byte order marks and zero-width characters too; full-width signs count as well.
_FORMULA = re.compile(r"[\t\r]|[\s\ufeff\u200b-\u200f\u2060]*[=+\-@\uff1d\uff0b\uff0d\uff20]")

_NAMES = ("gene", "sgrna", "cell_line", "variant")


def concatenate(parts: Sequence[pd.DataFrame], columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The rows of all parts in one table with a new index.

    Empty parts are left out, because their columns often have the wrong dtype; if all parts are empty, the result is the first one.
    columns: the columns of the result, in order; None: those of the parts. Without any part the result is an empty table.
    """
    filled = [part for part in parts if len(part)] or list(parts[:1])
    table = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(columns or ()))
    return table if columns is None else table[list(columns)]


def write(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table as CSV.

    Text and names of columns that a spreadsheet would run as formulas get an apostrophe in front (OWASP, CSV injection).
    """
    safe = table.copy(deep=False)
    for name in table.columns:
        if pd.api.types.is_string_dtype(table[name].dtype) or isinstance(table[name].dtype, pd.CategoricalDtype):
            text = table[name].astype("str")
            safe[name] = text.where(~text.str.match(_FORMULA).fillna(False).astype(bool), "'" + text)
    safe.rename(columns=lambda name: f"'{name}" if _FORMULA.match(str(name)) else name).to_csv(path, index=False)


def read(path: str | Path) -> pd.DataFrame:
    """Read a CSV table of this workflow: only empty cells are missing values; names of genes, sgRNAs and cell lines are text.

    A name such as NA or 7 remains a name, and the apostrophes that `write` puts in front of formulas are removed.
    """
    table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=dict.fromkeys(_NAMES, "str"))
    for name in table.columns:
        if pd.api.types.is_string_dtype(table[name].dtype):
            without = table[name].str.removeprefix("'")
            is_protected = (without != table[name]) & without.str.match(_FORMULA).fillna(False).astype(bool)
            table[name] = without.where(is_protected, table[name])
    return table.rename(columns=lambda name: name[1:] if name.startswith("'") and _FORMULA.match(name[1:]) else name)
