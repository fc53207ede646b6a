"""What a job used: seconds of wall clock and of processors, and memory, noted next to its log when it ends."""

import atexit
import json
import os
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Usage:
    """Wall seconds, CPU seconds of the job and of the processes that it started, and the largest memory of one of them in MB."""

    seconds: float
    cpu_seconds: float
    memory_mb: float


def file_of(log: str | Path) -> Path:
    """Where the usage of the job with this log is noted."""
    return Path(log).with_suffix(".usage.json")


def note_at_exit(log: str) -> None:
    """Note what this process used when it ends. What came before this call is counted with as many seconds as its CPU seconds."""
    file = file_of(log).absolute()
    file.unlink(missing_ok=True)
    started = time.monotonic() - time.process_time()
    own = os.getpid()

    def note() -> None:
        if os.getpid() == own:
            file.write_text(json.dumps(asdict(_measure(time.monotonic() - started))))

    atexit.register(note)


def read(log: str | Path) -> Usage | None:
    """What a job used; None where nothing was noted, because it has not run or was stopped."""
    file = file_of(log)
    found: Mapping[str, float] = json.loads(file.read_text()) if file.exists() else {}
    return Usage(**found) if found else None


def _measure(seconds: float) -> Usage:
    own, children = (resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, kilobytes elsewhere
    cpu = sum(each.ru_utime + each.ru_stime for each in (own, children))
    return Usage(round(seconds, 2), round(cpu, 2), round(max(own.ru_maxrss, children.ru_maxrss) / unit, 1))
