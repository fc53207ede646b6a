"""The fits of a batch as arrays whose first dim is the seed, read from posterior.nc."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from guidefit.assess import draws
from guidefit.assess.draws import Draws
from guidefit.base import netcdf
from guidefit.engines.posterior_file import count_draws, reported, select


@dataclass(frozen=True)
class Fits:
    """The fits of a batch that did not stop with an error, without variables of a variant's parametrisation.

    seeds: of these fits, in order. posterior: their draws; prior: draws of the prior, which all share (one "seed").
    summary: statistic -> (seed, P) that the engine computes without its draws, in the order of the posterior's parameters; None
    where it computes none. sampler: statistic of the sampler -> (seed, chain, draw), NaN in fits that did not use it.
    importance: statistic of importance sampling -> (seed,); empty for other engines. moments: of effects by gene and cell line that
    have no draws, with a dim `seed` where there are several fits; None where there are none. information: run times, the machine
    and the sizes of the data -> (seed,). versions: of packages.
    """

    seeds: list[int]
    posterior: Draws
    prior: Draws
    summary: dict[str, np.ndarray] | None
    sampler: dict[str, np.ndarray]
    importance: dict[str, np.ndarray]
    information: dict[str, np.ndarray]
    versions: str
    moments: xr.Dataset | None = None

    def sampler_of(self, fit: int) -> dict[str, np.ndarray]:
        """The statistics (chain, draw) of the sampler that this fit used."""
        return {name: values[fit] for name, values in self.sampler.items() if not np.isnan(values[fit]).all()}

    def is_mcmc(self, fit: int) -> bool:
        """Whether the draws of a fit are a Markov chain's, so that R-hat, ESS and Monte Carlo errors can be computed from them."""
        return bool({"diverging", "departing_rows"} & set(self.sampler_of(fit)))


def read(path: str | Path) -> tuple[list[Fits], dict[int, str], list[int]]:
    """The fits of posterior.nc, those with equal numbers of draws together (none where all stopped); seed -> message of a fit that
    stopped; and all seeds of the batch.

    Raises UserError where the file is damaged, or was written for another batch.
    """
    tree = netcdf.read(path)
    errors = {int(seed): message for seed, message in json.loads(tree.attrs["errors"]).items()}
    seeds = np.atleast_1d(tree.attrs["seeds"]).tolist()
    fitted = [seed for seed in seeds if seed not in errors]
    if not fitted:
        return [], errors, seeds
    if "seed" not in tree["posterior"].dims:
        return [of_tree(tree, fitted)], errors, seeds
    counts = count_draws(tree)
    parts = [np.flatnonzero(counts == count) for count in np.unique(counts)]
    if len(parts) == 1:
        return [of_tree(tree, fitted)], errors, seeds
    return [of_tree(_part(tree, fits, int(counts[fits[0]])), [fitted[i] for i in fits]) for fits in parts], errors, seeds


def _part(tree: xr.DataTree, fits: np.ndarray, draws: int) -> xr.DataTree:
    """Some fits of a batch, which have this number of draws."""
    part = xr.DataTree.from_dict(select(tree, fits, draws))
    part.attrs = tree.attrs
    return part


def of_tree(tree: xr.DataTree, seeds: list[int]) -> Fits:
    """The fits of these seeds from groups as in posterior.nc: with a dim `seed`, or without where there is one seed."""

    def groups(name: str) -> dict[str, np.ndarray]:
        """variable -> (seed, ...) of a group; empty where there is no such group."""
        variables = tree[name].to_dataset().data_vars.items() if name in tree.children else ()
        return {str(key): each.values if "seed" in each.dims else each.values[None] for key, each in variables}

    posterior = draws.of_dataset(reported(tree["posterior"].to_dataset()))
    sampler = {name: np.asarray(values, float) for name, values in groups("sample_stats").items()}
    return Fits(
        seeds,
        posterior,
        draws.of_dataset(reported(tree["prior"].to_dataset())),
        _summary(tree, posterior),
        sampler,
        groups("importance"),
        groups("fit_info"),
        tree.attrs.get("versions", ""),
        tree["moments"].to_dataset() if "moments" in tree.children else None,
    )


def _summary(tree: xr.DataTree, posterior: Draws) -> dict[str, np.ndarray] | None:
    if "summary" not in tree.children:
        return None
    group: Any = tree["summary"].to_dataset()
    parts = []
    for name in posterior.values:
        array = group[name] if "seed" in group[name].dims else group[name].expand_dims("seed")
        numbers = array.transpose("seed", "statistic", ...).values
        parts.append(numbers.reshape(*numbers.shape[:2], -1))
    found = np.concatenate(parts, axis=2)
    return {str(name): found[:, i] for i, name in enumerate(group["statistic"].values)}
