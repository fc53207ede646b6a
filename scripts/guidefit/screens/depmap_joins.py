"""Which guides of a screen have a gene, data and copy numbers, and what is left out."""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from guidefit.base.errors import UserError
from guidefit.screens import labels
from guidefit.screens.depmap_files import Steps
from guidefit.screens.ledger import Ledger, listed
from guidefit.screens.spreadsheets import check_gene_names


def select_guides(
    guides: pd.DataFrame,
    sgrnas: np.ndarray,
    lines: np.ndarray,
    copies: pd.DataFrame | None,
    steps: Steps,
    ledger: Ledger,
    fewest_lines: int,
) -> pd.DataFrame:
    """The guides that the screen consists of, sorted by gene, with `position` (in the data) and `copies` (the gene's column there).

    sgrnas: names of the data's guides; lines: cell lines with data; copies: (cell line, gene) copy numbers, if there are any.
    fewest_lines: with copy numbers that a screen may have. What is left out goes
    into the ledger. Raises UserError where nothing is left.
    """
    check_gene_names(guides, "the guide map", ledger)
    guides = _with_data(guides, sgrnas, len(lines), ledger)
    guides = _by_map(guides, steps, len(lines), ledger)
    guides = _with_gene(guides, len(lines), ledger)
    guides = guides if copies is None else _with_copies(guides, lines, copies, ledger, fewest_lines)
    position = pd.Series(np.arange(len(sgrnas)), index=sgrnas)
    return guides.assign(position=guides["sgrna"].map(position)).sort_values(["gene", "sgrna"], kind="stable")


def _leave_out(ledger: Ledger, reason: str, names: Any, lines: int) -> None:
    """Count guides as left out of all lines."""
    ledger.drop(f"{reason}: {len(names):,} guide(s)", len(names) * lines, names)


def _with_data(guides: pd.DataFrame, sgrnas: np.ndarray, lines: int, ledger: Ledger) -> pd.DataFrame:
    """The guides of the map that have data."""
    unknown = sgrnas[~pd.Index(sgrnas).isin(guides["sgrna"])]  # np.isin compares text pair by pair
    near = labels.match(unknown, guides["sgrna"], "sgrna").near() if len(unknown) < 1000 else []
    _leave_out(ledger, "not in the guide map", unknown, lines)
    ledger.join_of_screen("guide map", "guides of the data", len(sgrnas), unknown.tolist(), _explain_near(near))
    has_data = guides["sgrna"].isin(sgrnas)
    absent = guides.loc[~has_data, "sgrna"].unique()
    ledger.join("data", "guides of the guide map", guides["sgrna"].nunique(), absent.tolist())
    if len(absent):
        ledger.note(f"{len(absent):,} guide(s) of the guide map are not among the data", absent)
        genes = guides["gene"].unique()
        without = genes[~pd.Index(genes).isin(guides.loc[has_data, "gene"])].tolist()
        ledger.join("data", "genes of the guide map", len(genes), without)
        if without:
            ledger.note(f"{len(without):,} gene(s) of the guide map have no guide in the data", without)
    return guides[has_data]


def _explain_near(near: list[str]) -> str:
    return f"Names that look alike: {', '.join(near)}. " if near else ""


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


def _with_gene(guides: pd.DataFrame, lines: int, ledger: Ledger) -> pd.DataFrame:
    """The guides that target a gene."""
    has_gene = guides["label"] != ""
    _leave_out(ledger, "no gene", guides.loc[~has_gene, "sgrna"], lines)
    return guides[has_gene]


def _with_copies(guides: pd.DataFrame, lines: np.ndarray, copies: pd.DataFrame, ledger: Ledger, fewest_lines: int) -> pd.DataFrame:
    """The guides whose gene has copy numbers, with its column in `copies`; lines without copy numbers are counted."""
    of_lines = labels.match(lines, copies.index, "cell_line")
    has_any = pd.Index(lines).isin(copies.index)
    known, without = lines[has_any], lines[~has_any]
    if len(known) > 1:
        ledger.join_of_screen(
            "copy numbers", "cell lines of the data", len(lines), without.tolist(), _explain_near(of_lines.near())
        )
    ledger.drop(f"no copy numbers for {len(without)} cell line(s)", len(guides) * len(without), without)
    if len(known) < fewest_lines:
        raise UserError(explain_too_few_lines(lines, known, copies.index, _explain_near(of_lines.near())))
    found = labels.match(guides["label"].unique(), copies.columns, "gene")
    labels.note_spelling(found, "gene", ledger)
    guides = guides.assign(copies=guides["label"].map(dict(zip(found.names, found.positions, strict=True))))
    has_copies = guides["copies"] >= 0
    if not has_copies.any():
        raise UserError(
            f"no gene has both guides and copy numbers: the guides have genes such as {listed(guides['label'], 3)}, the copy "
            f"numbers {listed(copies.columns, 3)}. Use the same names and ids of genes in both files."
        )
    without = guides.loc[~has_copies, "gene"].unique()
    count = int((~has_copies).sum())
    ledger.drop(f"no copy numbers for the gene: {count:,} guide(s) of {len(without):,} gene(s)", count * len(known), without)
    hint = _explain_near(found.near())
    controls = [gene for gene in without if labels.CONTROL_NAME.search(gene)]  # they have no copy numbers
    if controls:
        ledger.note(f"{len(controls)} label(s) of control guides have no copy numbers", controls)
    genes = [gene for gene in without if gene not in controls]
    ledger.join_of_screen("copy numbers", "genes of the guides", guides["gene"].nunique() - len(controls), genes, hint)
    ledger.join("guides", "genes of the copy numbers", len(copies.columns), copies.columns.difference(of_genes(found)).tolist())
    return guides[has_copies]


def of_genes(found: labels.Matching) -> list[str]:
    """The known names that were matched."""
    return [found.known[position] for position in set(found.positions[found.found].tolist())]


def explain_too_few_lines(lines: Collection[str], known: Collection[str], others: Collection[str], hint: str) -> str:
    """Why a screen has too few lines, and what can be done. lines: with data; known: with copy numbers too; others: of these."""
    need = "Slopes on copy number need at least two cell lines with data and copy numbers"
    if len(lines) < 2:
        return (
            f"the screen has {'one cell line' if len(lines) else 'no cell line'} ({listed(lines) or 'none'}). {need}: add the "
            "samples of another line that was screened with the same library, and its copy numbers. Or use the variant one_line, "
            "and set screen.constant_covariate: keep."
        )
    return (
        f"fewer than two cell lines have data and copy numbers ({listed(known) or 'none'}); the data have {listed(lines)}, the "
        f"copy numbers {listed(others)}. {hint}{need}: use one kind of names in both files, or add the copy numbers of these lines."
    )
