"""Which guides of a screen have a gene, data and copy numbers, and what is left out."""

from typing import Any

import numpy as np
import pandas as pd

from guidefit.base.errors import UserError
from guidefit.screens import labels
from guidefit.screens.depmap_files import Steps
from guidefit.screens.ledger import Ledger, listed, note_date_like_names


def select_guides(
    guides: pd.DataFrame, sgrnas: np.ndarray, lines: np.ndarray, copies: pd.DataFrame, steps: Steps, ledger: Ledger
) -> pd.DataFrame:
    """The guides that the screen consists of, sorted by gene, with `position` (in the data) and `copies` (the gene's column there).

    sgrnas: names of the data's guides; lines: cell lines with data; copies: (cell line, gene) copy numbers. What is left out goes
    into the ledger. Raises UserError where nothing is left.
    """
    guides = _with_data(guides, sgrnas, len(lines), ledger)
    guides = _by_map(guides, steps, len(lines), ledger)
    guides = _with_copies(guides, lines, copies, ledger)
    note_date_like_names(guides["gene"].unique(), ledger)
    position = pd.Series(np.arange(len(sgrnas)), index=sgrnas)
    return guides.assign(position=guides["sgrna"].map(position)).sort_values(["gene", "sgrna"], kind="stable")


def _leave_out(ledger: Ledger, reason: str, names: Any, lines: int) -> None:
    """Count guides as left out of all lines."""
    ledger.drop(f"{reason}: {len(names):,} guide(s)", len(names) * lines, names)


def _with_data(guides: pd.DataFrame, sgrnas: np.ndarray, lines: int, ledger: Ledger) -> pd.DataFrame:
    """The guides of the map that have data."""
    _leave_out(ledger, "not in the guide map", sgrnas[~np.isin(sgrnas, guides["sgrna"])], lines)
    absent = guides.loc[~guides["sgrna"].isin(sgrnas), "sgrna"]
    if len(absent):
        ledger.note(f"{len(absent):,} guide(s) of the guide map are not among the data", absent)
    return guides.drop(index=absent.index)


def _by_map(guides: pd.DataFrame, steps: Steps, lines: int, ledger: Ledger) -> pd.DataFrame:
    """The guides of one gene, without those that the map marks or that cut in several places, as the config says."""
    several = guides.groupby("sgrna")["gene"].transform("nunique") > 1
    _leave_out(ledger, "aligns to several genes", guides.loc[several, "sgrna"].unique(), lines)
    guides = guides[~several].drop_duplicates("sgrna")
    if steps.drop_reason == "drop":
        marked = guides.loc[guides["marked"], "sgrna"]
        _leave_out(ledger, "marked in the guide map (DropReason, UsedByChronos)", marked, lines)
        guides = guides[~guides["marked"]]
    cuts_elsewhere = guides["n_alignments"] > 1
    names = guides.loc[cuts_elsewhere, "sgrna"]
    if steps.multi_mapping == "drop":
        _leave_out(ledger, "cuts in several places of the genome", names, lines)
        return guides[~cuts_elsewhere]
    if len(names):
        ledger.note(
            f"{len(names):,} guide(s) that cut in several places of the genome kept (screen.multi_mapping: drop leaves them out)",
            names,
        )
    return guides


def _with_copies(guides: pd.DataFrame, lines: np.ndarray, copies: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """The guides whose gene has copy numbers, with its column in `copies`; lines without copy numbers are counted."""
    known = lines[np.isin(lines, copies.index)]
    without = np.setdiff1d(lines, known)
    ledger.drop(f"no copy numbers for {len(without)} cell line(s)", len(guides) * len(without), without)
    if len(known) < 2:
        raise UserError(
            f"fewer than two cell lines have data and copy numbers ({listed(known) or 'none'}); the data have {listed(lines)}, the "
            f"copy numbers {listed(copies.index)}. A slope on copy number needs at least two cell lines: are the names of one kind?"
        )
    found = labels.match(guides["label"].unique(), copies.columns, "gene")
    labels.note_spelling(found, "gene", ledger)
    guides = guides.assign(copies=guides["label"].map(dict(zip(found.names, found.positions, strict=True))))
    has_copies = guides["copies"] >= 0
    _leave_out(ledger, "no copy numbers for the gene", guides.loc[~has_copies, "sgrna"], len(known))
    if not has_copies.any():
        raise UserError(
            f"no gene has both guides and copy numbers: the guides have genes such as {listed(guides['label'], 3)}, the copy "
            f"numbers {listed(copies.columns, 3)}. Are the names of one kind?"
        )
    return guides[has_copies]
