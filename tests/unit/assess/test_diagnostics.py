"""Every check of a fit: what passes, what does not, and at which level."""

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from guidefit.assess import checks, diagnostics
from guidefit.config.thresholds import Thresholds
from helpers.fits import DATA, THRESHOLDS, diagnose, make_fit, truth


def judge(fit, loo=None, **changes):
    return diagnose(fit, loo, **changes).as_row()


def loo_table(pit, k=0.1):
    names = {"gene": np.array(DATA.genes)[DATA.gene_of_row], "sgrna": np.array(DATA.sgrnas)[DATA.sgrna_of_row]}
    lines = np.array(DATA.cell_lines)[DATA.cell_line_of_row]
    return pd.DataFrame({"pareto_k": k, "pit": pit, "good_k": 0.7, "cell_line": lines, **names})


def uniform_loo():
    return loo_table(np.random.default_rng(7).uniform(size=120))


def test_a_healthy_fit_passes_and_reports_its_zeros():
    found = diagnose(make_fit(np.random.default_rng(2)), uniform_loo())
    row = found.as_row()
    assert row["verdict"] == "pass", row["reasons"]
    assert row["reasons"] == ""
    assert row["divergences"] == 0
    assert row["max_treedepth_draws"] == 0
    assert row["unlearnt_directions"] == 0
    made = [each["check"] for each in found.checks.rows]
    assert made == [check for check in checks.CHECKS if check in made]
    assert len(made) == 14


def test_warnings_of_the_import_lower_the_verdict():
    row = diagnose(make_fit(np.random.default_rng(2)), uniform_loo(), warnings=["2 samples failed (s1, s2)", "no null"]).as_row()
    assert row["verdict"] == "warn"
    assert row["reasons"] == "warn: 2 samples failed (s1, s2); warn: no null"


def test_a_fit_without_predictive_checks_is_unchecked():
    row = judge(make_fit(np.random.default_rng(2)))
    assert row["verdict"] == "unchecked"
    assert row["reasons"] == "unchecked: the predictive checks were not made (checks: false)"


@pytest.mark.parametrize(
    ("spoil", "verdict", "reason"),
    [
        ({"shift": 0.3}, "warn", r"warn: R-hat 1\.0\d+ \(mu_gamma\) is not below 1.01"),
        ({"shift": 3.0}, "fail", r"fail: R-hat 1\.\d+ \(mu_gamma\)"),
        ({"draws": 70}, "warn", "warn: (bulk|tail) ESS"),
        ({"divergences": 4}, "warn", "warn: 4 of 4000 draws are divergent"),
        ({"divergences": 5}, "fail", "fail: 5 of 4000 draws are divergent"),
        ({"deep": 400}, "warn", "warn: 400 of 4000 draws reached the maximum tree depth"),
        ({"deep": 401}, "fail", "fail: 401 of 4000 draws"),
    ],
)
def test_each_defect_is_reported(spoil, verdict, reason):
    row = judge(make_fit(np.random.default_rng(3), **spoil))
    assert row["verdict"] == verdict
    assert re.search(reason, row["reasons"]), row["reasons"]


def test_a_gibbs_sampler_has_no_checks_of_nuts_and_unjudged_variables_do_not_count():
    fit = make_fit(np.random.default_rng(2), shift=3.0)
    fit["sample_stats"] = xr.DataTree(xr.Dataset({"departing_rows": (("chain", "draw"), np.zeros((4, 1000)))}))
    assert "mu_gamma" in judge(fit)["r_hat_worst"]
    row = diagnose(fit, unjudged=["mu_gamma"]).as_row()
    assert row["verdict"] == "unchecked", row["reasons"]
    assert row["method"] == "Gibbs"
    assert "divergences" not in row


@pytest.mark.parametrize(("share", "verdict"), [(0.01, "unchecked"), (0.005, "fail")])
def test_a_few_sgrnas_in_two_modes_do_not_fail_a_gibbs_sampler(share, verdict):
    fit, rng = make_fit(np.random.default_rng(2), draws=1000), np.random.default_rng(3)
    alpha = rng.normal(size=(4, 1000, 200))
    alpha[0, :, [17, 40]] += 3.0
    names = [f"sg_{i}" for i in range(200)]
    for group, chains in (("posterior", alpha), ("prior", 5 * alpha[:1])):
        others = fit[group].to_dataset().drop_vars("alpha_s").drop_dims("sgrna", errors="ignore")
        fit[group] = xr.DataTree(others.assign_coords(sgrna=names).assign(alpha_s=(("chain", "draw", "sgrna"), chains)))
    fit["sample_stats"] = xr.DataTree(xr.Dataset({"departing_rows": (("chain", "draw"), np.zeros((4, 1000)))}))
    found = diagnose(fit, unmixed_share_max=share)
    assert found.as_row()["verdict"] == verdict, found.as_row()["reasons"]
    assert "the chains disagree about alpha_s[sg_" in found.as_row()["reasons"]


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


def test_an_unidentified_parameter_fails_however_well_it_was_sampled():
    fit = make_fit(np.random.default_rng(6))
    fit["prior"]["mu_gamma"] = fit["prior"]["mu_gamma"] / 5
    row = judge(fit)
    assert row["verdict"] == "fail"
    assert "not identified: the data carry no information about mu_gamma" in row["reasons"]
    moving = diagnose(fit).directions[0].moving
    assert "mu_gamma" in moving
    assert diagnose(fit, spare=moving - {"mu_gamma"}).as_row()["verdict"] == "fail"
    row = diagnose(fit, spare=moving).as_row()
    assert row["verdict"] == "warn"
    assert "mu_gamma" in row["reasons"]


def test_predictions_outside_their_band_warn():
    rng = np.random.default_rng(7)
    fit = make_fit(rng)
    assert judge(fit, loo_table(rng.uniform(size=120)))["verdict"] == "pass"
    narrow = judge(fit, loo_table(rng.beta(3, 3, size=120)))
    assert narrow["verdict"] == "warn"
    assert narrow["loo_pit_outside"] > 0
    assert narrow["loo_pit_distance"] > 0.1
    accepted = judge(fit, loo_table(rng.beta(3, 3, size=120)), loo_pit_distance_max=0.5)
    assert accepted["verdict"] == "pass"
    assert accepted["loo_pit_outside"] > 0
    high = judge(fit, loo_table(rng.uniform(size=120), k=np.r_[0.8, np.nan, np.zeros(118)]))
    assert high["pareto_k_high"] == 2
    assert high["verdict"] == "warn"
    assert "PSIS-LOO is unreliable: k-hat is too high for 2 of 120 rows" in high["reasons"]
    one = judge(fit, loo_table(rng.uniform(size=120), k=np.r_[0.8, np.zeros(119)]))
    assert one["verdict"] == "pass"


def test_the_line_and_the_guide_that_are_predicted_badly_are_named():
    rng = np.random.default_rng(3)
    for name, shown in (("cell_line", "cell lines"), ("sgrna", "sgRNAs"), ("gene", "genes")):
        table = loo_table(rng.uniform(size=120))
        worst = table[name].iloc[0]
        table.loc[table[name] == worst, "pit"] = rng.uniform(0, 0.02, size=(table[name] == worst).sum())
        reasons = judge(make_fit(np.random.default_rng(7)), table)["reasons"]
        assert f"LOO-PIT is not uniform in 1 {shown} ({worst} by 9" in reasons


def test_constants_are_left_out_of_the_verdict():
    fit = make_fit(np.random.default_rng(2))
    for group in ("posterior", "prior"):
        fit[group]["corr"] = xr.ones_like(fit[group]["mu_gamma"])
    row = judge(fit, uniform_loo())
    assert row["verdict"] == "pass", row["reasons"]
    assert np.isfinite(row["r_hat_max"])


def test_a_sum_of_parameters_changes_no_verdict():
    fit = make_fit(np.random.default_rng(2))
    without = judge(fit, uniform_loo())
    for group in ("posterior", "prior"):
        fit[group]["total"] = fit[group]["mu_gamma"] + fit[group]["gamma_g"].sel(gene="a", drop=True)
    row = judge(fit, uniform_loo())
    assert row["verdict"] == "pass", row["reasons"]
    assert row["contraction_min"] == pytest.approx(without["contraction_min"])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_estimates_that_are_not_finite_fail_and_are_named(value):
    fit = make_fit(np.random.default_rng(2))
    fit["posterior"]["gamma_g"].values[0, 3, 1] = value
    row = judge(fit, uniform_loo())
    assert row["verdict"] == "fail"
    assert "fail: 1 estimates are not finite (gamma_g[b])" in row["reasons"]


def test_a_scale_that_keeps_its_prior_is_named():
    fit = make_fit(np.random.default_rng(2))
    rng = np.random.default_rng(3)
    for group in ("posterior", "prior"):
        mu = fit[group]["mu_gamma"]
        fit[group]["sigma_gamma"] = mu.copy(data=rng.exponential(size=mu.shape))
    found = diagnose(fit, uniform_loo())
    row = found.as_row()
    assert row["verdict"] == "warn"
    assert "not identified: sigma_gamma keeps its prior" in row["reasons"]
    assert row["unlearnt_directions"] == 1
    assert [direction.name for direction in found.directions] == ["sigma_gamma"]


def test_a_truth_on_the_boundary_is_noted():
    found = diagnose(make_fit(np.random.default_rng(2)), uniform_loo(), known=truth(sigma=0.0, mu_gamma=0.0))
    noted = [row["where"] for row in found.checks.rows if row["check"] == checks.TRUTH_ON_BOUNDARY]
    assert noted == ["sigma"]
    assert found.checks.verdict == "pass"


def test_a_fit_that_stopped_names_the_first_line_of_its_message():
    row = diagnostics.stopped("\n  All starting points failed; logp is -inf\n0: <unknown>\n1: main\n").as_row()
    assert row["verdict"] == "error"
    assert row["reasons"] == "error: the sampler stopped: All starting points failed; logp is -inf"
    assert diagnostics.stopped("").as_row()["reasons"] == "error: the sampler stopped: no message"


def test_thresholds_here_are_the_configs_defaults():
    defaults = Thresholds().model_dump()
    assert {key: defaults[key] for key in THRESHOLDS} == THRESHOLDS
