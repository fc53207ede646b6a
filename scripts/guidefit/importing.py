"""What every import of a real screen does alike: a ledger of what was left out or looks odd, and a look at units and names."""

import logging
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from guidefit.errors import UserError

logger = logging.getLogger("guidefit")

MISSING = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None"]  # among numbers

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
# MARCH1 becomes 1-Mar, SEPT2 2-Sep or 2006/09/02 (Ziemann, Eren & El-Osta 2016)
_MANGLED = re.compile(rf"\d{{1,2}}[-/ ]({_MONTHS})|({_MONTHS})[-/ ]\d{{1,4}}|\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}", re.IGNORECASE)


class Ledger:
    """What an import left out, and what it kept but should be looked at."""

    def __init__(self) -> None:
        self._entries: list[tuple[str, str, int | None, str]] = []

    def drop(self, reason: str, rows: int, examples: Iterable[Any]) -> None:
        """Rows (sgRNA and cell line) that were left out."""
        if rows:
            self._entries.append(("dropped", reason, rows, listed(examples)))

    def note(self, reason: str, examples: Iterable[Any] = (), rows: int | None = None) -> None:
        """Something that was kept and deserves a look, or a figure to compare with what one expects; told on the terminal too."""
        named = listed(examples)
        logger.info("%s%s", reason, f": {named}" if named else "")
        self._entries.append(("noted", reason, rows, named))

    def table(self) -> pd.DataFrame:
        """One row per entry: action (dropped or noted), reason, rows (sgRNA and cell line), examples."""
        table = pd.DataFrame(self._entries, columns=["action", "reason", "rows", "examples"])
        return table.astype({"action": "str", "reason": "str", "rows": "Int64", "examples": "str"})


def listed(items: Iterable[Any], most: int = 5) -> str:
    """The first items in words."""
    names = list(map(str, items))
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def mangled(names: Iterable[str]) -> list[str]:
    """Names that a spreadsheet has turned into dates."""
    return [name for name in names if _MANGLED.fullmatch(name)]


def note_names(genes: Iterable[str], ledger: Ledger) -> None:
    """Note genes whose names look like dates."""
    found = mangled(genes)
    if found:
        ledger.note(f"{len(found)} gene name(s) that a spreadsheet may have turned into dates (1-Mar was MARCH1)", found)


def linear(values: np.ndarray, unit: str) -> np.ndarray:
    """Copy numbers from a file as linear ones."""
    return values if unit == "linear" else 2.0**values - 1


def check_unit(values: np.ndarray, unit: str, diploid: float, place: str, ledger: Ledger) -> None:
    """Raise UserError where copy numbers cannot be in the unit that the config says; note their range, and what looks wrong.

    values: as in the file, missing ones allowed. diploid: the copy number of a diploid gene, on the linear scale. place: starts
    the message.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        raise UserError(f"{place}: no copy number at all.")
    low, middle, high = np.quantile(values, [0.001, 0.5, 0.999])
    largest = values.max()
    if values.min() < (0 if unit == "linear" else -1e-6):
        raise UserError(
            f"{place}: negative copy numbers (down to {values.min():.3g}), so these are logarithms of ratios. Give linear copy "
            "number (0 = lost), or log2(relative copy number + 1) with screen.copy_number_unit: log2."
        )
    if unit == "log2" and largest > 12:
        raise UserError(
            f"{place}: copy numbers up to {largest:.3g} cannot be log2(relative copy number + 1), that would be "
            f"{2.0**largest:.2g} copies. Set screen.copy_number_unit: linear."
        )
    if unit == "linear" and len(values) >= 10_000 and largest <= 7:
        ledger.note(
            f"no copy number above {largest:.3g} among {len(values):,}: if these are logarithms, set copy_number_unit: log2"
        )
    ratio = linear(middle, unit) / diploid
    if not 0.7 < ratio < 1.5:
        ledger.note(
            f"the median copy number is {ratio:.2g} times the diploid one ({diploid:g}): where they are absolute set diploid: 2, "
            "where they are relative diploid: 1"
        )
    ledger.note(
        f"copy numbers, taken as {unit}: median {middle:.3g}, 99.8 % between {low:.3g} and {high:.3g}, highest {largest:.3g}"
    )
