"""What the peers share: arguments, data, clocks, summary, and the file they write.

A peer is a whole process that a benchmark's driver starts: `python NAME.py DATA.npz OUT.json [options]`. Its phases are import
(from the start of the process), compile (data read, model built and compiled) and sample; the total ends with the means, standard
deviations and quantiles of all parameters. Effective sample sizes and R-hat are computed after the clocks have stopped: they judge
the job and are not part of it. Every process is limited to --cores cores. A peer that lacks a package says what to install and ends
with exit code 3.
"""

import argparse
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MODELS = ("varying_effects", "correlated_effects")
NEEDS_PROJECT = "the packages of requirements.lock (make env)"
NEEDS_PEERS = "the packages of benchmarks/peers/requirements.txt, in an environment of their own (see there)"
TARGET_ACCEPT = 0.95
MAX_TREE_DEPTH = 10
QUANTILES = (0.025, 0.25, 0.5, 0.75, 0.975)


class Run:
    """One run of a peer: its arguments, and clocks that have run since the process started."""

    def __init__(self, engine: str, own_options: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        parser = argparse.ArgumentParser(prog=f"{engine}.py")
        parser.add_argument("data", type=_absolute, help=".npz with gene_of_sgrna, sgrna_of_row, x, logfc")
        parser.add_argument("out", type=_absolute, help=".json to write")
        parser.add_argument("--model", choices=MODELS, default=MODELS[0])
        for name, default in {"draws": 1000, "tune": 1000, "chains": 4, "cores": 2, "seed": 1}.items():
            parser.add_argument(f"--{name}", type=int, default=default)
        for name, settings in (own_options or {}).items():
            parser.add_argument(name, **settings)
        self.engine, self.options = engine, parser.parse_args()
        self.seconds: dict[str, float] = {}
        self.cpu_seconds: dict[str, float] = {}
        self._mark = (0.0, 0.0)
        self._memory = Memory()
        cores = self.options.cores
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
            os.environ.setdefault(variable, "1")  # before numpy is imported; the cores are for the chains
        if hasattr(os, "sched_setaffinity"):  # the only limit that every engine's threads and processes obey
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])

    @contextmanager
    def importing(self, needs: str) -> Iterator[None]:
        """The import phase. A missing package ends the process with exit code 3 and a file that names it."""
        try:
            yield
        except ImportError as error:
            self.missing(f"{needs} ({error})")
        self.done("import")

    def missing(self, needs: str) -> None:
        """End the process: it cannot run without what `needs` names."""
        self._write({"engine": self.engine, "missing": needs})
        print(f"{self.engine}: missing {needs}", file=sys.stderr)
        sys.exit(3)

    def done(self, phase: str) -> None:
        """End a phase, which began when the last one ended."""
        wall, cpu = wall_seconds(), cpu_seconds()
        self.seconds[phase] = wall - self._mark[0]
        self.cpu_seconds[phase] = cpu - self._mark[1]
        self._mark = (wall, cpu)

    def data(self) -> Any:
        """The screen's arrays by name: gene_of_sgrna, sgrna_of_row (codes from 0), x, logfc."""
        import numpy as np

        with np.load(self.options.data) as arrays:
            return argparse.Namespace(**{name: arrays[name] for name in ("gene_of_sgrna", "sgrna_of_row", "x", "logfc")})

    def finish(self, version: str, draws: Mapping[str, Any], divergences: int) -> None:
        """Summarise the draws, variable -> (chain, draw, ...), stop the clocks, judge the draws, and write the file."""
        import numpy as np

        table = {name: np.asarray(values, float).reshape(*values.shape[:2], -1) for name, values in draws.items()}
        mean, sd = {}, {}
        for name, values in table.items():
            mean[name], sd[name] = values.mean((0, 1)), values.std((0, 1), ddof=1)
            np.quantile(values.reshape(-1, values.shape[2]), QUANTILES, axis=0)
        self.stop()
        ess, r_hat = judge(table)
        self.write(
            version,
            {name: values.tolist() for name, values in mean.items()},
            {name: values.tolist() for name, values in sd.items()},
            {"ess_bulk_min": ess.min(), "ess_bulk_median": np.median(ess), "r_hat_max": r_hat.max(), "divergences": divergences},
        )

    def stop(self) -> None:
        """Stop all clocks: what follows is not part of the job."""
        self.seconds["total"], self.cpu_seconds["total"] = wall_seconds(), cpu_seconds()
        self._peak = self._memory.peak()

    def write(
        self, version: str, mean: Mapping[str, list[float]], sd: Mapping[str, list[float]], quality: Mapping[str, Any]
    ) -> None:
        """Write the file of a run whose clocks have stopped."""
        self._write(
            {
                "engine": self.engine,
                "version": version,
                "model": self.options.model,
                "seconds": {phase: round(self.seconds[phase], 3) for phase in ("import", "compile", "sample", "total")},
                "cpu_seconds": {phase: round(self.cpu_seconds[phase], 5) for phase in ("sample", "total")},
                "peak_mb": round(self._peak / 1e6, 1),
                "mean": mean,
                "sd": sd,
                **{name: value.item() if hasattr(value, "item") else value for name, value in quality.items()},
            }
        )

    def _write(self, content: Mapping[str, Any]) -> None:
        self.options.out.write_text(json.dumps(content) + "\n")


def _absolute(path: str) -> Path:
    return Path(path).resolve()


def judge(draws: Mapping[str, Any]) -> tuple[Any, Any]:
    """Bulk effective sample size and rank-normalised R-hat of every parameter; draws: variable -> (chain, draw, parameter)."""
    import numpy as np
    from arviz_stats.base import array_stats

    columns = np.concatenate([np.moveaxis(values, 2, 0) for values in draws.values()])
    ess = [float(array_stats.ess(column, chain_axis=0, draw_axis=1, method="bulk")) for column in columns]
    r_hat = [float(array_stats.rhat(column, chain_axis=0, draw_axis=1, method="rank")) for column in columns]
    return np.array(ess), np.array(r_hat)


# --- clocks --------------------------------------------------------------------------------------------------------

TICKS = os.sysconf("SC_CLK_TCK")


def wall_seconds() -> float:
    """Seconds since this process was started, from the kernel's record, so that the interpreter's own start counts."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(_stat("self")[19]) / TICKS


def cpu_seconds() -> float:
    """User and system seconds of this process, of its children that have ended and of those that still run."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    live = sum(sum(map(int, _stat(pid)[11:15])) for pid in descendants())
    return time.process_time() + ended.ru_utime + ended.ru_stime + live / TICKS


def descendants() -> list[int]:
    """Processes below this one that run now."""
    children: dict[int, list[int]] = {}
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        children.setdefault(int(_stat(pid)[1]), []).append(pid)
    found: list[int] = []
    below = [os.getpid()]
    while below:
        below = [child for parent in below for child in children.get(parent, ())]
        found += below
    return found


def _stat(pid: int | str) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may contain blanks; zeros for a process that has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["0"] * 50


class Memory(threading.Thread):
    """Watches the memory of this process and of those below it."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0
        self._over = False
        self.start()

    def run(self) -> None:
        """Look repeatedly, at intervals that make looking cost at most a fiftieth of one core."""
        while not self._over:
            started = time.perf_counter()
            # Shared pages count once (Pss): a forked worker shares most of its parent's. One process alone has its high-water mark.
            if below := descendants():
                self.most = max(self.most, sum(_kilobytes(f"{pid}/smaps_rollup", "Pss:") for pid in ("self", *below)))
            time.sleep(max(0.2, 50 * (time.perf_counter() - started)))

    def peak(self) -> int:
        """End the watch. Bytes at the highest point: of all processes as far as seen, at least of the largest single one."""
        self._over = True
        child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        return 1024 * max(self.most, _kilobytes("self/status", "VmHWM:"), child)


def _kilobytes(file: str, field: str) -> int:
    try:
        lines = Path("/proc", file).read_text().splitlines()
    except OSError:  # the process has ended
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(field)), 0)
