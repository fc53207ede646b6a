"""What every job does first: one thread limit, one compile cache, one log."""

import logging
import os
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from guidefit.base.errors import UserError


def start_job(log: str, threads: int = 1, inputs: Iterable[str] = ()) -> None:
    """Send this process's output to the file `log`; call before numpy is imported, so that BLAS obeys `threads`.

    The logger "guidefit" and the reason of a failure go to the terminal as well, `inputs` that are cut short among the reasons.
    """
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[variable] = str(threads)
    os.environ.setdefault("MPLBACKEND", "agg")
    # Caches lie in the temporary folder: a home may be read-only. PyTensor's numba cache stays off: code from a warm cache rounds
    # differently from freshly compiled code, and a chaotic fit then gives other draws on the second run than on the first.
    cache = Path(os.environ.get("TMPDIR", "/tmp")) / f"guidefit-cache-{os.getuid()}"
    flags = os.environ.get("PYTENSOR_FLAGS", f"base_compiledir={cache / 'pytensor'}")
    os.environ["PYTENSOR_FLAGS"] = f"{flags},numba__cache=False"
    os.environ.setdefault("NUMBA_CACHE_DIR", str(cache / "numba"))
    os.environ.setdefault("MPLCONFIGDIR", str(cache / "matplotlib"))
    (cache / "matplotlib").mkdir(parents=True, exist_ok=True)

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

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, UserError):  # where it was raised is of no use to who can mend it
            message = f"guidefit: {error}"
            print(message, file=sys.stderr)
        else:
            message = f"guidefit: {kind.__name__}: {error}\n  (the whole story: {log})"
            traceback.print_exception(kind, error, trace)
            for path in filter(cut_short, inputs):
                message = f"guidefit: {path} is cut short. Delete it and run again: it is then made anew."
        print(f"\n{message}\n", file=terminal, flush=True)

    # PyTensor puts a hook of its own in sys.excepthook, which calls sys.__excepthook__.
    sys.excepthook = sys.__excepthook__ = report


def cut_short(path: str) -> bool:
    """Whether a Parquet or NetCDF file lost its end, as by a full disk or a machine that went down."""
    kind = Path(path).suffix
    if kind == ".parquet":
        with open(path, "rb") as file:
            file.seek(max(0, Path(path).stat().st_size - 4))
            return file.read() != b"PAR1"
    if kind == ".nc":
        import netCDF4

        try:
            netCDF4.Dataset(path).close()
        except OSError:
            return True
    return False
