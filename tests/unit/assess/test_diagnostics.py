import re

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from guidefit.assess import diagnostics
from guidefit.config.thresholds import Thresholds
from guidefit.screens.arrays import ModelData
from helpers.fits import THRESHOLDS, truth

LINES = [f"cell_{i}" for i in range(40)]
ROWS = np.repeat([0, 1, 2], 40), np.zeros(120), np.zeros(120), LINES, np.tile(np.arange(40), 3)
DATA = ModelData(["a", "b"], ["u", "v", "w"], np.array([0, 0, 1]), *ROWS)


def make_fit(rng, draws=1000, shift=0.0, divergences=0, deep=0):
    """A fit of independent draws; shift moves one chain of mu_gamma."""
    mu = rng.normal(size=(4, draws))
    mu[0] += shift
    posterior = xr.Dataset(
        {
            "mu_gamma": (("chain", "draw"), mu),
            "gamma_g": (("chain", "draw", "gene"), rng.normal(size=(4, draws, 2))),
            "alpha_s": (("chain", "draw", "sgrna"), rng.normal(size=(4, draws, 3))),
            "sigma": (("chain", "draw"), np.exp(0.1 * rng.normal(size=(4, draws)))),
        },
        coords={"gene": ["a", "b"], "sgrna": ["u", "v", "w"], "chain": range(4), "draw": range(draws)},
    )
    flags = np.zeros(4 * draws, bool)
    stats = xr.Dataset(
        {
            "diverging": (("chain", "draw"), np.where(np.arange(4 * draws) < divergences, True, flags).reshape(4, draws)),
            "reached_max_treedepth": (("chain", "draw"), np.where(np.arange(4 * draws) < deep, True, flags).reshape(4, draws)),
            "energy": (("chain", "draw"), rng.normal(size=(4, draws))),
        }
    )
    prior = posterior.isel(chain=[0]).map(lambda v: v * 5 if v.name != "sigma" else v)
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats, "prior": prior})


def judge(fit, loo=None, **changes):
    table = diagnostics.estimates(fit["posterior"].to_dataset(), truth(), 100, np.random.default_rng(0))
    return diagnostics.diagnose(fit, table, loo, DATA, THRESHOLDS | changes)[0]


def test_estimates_agree_with_arviz():
    posterior = make_fit(np.random.default_rng(1))["posterior"].to_dataset()
    table = diagnostics.estimates(posterior, truth(sigma=1.0), 100, np.random.default_rng(0))
    assert list(table.columns) == [c for c in diagnostics.ESTIMATE_COLUMNS if c not in ("study", "variant", "seed")]
    reference = az.summary(posterior, round_to="none", ci_prob=0.94, ci_kind="hdi")
    for statistic in ("mean", "sd", "ess_bulk", "ess_tail", "r_hat", "mcse_mean"):
        np.testing.assert_allclose(table[statistic], reference[statistic], rtol=1e-9, err_msg=statistic)
    np.testing.assert_allclose(table["hdi_lower"], reference["hdi94_lb"])
    assert table["variable"].tolist() == ["mu_gamma", "gamma_g", "gamma_g", "alpha_s", "alpha_s", "alpha_s", "sigma"]
    assert table["gene"].tolist()[1:3] == ["a", "b"]
    assert table["truth"].notna().tolist() == [False] * 6 + [True]


def test_other_dims_go_into_the_name():
    draws = xr.Dataset(
        {"eta": (("chain", "draw", "batch"), np.random.default_rng(0).normal(size=(2, 50, 2)))}, coords={"batch": ["p", "q"]}
    )
    table = diagnostics.estimates(draws, truth(), 100, np.random.default_rng(0))
    assert table["variable"].tolist() == ["eta[p]", "eta[q]"]


def test_rank_counts_thinned_draws_below_and_breaks_ties_at_random():
    values = np.arange(400.0).reshape(4, 100)
    draws = xr.Dataset({"mu": (("chain", "draw"), values), "flat": (("chain", "draw"), np.zeros((4, 100)))})
    ranks = [
        diagnostics.ranks(draws, truth(mu=199.5, flat=0.0), 100, np.random.default_rng(seed)).set_index("variable")
        for seed in range(200)
    ]
    assert {r.loc["mu", "rank"] for r in ranks} == {50}
    assert {r.loc["mu", "n_ranks"] for r in ranks} == {100}
    ties = [int(r.loc["flat", "rank"]) for r in ranks]
    assert min(ties) < 15
    assert max(ties) > 85  # uniform on 0..99: each misses with probability 0.85^200


def test_ranks_are_among_no_more_draws_than_are_independent():
    values = np.random.default_rng(0).normal(size=(4, 250))
    draws = xr.Dataset({"mu": (("chain", "draw"), values)})
    assert diagnostics.ranks(draws, truth(mu=0.0), 100, np.random.default_rng(1), ess=30.7)["n_ranks"].tolist() == [31]
    assert diagnostics.ranks(draws, truth(mu=0.0), 100, np.random.default_rng(1), ess=np.nan)["n_ranks"].tolist() == [100]


def test_a_healthy_fit_passes_and_reports_its_zeros():
    row = judge(make_fit(np.random.default_rng(2)))
    assert row["verdict"] == "pass", row["reasons"]
    assert row["reasons"] == ""
    assert row["divergences"] == 0
    assert row["max_treedepth_draws"] == 0
    assert row["unlearnt_directions"] == 0


@pytest.mark.parametrize(
    ("spoil", "verdict", "reason"),
    [
        ({"shift": 0.3}, "warn", r"R-hat 1\.0\d+ \(mu_gamma\)"),
        ({"shift": 3.0}, "fail", r"fail: R-hat 1\.\d+ \(mu_gamma\)"),
        ({"draws": 70}, "warn", "warn: (bulk|tail) ESS"),
        ({"divergences": 4}, "warn", "warn: 4 divergences in 4000 draws"),
        ({"divergences": 5}, "fail", "fail: 5 divergences"),
        ({"deep": 400}, "warn", "warn: 400 of 4000 draws at maximum tree depth"),
        ({"deep": 401}, "fail", "fail: 401 of 4000 draws"),
    ],
)
def test_each_defect_is_told(spoil, verdict, reason):
    row = judge(make_fit(np.random.default_rng(3), **spoil))
    assert row["verdict"] == verdict
    assert re.search(reason, row["reasons"]), row["reasons"]


def test_low_energy_movement_fails():
    fit = make_fit(np.random.default_rng(4))
    slow = np.cumsum(np.random.default_rng(4).normal(size=(4, 1000)), axis=1)
    fit["sample_stats"] = xr.DataTree(fit["sample_stats"].to_dataset().assign(energy=(("chain", "draw"), slow)))
    row = judge(fit)
    assert row["verdict"] == "fail"
    assert "E-BFMI" in row["reasons"]


def test_a_stuck_chain_fails():
    fit = make_fit(np.random.default_rng(5))
    fit["posterior"]["mu_gamma"] = fit["posterior"]["mu_gamma"] * 0
    assert judge(fit)["verdict"] == "fail"


def test_unlearnt_parameter_fails_however_well_it_was_sampled():
    fit = make_fit(np.random.default_rng(6))
    fit["prior"]["mu_gamma"] = fit["prior"]["mu_gamma"] / 5
    row = judge(fit)
    assert row["verdict"] == "fail"
    assert "not identified: the data say nothing about mu_gamma" in row["reasons"]


def loo_table(pit, k=0.1):
    return pd.DataFrame({"pareto_k": k, "pit": pit, "good_k": 0.7})


def test_predictions_outside_their_band_warn():
    rng = np.random.default_rng(7)
    fit = make_fit(rng)
    assert judge(fit, loo_table(rng.uniform(size=120)))["verdict"] == "pass"
    narrow = judge(fit, loo_table(rng.beta(3, 3, size=120)))
    assert narrow["verdict"] == "warn"
    assert narrow["loo_pit_outside"] > 0
    high = judge(fit, loo_table(rng.uniform(size=120), k=np.r_[0.8, np.zeros(119)]))
    assert high["pareto_k_high"] == 1
    assert "LOO unreliable for 1 of 120 rows" in high["reasons"]


def test_the_gene_that_is_predicted_badly_is_named():
    rng = np.random.default_rng(8)
    pit = rng.uniform(size=120)
    pit[DATA.gene_of_row == 1] = rng.beta(5, 1, size=40)
    assert diagnostics.genes_outside(pit, DATA, 0.01) == ["b"]


def test_the_simultaneous_band_holds_its_level():
    rng = np.random.default_rng(9)
    outside = [diagnostics.share_outside_band(rng.uniform(size=100), 0.9) > 0 for _ in range(300)]
    assert np.mean(outside) == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 300))


def test_thresholds_here_are_the_configs_defaults():
    defaults = Thresholds().model_dump()
    assert {key: defaults[key] for key in THRESHOLDS} == THRESHOLDS
