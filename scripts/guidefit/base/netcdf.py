"""NetCDF files with checksums, which know for which study, variant and seeds they were written.

A reader verifies both, so that a damaged file, or the file of another fit in its place, is an error and not a wrong number.
"""

import errno
import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import xarray as xr

from guidefit.base import places, startup
from guidefit.base.errors import AGAIN, UserError


def write(tree: xr.DataTree, path: str | Path) -> None:
    """Write a file with checksums and the ids that its path names, under its name only when it is complete.

    Arrays of numbers have the checksums of HDF5 (Fletcher-32). One checksum of everything else is in an attribute.
    Raises UserError where the file cannot be written.
    """
    path = Path(path)
    stamped = tree.copy()
    stamped.attrs[places.KEY] = json.dumps({"ids": places.ids_of(path), "rest": _checksum_of_rest(tree)})
    arrays = {group.path: {str(name): {"fletcher32": True} for name in _checked_by_hdf5(group)} for group in tree.subtree}
    unfinished = path.with_suffix(".part")
    try:
        stamped.to_netcdf(unfinished, engine="netcdf4", encoding={name: each for name, each in arrays.items() if each})
    except (OSError, RuntimeError) as error:
        unfinished.unlink(missing_ok=True)
        free = shutil.disk_usage(path.parent).free
        # The NetCDF library reports a full disk as an error of HDF5, without its reason.
        full = free < tree.nbytes or getattr(error, "errno", None) == errno.ENOSPC
        reason = f"{os.strerror(errno.ENOSPC)} ({free / 1e6:.1f} MB are free)" if full else str(error)
        remedy = "Remove the cause and run again: fits that are saved are kept."
        raise UserError(f"{path}: cannot write this file: {reason}. {remedy}") from error
    unfinished.rename(path)


def read(path: str | Path) -> xr.DataTree:
    """The content of a file, in memory.

    Raises UserError where the file is damaged or belongs to another place of the results. What a truncated file raises
    is left to the start of the job, which names the file.
    """
    try:
        with xr.open_datatree(path, engine="netcdf4") as file:
            tree = file.load()
        stamp = json.loads(tree.attrs.pop(places.KEY, "{}"))
        if stamp and stamp["rest"] != _checksum_of_rest(tree):
            raise ValueError("the checksum of its text, attributes and single numbers is another one")
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        if not Path(path).exists() or startup.is_truncated(str(path)):
            raise
        raise UserError(f"{path} is damaged ({type(error).__name__}: {error}). {AGAIN}") from error
    places.refuse_other(path, stamp.get("ids", {}))
    return tree


def _checked_by_hdf5(group: xr.DataTree) -> list[str]:
    """The variables that HDF5 can add checksums to: arrays of numbers."""
    variables = group.to_dataset(inherit=False).variables
    return [str(name) for name, each in variables.items() if each.ndim and each.size and each.dtype.kind in "fiub"]


def _checksum_of_rest(tree: xr.DataTree) -> str:
    """SHA-256 of what HDF5's checksums leave out: text, single numbers, and attributes."""
    content = []
    for group in tree.subtree:
        checked = set(_checked_by_hdf5(group))
        variables = group.to_dataset(inherit=False).variables.items()
        rest = {str(name): each.values for name, each in variables if name not in checked}
        attributes = {f"{name}.{key}": value for name, each in variables for key, value in each.attrs.items()}
        of_group = {str(name): value for name, value in group.attrs.items()}
        for kind in (rest, attributes, of_group):
            content.append([group.path, *((name, np.ravel(kind[name]).tolist()) for name in sorted(kind))])
    return hashlib.sha256(repr(content).encode()).hexdigest()
