"""Predictive checks of one fit from its PyMC model: prior and posterior predictive draws, PSIS-LOO and LOO-PIT."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import arviz_stats as azs
import numpy as np
import pymc as pm
import xarray as xr

from guidefit.assess import leave_one_out
from guidefit.assess.leave_one_out import KEPT_DRAWS, Checker, PredictiveChecks
from guidefit.base.arrays import evenly_spaced
from guidefit.models import declaration
from guidefit.models.declaration import Declaration, Priors
from guidefit.models.parts import QUICK
from guidefit.screens import arrays, screen_file
from guidefit.screens.arrays import ModelData
from guidefit.simulation import simulators

_SAMPLE = ("chain", "draw")
MOST_VALUES = 40_000_000  # draws x rows, of 85 bytes each at the peak
FEWEST_DRAWS = 250  # even of screens with more rows


def make_checker(declared: Declaration, priors: Priors, n_draws: int, essential: Collection[str]) -> Checker:
    """The checks of fits of a variant with these priors, with at most n_draws of their draws, and without those by line."""
    # Predictions need the model alone, not the coordinates it was sampled in: a fit need not have the standardised effects.
    own, build = simulators.centred(priors), declaration.load(declared.path)

    def check(data: ModelData, fit: xr.DataTree, seed: int) -> PredictiveChecks:
        return check_predictions(build(data, own), data, fit, min(n_draws, most_draws(len(data.x))), seed)

    return check


def read_screen(path: str | Path, seed: int) -> ModelData:
    """The screen that is checked: all of it."""
    return arrays.model_data(screen_file.read_seed(path, seed))


def most_draws(rows: int) -> int:
    """The number of draws that memory allows for a screen of this many rows."""
    return max(FEWEST_DRAWS, MOST_VALUES // rows)


def check_predictions(model: pm.Model, data: ModelData, fit: xr.DataTree, n_draws: int, seed: int) -> PredictiveChecks:
    """Check the predictions of a fit of a model of these data with at most n_draws draws, evenly spaced and from all chains.

    PSIS-LOO: Vehtari, Gelman & Gabry 2017, Vehtari et al. 2024. LOO-PIT: Gelman et al. 2020, Säilynoja et al. 2022.
    """
    posterior = fit["posterior"].to_dataset().drop_vars("seed", errors="ignore")
    step = max(1, -(-posterior.sizes["chain"] * posterior.sizes["draw"] // n_draws))
    thinned = posterior.isel(draw=slice(None, None, step))
    observed = fit["observed_data"].to_dataset().drop_vars("seed", errors="ignore")
    quiet: dict[str, Any] = {"progressbar": False, "compile_kwargs": QUICK}
    tree = xr.DataTree.from_dict({"posterior": thinned, "observed_data": observed})
    with model:
        predicted = pm.sample_posterior_predictive(tree, random_seed=seed, **quiet)
        likelihood = pm.compute_log_likelihood(tree, extend_inferencedata=False, **quiet)
        prior = pm.sample_prior_predictive(KEPT_DRAWS, var_names=["logfc"], random_seed=seed, compile_kwargs=QUICK)
    tree["posterior_predictive"] = predicted["posterior_predictive"]
    tree["log_likelihood"] = xr.DataTree(likelihood)
    samples = _samples(predicted["posterior_predictive"].to_dataset())
    kept = samples.isel(sample=evenly_spaced(samples.sizes["sample"], KEPT_DRAWS))
    draws = leave_one_out.predicted_draws(_samples(prior["prior_predictive"].to_dataset()), kept, data, np.arange(len(data.x)))
    return PredictiveChecks(draws, _leave_one_out(tree, seed))


def _leave_one_out(tree: xr.DataTree, seed: int) -> xr.Dataset:
    """(row,) elpd_i, mcse, pareto_k, pit from the groups posterior_predictive, log_likelihood and observed_data."""
    loo = azs.loo(tree, pointwise=True, var_name="logfc")
    pit = azs.loo_pit(tree, var_names=["logfc"], random_state=seed)["logfc"]
    mcse = elpd_mcse(tree["log_likelihood"].to_dataset()["logfc"], loo.log_weights, loo.elpd_i)
    return xr.Dataset(
        {"elpd_i": loo.elpd_i, "mcse": mcse, "pareto_k": loo.pareto_k, "pit": pit},
        attrs={name: float(getattr(loo, name)) for name in ("elpd", "se", "p", "good_k", "n_samples")},
    )


def elpd_mcse(log_likelihood: xr.DataArray, log_weights: xr.DataArray, elpd_i: xr.DataArray) -> xr.DataArray:
    """(row,) Monte Carlo standard error of each row's elpd.

    elpd_i = log sum_s w_s p_s, with p_s = exp(log_likelihood) and normalised weights w_s: by the delta method its variance is
    sum_s w_s^2 (p_s / exp(elpd_i) - 1)^2 (Vehtari et al. 2024), where the draws are taken as independent.
    """
    weights: Any = (log_weights - log_weights.max(_SAMPLE)).pipe(np.exp)
    weights = weights / weights.sum(_SAMPLE)
    variance = weights**2 * ((log_likelihood - elpd_i).pipe(np.exp) - 1) ** 2
    return variance.sum(_SAMPLE) ** 0.5


def _samples(draws: xr.Dataset) -> xr.DataArray:
    """logfc (chain, draw, row) -> (sample, row), in single precision, for figures."""
    stacked = draws["logfc"].stack(sample=_SAMPLE).transpose("sample", ...)
    return stacked.drop_vars(("sample", "chain", "draw")).astype("float32")
