"""Guides that depart from the other guides of their gene."""

import numpy as np
import pandas as pd

FEWEST = 3  # guides of a gene of which one can be told from the others


def scale_departures(means: pd.DataFrame) -> pd.Series:
    """(guide,) departure of each guide's mean logFC from the median of its gene, in robust standard deviations over all guides.

    means: gene and logfc (mean over the lines), a row per guide. The unit is 1.4826 times the median absolute departure over the
    guides of genes with at least FEWEST guides, corrected for the guide's own part in the median; other guides have NaN.
    """
    by_gene = means.groupby("gene", sort=False)["logfc"]
    size = by_gene.transform("size")
    departure = (means["logfc"] - by_gene.transform("median")).where(size >= FEWEST)
    if departure.isna().all():
        return departure
    # The median of n values takes up about one of n degrees of freedom.
    unit = 1.4826 * float((departure.abs() * np.sqrt(size / (size - 1).clip(lower=1))).median())
    return departure / unit if unit > 0 else departure * np.nan
