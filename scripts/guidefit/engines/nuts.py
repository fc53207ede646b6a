"""Engine `nuts`: all parameters by the No-U-Turn sampler, nutpie's or PyMC's own."""

import logging
import time
from pathlib import Path
from typing import Any

import pymc as pm
import xarray as xr
from pymc.model_graph import ModelGraph

from guidefit.screens import arrays, screen_file
from guidefit.engines.interface import FitError, Settings, canonical_stats, data_groups
from guidefit.screens.arrays import ModelData
from guidefit.models import declaration
from guidefit.models.declaration import Declaration, Priors
from guidefit.models.parts import QUICK, Build

logger = logging.getLogger("guidefit")


class Nuts:
    """What the samplers of the engine `nuts` share: the model, its prior draws, the groups they return."""

    def __init__(self, build: Build, priors: Priors, settings: Settings, threads: int, prior_seed: int) -> None:
        self.build, self.priors, self.settings, self.threads, self.prior_seed = build, priors, settings, threads, prior_seed
        self.model: pm.Model | None = None
        self._layout: ModelData | None = None
        self._prior: xr.Dataset | None = None

    def read(self, path: str | Path, seed: int) -> ModelData:
        """One seed's rows."""
        return arrays.model_data(screen_file.read_seed(path, seed))

    def fit(self, data: ModelData, seed: int) -> xr.DataTree:
        """Fit one screen. Groups: posterior, sample_stats, prior, observed_data, constant_data; times as attributes."""
        started = time.perf_counter()
        fresh = self._layout is None or not data.has_same_design(self._layout)
        if fresh:
            self.model = self.build(data, self.priors)
            self._layout, self._prior = data, None
            self.compile()
        ready = self.swap(data)
        compiled = time.perf_counter()
        try:
            trace = self.sample(ready, seed)
        except Exception as error:
            raise FitError(f"{type(error).__name__}: {error}") from error
        sampled = time.perf_counter()
        tree = xr.DataTree.from_dict(
            {
                "posterior": trace["posterior"].to_dataset(),
                "sample_stats": canonical_stats(trace["sample_stats"].to_dataset()),
                "prior": self.prior(),
                **data_groups(data),
            }
        )
        tree.attrs = {"seconds_compile": compiled - started, "seconds_sampling": sampled - compiled}
        return tree

    def prior(self) -> xr.Dataset:
        """Prior draws of the parameters, once per layout: the prior does not depend on the data. Same seed for all."""
        if self._prior is None:
            assert self.model is not None
            names = [v.name for v in (*self.model.free_RVs, *self.model.deterministics)]
            drawn = pm.sample_prior_predictive(
                draws=self.settings.prior_draws,
                model=self.model,
                var_names=names,
                random_seed=self.prior_seed,
                compile_kwargs=QUICK,
            )
            self._prior = drawn["prior"].to_dataset()
        return self._prior

    def graph(self) -> dict[str, Any]:
        """The graph of the model that was fitted last, as `model_graph` gives it."""
        assert self.model is not None
        return model_graph(self.model, self.priors)

    def compile(self) -> None:
        """Compile the model as far as the sampler allows."""

    def swap(self, data: ModelData) -> Any:
        """The model with these data in place of those it was compiled with, ready for `sample`."""
        raise NotImplementedError

    def sample(self, ready: Any, seed: int) -> xr.DataTree:
        """Draws and statistics of one screen: groups posterior and sample_stats."""
        raise NotImplementedError


class Nutpie(Nuts):
    """nutpie's NUTS: compiled once, data swapped."""

    def compile(self) -> None:
        """Compile the density and its gradient."""
        import nutpie

        self._compiled = nutpie.compile_pymc_model(self.model)

    def swap(self, data: ModelData) -> Any:
        """The compiled model with other data; a variant need not use x, and nutpie refuses data that no density depends on."""
        rows = {"x": data.x, "y": data.logfc}
        used = {variable.name for variable in self._compiled.shared_var_keys}
        return self._compiled.with_data(**{name: values for name, values in rows.items() if name in used})

    def sample(self, ready: Any, seed: int) -> xr.DataTree:
        """Draws and statistics of one screen."""
        import nutpie

        s = self.settings
        return nutpie.sample(
            ready,
            draws=s.draws,
            tune=s.tune,
            chains=s.chains,
            cores=min(self.threads, s.chains),
            seed=seed,
            target_accept=s.target_accept,
            maxdepth=s.max_treedepth,
            adaptation=s.adaptation,
            save_warmup=False,
            progress_bar=False,
            progress_callback=_log_progress,
            progress_rate=10_000,
        )


class PymcNuts(Nuts):
    """PyMC's own NUTS, the reference; it compiles anew for every screen."""

    def swap(self, data: ModelData) -> Any:
        """The model with other data."""
        pm.set_data({"x": data.x, "y": data.logfc}, model=self.model)
        return self.model

    def sample(self, ready: Any, seed: int) -> xr.DataTree:
        """Draws and statistics of one screen, compiled for it."""
        s = self.settings
        with ready:
            return pm.sample(
                s.draws,
                tune=s.tune,
                chains=s.chains,
                cores=min(self.threads, s.chains),
                random_seed=seed,
                nuts_sampler="pymc",
                nuts={"target_accept": s.target_accept, "max_treedepth": s.max_treedepth},
                compute_convergence_checks=False,
                progressbar=False,
            )


def make_engine(declared: Declaration, priors: Priors, settings: Settings, threads: int, prior_seed: int, place: str) -> Nuts:
    """The engine with the sampler that the settings name; see `registry.make_engine`."""
    samplers = {"nutpie": Nutpie, "pymc": PymcNuts}
    return samplers[settings.sampler](declaration.load(declared.path), priors, settings, threads, prior_seed)


def _log_progress(chains: list[Any]) -> None:
    done = sum(chain.finished_draws for chain in chains)
    total = sum(chain.total_draws for chain in chains)
    divergences = sum(chain.divergences for chain in chains)
    if 0 < done < total:
        logger.info("  %d of %d iterations, %d divergences", done, total, divergences)


def model_graph(model: pm.Model, priors: Priors) -> dict[str, Any]:
    """The model's graph as plain data: nodes (name, kind, distribution, dims with their lengths) and edges (parent, child)."""

    def distribution(name: str, kind: str) -> str:
        if name in priors:
            return priors[name]["distribution"]
        named = kind in ("free", "observed") and hasattr(model[name].owner.op, "_print_name")
        return model[name].owner.op._print_name[0] if named else ""

    kinds = {v.name: "free" for v in model.free_RVs}
    kinds |= {v.name: "deterministic" for v in model.deterministics}
    kinds |= {v.name: "observed" for v in model.observed_RVs}
    parents = ModelGraph(model).make_compute_graph()
    inner = {name for name in kinds if name.startswith("_")}
    # The standardised effects of a non-centred variable are its inner matter: the picture shows the model, not the sampling.
    kinds = {name: "free" if parents[name] & inner else kind for name, kind in kinds.items() if name not in inner}
    # A data container appears as parent of what it enters, and, where it holds the observations, as child of the likelihood.
    kinds |= {v.name: "data" for v in model.data_vars if not parents[v.name]}
    lengths = {dim: int(length.eval()) for dim, length in model.dim_lengths.items()}
    nodes = [
        {
            "name": name,
            "kind": kind,
            "distribution": distribution(name, kind),
            "dims": [f"{lengths[dim]} {dim}{'s' * (lengths[dim] != 1)}" for dim in model.named_vars_to_dims.get(name, ())],
        }
        for name, kind in kinds.items()
    ]
    edges = [[parent, child] for child in kinds for parent in sorted(parents[child] - inner)]
    return {"nodes": nodes, "edges": edges}
