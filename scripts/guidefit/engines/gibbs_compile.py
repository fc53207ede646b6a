"""How the kernels of the engine `gibbs` are compiled: once per machine and version of their code."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import config as numba_config

settings: Any = numba_config  # its values are set at run time, unknown to type checkers
COMPILED = ("compile", "blocks", "state", "linear", "cells", "genes", "lines")  # modules of kernels and of what they take
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
