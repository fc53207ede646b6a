"""Predictive checks of one fit: prior and posterior predictive draws, PSIS-LOO and LOO-PIT."""

from dataclasses import dataclass
from typing import Any

import arviz as az
import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr

from guidefit.models.parts import QUICK

KEPT_DRAWS = 200


@dataclass(frozen=True)
class Check:
    """draws: prior_predictive and posterior_predictive (sample, row), observed_data; loo: (row,) elpd_i, pareto_k, pit."""

    draws: xr.DataTree
    loo: xr.Dataset


def check(model: pm.Model, fit: xr.DataTree, n_draws: int, seed: int) -> Check:
    """Check one fit with at most n_draws of its draws, evenly spaced over draws and from all chains.

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
    loo = az.loo(tree, pointwise=True, var_name="logfc")
    pit = az.loo_pit(tree, var_names=["logfc"], random_state=seed)["logfc"]
    pointwise = xr.Dataset(
        {"elpd_i": loo.elpd_i, "pareto_k": loo.pareto_k, "pit": pit},
        attrs={name: float(getattr(loo, name)) for name in ("elpd", "se", "p", "good_k", "n_samples")},
    )
    kept = np.linspace(0, thinned.sizes["chain"] * thinned.sizes["draw"] - 1, KEPT_DRAWS).astype(int)
    return Check(
        xr.DataTree.from_dict(
            {
                "prior_predictive": _samples(prior["prior_predictive"].to_dataset()),
                "posterior_predictive": _samples(predicted["posterior_predictive"].to_dataset()).isel(sample=np.unique(kept)),
                "observed_data": observed,
            }
        ),
        pointwise,
    )


def _samples(draws: xr.Dataset) -> xr.Dataset:
    """(chain, draw, row) -> (sample, row), single precision: for pictures."""
    stacked = draws.stack(sample=("chain", "draw")).transpose("sample", ...)
    return stacked.drop_vars(("sample", "chain", "draw")).astype("float32")


LOO_TYPES = {
    "variant": "str",
    "seed": "int64",
    "row": "int64",
    **dict.fromkeys(("elpd_i", "pareto_k", "pit", "p", "good_k", "n_samples"), "float64"),
}


def loo_table(loo: xr.Dataset | None, **ids: Any) -> pd.DataFrame:
    """Pointwise LOO of one fit as rows: variant, seed (ids), row, elpd_i, pareto_k, pit, and p, good_k, n_samples of the whole."""
    if loo is None:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in LOO_TYPES.items()})
    whole = {name: loo.attrs[name] for name in ("p", "good_k", "n_samples")}
    table = loo.to_dataframe().reset_index().assign(**ids, **whole)
    return table[list(LOO_TYPES)].astype(LOO_TYPES)
