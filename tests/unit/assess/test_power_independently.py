"""Power at one point of a design study, against a simulation and an analysis of its own, which share no code with guidefit's."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from guidefit.assess import calls, estimates, fits
from guidefit.assess.design import mean_share
from guidefit.engines import registry
from guidefit.models import declaration
from guidefit.screens import arrays
from guidefit.screens.covariates import Covariate
from guidefit.simulation import simulated_screen
from helpers.defaults import Settings

GENES, GUIDES, LINES, SEEDS = 100, 4, 12, 20
SMALLEST, RATE = 0.3, 0.05
POINT = {
    "design": "general",
    "genes": GENES,
    "sgrnas_per_gene": GUIDES,
    "cell_lines": LINES,
    "effect_on": "x",
    "rho": 0,
    "rho_gene": 0,
    "mu_gamma": 0.0,
    "sigma_gamma": 0.1,
    "effect_share": 0.1,
    "effect_size": -0.6,
    "mu_delta": -0.1,
    "sigma_delta": 0.05,
    "slope_share": 0.1,
    "slope_size": -0.6,
    "sigma_alpha": 0.25,
    "sigma_beta": 0.1,
    "sigma": 0.6,
    "sigma_line": 0,
    "replicates": 1,
    "arms": 1,
    "line_effect_share": None,
    "line_effect_size": None,
    "outlier_nu": None,
    "kappa": None,
    "ratio": None,
    "copy_number": {"mean": {"shape": 20, "scale": 0.1}, "noise": 0.1, "shared": True},
}


def ours() -> pd.DataFrame:
    """Calls by seed and variable: simulated and fitted by guidefit."""
    declared = declaration.declare(declaration.VARIANTS / "varying_effects.py")
    settings = Settings(engine="collapsed", draws=100, importance_draws=1000)
    engine = registry.make_engine(declared, declared.priors, settings, 1, 1, "point")
    covariate, found = Covariate("log2_diploid", winsor_quantiles=(0.01, 0.99), diploid=2.0), []
    for seed in range(SEEDS):
        ((rows, truth),) = simulated_screen.simulate_in_blocks("point", POINT, covariate, seed)
        fit = fits.of_tree(engine.fit(arrays.model_data(rows), seed), [seed])
        unknown = np.full((1, len(fit.posterior.parameters)), np.nan)
        table = estimates.estimate(fit, unknown, 100, [np.random.default_rng(0)]).table("point", "v", [seed])
        for name in ("gamma_g", "delta_g"):
            table.loc[table["variable"] == name, "truth"] = truth[name]
        found.append(calls.count_calls(table, SMALLEST, RATE))
    return pd.concat(found)


def posteriors(x, y, prior_mean, prior_sd, p):
    """Means and sds of the intercept and slope of a gene with rows (guide, line), by dense algebra with known spreads."""
    design = np.stack([np.ones(x.size), x.ravel()], axis=1)
    same = np.kron(np.eye(GUIDES), np.ones((LINES, LINES)))
    noise = same * (p["sigma_alpha"] ** 2 + p["sigma_beta"] ** 2 * np.outer(x.ravel(), x.ravel())) + p["sigma"] ** 2 * np.eye(
        x.size
    )
    weight = design.T @ np.linalg.inv(noise)
    covariance = np.linalg.inv(weight @ design + np.diag(prior_sd**-2.0))
    return covariance @ (weight @ y.ravel() + prior_mean / prior_sd**2), np.sqrt(covariance.diagonal())


def independent() -> pd.DataFrame:
    """Calls by seed and variable: simulated here, fitted with the hyper-parameters that a large screen would show."""
    p, rows = POINT, []
    means, sizes = np.array([p["mu_gamma"], p["mu_delta"]]), np.array([p["effect_size"], p["slope_size"]])
    own = np.array([p["sigma_gamma"], p["sigma_delta"]])
    prior_mean, prior_sd = means + 0.1 * sizes, np.sqrt(own**2 + 0.09 * sizes**2)
    for seed in range(SEEDS):
        rng = np.random.default_rng([99, seed])
        truth = means + own * rng.normal(size=(GENES, 2))
        for side in range(2):
            truth[rng.choice(GENES, GENES // 10, replace=False), side] += sizes[side]
        mean, sd = np.empty((GENES, 2)), np.empty((GENES, 2))
        for g in range(GENES):
            copies = np.maximum(rng.poisson(rng.gamma(20, 0.1), LINES) + rng.normal(0, 0.1, LINES), 0)
            x = np.tile(np.log2(copies + 1) - np.log2(3), (GUIDES, 1))
            guides = truth[g] + rng.normal(size=(GUIDES, 2)) * [p["sigma_alpha"], p["sigma_beta"]]
            y = guides[:, :1] + guides[:, 1:] * x + rng.normal(0, p["sigma"], x.shape)
            mean[g], sd[g] = posteriors(x, y, prior_mean, prior_sd, p)
        for side, name in enumerate(("gamma_g", "delta_g")):
            false = stats.norm.sf(-SMALLEST, mean[:, side], sd[:, side])  # probability that a gene is not depleted by so much
            order = np.argsort(false)
            called = order[np.cumsum(false[order]) / np.arange(1, GENES + 1) <= RATE]
            real = truth[:, side] < -SMALLEST
            rows.append({"variable": name, "real": int(real.sum()), "right": int(real[called].sum())})
    return pd.DataFrame(rows)


@pytest.mark.slow
def test_power_agrees_with_an_independent_simulation():
    one, other = ours(), independent()
    for name in ("gamma_g", "delta_g"):
        first, second = (mean_share(rows["right"], rows["real"]) for rows in (t[t["variable"] == name] for t in (one, other)))
        assert 0.02 < second["value"] < 0.98
        error = np.hypot(first["mcse"], second["mcse"])
        assert abs(first["value"] - second["value"]) < 4 * error, (name, first, second)
        assert error < 0.08
