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


def test_guides_of_a_pair_depart_from_each_other():
    rng = np.random.default_rng(2)
    gene = np.repeat(np.arange(2000), 2)
    means = pd.DataFrame({"gene": gene, "logfc": rng.normal(size=2000)[gene] + 0.3 * rng.normal(size=4000)})
    means.loc[0, "logfc"] -= 6
    scaled = scale_departures(means)
    assert scaled[1] == -scaled[0]
    assert 11 < scaled[1] < 17  # 6 / 0.3 / sqrt(2)
    assert 0.95 < np.percentile(scaled.abs(), 68.3) < 1.05


def test_a_single_guide_has_no_departure():
    means = pd.DataFrame({"gene": ["a", "b", "b", "b"], "logfc": [9.0, 0.1, 0.2, 0.4]})
    assert scale_departures(means).isna().tolist() == [True, False, False, False]
    assert scale_departures(means[:1]).isna().all()
    assert scale_departures(means.assign(logfc=1.0)).isna().all()


def test_a_pair_that_is_far_apart_is_named_once():
    rng = np.random.default_rng(4)
    means = pd.DataFrame({"gene": [f"g{i // 2}" for i in range(100)], "logfc": 0.3 * rng.normal(size=100)})
    means["sgrna"] = [f"s{i}" for i in range(100)]
    means.loc[6, "logfc"] += 12
    warn_of_far_guides([means], 10, ledger := Ledger())
    table = ledger.table()
    assert table["reason"].str.startswith("1 guide(s)").all()
    assert table["examples"].str.fullmatch(r"s6 or s7 of g3: \d\d").all()


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
