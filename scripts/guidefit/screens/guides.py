"""Guides that depart from the other guides of their gene."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from guidefit.screens.ledger import Ledger

PAIR = 2  # guides of a gene, which depart from each other: which one of them departs from the gene is not known


def scale_departures(means: pd.DataFrame) -> pd.Series:
    """(guide,) departure of each guide's mean logFC from the median of its gene, in robust standard deviations over all guides.

    means: gene and logfc (mean over the lines), a row per guide. Where a gene has two guides, it is their difference divided by
    sqrt(2), for both of them. The unit is 1.4826 times the median absolute departure over the guides of all genes with two or more,
    corrected for the guide's own part in the median; the only guide of a gene has NaN.
    """
    by_gene = means.groupby("gene", sort=False)["logfc"]
    size = by_gene.transform("size")
    departure = (means["logfc"] - by_gene.transform("median")).where(size >= PAIR)
    if departure.isna().all():
        return departure
    departure *= np.where(size == PAIR, np.sqrt(2), 1.0)
    # The median of n > 2 values takes up about one of n degrees of freedom.
    unit = 1.4826 * float((departure.abs() * np.sqrt(size / (size - 1).clip(lower=1)).where(size > PAIR, 1.0)).median())
    return departure / unit if unit > 0 else departure * np.nan


def average(rows: pd.DataFrame) -> pd.DataFrame:
    """gene, sgrna and mean logFC of each guide of some rows of a screen, which are all rows of these guides."""
    means = rows.groupby("sgrna", observed=True, sort=False).agg(gene=("gene", "first"), logfc=("logfc", "mean"))
    return means.reset_index().astype({"gene": "str", "sgrna": "str"})


def warn_of_far_guides(means: Iterable[pd.DataFrame], largest: float, ledger: Ledger) -> None:
    """Warn of guides that are further from the median of their gene than `largest` robust standard deviations.

    means: parts of the table of guides, see `average`. Such a guide also widens the intervals of all other genes, as variants with
    normal effects of guides take its departure for the spread of all.
    """
    table = pd.concat(list(means), ignore_index=True)
    scaled = scale_departures(table)
    far = table.assign(scaled=scaled)[scaled.abs() > largest].sort_values("scaled", key=abs, ascending=False, kind="stable")
    if len(far):
        pair = far["gene"].map(table["gene"].value_counts()) == PAIR
        other = far[pair].groupby("gene", sort=False)["sgrna"].agg(" or ".join)
        far = far[~(pair & far["gene"].duplicated())]
        names = [f"{other.get(row.gene, row.sgrna)} of {row.gene}: {row.scaled:.0f}" for row in far.itertuples()]
        ledger.warn(
            f"{len(far):,} guide(s) are further from the others of their gene than {largest:g} robust standard deviations. They "
            "may decide their gene and widen the intervals of all genes: look at them, and leave out those with effects elsewhere",
            names,
        )
