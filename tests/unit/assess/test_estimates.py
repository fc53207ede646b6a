"""Estimates against ArviZ, rank statistics, and quantities that are constant or not finite."""

import arviz as az
import numpy as np
import xarray as xr

from guidefit.assess import draws, estimates
from helpers.fits import estimate, make_fit, rank, table_of, truth


def test_estimates_agree_with_arviz():
    fit = make_fit(np.random.default_rng(1))
    posterior = fit["posterior"].to_dataset()
    table = table_of(*estimate(fit, truth(sigma=1.0)))
    assert list(table.columns) == [c for c in estimates.COLUMNS if c not in ("study", "variant", "seed")]
    reference = az.summary(posterior, round_to="none", ci_prob=0.94, ci_kind="hdi")
    for statistic in ("mean", "sd", "ess_bulk", "ess_tail", "r_hat", "mcse_mean"):
        np.testing.assert_allclose(table[statistic], reference[statistic], rtol=1e-9, err_msg=statistic)
    np.testing.assert_allclose(table["hdi_lower"], reference["hdi94_lb"])
    assert table["variable"].tolist() == ["mu_gamma", "gamma_g", "gamma_g", "alpha_s", "alpha_s", "alpha_s", "sigma"]
    assert table["gene"].tolist()[1:3] == ["a", "b"]
    assert table["truth"].notna().tolist() == [False] * 6 + [True]


def test_other_dims_go_into_the_name():
    drawn = xr.Dataset(
        {"eta": (("chain", "draw", "batch"), np.random.default_rng(0).normal(size=(2, 50, 2)))}, coords={"batch": ["p", "q"]}
    )
    assert draws.of_dataset(drawn).parameters.keys["variable"].tolist() == ["eta[p]", "eta[q]"]


def test_rank_counts_thinned_draws_below_and_breaks_ties_at_random():
    values = np.arange(400.0).reshape(4, 100)
    drawn = xr.Dataset({"mu": (("chain", "draw"), values), "flat": (("chain", "draw"), np.zeros((4, 100)))})
    known = truth(mu=199.5, flat=0.0)
    ranks = [rank(drawn, known, rng=np.random.default_rng(seed)).set_index("variable") for seed in range(60)]
    assert {r.loc["mu", "rank"] for r in ranks} == {50}
    assert {r.loc["mu", "n_ranks"] for r in ranks} == {100}
    ties = [int(r.loc["flat", "rank"]) for r in ranks]
    assert min(ties) < 15
    assert max(ties) > 85  # uniform on 0..99: each misses with probability 0.85^60


def test_ranks_are_among_no_more_draws_than_are_independent():
    values = np.random.default_rng(0).normal(size=(4, 250))
    drawn = xr.Dataset({"mu": (("chain", "draw"), values)})
    assert rank(drawn, truth(mu=0.0), ess=30.7)["n_ranks"].tolist() == [31]
    assert rank(drawn, truth(mu=0.0), ess=np.nan)["n_ranks"].tolist() == [100]


def with_constant(fit, value=1.0, rounding=0.0):
    """The fit with a matrix whose diagonal is constant up to rounding."""
    rng = np.random.default_rng(0)
    for group in ("posterior", "prior"):
        draws = fit[group].to_dataset()
        shape = draws["mu_gamma"].shape
        matrix = np.stack([value + rounding * rng.standard_normal(shape), rng.uniform(-1, 1, shape)], axis=-1)
        fit[group] = xr.DataTree(draws.assign(corr=(("chain", "draw", "entry"), matrix)).assign_coords(entry=["diagonal", "other"]))
    return fit


def test_a_constant_is_reported_without_convergence_statistics():
    for rounding in (0.0, 1e-16):
        fit = with_constant(make_fit(np.random.default_rng(1)), rounding=rounding)
        found, estimated = estimate(fit)
        table = table_of(found, estimated).set_index("variable")
        diagonal = table.loc["corr[diagonal]"]
        assert diagonal["mean"] == 1
        assert diagonal["sd"] < 1e-12
        assert diagonal[["r_hat", "ess_bulk", "ess_tail", "mcse_mean", "contraction"]].isna().all()
        assert table.loc["corr[other]", ["r_hat", "ess_bulk", "contraction"]].notna().all()
        assert estimated.is_constant.sum() == 1


def test_a_parameter_that_is_stuck_is_not_a_constant():
    fit = make_fit(np.random.default_rng(1))
    fit["posterior"]["mu_gamma"] = fit["posterior"]["mu_gamma"] * 0
    _, estimated = estimate(fit)
    assert not estimated.is_constant.any()


def test_estimates_that_are_not_finite_stay_in_the_table():
    fit = make_fit(np.random.default_rng(1))
    for value in (np.nan, np.inf):
        fit["posterior"]["gamma_g"].values[0, 3, 1] = value
        table = table_of(*estimate(fit))
        assert len(table) == 7
        assert not np.isfinite(table.loc[2, "mean"])
        assert np.isfinite(table.drop(2)["mean"]).all()


def test_lines_have_a_column_of_their_own_by_which_the_truth_is_found():
    rng = np.random.default_rng(0)
    of_lines = rng.normal(size=(2, 50, 2))
    drawn = xr.Dataset(
        {"k_l": (("chain", "draw", "cell_line"), of_lines), "e": (("chain", "draw", "gene", "cell_line"), of_lines[:, :, None])},
        coords={"gene": ["g"], "cell_line": ["A", "B"]},
    )
    known = truth(k_l=0.5).assign(cell_line="B")
    table = rank(drawn, known)
    assert table["variable"].tolist() == ["k_l", "k_l", "e", "e"]
    assert table["cell_line"].tolist() == ["A", "B"] * 2
    assert table["truth"].notna().tolist() == [False, True, False, False]
    assert draws.of_dataset(drawn).parameters.names == ["k_l[A]", "k_l[B]", "e[g, A]", "e[g, B]"]
