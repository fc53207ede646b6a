"""Tables for people: CSV that a spreadsheet cannot take for formulas."""

from pathlib import Path

import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table as CSV. Text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, CSV injection)."""
    safe = table.copy(deep=False)
    for name in table.columns:
        if pd.api.types.is_string_dtype(table[name].dtype) or isinstance(table[name].dtype, pd.CategoricalDtype):
            text = table[name].astype("str")
            safe[name] = text.where(~text.str.startswith(_FORMULA).fillna(False).astype(bool), "'" + text)
    safe.to_csv(path, index=False)
