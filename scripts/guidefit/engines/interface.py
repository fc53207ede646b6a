"""Engines: from a variant and a screen to a posterior.

An engine is made once per batch of seeds and fits one screen after the other. What it compiles, it keeps for every screen of the
same layout. Every engine returns the same groups, variables and dims. Each lies in a module of its own, so that a job imports only
what its engine needs.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import xarray as xr

from guidefit.screens.arrays import ModelData

logger = logging.getLogger("guidefit")


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
