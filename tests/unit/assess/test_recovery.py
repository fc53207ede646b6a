"""Recovery against figures by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from guidefit.assess import recovery


def table(seeds=400, genes=3, bias=0.0, spread=1.0, sd=0.5, seed=0):
    """Estimates whose errors are normal with sd spread * sd."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"variant": "v", "variable": "gamma_g", "seed": np.repeat(range(seeds), genes)})
    rows["truth"] = rng.normal(size=len(rows))
    rows["mean"] = rows["truth"] + bias + spread * sd * rng.normal(size=len(rows))
    quantiles = {"q025": 0.025, "q05": 0.05, "q10": 0.1, "q25": 0.25, "q75": 0.75, "q90": 0.9, "q95": 0.95, "q975": 0.975}
    return rows.assign(sd=sd, contraction=0.75, **{name: rows["mean"] + sd * stats.norm.ppf(p) for name, p in quantiles.items()})


def test_coordinates_in_the_name_are_those_of_one_variable():
    rows = table(seeds=20)
    lines = [f"tau_c[line {i}]" for i in range(3)] * 20
    pd.testing.assert_frame_equal(recovery.recover(rows.assign(variable=lines)), recovery.recover(rows.assign(variable="tau_c")))


def test_figures_and_their_errors():
    rows = table(bias=0.1)
    row = recovery.recover(rows).iloc[0]
    error = rows["mean"] - rows["truth"]
    by_seed = error.groupby(rows["seed"]).mean()
    assert row["bias"] == pytest.approx(error.mean())
    assert row["bias_mcse"] == pytest.approx(by_seed.std() / np.sqrt(400))
    assert row["rmse"] == pytest.approx(np.sqrt((error**2).mean()))
    assert row["width_95"] == pytest.approx(2 * 1.959964 * 0.5)
    assert row["coverage_80"] == pytest.approx((abs(error) < 1.281552 * 0.5).mean())
    assert row["contraction"] == 0.75
    assert (row["seeds"], row["coordinates"]) == (400, 3)


def test_standard_errors_are_the_scatter_over_repeated_studies():
    studies = [recovery.recover(table(seeds=40, seed=s)).iloc[0] for s in range(300)]
    for name in ("bias", "rmse", "coverage_50", "z_sd"):
        scatter, claimed = np.std([s[name] for s in studies]), np.mean([s[f"{name}_mcse"] for s in studies])
        assert claimed == pytest.approx(scatter, rel=5 / np.sqrt(600)), name


@pytest.mark.parametrize(("spread", "verdict"), [(1.0, "pass"), (1.6, "fail"), (0.6, "fail")])
def test_wrong_coverage_fails(spread, verdict):
    assert recovery.recover(table(spread=spread)).iloc[0]["verdict"] == verdict


def test_what_has_no_truth_or_one_seed_says_so():
    rows = pd.concat([table(seeds=1), table(seeds=1).assign(variable="mu_gamma", truth=np.nan)])
    found = recovery.recover(rows).set_index("variable")
    assert found.loc["mu_gamma", "note"] == recovery.NO_TRUTH
    assert found.loc["gamma_g", "note"] == recovery.ONE_SEED
    assert (found["verdict"] == "").all()
    assert np.isnan(found.loc["gamma_g", "bias_mcse"])
