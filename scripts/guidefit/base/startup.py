"""The start of every job: limits on threads, folders for compile caches, and the log.

`python -m guidefit.base.startup` says which folder cannot be written, if any: where it is the one for Snakemake's own cache,
Snakemake ends with a traceback before it reads a Snakefile.
"""

import json
import logging
import os
import sys
import tempfile
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TextIO

from guidefit.base import usage
from guidefit.base.errors import UserError


def start_job(log: str, threads: int = 1, inputs: Iterable[str] = ()) -> None:
    """Set up this process and send its output to the file `log`. Call it before NumPy is imported, so that BLAS obeys `threads`.

    Messages of the logger "guidefit" and the reason of a failure are printed on the terminal as well. If the job fails because one
    of the files `inputs` is truncated, the message names this file. What the job used is noted
    next to its log when it ends. Raises UserError where a cache folder cannot be written.
    """
    usage.note_at_exit(log)
    terminal = _redirect_output(log)
    sys.excepthook = sys.__excepthook__ = _Reporter(log, terminal, inputs)  # PyTensor's own hook calls sys.__excepthook__
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[variable] = str(threads)
    os.environ.setdefault("MPLBACKEND", "agg")
    _set_cache_folders()


def _redirect_output(log: str) -> TextIO:
    """Send standard output and standard error to a file. Returns a stream to what was standard error."""
    terminal = os.fdopen(os.dup(2), "w")
    sys.stdout.flush()
    sys.stderr.flush()
    with open(log, "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    logger = logging.getLogger("guidefit")
    logger.setLevel(logging.INFO)
    for stream in (sys.stderr, terminal):
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logging.Formatter("[%(asctime)s] %(message)s", "%H:%M:%S"))
        logger.addHandler(handler)
    return terminal


def cache_folder() -> Path:
    """The folder for everything that jobs of this user on this machine can make again."""
    return Path(os.environ.get("TMPDIR") or tempfile.gettempdir()) / f"guidefit-cache-{os.getuid()}"


def check_folders() -> None:
    """Raise UserError where Snakemake's cache, or the folder of this user's compile caches, cannot be written.

    Also where the name of the working folder has characters that this environment cannot encode: the NetCDF library would fail.
    """
    encoding = sys.getfilesystemencoding()
    try:
        os.getcwd().encode(encoding)
    except UnicodeEncodeError:
        raise UserError(
            f"the name of the folder of this run has characters that the encoding of this environment, {encoding}, does not have. "
            "Set the environment variable PYTHONUTF8=1, or run in a folder whose path has plain letters only."
        ) from None
    caches = os.environ.get("XDG_CACHE_HOME")
    _make_writable(Path(caches or "~/.cache").expanduser() / "snakemake", "XDG_CACHE_HOME")
    _make_writable(cache_folder(), "TMPDIR")


def _set_cache_folders() -> None:
    """Put the caches of PyTensor, Numba and Matplotlib into the temporary folder, unless the environment says otherwise.

    The home folder may be read-only. PyTensor's Numba cache stays off: code from a warm cache rounds differently from freshly
    compiled code, so that the second run of a chaotic fit would give other draws than the first.
    """
    folder = cache_folder()
    flags = os.environ.get("PYTENSOR_FLAGS", f"base_compiledir={folder / 'pytensor'}")
    os.environ["PYTENSOR_FLAGS"] = f"{flags},numba__cache=False"
    os.environ.setdefault("NUMBA_CACHE_DIR", str(folder / "numba"))
    os.environ.setdefault("MPLCONFIGDIR", str(folder / "matplotlib"))
    _make_writable(folder, "TMPDIR")
    for variable in ("NUMBA_CACHE_DIR", "MPLCONFIGDIR"):
        _make_writable(Path(os.environ[variable]), variable)


def _make_writable(folder: Path, variable: str) -> None:
    """Make a folder and write a file into it. Raises UserError where that fails; variable: the one that sets the folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(
            f"cannot write to the folder for temporary files and caches, {folder}: {error.strerror}. "
            f"Set the environment variable {variable} to a folder that you can write to and that has space left, then run again."
        ) from None


class _Reporter:
    """Exception hook: the reason of a failure goes to the terminal, with its traceback to the log."""

    def __init__(self, log: str, terminal: TextIO, inputs: Iterable[str]) -> None:
        self.log, self.terminal, self.inputs = log, terminal, inputs

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, UserError):  # the traceback would not help a user to fix the input
            message = f"guidefit: {error}"
            print(message, file=sys.stderr)
        else:
            message = f"guidefit: {kind.__name__}: {error}\n  (details: {self.log})"
            traceback.print_exception(kind, error, trace)
            for path in filter(is_truncated, self.inputs):
                message = f"guidefit: {path} is truncated. Delete it and run again: the workflow then makes it again."
        print(f"\n{message}\n", file=self.terminal, flush=True)


def is_truncated(path: str) -> bool:
    """Whether a Parquet, NetCDF or JSON file lost its end, for example by a full disk or a crash of the machine."""
    kind, size = Path(path).suffix, Path(path).stat().st_size
    with open(path, "rb") as file:
        if kind == ".parquet":
            file.seek(max(0, size - 4))
            return file.read() != b"PAR1"
        if kind == ".json":
            return not _is_json(file.read())
        if kind == ".nc":  # HDF5: the end of the file is in its superblock, behind two addresses
            start = file.read(48)
            at = 28 if start[8:9] >= b"\x02" else 40
            return len(start) < 48 or int.from_bytes(start[at : at + 8], "little") > size
    return False


def main() -> int:
    """Print an error, and return 1, if a folder cannot be written that a run needs."""
    try:
        check_folders()
    except UserError as error:
        print(f"guidefit: {error}", file=sys.stderr)
        return 1
    return 0


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
