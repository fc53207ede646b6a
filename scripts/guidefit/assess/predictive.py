"""Predictive checks of one fit: prior and posterior predictive draws, PSIS-LOO and LOO-PIT."""

from dataclasses import dataclass
from typing import Any

import arviz_stats as azs
import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr

from guidefit.base.arrays import evenly_spaced
from guidefit.models.parts import QUICK

KEPT_DRAWS = 200
_SAMPLE = ("chain", "draw")
LOO_TYPES = {
    "variant": "str",
    "seed": "int64",
    "row": "int64",
    **dict.fromkeys(("elpd_i", "mcse", "pareto_k", "pit", "p", "good_k", "n_samples"), "float64"),
}


@dataclass(frozen=True)
class PredictiveChecks:
    """What the predictive checks of one fit give.

    draws: groups prior_predictive and posterior_predictive (sample, row), and observed_data. loo: (row,) elpd_i, its Monte Carlo
    standard error mcse, pareto_k, pit; attributes elpd, se, p, good_k, n_samples.
    """

    draws: xr.DataTree
    loo: xr.Dataset


def check_predictions(model: pm.Model, fit: xr.DataTree, n_draws: int, seed: int) -> PredictiveChecks:
    """Check the predictions of one fit with at most n_draws of its draws, evenly spaced and from all chains.

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
    draws = {
        "prior_predictive": _samples(prior["prior_predictive"].to_dataset()),
        "posterior_predictive": samples.isel(sample=evenly_spaced(samples.sizes["sample"], KEPT_DRAWS)),
        "observed_data": observed,
    }
    return PredictiveChecks(xr.DataTree.from_dict(draws), _leave_one_out(tree, seed))


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


def _samples(draws: xr.Dataset) -> xr.Dataset:
    """(chain, draw, row) -> (sample, row), in single precision, for figures."""
    stacked = draws.stack(sample=_SAMPLE).transpose("sample", ...)
    return stacked.drop_vars(("sample", "chain", "draw")).astype("float32")


def loo_table(loo: xr.Dataset | None, **ids: Any) -> pd.DataFrame:
    """Pointwise LOO of one fit as rows in the columns LOO_TYPES: ids are variant and seed; p, good_k, n_samples repeat in each row.

    Without a fit the table has no rows.
    """
    if loo is None:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in LOO_TYPES.items()})
    whole = {name: loo.attrs[name] for name in ("p", "good_k", "n_samples")}
    table = loo.to_dataframe().reset_index().assign(**ids, **whole)
    return table[list(LOO_TYPES)].astype(LOO_TYPES)
