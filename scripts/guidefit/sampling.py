"""Engines: from a variant and a screen to a posterior.

An engine is made once per batch of seeds and fits one screen after the other. What it compiles, it keeps for every screen of the
same layout. Every engine returns the same groups, variables and dims. Each lies in a module of its own, so that a job imports only
what its engine needs.
"""

import hashlib
import logging
import os
import socket
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import xarray as xr

from guidefit import structure, variants
from guidefit.screen import ModelData
from guidefit.variants import Declaration, Priors

logger = logging.getLogger("guidefit")

PACKAGES = ("pymc", "nutpie", "arviz", "pytensor", "numba", "numpy", "scipy", "pandas", "xarray", "snakemake", "plotnine")
QUICK = 0.3  # seconds: saving a fit takes a good part of that


@dataclass(frozen=True)
class Settings:
    """How a variant is fitted. draws and tune are per chain; scales and importance_draws are of the engine `collapsed`."""

    engine: str = "nuts"
    sampler: str = "nutpie"
    adaptation: str = "diag"
    scales: str = "importance"
    importance_draws: int = 4000
    draws: int = 1000
    tune: int = 1000
    chains: int = 4
    target_accept: float = 0.95
    max_treedepth: int = 10
    prior_draws: int = 2000


class Data(Protocol):
    """What an engine reads of a screen."""

    def digest(self) -> str:
        """Checksum of all that the fit depends on."""
        ...

    @property
    def sizes(self) -> dict[str, int]:
        """Numbers of rows, genes, sgrnas and cell_lines."""
        ...


class Engine(Protocol):
    """What fits one screen after the other."""

    def read(self, path: str | Path, seed: int) -> Data:
        """One seed's screen as the engine needs it."""
        ...

    def fit(self, data: Any, seed: int) -> xr.DataTree:
        """Fit one screen with a 31-bit seed."""
        ...

    def graph(self) -> dict[str, Any]:
        """The graph of the model that was fitted last: nodes and edges."""
        ...


def make_engine(declared: Declaration, priors: Priors, settings: Settings, threads: int, prior_seed: int, place: str) -> Engine:
    """The engine that the settings name, for a variant with these priors.

    threads: chains that run at a time; prior_seed: for the draws from the prior; place: names the variant in errors.
    """
    if settings.engine == "collapsed":
        from guidefit.exact import Exact

        return Exact(structure.make(declared.gaussian, priors, place), priors, settings, threads, prior_seed)
    from guidefit import nuts

    samplers = {"nutpie": nuts.Nutpie, "pymc": nuts.PymcNuts}
    return samplers[settings.sampler](variants.load(declared.path), priors, settings, threads, prior_seed)


def fit_batch(
    engine: Engine,
    screen: str | Path,
    seed_of: Callable[[int], int],
    seeds: Sequence[int],
    saved: Path,
    fingerprint: str,
) -> tuple[dict[int, xr.DataTree], dict[int, str]]:
    """Fit a batch of seeds, one screen each: (seed -> fit, seed -> message of a fit that threw).

    screen: file of the screens; seed_of: the sampler's own seed for a seed. Each fit that is dear against the saving is saved under
    `saved` as it is done and read back by a later run whose fingerprint (of model, settings and library) and data are the same, so
    that a killed batch continues. A model that cannot be built or compiled raises: that is no matter of one seed.
    """
    fits: dict[int, xr.DataTree] = {}
    errors: dict[int, str] = {}
    saved.mkdir(parents=True, exist_ok=True)
    for count, seed in enumerate(seeds, 1):
        data = engine.read(screen, seed)
        file = saved / f"{seed}.nc"
        key = hashlib.sha256(f"{fingerprint}{data.digest()}".encode()).hexdigest()
        if (fit := _resume(file, key)) is not None:
            logger.info("seed %d (%d of %d): already fitted", seed, count, len(seeds))
            fits[seed] = fit
            continue
        logger.info("seed %d (%d of %d): fitting %d rows", seed, count, len(seeds), data.sizes["rows"])
        try:
            fit = engine.fit(data, seed_of(seed))
        except FitError as error:
            logger.error("seed %d: the fit failed: %s", seed, error)
            traceback.print_exc()
            errors[seed] = str(error)
            continue
        fit.attrs |= {"fingerprint": key, "versions": versions(), "node": node(), **data.sizes}
        seconds = fit.attrs["seconds_compile"] + fit.attrs["seconds_sampling"]
        logger.info(
            "seed %d: compiled in %.1f s, sampled in %.2f s", seed, fit.attrs["seconds_compile"], fit.attrs["seconds_sampling"]
        )
        if seconds > QUICK:
            unfinished = file.with_suffix(".part")
            fit.to_netcdf(unfinished)
            unfinished.rename(file)
        fits[seed] = fit
    return fits, errors


def _resume(file: Path, key: str) -> xr.DataTree | None:
    if not file.exists():
        return None
    try:
        with xr.open_datatree(file, engine="netcdf4") as saved:
            return saved.load() if saved.attrs.get("fingerprint") == key else None
    except (OSError, RuntimeError) as error:  # cut short by a full disk or a machine that went down
        logger.warning("%s cannot be read (%s): fitting again", file, error)
        return None


class FitError(RuntimeError):
    """The sampler threw on one screen."""


def data_groups(data: ModelData) -> dict[str, xr.Dataset]:
    """The groups observed_data and constant_data of a fit."""
    observed = xr.Dataset({"logfc": ("row", data.logfc)}, coords={"row": np.arange(len(data.x))})
    return {"observed_data": observed, "constant_data": _constant_data(data)}


def _constant_data(data: ModelData) -> xr.Dataset:
    """x by row, and which gene, sgRNA and cell line each sgRNA and row belongs to (codes)."""
    return xr.Dataset(
        {
            "x": ("row", data.x),
            "sgrna_of_row": ("row", data.sgrna_of_row),
            "cell_line_of_row": ("row", data.cell_line_of_row),
            "gene_of_sgrna": ("sgrna", data.gene_of_sgrna),
        },
        coords=data.coords,
    )


_STATS = {
    "diverging": ("diverging",),
    "tree_depth": ("tree_depth", "depth"),
    "reached_max_treedepth": ("reached_max_treedepth", "maxdepth_reached"),
    "energy": ("energy",),
    "lp": ("lp", "logp"),
    "n_steps": ("n_steps",),
    "step_size": ("step_size",),
    "acceptance_rate": ("acceptance_rate", "mean_tree_accept"),
}


def canonical_stats(stats: xr.Dataset) -> xr.Dataset:
    """Sampler statistics under ArviZ's names, whichever sampler made them."""
    found = {ours: next((name for name in names if name in stats), None) for ours, names in _STATS.items()}
    return xr.Dataset({ours: stats[name] for ours, name in found.items() if name})


def node() -> str:
    """Name of the machine that this runs on, as SLURM calls it where it runs under SLURM."""
    return os.environ.get("SLURMD_NODENAME") or socket.gethostname()


@cache
def versions() -> str:
    """Names and versions of the installed packages that results may depend on."""
    return "; ".join(f"{name} {version(name)}" for name in PACKAGES if _installed(name))


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
