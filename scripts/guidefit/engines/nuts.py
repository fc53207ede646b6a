"""Engine `nuts`: samples all parameters with the No-U-Turn sampler of nutpie or of PyMC."""

import logging
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pymc as pm
import xarray as xr

from guidefit.engines.interface import FitError, Settings, canonical_stats, data_groups
from guidefit.engines.model_graph import model_graph
from guidefit.models import promises
from guidefit.models.declaration import Declaration, Priors
from guidefit.models.line_graph import line_graph
from guidefit.models.line_structure import LineStructure, read_structure
from guidefit.models.parts import QUICK, Build
from guidefit.screens import arrays, screen_file
from guidefit.screens.arrays import ModelData

logger = logging.getLogger("guidefit")


class Nuts:
    """What the two samplers have in common: the model, its prior draws, and the groups of a fit."""

    def __init__(
        self, build: Build, priors: Priors, settings: Settings, threads: int, prior_seed: int, checked_file: Path | None = None
    ) -> None:
        """checked_file: the variant's file, if its model is to be checked before the first fit; None: it is not."""
        self.build, self.priors, self.settings, self.threads, self.prior_seed = build, priors, settings, threads, prior_seed
        self._checked_file = checked_file
        self._start: promises.Start | None = None
        self.structure: LineStructure | None = None  # whose graph shows the parameters that one vector of the model holds
        self.model: pm.Model | None = None
        self._read: ModelData | None = None
        self._compiled_for: ModelData | None = None
        self._prior: xr.Dataset | None = None

    def read(self, path: str | Path, seeds: Iterable[int]) -> Iterator[ModelData]:
        """The rows of one seed after the other."""
        for table in screen_file.iterate_seeds(path, seeds):
            self._read = arrays.model_data(table)
            yield self._read

    def fit(self, data: ModelData, seed: int) -> xr.DataTree:
        """Fit one screen. Groups: posterior, sample_stats, prior, observed_data, constant_data; run times as attributes.

        The model is compiled once per design: the first screen of a design compiles it, the others only replace x and logFC.
        """
        started = time.perf_counter()
        if self._compiled_for is None or not data.has_same_design(self._compiled_for):
            if self._checked_file:
                self.model = promises.build_checked(self.build, self.priors, data, self._checked_file)
                self._start = promises.Start(self.model)
            else:
                self.model = self.build(data, self.priors)
            self._compiled_for, self._prior = data, None
            self.compile()
        if self._start and (problem := self._start.problem(data)):
            raise FitError(problem)
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
        """Prior draws of the parameters, made once per design, because the prior does not depend on x and logFC."""
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
        """The graph of the model, as `model_graph` gives it; if all fits were read back, of the screen that was read last."""
        if self.model is None:
            assert self._read is not None
            self.model = self.build(self._read, self.priors)
        if self.structure:
            lengths = {dim: int(length.eval()) for dim, length in self.model.dim_lengths.items()}
            assert self._read is not None
            structure = self.structure if self._read.has_covariate else self.structure.without_slope()
            return line_graph(structure, self.priors, lengths)
        return model_graph(self.model, self.priors)

    def compile(self) -> None:
        """Compile the model as far as the sampler allows."""

    def swap(self, data: ModelData) -> Any:
        """The compiled model with the x and logFC of these data, ready for `sample`."""
        raise NotImplementedError

    def sample(self, ready: Any, seed: int) -> xr.DataTree:
        """Draws and statistics of one screen: groups posterior and sample_stats."""
        raise NotImplementedError


class Nutpie(Nuts):
    """NUTS of nutpie, which compiles a model once and then swaps the data."""

    def compile(self) -> None:
        """Compile the density and its gradient."""
        import nutpie

        self._compiled = nutpie.compile_pymc_model(self.model)

    def swap(self, data: ModelData) -> Any:
        """The compiled model with other data. nutpie refuses data that the density does not depend on, such as an unused x."""
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
    """NUTS of PyMC, the reference; it compiles the model again for every screen."""

    def swap(self, data: ModelData) -> Any:
        """The model with other data."""
        pm.set_data({"x": data.x, "y": data.logfc}, model=self.model)
        return self.model

    def sample(self, ready: Any, seed: int) -> xr.DataTree:
        """Draws and statistics of one screen."""
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
    checked_file = declared.path if promises.is_own(declared.path) else None
    engine = samplers[settings.sampler](promises.load(declared.path), priors, settings, threads, prior_seed, checked_file)
    engine.structure = read_structure(declared.structure, place) if declared.structure else None
    return engine


def _log_progress(chains: list[Any]) -> None:
    done = sum(chain.finished_draws for chain in chains)
    total = sum(chain.total_draws for chain in chains)
    divergences = sum(chain.divergences for chain in chains)
    if 0 < done < total:
        logger.info("  %d of %d iterations, %d divergences", done, total, divergences)
