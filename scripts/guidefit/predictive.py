"""Predictive checks of one fit: prior and posterior predictive draws, PSIS-LOO and LOO-PIT."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import arviz as az
import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr
from pymc.pytensorf import compile as pm_compile
from pymc.pytensorf import find_rng_nodes, reseed_rngs

from guidefit.covariates import Truth
from guidefit.nuts import QUICK, Build
from guidefit.screen import ModelData
from guidefit.variants import Priors

KEPT_DRAWS = 200


@dataclass(frozen=True)
class Check:
    """draws: prior_predictive and posterior_predictive (sample, row), observed_data; loo: (row,) elpd_i, pareto_k, pit."""

    draws: xr.DataTree
    loo: xr.Dataset


def centred(priors: Priors) -> Priors:
    """The same priors with all effects centred."""
    return {name: {"distribution": "Normal"} if p["distribution"] == "NoncentredNormal" else p for name, p in priors.items()}


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


class PriorSimulator:
    """Draws a truth from a variant's prior and logFC from that truth; compiled once for all seeds of one layout."""

    def __init__(self, build: Build, priors: Priors, data: ModelData) -> None:
        self.model = build(data, priors)
        self.names = [v.name for v in (*self.model.free_RVs, *self.model.deterministics)]
        outputs = [self.model[name] for name in (*self.names, "logfc")]
        self._draw = pm_compile([], outputs, **QUICK)
        self._rngs = find_rng_nodes(outputs)

    @property
    def dims(self) -> dict[str, str]:
        """The one dim of each parameter that has any."""
        found = self.model.named_vars_to_dims
        return {name: str(found[name][0]) for name in self.names if found.get(name)}

    def __call__(self, x: np.ndarray, seed: int) -> tuple[Truth, np.ndarray]:
        """(truth by variable, (row,) logFC) for the covariate x (row,)."""
        self.model.set_data("x", x)
        reseed_rngs(self._rngs, seed)
        *truth, logfc = self._draw()
        return dict(zip(self.names, truth, strict=True)), logfc


class ConditionalSimulator:
    """Draws logFC of a variant's model given all its parameters; compiled once for all seeds of one layout.

    The model's free variables become inputs of the graph, so that any variant can be simulated. Effects are centred, so that the
    free variables are those of the posterior, in whichever coordinates it was sampled.
    """

    def __init__(self, build: Build, priors: Priors, data: ModelData) -> None:
        model = build(data, centred(priors))
        self._free, logfc = model.free_RVs, model["logfc"]
        self._draw = pm_compile(self._free, logfc, on_unused_input="ignore", **QUICK)
        self._rngs = find_rng_nodes([logfc])

    def __call__(self, values: Mapping[str, np.ndarray], seed: int) -> np.ndarray:
        """(row,) logFC at these values of the parameters."""
        reseed_rngs(self._rngs, seed)
        return self._draw(*(np.asarray(values[variable.name], variable.dtype) for variable in self._free))


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
