"""Guides that depart from the others of their gene."""

import numpy as np
import pandas as pd

from guidefit.screens.guides import average, scale_departures, warn_of_far_guides
from guidefit.screens.ledger import Ledger


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


def test_far_guides_are_warned_of_with_their_genes():
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"sgrna": np.repeat(np.arange(200), 5).astype(str), "logfc": rng.normal(size=1000)})
    rows["gene"] = "g" + (rows.index // 20).astype(str)
    rows.loc[rows["sgrna"] == "7", "logfc"] -= 9
    parts = [average(part.astype({"gene": "category"})) for _, part in rows.groupby("gene")]
    warn_of_far_guides(parts, 10, ledger := Ledger())
    assert ledger.table()["action"].tolist() == ["warned"]
    assert ledger.table()["examples"].str.fullmatch(r"7 of g1: -\d\d").all()
    warn_of_far_guides(parts[3:], 10, none := Ledger())
    assert none.table().empty
