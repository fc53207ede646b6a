"""posterior.nc: the fits of one batch of seeds in one NetCDF file that ArviZ opens as it is.

A batch of one seed has `seed` as a scalar coordinate; a larger batch has it as the first dim of every group but `prior`
(the prior does not depend on the data). Fits that stopped with an error are absent; their messages are in the attribute `errors`.
Where fits have different numbers of draws (the engine `gibbs` ends when it has enough), those of the shorter ones end in NaN.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr

from guidefit.base import netcdf

INFO = ("seconds_compile", "seconds_sampling", "node", "rows", "genes", "sgrnas", "cell_lines")


def write_batch(
    path: str | Path,
    fits: dict[int, xr.DataTree],
    errors: dict[int, str],
    seeds: list[int],
) -> None:
    """Write the fits of a batch. errors: seed -> message of a fit that stopped; seeds: all seeds of the batch, in order."""
    groups: dict[str, xr.Dataset] = {}
    done = [seed for seed in seeds if seed in fits]
    for group in fits[done[0]].children if done else ():
        parts = [fits[seed][group].to_dataset() for seed in done]
        groups[group] = parts[0] if group == "prior" else _along_seed(parts, done, len(seeds))
    info = xr.Dataset({name: ("seed", [fits[seed].attrs[name] for seed in done]) for name in INFO}, coords={"seed": done})
    groups["fit_info"] = info.squeeze("seed") if len(seeds) == 1 and done else info
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = {"seeds": np.array(seeds), "errors": json.dumps(errors)}
    if done:
        tree.attrs["versions"] = fits[done[0]].attrs["versions"]
    netcdf.write(tree, path)


def _along_seed(parts: list[xr.Dataset], seeds: list[int], batch: int) -> xr.Dataset:
    if batch == 1:
        return parts[0].assign_coords(seed=seeds[0])
    if _are_alike(parts):
        # What xr.concat does, without its search for differences in each variable of each fit.
        first = parts[0]
        values = {name: np.stack([part.variables[name].values for part in parts]) for name in first.data_vars}
        stacked = {name: (("seed", *first[name].dims), values[name]) for name in first.data_vars}
        return xr.Dataset(stacked, coords={"seed": seeds} | dict(first.coords))
    # Where only some of the fits used a sampler (the engine `collapsed` may fall back to NUTS), the others have NaN.
    found = xr.concat(parts, xr.DataArray(seeds, dims="seed", name="seed"), data_vars="all", join="outer")
    differing = [
        str(dim) for dim in found.dims if dim not in ("seed", "draw") and any(p.sizes[dim] != found.sizes[dim] for p in parts)
    ]
    if differing:
        raise ValueError(f"the fits of a batch differ in their {', '.join(differing)}")
    return found


def count_draws(tree: xr.DataTree) -> np.ndarray:
    """(seed,) the number of draws per chain of each fit of a batch with a dim `seed`, without the NaN at their ends."""
    draws = tree["posterior"].sizes["draw"]
    if "sample_stats" not in tree.children:
        return np.full(tree["posterior"].sizes["seed"], draws)
    made = np.zeros((tree["posterior"].sizes["seed"], draws), bool)
    for values in tree["sample_stats"].to_dataset().data_vars.values():
        made |= values.transpose("seed", "draw", ...).notnull().values.reshape(*made.shape, -1).any(axis=2)
    counts = made.sum(axis=1)
    return np.where(counts == 0, draws, counts)  # 0: the fit used no sampler


def _are_alike(parts: list[xr.Dataset]) -> bool:
    """Whether the datasets have the same variables with the same dims, sizes and types, and the same coordinates, all of dims."""
    first = parts[0]
    layout = {name: (each.dims, each.shape, each.dtype) for name, each in first.variables.items()}
    return set(first.coords) == set(first.xindexes) and all(
        {name: (each.dims, each.shape, each.dtype) for name, each in part.variables.items()} == layout
        and list(part.coords) == list(first.coords)
        and all(np.array_equal(part.variables[name].values, first.variables[name].values) for name in first.coords)
        for part in parts[1:]
    )


def select(tree: xr.DataTree, fits: int | np.ndarray, draws: int | None) -> dict[str, xr.Dataset]:
    """The groups of some fits of a batch, by their places (one number: without the dim `seed`).

    draws: the first of each chain that are taken; None for all.
    """
    groups = {}
    for name, group in tree.children.items():
        data = group.to_dataset()
        mine = data.isel(seed=fits) if "seed" in data.dims else data
        groups[name] = mine.isel(draw=slice(draws)) if name in ("posterior", "sample_stats") else mine
    return groups


def reported(draws: xr.Dataset) -> xr.Dataset:
    """The variables that are reported: names that start with an underscore belong to a variant's parametrisation."""
    return draws[[name for name in draws.data_vars if not str(name).startswith("_")]]


def one_draw(draws: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    """One of the draws (chain, draw, ...), chosen at random."""
    return draws.isel({dim: rng.integers(draws.sizes[dim]) for dim in ("chain", "draw")})


def read_batch(path: str | Path) -> Iterator[tuple[int, xr.DataTree | None, str]]:
    """Each seed of a batch: (seed, its fit as groups of one seed or None, the message of a fit that stopped).

    Raises UserError where the file is damaged, or was written for another batch.
    """
    everything = netcdf.read(path)
    attrs = everything.attrs
    errors = {int(seed): message for seed, message in json.loads(attrs["errors"]).items()}
    is_batch = "posterior" in everything.children and "seed" in everything["posterior"].dims
    fitted = everything["posterior"].to_dataset()["seed"].values.tolist() if is_batch else []
    counts = count_draws(everything).tolist() if is_batch else []
    for seed in np.atleast_1d(attrs["seeds"]).tolist():
        if seed in errors:
            yield seed, None, errors[seed]
            continue
        place = fitted.index(seed) if is_batch else 0
        groups = select(everything, place, counts[place] if is_batch else None)
        if stats := groups.get("sample_stats"):
            groups["sample_stats"] = stats.drop_vars([v for v in stats.data_vars if stats[v].isnull().all()])
        one = xr.DataTree.from_dict(groups)
        one.attrs = {"versions": attrs["versions"]}
        yield seed, one, ""


def read_fit(path: str | Path, seed: int) -> xr.DataTree | None:
    """The fit of one seed of a batch; None: it stopped with an error. Raises ValueError where the seed is not in the batch."""
    for each, fit, _ in read_batch(path):
        if each == seed:
            return fit
    raise ValueError(f"{path}: seed {seed} is not in this batch")
