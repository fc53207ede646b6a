"""Guides that depart from the others of their gene."""

import numpy as np
import pandas as pd

from guidefit.screens.guides import scale_departures


def test_departures_are_in_robust_standard_deviations():
    rng = np.random.default_rng(0)
    gene = np.repeat(np.arange(2000), 4)
    means = pd.DataFrame({"gene": gene, "logfc": rng.normal(size=2000)[gene] + 0.3 * rng.normal(size=8000)})
    means.loc[0, "logfc"] -= 6
    scaled = scale_departures(means)
    assert -25 < scaled[0] < -16
    # the departures of normal values from the median of four, itself among them
    assert 0.8 < np.percentile(scaled.abs(), 68.3) < 1.2
    assert (scaled.abs()[1:] > 6).sum() == 0


def test_genes_of_two_guides_have_no_departure():
    means = pd.DataFrame({"gene": ["a", "a", "b", "b", "b"], "logfc": [0.0, 9.0, 0.1, 0.2, 0.4]})
    assert scale_departures(means).isna().tolist() == [True, True, False, False, False]
    assert scale_departures(means[:2]).isna().all()
    assert scale_departures(means.assign(logfc=1.0)).isna().all()
