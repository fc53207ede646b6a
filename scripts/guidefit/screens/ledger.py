"""The ledger of an import: what was left out of a screen, and what was kept but should be looked at."""

import logging
import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

logger = logging.getLogger("guidefit")

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
# MARCH1 becomes 1-Mar, SEPT2 2-Sep or 2006/09/02 (Ziemann, Eren & El-Osta 2016)
_DATE = re.compile(rf"\d{{1,2}}[-/ ]({_MONTHS})|({_MONTHS})[-/ ]\d{{1,4}}|\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}", re.IGNORECASE)


class Ledger:
    """What an import left out, and what it kept but should be looked at."""

    def __init__(self) -> None:
        self._entries: list[tuple[str, str, int | None, str]] = []

    def drop(self, reason: str, rows: int, examples: Iterable[Any]) -> None:
        """Count rows (sgRNA and cell line) that were left out; no entry where there are none."""
        if rows:
            self._entries.append(("dropped", reason, rows, listed(examples)))

    def note(self, reason: str, examples: Iterable[Any] = (), rows: int | None = None) -> None:
        """Note something that was kept and should be looked at, or a figure to compare with the expected one; logged as well."""
        named = listed(examples)
        logger.info("%s%s", reason, f": {named}" if named else "")
        self._entries.append(("noted", reason, rows, named))

    def table(self) -> pd.DataFrame:
        """One row per entry: action (dropped or noted), reason, rows (sgRNA and cell line), examples."""
        table = pd.DataFrame(self._entries, columns=["action", "reason", "rows", "examples"])
        return table.astype({"action": "str", "reason": "str", "rows": "Int64", "examples": "str"})


def listed(items: Iterable[Any], most: int = 5) -> str:
    """The first items, separated by commas."""
    names = list(map(str, items))
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def find_date_like_names(names: Iterable[str]) -> list[str]:
    """Names that a spreadsheet has turned into dates."""
    return [name for name in names if _DATE.fullmatch(name)]


def note_date_like_names(genes: Iterable[str], ledger: Ledger) -> None:
    """Note genes whose names look like dates."""
    found = find_date_like_names(genes)
    if found:
        ledger.note(f"{len(found)} gene name(s) that a spreadsheet may have turned into dates (1-Mar was MARCH1)", found)
