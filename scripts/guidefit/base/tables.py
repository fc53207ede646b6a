"""Tables: concatenation of parts, and CSV files in which no spreadsheet finds a formula."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def concatenate(parts: Sequence[pd.DataFrame], columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The rows of all parts in one table with a new index.

    Empty parts are left out, because their columns often have the wrong dtype; if all parts are empty, the result is the first one.
    columns: the columns of the result, in order; None: those of the parts. Without any part the result is an empty table.
    """
    filled = [part for part in parts if len(part)] or list(parts[:1])
    table = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(columns or ()))
    return table if columns is None else table[list(columns)]


def write(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table as CSV. Text that a spreadsheet would run as a formula gets an apostrophe in front (OWASP, CSV injection)."""
    safe = table.copy(deep=False)
    for name in table.columns:
        if pd.api.types.is_string_dtype(table[name].dtype) or isinstance(table[name].dtype, pd.CategoricalDtype):
            text = table[name].astype("str")
            safe[name] = text.where(~text.str.startswith(_FORMULA).fillna(False).astype(bool), "'" + text)
    safe.to_csv(path, index=False)


def read(path: str | Path) -> pd.DataFrame:
    """Read a CSV table of this workflow: only empty cells are missing values; names of genes and sgRNAs are text.

    A name such as NA or 7 remains a name, and the apostrophe that `write` puts before formulas is removed.
    """
    table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype={"gene": "str", "sgrna": "str", "variant": "str"})
    for name in table.columns:
        if pd.api.types.is_string_dtype(table[name].dtype):
            protected = table[name].str.startswith(tuple(f"'{mark}" for mark in _FORMULA)).fillna(False).astype(bool)
            table[name] = table[name].str[1:].where(protected, table[name])
    return table
