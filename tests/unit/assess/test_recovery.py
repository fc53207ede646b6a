"""Recovery against figures by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from guidefit.assess import checks, recovery, wording


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
    studies = [recovery.recover(table(seeds=40, seed=s)).iloc[0] for s in range(150)]
    for name in ("bias", "rmse", "coverage_50", "z_sd"):
        scatter, claimed = np.std([s[name] for s in studies]), np.mean([s[f"{name}_mcse"] for s in studies])
        assert claimed == pytest.approx(scatter, rel=5 / np.sqrt(300)), name


@pytest.mark.parametrize(("spread", "verdict"), [(1.0, "pass"), (1.6, "fail"), (0.6, "fail")])
def test_wrong_coverage_fails(spread, verdict):
    assert recovery.recover(table(spread=spread)).iloc[0]["verdict"] == verdict


def test_what_has_no_truth_or_one_seed_says_so():
    rows = pd.concat([table(seeds=1), table(seeds=1).assign(variable="mu_gamma", truth=np.nan)])
    found = recovery.recover(rows).set_index("variable")
    assert found.loc["mu_gamma", "note"] == wording.NO_TRUTH
    assert found.loc["gamma_g", "note"] == wording.ONE_SEED
    assert (found["verdict"] == "").all()
    assert np.isnan(found.loc["gamma_g", "bias_mcse"])


def checks_of(seeds, **levels):
    """Checks of one variant: every fit passes, but for those of the seeds that are given a level."""
    rows = [(seed, checks.R_HAT, levels.get(f"seed_{seed}", "pass"), "gamma_g[a]") for seed in range(seeds)]
    table = pd.DataFrame(rows, columns=["seed", "check", "level", "where"])
    return table.assign(study="s", variant="v", value=1.0, threshold=1.01)[list(checks.COLUMNS)].astype(checks.TYPES)


def test_fits_that_failed_are_left_out_of_a_second_table():
    rows = table(seeds=20)
    assert recovery.recover_study(rows, checks_of(20, seed_3="warn"))["fits"].tolist() == ["all"]
    found = recovery.recover_study(rows, checks_of(20, seed_3="fail", seed_4="fail")).set_index("fits")
    assert found["seeds"].to_dict() == {"all": 20, "without failed": 18}


def test_a_study_without_estimates_has_an_empty_table():
    found = recovery.recover_study(table(seeds=1).head(0), checks_of(2, seed_0="error", seed_1="error"))
    assert found.empty
    assert list(found.columns) == [c for c in recovery.COLUMNS if c != "study"]


def test_a_truth_on_the_boundary_is_noted_and_not_judged():
    rows = table(spread=3.0)
    made = checks_of(400)
    assert recovery.recover_study(rows, made)["verdict"].tolist() == ["fail"]
    note = made.head(1).assign(check=checks.TRUTH_ON_BOUNDARY, level="note", where="gamma_g")
    found = recovery.recover_study(rows, pd.concat([made, note])).iloc[0]
    assert (found["verdict"], found["note"]) == ("", wording.TRUTH_ON_BOUNDARY)
