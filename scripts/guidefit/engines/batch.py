"""Fits of a batch of seeds, saved one by one, so that a batch that was killed continues where it stopped."""

import fcntl
import hashlib
import logging
import os
import socket
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import xarray as xr

from guidefit.base import netcdf
from guidefit.base.errors import UserError
from guidefit.engines.interface import Engine, FitError

logger = logging.getLogger("guidefit")

PACKAGES = ("pymc", "nutpie", "arviz", "pytensor", "numba", "numpy", "scipy", "pandas", "xarray", "snakemake", "plotnine")
SAVE_FROM = 0.3  # seconds; saving a fit that took less would cost a good part of fitting it again


def fit_batch(
    engine: Engine,
    screen: str | Path,
    seed_of: Callable[[int], int],
    seeds: Sequence[int],
    saved: Path,
    fingerprint: str,
    save_from: float = SAVE_FROM,
) -> tuple[dict[int, xr.DataTree], dict[int, str]]:
    """Fit a batch of seeds, one screen each: (seed -> fit, seed -> message of a fit that raised FitError).

    screen: file of the screens; seed_of: gives the sampler's seed for a seed. Each fit that takes longer than save_from seconds is
    saved in the folder `saved` as soon as it is done. A later run reads it back if its fingerprint (of model, settings and
    library), its data and its sampler's seed are the same. Errors other than FitError are raised: a model that cannot be built or
    compiled concerns all seeds.
    """
    fits: dict[int, xr.DataTree] = {}
    errors: dict[int, str] = {}
    for count, (seed, data) in enumerate(zip(seeds, engine.read(screen, seeds), strict=True), 1):
        file = saved / f"{seed}.nc"
        key = hashlib.sha256(f"{fingerprint}{seed_of(seed)}{data.digest()}".encode()).hexdigest()
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
        if seconds > save_from:
            netcdf.write(fit, file)
        fits[seed] = fit
    return fits, errors


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Make a folder and hold it for this process, so that no other process fits the same batch.

    Raises UserError where another process holds it, such as a fit that still runs although Snakemake was killed. The operating
    system releases the folder when the process ends, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise UserError(
                f"{folder}: {holder} is fitting this batch already, perhaps for a run that was killed. Wait until it has finished, "
                "or stop it (`kill` with its number, on its machine). Then run again."
            ) from None
        except OSError as error:  # some network file systems have no locks
            logger.warning("%s cannot be locked (%s): do not start a second run of this study", folder, error)
        file.truncate(0)
        file.write(f"process {os.getpid()} on {node()}\n")
        file.flush()
        yield


def _resume(file: Path, key: str) -> xr.DataTree | None:
    if not file.exists():
        return None
    try:
        saved = netcdf.read(file)
    except (OSError, RuntimeError, ValueError) as error:  # damaged, or truncated by a full disk or a crash of the machine
        logger.warning("%s cannot be read (%s): fitting again", file, error)
        return None
    return saved if saved.attrs.get("fingerprint") == key else None


def node() -> str:
    """Name of the machine that this process runs on; under SLURM, SLURM's name for it."""
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
