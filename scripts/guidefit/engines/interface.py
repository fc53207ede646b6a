"""What engines have in common: their settings, their errors, and the groups of a fit.

An engine turns a variant and a screen into a posterior. It is made once per batch of seeds and fits one screen after the other;
what it compiles is reused for every screen with the same design. All engines return the same groups, variables and dims. Each
engine lies in a module of its own, so that a job imports only what its engine needs.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import xarray as xr

from guidefit.screens.arrays import ModelData

K_HAT_MAX = 0.7
"""Importance weights whose k-hat is this or more cannot be used (Vehtari et al. 2024)."""


@dataclass(frozen=True)
class Settings:
    """How a variant is fitted. draws and tune are per chain; scales and importance_draws belong to the engine `collapsed`, ess and
    dependent_below to the engine `gibbs`.
    """

    engine: str
    sampler: str
    adaptation: str
    scales: str
    importance_draws: int
    draws: int
    tune: int
    chains: int
    target_accept: float
    max_treedepth: int
    ess: int
    dependent_below: float
    prior_draws: int = 2000  # not a key of the config


class Data(Protocol):
    """What an engine reads of a screen."""

    def digest(self) -> str:
        """Checksum of everything that the fit depends on."""
        ...

    @property
    def sizes(self) -> dict[str, int]:
        """Numbers of rows, genes, sgrnas and cell_lines."""
        ...


class Engine(Protocol):
    """Fits one screen after the other."""

    def read(self, path: str | Path, seeds: Iterable[int]) -> Iterator[Data]:
        """The screen of one seed after the other in the form that the engine needs."""
        ...

    def fit(self, data: Any, seed: int) -> xr.DataTree:
        """Fit one screen. seed: a 31-bit seed of the sampler. Raises FitError."""
        ...

    def graph(self) -> dict[str, Any]:
        """The graph of the model that was fitted last: nodes and edges."""
        ...


@runtime_checkable
class ManyAtOnce(Protocol):
    """An engine that fits several screens in less time than one after the other, with the same results."""

    def fit_many(self, data: Sequence[Any], seeds: Sequence[int]) -> Iterator["xr.DataTree | FitError"]:
        """The fit of each screen, or the error with which it stopped. seeds: 31-bit seeds of the sampler."""
        ...


class FitError(RuntimeError):
    """The sampler raised an error on one screen."""


def data_groups(data: ModelData) -> dict[str, xr.Dataset]:
    """The groups of a fit that repeat its data: observed_data (logfc by row) and constant_data.

    constant_data holds x by row, and the codes of each row's sgRNA and cell line and of each sgRNA's gene.
    """
    observed = xr.Dataset({"logfc": ("row", data.logfc)}, coords={"row": np.arange(len(data.x))})
    constant = xr.Dataset(
        {
            "x": ("row", data.x),
            "sgrna_of_row": ("row", data.sgrna_of_row),
            "cell_line_of_row": ("row", data.cell_line_of_row),
            "gene_of_sgrna": ("sgrna", data.gene_of_sgrna),
        },
        coords=data.coords,
    )
    return {"observed_data": observed, "constant_data": constant}


_NAMES_IN_SAMPLERS = {
    "diverging": ("diverging",),
    "tree_depth": ("tree_depth", "depth"),
    "reached_max_treedepth": ("reached_max_treedepth", "maxdepth_reached"),
    "energy": ("energy",),
    "lp": ("lp", "logp"),
    "n_steps": ("n_steps",),
    "step_size": ("step_size",),
    "acceptance_rate": ("acceptance_rate", "mean_tree_accept"),
}
"""ArviZ's name of each statistic -> its names in the samplers."""


def canonical_stats(stats: xr.Dataset) -> xr.Dataset:
    """A sampler's statistics under ArviZ's names; those without such a name are left out."""
    found = {ours: next((name for name in names if name in stats), None) for ours, names in _NAMES_IN_SAMPLERS.items()}
    return xr.Dataset({ours: stats[name] for ours, name in found.items() if name})
