"""Calibration finds known faults, and does not find any in the right model."""

import numpy as np
import pandas as pd
import pytest

from guidefit.assess import calibration, quantities, uniformity
from guidefit.assess.draws import Draws
from helpers import calibration_faults as faults


def test_ranks_are_spread_evenly_and_errors_count_as_failed():
    table = pd.DataFrame(
        {"study": "s", "variant": "v", "seed": range(50), "variable": "mu", "gene": None, "sgrna": None, "cell_line": None}
    )
    table = table.astype({"gene": "str", "sgrna": "str", "cell_line": "str"}).assign(
        truth=0.0, rank=pd.array(range(50), dtype="Int64"), n_ranks=50
    )
    failed = pd.DataFrame({"variant": "v", "seed": range(60), "failed": [False] * 45 + [True] * 15})
    spread = calibration.spread_ranks(table, failed, np.random.default_rng(0))
    assert ((spread["u"] * 50).astype(int) == spread["rank"]).all()
    found = calibration.calibrate(spread, failed, 0.01).set_index("fits")
    assert found.loc["all", "n"] == 50
    assert found.loc["without failed", "n"] == 45
    assert (found["failed"] == 15).all()
    assert found.loc["all", "failed_share"] == 0.25
    assert found.loc["all", "verdict"] == "pass"


def ranks_of(variant, seeds, rank=None):
    """Rank statistics of one variable of one variant; rank: the same for all, or evenly spaced."""
    values = range(seeds) if rank is None else [rank] * seeds
    table = pd.DataFrame(
        {"study": "s", "variant": variant, "seed": range(seeds), "variable": "mu", "gene": None, "sgrna": None, "cell_line": None}
    )
    table = table.astype({"gene": "str", "sgrna": "str", "cell_line": "str"})
    return table.assign(truth=0.0, rank=pd.array(values, dtype="Int64"), n_ranks=50)


def calibrated(table, failed):
    return calibration.calibrate(calibration.spread_ranks(table, failed, np.random.default_rng(0)), failed, 0.01)


def test_a_variant_without_fits_keeps_its_row():
    failed = pd.DataFrame({"variant": ["v"] * 50 + ["never"] * 50, "seed": [*range(50)] * 2, "failed": [False] * 50 + [True] * 50})
    found = calibrated(ranks_of("v", 50), failed).set_index("variant")
    assert (found.loc[["v"], "verdict"] == "pass").all()
    never = found.loc["never"]
    assert (never["fits"], never["n"], never["failed"], never["failed_share"], never["verdict"]) == ("all", 0, 50, 1, "fail")


def test_a_study_without_fits_has_a_row_for_each_variant():
    failed = pd.DataFrame({"variant": ["a", "b"], "seed": [0, 0], "failed": True})
    found = calibrated(ranks_of("v", 1).head(0), failed)
    assert found["variant"].tolist() == ["a", "b"]
    assert (found["verdict"] == "fail").all()
    assert list(found.columns) == [c for c in calibration.COLUMNS if c != "study"]


def test_rank_statistics_of_no_fits_are_an_empty_table(tmp_path):
    pd.DataFrame(columns=list(calibration.RANK_COLUMNS)).to_parquet(tmp_path / "none.parquet")
    table = calibration.read_rank_statistics([tmp_path / "none.parquet"], [tmp_path / "none.parquet"])
    assert list(table.columns) == list(calibration.RANK_COLUMNS)
    assert table.empty
    failed = pd.DataFrame({"variant": ["v"], "seed": [1], "failed": [True]})
    assert calibrated(table, failed)["n"].tolist() == [0]


@pytest.mark.parametrize(("seeds", "verdict"), [(1, ""), (3, ""), (4, "fail")])
def test_too_few_seeds_for_any_no_have_no_verdict(seeds, verdict):
    failed = pd.DataFrame({"variant": "v", "seed": range(seeds), "failed": False})
    found = calibrated(ranks_of("v", seeds, rank=0), failed)
    assert found["verdict"].tolist() == [verdict] * 2
    assert (found["n_needed"] == 4).all()


@pytest.mark.slow
@pytest.mark.parametrize("fault", faults.FAULTS)
def test_every_known_fault_is_found_and_the_right_model_passes(fault):
    seeds = 200 if fault in ("none", "prior") else 50
    found = faults.verdict(faults.ranks(fault, range(seeds)))
    if fault == "shifted prior":  # ranks in posteriors about which the data say much do not show it
        assert found.loc[found["verdict"] == "fail", "variable"].tolist() == ["prior of mu_gamma"]
    assert (found["verdict"] == "fail").any() == (fault != "none"), found.sort_values("p_value").head().to_string()


def test_places_in_the_prior_are_uniform_for_a_right_model():
    """Conjugate: mu ~ N(0, 1) observed with variance 1, one draw of each posterior; the level of the test holds."""
    rng, prior = np.random.default_rng(6), {"mu": {"distribution": "Normal", "mu": 0.0, "sigma": 1.0}}
    p_values = []
    for _ in range(100):
        observed = np.sqrt(2) * rng.standard_normal(40)
        posterior = Draws(
            {"mu": (observed / 2 + np.sqrt(0.5) * rng.standard_normal((1, 4, 40))).T.reshape(40, 1, 4, 1)}, {"mu": [{}]}
        )
        places = [quantities.place_in_prior(prior, posterior, fit, 100, rng)[1].item() for fit in range(40)]
        p_values.append(uniformity.p_value(np.array(places)))
    assert np.mean(np.array(p_values) < 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)
