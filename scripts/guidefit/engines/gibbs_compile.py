"""How the kernels of the engine `gibbs` are compiled: once per machine and version of their code."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core import config as numba_config

settings: Any = numba_config  # its values are set at run time, unknown to type checkers
# Modules of kernels and of what they take:
COMPILED = ("compile", "blocks", "state", "slice", "linear", "cells", "switch", "genes", "lines", "noise")
_FAST = {"reassoc", "contract", "arcp", "nsz"}  # sums may be reordered, so that they run on vectors; NaN and infinity stay


def _folder() -> str:
    """A cache folder for this version of the kernels: Numba notices changes of a kernel's own file only, not of those it calls."""
    files = [Path(__file__).with_name(f"gibbs_{name}.py") for name in COMPILED]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
    parent = settings.CACHE_DIR or Path(__file__).parent / "__pycache__"
    return str(Path(parent) / f"gibbs-{digest}")


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function with Numba: without the GIL, so that threads run it at the same time, and cached on disk."""
    before, settings.CACHE_DIR = settings.CACHE_DIR, _folder()
    try:
        return numba.njit(nogil=True, fastmath=_FAST, error_model="numpy", cache=True)(function)
    finally:
        settings.CACHE_DIR = before


GAP = 256  # elements


@kernel
def scratch(size: int) -> Any:
    """An array of floats that kernels write to, with a gap on both sides.

    Compiled loops test at run time whether the arrays that they read and write are close to each other, and add up in another order
    where they are: results would depend on where memory was free.
    """
    return np.empty(size + 2 * GAP)[GAP : GAP + size]


@kernel
def scratch_cells(d: Any) -> Any:
    """An array for the cells of any gene, in single precision; see `scratch`."""
    return np.empty(d.most_cells + 2 * GAP, np.float32)[GAP : GAP + d.most_cells]


def apart(values: np.ndarray) -> np.ndarray:
    """A copy of an array, with a gap on both sides: see `scratch`."""
    flat = np.empty(values.size + 2 * GAP * 8 // values.itemsize, values.dtype)
    gap = (len(flat) - values.size) // 2
    found = flat[gap : gap + values.size].reshape(values.shape)
    found[...] = values
    return found
