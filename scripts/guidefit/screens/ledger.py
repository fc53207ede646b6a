"""The ledger of an import: what was left out of a screen, what was kept but should be looked at, and what lowers the verdicts."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from guidefit.base import tables
from guidefit.base.errors import UserError

logger = logging.getLogger("guidefit")

LONGEST = 40  # characters of a name in a message, more than names have: a file that is read in a wrong way may have huge ones
WARNED = "warned"  # the action of an entry that lowers the verdicts of all fits


JOINS = ("join", "side", "total", "matched", "lost", "share_lost", "examples")


class Ledger:
    """What an import left out, what it kept but should be looked at, and what lowers the verdicts of all fits.

    lost_share: the share of a screen's guides, genes or lines that may be lost when files are joined.
    """

    def __init__(self, lost_share: float = 1.0) -> None:
        self._entries: list[tuple[str, str, int | None, str]] = []
        self._joins: list[tuple[str, str, int, int, int, float, str]] = []
        self.lost_share = lost_share

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

    def join(self, join: str, side: str, total: int, lost: Sequence[Any]) -> None:
        """Record what one side lost when two files were joined; logged as "N of M guides of the data are in the guide map".

        join: the other side; lost: the names that were not found there.
        """
        self._joins.append((join, side, total, total - len(lost), len(lost), len(lost) / total if total else 0.0, listed(lost)))
        logger.info("%s of %s %s are in the %s", f"{total - len(lost):,}", f"{total:,}", side, join)

    def join_of_screen(self, join: str, side: str, total: int, lost: Sequence[Any], hint: str = "") -> None:
        """Record what the screen itself lost in a join: a part of it lowers the verdicts, more than lost_share is an error.

        hint: a sentence on why the names may not match. Raises UserError.
        """
        self.join(join, side, total, lost)
        if not lost:
            return
        message = f"{len(lost):,} of {total:,} {side} are not in the {join}"
        if len(lost) > self.lost_share * total:
            raise UserError(
                f"{message} ({listed(lost)}): more than the share of {self.lost_share:.2g} that may be lost. {hint}Correct the "
                "names or add what is missing; or raise thresholds.lost_share to go on without these, which lowers the verdicts."
            )
        self.warn(f"{message}, and are left out", lost)

    def joins(self) -> pd.DataFrame:
        """One row per side of a join: JOINS."""
        table = pd.DataFrame(self._joins, columns=list(JOINS))
        return table.astype({"join": "str", "side": "str", "examples": "str", "share_lost": "float64"})

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
    """The first items, separated by commas, long ones shortened."""
    names = [name if len(name) <= LONGEST else f"{name[:LONGEST]}..." for name in map(str, items)]
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
