"""What the benchmarks share: the alternatives, how one of them is started, and how pages and pictures are written.

Each file of this folder answers one question and is one command. It measures its alternatives, keeps the figures in
.benchmarks/NAME.json, and writes NAME.md and NAME.png next to itself. --quick tries out the program with tiny settings and writes
everything into .benchmarks/quick/; its numbers mean nothing. Run them alone on a quiet machine.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
PEERS = ROOT / "benchmarks/peers"
PEERS_PYTHON = ROOT / ".venv-peers/bin/python"
RESULTS = ROOT / ".benchmarks"
sys.path.insert(0, str(ROOT / "scripts"))

from guidefit.config.simulate import Simulate  # noqa: E402
from guidefit.screens.covariates import Covariate  # noqa: E402
from guidefit.simulation import (  # noqa: E402
    blueprints,
    designs,
    simulated_screen,
)

CORES = 2
PACKAGES = ("pymc", "pytensor", "numba", "nutpie", "numpy", "scipy", "xarray", "snakemake")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
MISSING = 3  # exit code of a peer that lacks a package

Raw = dict[str, Any]  # what a benchmark measured, as its JSON file holds it


def make_design(**sizes: int) -> designs.Design:
    """A simulated screen of these sizes; everything else has the defaults of the config."""
    return designs.Design(**Simulate(**sizes).design_values())


@dataclass(frozen=True)
class Peer:
    """An alternative: its name in tables, and the program in peers/ that fits one screen with it."""

    title: str
    program: str
    options: tuple[str, ...] = ()
    python: str = sys.executable


ALTERNATIVES = {
    "pymc_nuts": Peer("PyMC, NUTS", "pymc_nuts.py"),
    "nutpie_nuts": Peer("nutpie, NUTS", "nutpie_nuts.py"),
    "numpyro_nuts": Peer("NumPyro, NUTS", "numpyro_nuts.py", python=str(PEERS_PYTHON)),
    "pystan_nuts": Peer("PyStan, NUTS", "pystan_nuts.py", python=str(PEERS_PYTHON)),
    "collapsed_nuts": Peer("`collapsed`, NUTS on the scales", "collapsed.py", ("--scales", "nuts")),
    "collapsed": Peer("`collapsed`, importance", "collapsed.py", ("--scales", "importance")),
    "lme4": Peer("lme4, REML", "lme4.py"),
}

HOW = """
Every fit is a process of its own, limited to two cores, with one BLAS thread; times are wall seconds from the start of the process,
or CPU seconds of all its threads and children. NUTS draws 4 x 1,000 after 4 x 1,000 of tuning unless stated otherwise, target
acceptance 0.95. The engines' caches of compiled code are on and warm, which is the best case for their users; the workflow's own
jobs switch PyTensor's cache off (`scripts/guidefit/base/startup.py` says why) and compile again. *Sampling* is everything between a
compiled model (for `collapsed`: the sufficient statistics) and the kept draws of all parameters: for `collapsed` with importance
sampling the search for the mode, 4,000 weighted draws of the scales, resampling, and 4 x 1,000 draws of all means and effects.
Memory is the peak of the process with its children; 1 MB is 10^6 bytes.
"""


# --- how a benchmark runs --------------------------------------------------------------------------------------------


class Bench:
    """Where a benchmark keeps its files, and how it starts an alternative.

    `against` are the alternatives that the command line names, in the order of ALTERNATIVES; `quick` asks for tiny settings.
    """

    def __init__(self, folder: Path, results: Path, quick: bool, against: Sequence[str]) -> None:
        self.folder, self.results, self.quick, self.against = folder, results, quick, tuple(against)
        self.results.mkdir(parents=True, exist_ok=True)
        cache = results / "cache" if quick else folder / "cache"
        cache.mkdir(exist_ok=True)
        self._env = os.environ | dict.fromkeys(THREADS, "1")  # the cores are for the chains
        self._env |= {
            "PYTENSOR_FLAGS": f"base_compiledir={cache / 'pytensor'}",
            "NUMBA_CACHE_DIR": str(cache / "numba"),
            "JAX_COMPILATION_CACHE_DIR": str(cache / "jax"),
            "XDG_CACHE_HOME": str(cache),
        }

    def screen(self, name: str, blueprint: blueprints.Blueprint, covariate: str, effect_on: str) -> Path:
        """A simulated screen as the file that the peers read."""
        x = (
            Covariate(covariate, winsor_quantiles=(0.01, 0.99), diploid=2.0)
            .fit(blueprint.cna, blueprint.gene_of_row)
            .x(blueprint.cna, blueprint.gene_of_row)
        )
        path = self.folder / f"{name}.npz"
        logfc = simulated_screen.compute_logfc(blueprint, x if effect_on == "x" else blueprint.cna)
        np.savez(path, gene_of_sgrna=blueprint.gene_of_sgrna, sgrna_of_row=blueprint.sgrna_of_row, x=x, logfc=logfc)
        return path

    def run(self, name: str, data: Path, timeout: float | None = None, **options: Any) -> Raw:
        """What one alternative writes; {missing: what to install}, or {left_out: why}."""
        peer = ALTERNATIVES[name]
        if not Path(peer.python).exists():
            return _missing(name, "the environment .venv-peers (benchmarks/peers/requirements.txt)")
        out = self.folder / "out.json"
        out.unlink(missing_ok=True)
        settings = [f"--{key}={value}" for key, value in ({"cores": CORES} | options).items()]
        command = [peer.python, str(PEERS / peer.program), str(data), str(out), *peer.options, *settings]
        try:
            done = subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            print(f"  {name}: stopped after {timeout:.0f} s", flush=True)
            return {"engine": name, "left_out": f"stopped after {timeout:.0f} s"}
        if done.returncode not in (0, MISSING):
            raise SystemExit(f"{name} ended with exit code {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        found = json.loads(out.read_text()) | {"engine": name}
        if "missing" in found:
            return _missing(name, found["missing"])
        print(f"  {name}: {found['seconds']['total']:.1f} s, sampling {found['cpu_seconds']['sample']:.3f} CPU s", flush=True)
        return found


def _missing(name: str, needs: str) -> Raw:
    print(f"  {name}: skipped, needs {needs}", flush=True)
    return {"engine": name, "missing": needs}


def snakemake(*arguments: str) -> list[str]:
    """The command that runs the workflow of this checkout with the default profile and config.json of the working directory."""
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--cores", str(CORES)]
    return [*command, "--workflow-profile", str(ROOT / "profiles/default"), *arguments, "--configfile", "config.json"]


def jobs(folder: Path) -> pd.DataFrame:
    """rule and seconds of every job of a finished run in a folder, from Snakemake's own records."""
    records = [json.loads(path.read_text()) for path in (folder / ".snakemake/metadata").rglob("*") if path.is_file()]
    rows = [(r["rule"], str(r["log"]), r["endtime"] - r["starttime"]) for r in records]
    table = pd.DataFrame(rows, columns=["rule", "log", "seconds"])
    return table.drop_duplicates("log")  # there is a record for each output file, and a log for each job


def machine() -> str:
    """Date, machine and versions of a measurement, in words."""
    cpu = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "")
    kilobytes = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return (
        f"Measured on {datetime.date.today()}: {len(os.sched_getaffinity(0))} cores ({cpu or platform.machine()}), "
        f"{kilobytes / 2**20:.0f} GB of memory, {system}; {versions}"
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def answer(
    file: str,
    measure: Callable[[Bench], Raw],
    page: Callable[[Raw], list[str]],
    draw: Callable[[Raw], Any] | None = None,
    alternatives: Sequence[str] = (),
) -> None:
    """The command of a benchmark: measure what the command line asks for, then write the page and the picture.

    file: the benchmark's own __file__, whose docstring is the help; page gives the lines below the title, draw a figure of
    matplotlib. alternatives: the keys of ALTERNATIVES that are compared with `collapsed`.
    """
    name = Path(file).stem
    parser = argparse.ArgumentParser(
        description=sys.modules["__main__"].__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="tiny settings, in .benchmarks/quick/")
    parser.add_argument("--page", action="store_true", help="write page and picture from the last measurement, measure nothing")
    if alternatives:
        parser.add_argument(
            "--against", nargs="*", choices=alternatives, default=alternatives, metavar="NAME", help=", ".join(alternatives)
        )
    options = parser.parse_args()
    results = RESULTS / "quick" if options.quick else RESULTS
    kept = results / f"{name}.json"
    started = time.perf_counter()
    if not options.page:
        chosen = [each for each in ALTERNATIVES if each in getattr(options, "against", ())]
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder), results, options.quick, chosen)
            kept.write_text(json.dumps({"machine": machine(), "quick": options.quick} | measure(bench), indent=1) + "\n")
    raw = json.loads(kept.read_text())
    target = results if options.quick else ROOT / "benchmarks"
    (target / f"{name}.md").write_text("\n".join([*_head(name, raw), *page(raw)]) + "\n")
    if draw is not None:
        draw(raw).savefig(target / f"{name}.png", dpi=110)
    print(f"{time.perf_counter() - started:.0f} s; results: {target.relative_to(ROOT)}/{name}.md")


def question() -> str:
    """The question that the program answers: the first line of its docstring."""
    return str(sys.modules["__main__"].__doc__).splitlines()[0]


def _head(name: str, raw: Raw) -> list[str]:
    """Title and question of a page, and what it was measured on."""
    lines = [f"# {name.replace('_', ' ').capitalize()}", "", question(), ""]
    if raw["quick"]:
        lines += ["A trial with --quick: fewer fits, draws and seeds than the text below says; the numbers mean nothing.", ""]
    others = {run["engine"]: run["version"] for run in raw.get("runs", ()) if "version" in run}
    versions = [f"{peer} {others[peer]}" for peer in ("numpyro_nuts", "pystan_nuts", "lme4") if peer in others]
    described = ", ".join([raw["machine"], *versions])
    return [*lines, *paragraph(f"{described}. Made by `python benchmarks/{name}.py`.")]


# --- figures ---------------------------------------------------------------------------------------------------------


def measured(raw: Raw) -> list[Raw]:
    """The runs that came to an end."""
    return [run for run in raw["runs"] if "seconds" in run]


def ess_per_cpu_second(run: Raw) -> float:
    """The smallest effective sample size for each CPU second of sampling."""
    return run["ess_bulk_min"] / run["cpu_seconds"]["sample"]


def skipped(runs: Sequence[Raw]) -> list[str]:
    """A line for each alternative that could not run."""
    needs = {run["engine"]: run["missing"] for run in runs if "missing" in run}
    return [
        line for name, what in needs.items() for line in paragraph(f"Not measured: {ALTERNATIVES[name].title}. It needs {what}.")
    ]


def spread(values: Sequence[float]) -> str:
    """Median and range."""
    middle, low, high = statistics.median(values), min(values), max(values)
    return digits(middle) if digits(low) == digits(high) else f"{digits(middle)} ({digits(low)}–{digits(high)})"


def digits(value: float) -> str:
    """A number with two significant digits, or all those before the point."""
    if value == 0:
        return "0"
    exponent = int(f"{value:.1e}".partition("e")[2])
    return f"{value:,.{max(0, 1 - exponent)}f}"


# --- pages and pictures ----------------------------------------------------------------------------------------------


def paragraph(text: str) -> list[str]:
    """Lines of a paragraph and an empty one after it; no lines for an empty text."""
    lines = textwrap.wrap(" ".join(text.split()), 132, break_on_hyphens=False, break_long_words=False)
    return [*lines, ""] if lines else []


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table in Markdown."""
    return [*("| " + " | ".join(cells) + " |" for cells in (header, ["---"] * len(header), *rows)), ""]


def panels(count: int) -> tuple[Any, Any]:
    """A figure of matplotlib with panels next to each other, and their axes (count,)."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    plt.rcParams.update({"font.size": 10, "axes.titlesize": 11, "axes.titlelocation": "left", "axes.spines.top": False})
    plt.rcParams.update({"axes.spines.right": False, "legend.frameon": False, "legend.fontsize": 9})
    figure, axes = plt.subplots(1, count, figsize=(6 * count, 4.5), layout="constrained", squeeze=False)
    figure.get_layout_engine().set(h_pad=0.15, w_pad=0.1)
    return figure, axes[0]


def plain(name: str) -> str:
    """An alternative's title for a picture."""
    return ALTERNATIVES[name].title.replace("`", "")
