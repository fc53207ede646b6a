"""The ledger of an import: what was left out of a screen, what was kept but should be looked at, and what lowers the verdicts."""

import logging
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from guidefit.base import tables

logger = logging.getLogger("guidefit")

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
# MARCH1 becomes 1-Mar, SEPT2 2-Sep or 2006/09/02 (Ziemann, Eren & El-Osta 2016)
_DATE = re.compile(rf"\d{{1,2}}[-/ ]({_MONTHS})|({_MONTHS})[-/ ]\d{{1,4}}|\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}", re.IGNORECASE)


WARNED = "warned"  # the action of an entry that lowers the verdicts of all fits


class Ledger:
    """What an import left out, what it kept but should be looked at, and what lowers the verdicts of all fits."""

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

    def warn(self, reason: str, examples: Iterable[Any] = ()) -> None:
        """Add something that lowers the verdict of every fit to this screen to `warn`; reason: what is wrong and what to do."""
        named = listed(examples)
        logger.warning("%s%s", reason, f" ({named})" if named else "")
        self._entries.append((WARNED, reason, None, named))

    def table(self) -> pd.DataFrame:
        """One row per entry: action (dropped, noted or warned), reason, rows (sgRNA and cell line), examples."""
        table = pd.DataFrame(self._entries, columns=["action", "reason", "rows", "examples"])
        return table.astype({"action": "str", "reason": "str", "rows": "Int64", "examples": "str"})


def read_warnings(path: str | Path) -> list[str]:
    """The warnings of an import, each with its examples, from the file of its ledger."""
    table = tables.read(path)
    examples = table["examples"].fillna("")
    reasons = table["reason"] + (" (" + examples + ")").where(examples != "", "")
    return reasons[table["action"] == WARNED].tolist()


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
