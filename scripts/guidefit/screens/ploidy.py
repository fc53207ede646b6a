"""Absolute copy numbers and the ploidy of each cell line: made relative to it, and checked against it."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from guidefit.base.errors import UserError
from guidefit.screens import labels, text_files
from guidefit.screens.ledger import Ledger, listed

LINES = ("celllinename", "cellline", "celllineid", "modelid", "depmapid", "line", "model", "ccleid", "name")
LOWEST, HIGHEST = 0.5, 12.0  # sets of chromosomes of a cell line
FAR = 1.4  # a line's median copy number is further from its ploidy by no gain or loss of single chromosomes
FEWEST = 20  # copy numbers of a line whose median shows its ploidy


def read(path: str | Path, lines: Collection[str], ledger: Ledger) -> pd.Series:
    """Cell line -> its ploidy, for those of the lines that the table has; the others are counted as lost.

    Raises UserError where a column is missing, a line has two ploidies, or a ploidy is not a possible one.
    """
    table = text_files.read(path, text="all", ledger=ledger)
    folded = {labels.fold(str(column)): column for column in table.columns}
    name = next((folded[known] for known in LINES if known in folded), None)
    if name is None or "ploidy" not in folded:
        raise UserError(f"{path}: expected the columns cell_line and ploidy. The file has: {listed(table.columns, 15)}.")
    table = table[[name, folded["ploidy"]]].set_axis(["line", "ploidy"], axis=1).dropna(subset=["line"]).drop_duplicates()
    repeated = table.loc[table["line"].duplicated(), "line"]
    if len(repeated):
        raise UserError(f"{path}: {len(repeated)} cell line(s) have several ploidies ({listed(repeated)}). Keep one of each.")
    found = labels.match(dict.fromkeys(lines), table["line"], "cell_line")
    labels.note_spelling(found, "cell_line", ledger)
    of_line = table.set_index("line")["ploidy"]
    texts = {line: of_line[found.known[i]] for line, i in zip(found.names, found.positions, strict=True) if i >= 0}
    ploidies = pd.to_numeric(pd.Series(texts, dtype="object"), errors="coerce").astype(float)
    wrong = ploidies.index[~ploidies.between(LOWEST, HIGHEST) & pd.Series(texts).notna()]
    if len(wrong):
        raise UserError(
            f"{path}: the ploidy of {len(wrong)} cell line(s) is not between {LOWEST:g} and {HIGHEST:g} ({wrong[0]}: "
            f"{str(texts[wrong[0]])[:40]}). Expected the number of chromosome sets, such as 2 or 3.1: correct it, or "
            "leave it empty."
        )
    ploidies = ploidies.dropna()
    lost = [line for line in found.names if line not in ploidies.index]
    ledger.join_of_screen("ploidies", "cell lines with copy numbers", len(found.names), lost)
    return ploidies


def check(medians: pd.Series, counts: pd.Series, ploidies: pd.Series, path: str | Path, place: str, ledger: Ledger) -> None:
    """Warn of lines whose median copy number is not their ploidy.

    medians, counts: line -> median and number of its absolute copy numbers; path: of the ploidies; place: of the copy numbers.
    Raises UserError where the copy numbers are relative already.
    """
    medians = medians.reindex(ploidies.index).dropna()
    ratio = medians / ploidies[medians.index]
    if len(medians) and float(ratio.median()) < 1 / FAR and 1 / FAR < float(medians.median()) < FAR:
        raise UserError(
            f"{place}: the median copy number of a cell line is {medians.median():.2g}, so the copy numbers are relative to the "
            f"ploidy already, or logarithms. Remove screen.ploidy ({path}), or give absolute copy numbers."
        )
    far = ratio[((ratio > FAR) | (ratio < 1 / FAR)) & (counts.reindex(ratio.index) >= FEWEST)]
    if len(far):
        ledger.warn(
            f"{place}: the median copy number of {len(far)} of {len(ratio)} cell line(s) is far from their ploidy in {path}: "
            "correct the ploidies, unless most genes of the screen are amplified or lost in these lines",
            [f"{line}: {medians[line]:.3g} with ploidy {ploidies[line]:.3g}" for line in far.index],
        )
    ledger.note(f"copy numbers relative to the ploidy of each cell line, {ploidies.min():.3g} to {ploidies.max():.3g}")


def warn_of_other_ploidies(medians: pd.Series, counts: pd.Series, diploid: float, place: str, ledger: Ledger) -> None:
    """Warn where absolute copy numbers of some lines show another ploidy than the diploid one.

    medians, counts: line -> median and number of its copy numbers, linear; relative ones (diploid: 1) are not looked at.
    """
    if diploid == 1:
        return
    ratio = medians[counts >= FEWEST] / diploid
    far = ratio[(ratio > FAR) | (ratio < 1 / FAR)]
    if len(far):
        ledger.warn(
            f"{place}: the median copy number of {len(far)} of {len(ratio)} cell line(s) is not near {diploid:g}, so their ploidy "
            "is another one, and all their genes seem amplified or lost. Give the ploidy of each line as screen.ploidy, which "
            "makes copy numbers relative to it (and remove diploid)",
            [f"{line}: {medians[line]:.3g}" for line in far.index],
        )


def of_matrix(copies: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Median and number of the copy numbers (line, gene) of each line."""
    with np.errstate(all="ignore"):
        return copies.median(axis=1), copies.notna().sum(axis=1)


def of_rows(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The same of a long table (cell_line, cna)."""
    by_line = table.groupby("cell_line")["cna"]
    return by_line.median(), by_line.size()


def divide_rows(table: pd.DataFrame, path: str, place: str, ledger: Ledger) -> pd.DataFrame:
    """A long table with copy numbers relative to the ploidy of each line, without lines that have none."""
    of_line = read(path, table["cell_line"].unique(), ledger)
    check(*of_rows(table), of_line, path, place, ledger)
    has_ploidy = table["cell_line"].isin(of_line.index)
    ledger.drop("cell line without ploidy", int((~has_ploidy).sum()), table.loc[~has_ploidy, "cell_line"].unique())
    table = table[has_ploidy]
    return table.assign(cna=table["cna"] / table["cell_line"].map(of_line))
