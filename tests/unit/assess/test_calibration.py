"""Calibration finds known faults, and does not find any in the right model."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from guidefit.assess import calibration
from helpers import calibration_faults as faults


@pytest.mark.parametrize("n", [30, 200])
def test_p_values_of_uniform_ranks_are_uniform(n):
    rng = np.random.default_rng(1)
    p_values = [calibration.p_value(rng.random(n)) for _ in range(400)]
    assert stats.kstest(p_values, "uniform", alternative="greater").pvalue > 0.001  # no more small ones than there should be
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.12)


def test_the_band_holds_ninety_five_of_a_hundred():
    rng = np.random.default_rng(2)
    lines = [calibration.ecdf_difference(rng.random(100)) for _ in range(600)]
    inside = np.mean([line["difference"].between(line["lower"] - 1e-12, line["upper"] + 1e-12).all() for line in lines])
    assert inside == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 600) + 0.005)


@pytest.mark.parametrize(
    "u", [np.linspace(0, 0.9, 200), np.linspace(0.3, 0.7, 200), np.concatenate([np.zeros(60), np.linspace(0, 1, 140)])]
)
def test_ranks_that_are_not_uniform_have_small_p_values(u):
    assert calibration.p_value(u) < 0.001


def test_ranks_are_spread_evenly_and_errors_count_as_failed():
    table = pd.DataFrame({"study": "s", "variant": "v", "seed": range(50), "variable": "mu", "gene": None, "sgrna": None})
    table = table.astype({"gene": "str", "sgrna": "str"}).assign(truth=0.0, rank=pd.array(range(50), dtype="Int64"), n_ranks=50)
    failed = pd.DataFrame({"variant": "v", "seed": range(60), "failed": [False] * 45 + [True] * 15})
    spread = calibration.spread(table, failed, np.random.default_rng(0))
    assert ((spread["u"] * 50).astype(int) == spread["rank"]).all()
    found = calibration.calibrate(spread, failed, 0.01).set_index("fits")
    assert found.loc["all", "n"] == 50
    assert found.loc["without failed", "n"] == 45
    assert (found["failed"] == 15).all()
    assert found.loc["all", "failed_share"] == 0.25
    assert found.loc["all", "verdict"] == "pass"


@pytest.mark.slow
@pytest.mark.parametrize("fault", faults.FAULTS)
def test_every_known_fault_is_found_and_the_right_model_passes(fault):
    seeds = 200 if fault in ("none", "prior") else 50
    found = faults.verdict(faults.ranks(fault, range(seeds)))
    assert (found["verdict"] == "fail").any() == (fault != "none"), found.sort_values("p_value").head().to_string()
