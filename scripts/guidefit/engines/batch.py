"""Fits of a batch of seeds, saved one by one, so that a batch that was killed continues where it stopped."""

import fcntl
import hashlib
import logging
import os
import socket
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import xarray as xr

from guidefit.base import netcdf
from guidefit.base.errors import UserError
from guidefit.engines.interface import Data, Engine, FitError, ManyAtOnce

logger = logging.getLogger("guidefit")

PACKAGES = ("pymc", "nutpie", "arviz", "pytensor", "numba", "numpy", "scipy", "pandas", "xarray", "snakemake", "plotnine")
AT_ONCE = 50  # screens that are read before they are fitted
ROWS_AT_ONCE = 1_000_000  # of these screens, which bounds their memory
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
    count = 0
    for part in _in_parts(zip(seeds, engine.read(screen, seeds), strict=True), AT_ONCE if isinstance(engine, ManyAtOnce) else 1):
        waiting: list[tuple[int, Any, str]] = []
        for seed, data in part:
            count += 1
            key = hashlib.sha256(f"{fingerprint}{seed_of(seed)}{data.digest()}".encode()).hexdigest()
            if (fit := _resume(saved / f"{seed}.nc", key)) is not None:
                logger.info("seed %d (%d of %d): already fitted", seed, count, len(seeds))
                fits[seed] = fit
                continue
            logger.info("seed %d (%d of %d): fitting %d rows", seed, count, len(seeds), data.sizes["rows"])
            waiting.append((seed, data, key))
        found = _fit_each(engine, [data for _, data, _ in waiting], [seed_of(seed) for seed, _, _ in waiting])
        for (seed, data, key), result in zip(waiting, found, strict=True):
            if isinstance(result, FitError):
                logger.error("seed %d: the fit failed: %s", seed, result)
                traceback.print_exception(result)
                errors[seed] = str(result)
                continue
            result.attrs |= {"fingerprint": key, "versions": versions(), "node": node(), **data.sizes}
            compiling, sampling = result.attrs["seconds_compile"], result.attrs["seconds_sampling"]
            logger.info("seed %d: compiled in %.1f s, sampled in %.2f s", seed, compiling, sampling)
            if compiling + sampling > save_from:
                netcdf.write(result, saved / f"{seed}.nc")
            fits[seed] = result
    return fits, errors


def _in_parts(screens: Iterable[tuple[int, Data]], most: int) -> Iterator[list[tuple[int, Data]]]:
    """Neighbouring screens, at most `most` at a time, with not many more than ROWS_AT_ONCE rows together."""
    part: list[tuple[int, Data]] = []
    for seed, data in screens:
        part.append((seed, data))
        if len(part) == most or sum(each.sizes["rows"] for _, each in part) >= ROWS_AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def _fit_each(engine: Engine, data: Sequence[Any], seeds: Sequence[int]) -> Iterator[xr.DataTree | FitError]:
    """The fit of each screen, or the error with which it stopped."""
    if isinstance(engine, ManyAtOnce):
        yield from engine.fit_many(data, seeds)
        return
    for each, seed in zip(data, seeds, strict=True):
        try:
            yield engine.fit(each, seed)
        except FitError as error:
            yield error


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
