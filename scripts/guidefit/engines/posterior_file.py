"""posterior.nc: the fits of one batch of seeds in one NetCDF file that ArviZ opens as it is.

A batch of one seed has `seed` as a scalar coordinate; a larger batch has it as the first dim of every group but `prior`
(the prior does not depend on the data). Fits that stopped with an error are absent; their messages are in the attribute `errors`.
"""

import errno
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from guidefit.base import startup
from guidefit.base.errors import AGAIN, UserError

INFO = ("seconds_compile", "seconds_sampling", "node", "rows", "genes", "sgrnas", "cell_lines")


def write_batch(
    path: str | Path,
    fits: dict[int, xr.DataTree],
    errors: dict[int, str],
    seeds: list[int],
    study: str = "",
    variant: str = "",
) -> None:
    """Write the fits of a batch. errors: seed -> message of a fit that stopped; seeds: all seeds of the batch, in order.

    study, variant: written into the file, so that `read_batch` notices a file of another batch in its place.
    """
    groups: dict[str, xr.Dataset] = {}
    done = [seed for seed in seeds if seed in fits]
    for group in fits[done[0]].children if done else ():
        parts = [fits[seed][group].to_dataset() for seed in done]
        groups[group] = parts[0] if group == "prior" else _along_seed(parts, done, len(seeds))
    info = xr.Dataset({name: ("seed", [fits[seed].attrs[name] for seed in done]) for name in INFO}, coords={"seed": done})
    groups["fit_info"] = info.squeeze("seed") if len(seeds) == 1 and done else info
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = {"study": study, "variant": variant, "seeds": np.array(seeds), "errors": json.dumps(errors)}
    if done:
        tree.attrs["versions"] = fits[done[0]].attrs["versions"]
    write_tree(tree, path)


def write_tree(tree: xr.DataTree, path: str | Path) -> None:
    """Write a NetCDF file with checksums (HDF5's Fletcher-32), under its name only when it is complete.

    Raises UserError where the file cannot be written.
    """
    checksums = {group.path: _checksummed(group.to_dataset()) for group in tree.subtree}
    unfinished = Path(path).with_suffix(".part")
    try:
        tree.to_netcdf(unfinished, engine="netcdf4", encoding={name: each for name, each in checksums.items() if each})
    except (OSError, RuntimeError) as error:
        unfinished.unlink(missing_ok=True)
        free = shutil.disk_usage(unfinished.parent).free
        # The NetCDF library reports a full disk as an error of HDF5, without its reason.
        full = free < tree.nbytes or getattr(error, "errno", None) == errno.ENOSPC
        reason = f"{os.strerror(errno.ENOSPC)} ({free / 1e6:.1f} MB are free)" if full else str(error)
        remedy = "Remove the cause and run again: fits that are saved are kept."
        raise UserError(f"{path}: cannot write this file: {reason}. {remedy}") from error
    unfinished.rename(path)


def _checksummed(data: xr.Dataset) -> dict[str, dict[str, bool]]:
    """The encoding that adds checksums to the variables that can have them: arrays of numbers."""
    arrays = [name for name, each in data.variables.items() if each.ndim and each.size and each.dtype.kind in "fiub"]
    return {str(name): {"fletcher32": True} for name in arrays}


def _along_seed(parts: list[xr.Dataset], seeds: list[int], batch: int) -> xr.Dataset:
    if batch == 1:
        return parts[0].assign_coords(seed=seeds[0])
    # Where only some of the fits used a sampler (the engine `collapsed` may fall back to NUTS), the others have NaN.
    return xr.concat(parts, xr.DataArray(seeds, dims="seed", name="seed"), data_vars="all", join="exact")


def reported(draws: xr.Dataset) -> xr.Dataset:
    """The variables that are reported: names that start with an underscore belong to a variant's parametrisation."""
    return draws[[name for name in draws.data_vars if not str(name).startswith("_")]]


def one_draw(draws: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    """One of the draws (chain, draw, ...), chosen at random."""
    return draws.isel({dim: rng.integers(draws.sizes[dim]) for dim in ("chain", "draw")})


def read_batch(path: str | Path) -> Iterator[tuple[int, xr.DataTree | None, str]]:
    """Each seed of a batch: (seed, its fit as groups of one seed or None, the message of a fit that stopped).

    Raises UserError where the file is damaged, or holds other fits than its folder names.
    """
    everything, attrs = _load(path)
    _refuse_other_batch(path, attrs)
    errors = {int(seed): message for seed, message in json.loads(attrs["errors"]).items()}
    for seed in np.atleast_1d(attrs["seeds"]).tolist():
        if seed in errors:
            yield seed, None, errors[seed]
            continue
        groups = {}
        for name, data in everything.items():
            mine = data.sel(seed=seed) if "seed" in data.dims else data
            absent = [v for v in mine.data_vars if name == "sample_stats" and mine[v].isnull().all()]
            groups[name] = mine.drop_vars(absent)
        one = xr.DataTree.from_dict(groups)
        one.attrs = {"versions": attrs["versions"]}
        yield seed, one, ""


def _load(path: str | Path) -> tuple[dict[str, xr.Dataset], dict[str, Any]]:
    """The groups of a file, whose checksums are verified, and its attributes."""
    try:
        with xr.open_datatree(path, engine="netcdf4") as batch:
            return {name: group.to_dataset().load() for name, group in batch.children.items()}, {
                str(name): value for name, value in batch.attrs.items()
            }
    except (OSError, RuntimeError, ValueError) as error:
        if not Path(path).exists() or startup.is_truncated(str(path)):
            raise  # the job's start names a truncated file
        raise UserError(f"{path} is damaged ({type(error).__name__}: {error}). {AGAIN}") from error


def _refuse_other_batch(path: str | Path, attrs: dict[str, Any]) -> None:
    """Raise UserError where the file does not hold the fits that its folder results/STUDY/fits/VARIANT/seeds_SEEDS names."""
    place = re.search(r"([^/]+)/fits/([^/]+)/seeds_(\d+)(?:-(\d+))?/[^/]+$", str(path))
    if not place or not attrs.get("study"):
        return
    study, variant, first, last = place[1], place[2], int(place[3]), int(place[4] or place[3])
    seeds = np.atleast_1d(attrs["seeds"]).tolist()
    if (attrs["study"], attrs["variant"]) != (study, variant) or not all(first <= seed <= last for seed in seeds):
        found = f"study {attrs['study']}, variant {attrs['variant']}, seeds {', '.join(map(str, seeds[:5]))}"
        raise UserError(f"{path} holds fits of another batch ({found}) than its folder names. {AGAIN}")


def read_fit(path: str | Path, seed: int) -> xr.DataTree | None:
    """The fit of one seed of a batch; None: it stopped with an error. Raises ValueError where the seed is not in the batch."""
    for each, fit, _ in read_batch(path):
        if each == seed:
            return fit
    raise ValueError(f"{path}: seed {seed} is not in this batch")
