"""The engine `collapsed` against others: speed, memory, growth with a screen's size, whole sweeps, and lme4's estimates.

python benchmarks/engines.py [--quick] [PART ...]        writes benchmarks/engines.md and benchmarks/engines.png

Parts: fit, rows, genes, sweep, lme4, genome; without any, all of them, on two cores in about 25 minutes in which nothing else
should run. Each leaves what it measured in .benchmarks/; page and picture are made anew from all parts that are there, and `page`
in place of a part does only that. --quick: tiny settings that try out the program; everything then lies in .benchmarks/quick/.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from time_of_a_run import jobs

ROOT = Path(__file__).parents[1]
PEERS = ROOT / "benchmarks/peers"
PEERS_PYTHON = ROOT / ".venv-peers/bin/python"
RESULTS = ROOT / ".benchmarks"
sys.path.insert(0, str(ROOT / "scripts"))

from guidefit.screens.covariates import Covariate  # noqa: E402
from guidefit.simulation import designs  # noqa: E402

# name -> (its name in tables, Python, program, options)
ENGINES: dict[str, tuple[str, str, str, list[str]]] = {
    "pymc_nuts": ("PyMC, NUTS", sys.executable, "pymc_nuts.py", []),
    "nutpie_nuts": ("nutpie, NUTS", sys.executable, "nutpie_nuts.py", []),
    "numpyro_nuts": ("NumPyro, NUTS", str(PEERS_PYTHON), "numpyro_nuts.py", []),
    "pystan_nuts": ("PyStan, NUTS", str(PEERS_PYTHON), "pystan_nuts.py", []),
    "collapsed_nuts": ("`collapsed`, NUTS on the scales", sys.executable, "collapsed.py", ["--scales", "nuts"]),
    "collapsed": ("`collapsed`, importance", sys.executable, "collapsed.py", ["--scales", "importance"]),
    "lme4": ("lme4, REML", sys.executable, "lme4.py", []),
}
MODELS = ("varying_effects", "correlated_effects")
CORES = 2
LONGEST = 100.0  # seconds of one fit; what takes longer is left out
PACKAGES = ("pymc", "pytensor", "numba", "nutpie", "numpy", "scipy", "xarray", "snakemake")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

Raw = dict[str, Any]


class Bench:
    """Where a run keeps its files, and how it starts a peer."""

    def __init__(self, quick: bool, folder: Path) -> None:
        self.quick, self.folder = quick, folder
        self.results = RESULTS / "quick" if quick else RESULTS
        self.results.mkdir(parents=True, exist_ok=True)
        cache = self.results / "cache" if quick else folder / "cache"
        self._env = os.environ | dict.fromkeys(THREADS, "1")  # the cores are for the chains
        self._env |= {
            "PYTENSOR_FLAGS": f"base_compiledir={cache / 'pytensor'}",
            "NUMBA_CACHE_DIR": str(cache / "numba"),
            "JAX_COMPILATION_CACHE_DIR": str(cache / "jax"),
            "XDG_CACHE_HOME": str(cache),
        }
        cache.mkdir(exist_ok=True)

    def screen(self, name: str, blueprint: designs.Blueprint, covariate: str, effect_on: str) -> Path:
        """A simulated screen as the file that the peers read."""
        x = Covariate(covariate).fit(blueprint.cna, blueprint.gene_of_row).x(blueprint.cna, blueprint.gene_of_row)
        path = self.folder / f"{name}.npz"
        logfc = designs.logfc(blueprint, x if effect_on == "x" else blueprint.cna)
        np.savez(path, gene_of_sgrna=blueprint.gene_of_sgrna, sgrna_of_row=blueprint.sgrna_of_row, x=x, logfc=logfc)
        return path

    def run(self, engine: str, data: Path, timeout: float | None = None, **options: Any) -> Raw:
        """What one peer writes; {missing: what to install}, or {left_out: why}."""
        _, python, program, own = ENGINES[engine]
        if not Path(python).exists():
            return {"engine": engine, "missing": "the environment .venv-peers (benchmarks/peers/requirements.txt)"}
        out = self.folder / "out.json"
        out.unlink(missing_ok=True)
        settings = [f"--{name}={value}" for name, value in ({"cores": CORES} | options).items()]
        command = [python, str(PEERS / program), str(data), str(out), *own, *settings]
        try:
            done = subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            print(f"  {engine}: not done after {timeout:.0f} s", flush=True)
            return {"engine": engine, "left_out": f"not done after {timeout:.0f} s"}
        if done.returncode not in (0, 3):
            raise SystemExit(f"{engine} ended with exit code {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        found = json.loads(out.read_text()) | {"engine": engine}
        if "missing" not in found:
            print(f"  {engine}: {found['seconds']['total']:.1f} s, sampling {found['cpu_seconds']['sample']:.3f} CPU s", flush=True)
        return found

    def save(self, part: str, raw: Raw) -> None:
        """Keep what a part measured."""
        (self.results / f"{part}.json").write_text(json.dumps({"machine": machine()} | raw, indent=1) + "\n")


def machine() -> str:
    """What it was measured on, in words."""
    cpu = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "")
    kilobytes = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{len(os.sched_getaffinity(0))} cores ({cpu or platform.machine()}), {kilobytes / 2**20:.0f} GB of memory, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}; {versions}"
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


# --- parts -----------------------------------------------------------------------------------------------------------


def measure_fit(bench: Bench) -> Raw:
    """One screen of the notebook's size by every engine, in interleaved rounds."""
    names = [name for name in ENGINES if name != "lme4"]
    data = bench.screen("notebook", designs.notebook(103), "zscore_within_gene", "cna")
    models, rounds, size = (MODELS[:1], 1, {"draws": 200, "tune": 200}) if bench.quick else (MODELS, 4, {})
    runs = []
    for number in range(rounds + 1):  # round 0 fills the caches
        for model in models:
            print(f"fit: round {number} of {rounds}, {model}", flush=True)
            start = number % len(names)
            for name in names[start:] + names[:start]:
                runs.append(bench.run(name, data, model=model, seed=number + 1, **size) | {"round": number, "model": model})
    return {"runs": runs}


def measure_growth(bench: Bench, part: str) -> Raw:
    """One fit against the number of cell lines, or of genes."""
    designs = {
        "rows": [designs.Design(genes=5, sgrnas_per_gene=3, cell_lines=n) for n in (20, 200, 2_000, 20_000)],
        "genes": [designs.Design(genes=n, sgrnas_per_gene=4, cell_lines=20) for n in (5, 50, 500, 5_000)],
    }[part]
    tiny = bench.screen("tiny", designs.general(designs[0], np.random.default_rng(1)), "zscore_within_gene", "x")
    bench.run("nutpie_nuts", tiny, draws=10, tune=10)  # fills its cache
    runs: list[Raw] = []
    expected = 0.0  # seconds of nutpie's next fit, if it grows as the rows do
    for design in designs[:2] if bench.quick else designs:
        size = {"cell_lines": design.cell_lines, "genes": design.genes, "rows": int(design.sgrna_counts.sum() * design.cell_lines)}
        print(f"{part}: {size['rows']} rows", flush=True)
        blueprint = designs.general(design, np.random.default_rng(1))
        data = bench.screen(part, blueprint, "zscore_within_gene", "x")
        half = {"draws": 100, "tune": 100} if bench.quick else {"draws": 500, "tune": 500}
        for name, options in (("collapsed", {}), ("nutpie_nuts", half)):
            if name == "nutpie_nuts" and expected > LONGEST:
                runs.append(size | {"engine": name, "left_out": f"would take {expected / 60:.0f} minutes or more"})
                continue
            started = time.perf_counter()
            for repeat in range(1 if bench.quick else 3):
                found = bench.run(name, data, timeout=LONGEST + 60, seed=repeat + 1, **options)
                runs.append({key: value for key, value in found.items() if key not in ("mean", "sd")} | size)
                if "missing" in found or "left_out" in found or time.perf_counter() - started > 15:
                    break
            if name == "nutpie_nuts":
                expected = 10 * found["seconds"]["sample"] if "seconds" in found else 10 * LONGEST
    return {"runs": runs}


def measure_sweep(bench: Bench) -> Raw:
    """Whole sweeps by the workflow: a calibration by `collapsed`, and one by NUTS."""
    some = bench.quick
    studies = {
        "collapsed": {
            "simulate": {"truth": "prior", "genes": 5, "sgrnas_per_gene": 3, "cell_lines": 20},
            "seeds": "0-19" if some else "0-999",
            "batch_size": 10 if some else 500,
            "checks": False,
            "figure_seeds": 0,
            "sampling": {"engine": "collapsed", "draws": 25},
            "variants": ["varying_effects"],
        },
        "nuts": {
            "simulate": {"truth": "fixed", "genes": 5, "sgrnas_per_gene": [1, 2, 3, 4, 5], "cell_lines": 20},
            "seeds": "0-3" if some else "0-99",
            "batch_size": 2 if some else 50,
            "checks": False,
            "figure_seeds": 0,
            "sampling": {"draws": 200, "tune": 200} if some else {"draws": 2000, "tune": 2000},
            "variants": ["varying_effects"],
        },
    }
    found = {}
    for name, study in studies.items():
        print(f"sweep: {name}", flush=True)
        folder = bench.folder / name
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps({"studies": {"study": study}}))
        command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--cores", str(CORES)]
        command += ["--workflow-profile", str(ROOT / "profiles/default"), "--configfile", "config.json"]
        started = time.perf_counter()
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        wall = time.perf_counter() - started
        if done.returncode:
            raise SystemExit(f"the sweep {name} failed:\n{done.stdout[-4000:]}")
        steps = jobs(folder)
        steps["seconds"] = steps["end"] - steps["start"]
        fits = pd.read_csv(folder / "results/study/diagnostics.csv")
        found[name] = {
            "fits": len(fits),
            "verdicts": fits["verdict"].value_counts().to_dict(),
            "wall": wall,
            "compiling": fits["seconds_compile"].sum(),
            "sampling": fits["seconds_sampling"].sum(),
            "steps": {str(rule): {"jobs": len(group), "seconds": group["seconds"].sum()} for rule, group in steps.groupby("rule")},
        }
        print(f"  {wall:.0f} s", flush=True)
    return {"sweeps": found}


def measure_lme4(bench: Bench) -> Raw:
    """Two million rows: lme4's estimates, and the whole posterior by `collapsed`."""
    design = designs.Design(genes=500, sgrnas_per_gene=4, cell_lines=1_000)
    if bench.quick:
        design = designs.Design(genes=30, sgrnas_per_gene=4, cell_lines=50)
    blueprint = designs.general(design, np.random.default_rng(1))
    rows = len(blueprint.cna)
    print(f"lme4: {rows} rows", flush=True)
    data = bench.screen("large", blueprint, "zscore", "x")
    hyper = ("mu_gamma", "sigma_gamma", "mu_delta", "sigma_delta", "sigma_alpha", "sigma_beta", "sigma")
    truth = {name: blueprint.truth[name] for name in hyper}
    del blueprint
    runs = [bench.run(name, data) for name in ("collapsed", "lme4")]
    for run in runs:  # of the effects of genes and sgRNAs lme4 tells nothing here
        for kind in ("mean", "sd"):
            run[kind] = {name: values[0] for name, values in run.get(kind, {}).items() if name in truth}
    return {"rows": rows, "genes": design.genes, "cell_lines": design.cell_lines, "truth": truth, "runs": runs}


# Runs a command and prints the peak memory of the largest of its processes, in kilobytes.
WITH_PEAK = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def measure_genome(bench: Bench) -> Raw:
    """config/studies/large.yaml: from the screen on disk to the tables of genes and sgRNAs, by the workflow."""
    config = yaml.safe_load((ROOT / "config/studies/large.yaml").read_text())
    study = config["studies"]["large"]
    study["variants"] = ["correlated_effects"]
    if bench.quick:
        study["simulate"] |= {"genes": 50, "cell_lines": 100}
    folder = bench.folder / "genome"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    command = [sys.executable, "-c", WITH_PEAK, sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile")]
    command += ["--workflow-profile", str(ROOT / "profiles/default"), "--configfile", "config.json", "--cores", str(CORES)]
    found = {}
    for step, target in (("simulation", "data/design/seeds_1/screen.parquet"), ("screen to tables", "estimates.csv")):
        print(f"genome: {step}", flush=True)
        started = time.perf_counter()
        done = subprocess.run([*command, f"results/large/{target}"], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"genome: {step} failed:\n{done.stderr[-4000:]}")
        found[step] = {"wall": time.perf_counter() - started, "peak_mb": int(done.stdout) * 1024 / 1e6}
    steps = jobs(folder)
    file = folder / "results/large/data/design/seeds_1/screen.parquet"
    fit = pd.read_csv(folder / "results/large/diagnostics.csv").iloc[0]
    return {
        "runs": [],
        "genome": found,
        "file_mb": file.stat().st_size / 1e6,
        "rows": int(fit["rows"]),
        "sgrnas": int(fit["sgrnas"]),
        "sampling": float(fit["seconds_sampling"]),
        "k_hat": float(fit["k_hat"]),
        "importance_ess": float(fit["importance_ess"]),
        "steps": {
            str(rule): float(seconds) for rule, seconds in (steps["end"] - steps["start"]).groupby(steps["rule"]).sum().items()
        },
    }


MEASURES: dict[str, Callable[[Bench], Raw]] = {
    "fit": measure_fit,
    "rows": lambda bench: measure_growth(bench, "rows"),
    "genes": lambda bench: measure_growth(bench, "genes"),
    "sweep": measure_sweep,
    "lme4": measure_lme4,
    "genome": measure_genome,
}


# --- page ------------------------------------------------------------------------------------------------------------

HOW = """
Every fit is a process of its own, held to two cores, with one BLAS thread; times are wall seconds from the start of the process, or
CPU seconds of all its threads and children. NUTS draws 4 x 1,000 after 4 x 1,000 of tuning where nothing else is said, target
acceptance 0.95. The engines' caches of compiled code are on and warm, which is the best their users can have; the workflow's own
jobs switch PyTensor's off (`scripts/guidefit/job.py` says why) and compile anew. *Sampling* is all between a compiled model (for
`collapsed`: the sufficient statistics) and the kept draws of all parameters: for `collapsed` with importance sampling the search
for the mode, 4,000 weighted draws of the scales, resampling, and 4 x 1,000 draws of all means and effects. Memory is the peak of
the process with its children, 1 MB being 10^6 bytes.
"""


def page(results: Path, quick: bool) -> list[str]:
    """The page, from all parts that are there."""
    raw = {part: json.loads(file.read_text()) for part in MEASURES if (file := results / f"{part}.json").exists()}
    machines: dict[str, list[str]] = {}
    for part, content in raw.items():
        machines.setdefault(content["machine"], []).append(part)
    lines = ["# The engines compared", ""]
    if quick:
        lines += ["A trial with --quick: fewer fits, draws and seeds than the words below say, and numbers that mean nothing.", ""]
    for described, parts in machines.items():
        where = f" ({', '.join(parts)})" if len(machines) > 1 else ""
        lines += paragraph(f"{described}{where}.")
    others = {run["engine"]: run["version"] for content in raw.values() for run in content.get("runs", ()) if "version" in run}
    versions = [f"{name} {others[name]}" for name in ("numpyro_nuts", "pystan_nuts", "lme4") if name in others]
    lines += paragraph(f"Made by `python benchmarks/engines.py` with the programs in `benchmarks/peers/` ({', '.join(versions)}).")
    lines += [*paragraph(HOW), "![Speed, growth, sweeps and estimates](engines.png)", ""]
    for part, content in raw.items():
        lines += PAGES[part](content)
    return lines


def page_fit(raw: Raw) -> list[str]:
    """Section `fit`."""
    runs = measured(raw)
    text = f"""
    The notebook's screen (seed 103: 300 rows, 15 sgRNAs, 5 genes). Medians and ranges of {max(run["round"] for run in runs)}
    rounds; the engines took turns, in another order in each round. *First run*: once, with empty caches, in no median. *ESS* is the
    bulk effective sample size of the worst parameter; for importance sampling the least of 1 / sum of squared weights, the stated
    errors' (sd / Monte Carlo error)^2 of the worst mean, and the number of kept draws. *Apart*: the farthest that a posterior mean
    lay, in any round, from that of `collapsed` in its first one, in posterior sds.
    """
    lines = ["## One fit", "", *paragraph(text)]
    for model in dict.fromkeys(run["model"] for run in runs):
        first, warm = by_engine(runs, model)
        own = warm["collapsed"]
        rows = []
        for name, group in warm.items():
            apart = [(np.array(run["mean"][v]) - own[0]["mean"][v]) / own[0]["sd"][v] for run in group for v in own[0]["mean"]]
            rows.append(
                [
                    ENGINES[name][0],
                    spread([run["seconds"]["total"] for run in group]),
                    spread([run["seconds"]["import"] for run in group]),
                    digits(first[name]["seconds"]["total"]),
                    spread([run["cpu_seconds"]["sample"] for run in group]),
                    spread([run["ess_bulk_min"] for run in group]),
                    spread([per_cpu_second(run) for run in group]),
                    spread([run["peak_mb"] for run in group]),
                    f"{max(abs(each).max() for each in apart):.2f}",
                ]
            )
        header = [
            "",
            "whole process (s)",
            "of it imports (s)",
            "first run (s)",
            "sampling (CPU s)",
            "ESS",
            "ESS per CPU s of sampling",
        ]
        lines += [f"### `{model}`", "", *table([*header, "memory (MB)", "apart (sd)"], rows)]
        text = f"""
        For `collapsed` with importance sampling, one sampling is the median of {own[0]["repeats"]} in a process; the first one
        there, which meets cold memory, took {spread([run["cpu_seconds_first"] for run in own])} CPU s. The ESS by its weights was
        {spread([run["importance_ess"] for run in own])}, by the stated error of the worst scale's mean
        {spread([run["ess_scale_mean"] for run in own])}, and by that of the worst mean or effect, where conditional moments are
        averaged and no draws, {spread([run["ess_effect_mean"] for run in own])}. The means over the kept draws scatter between the
        repeats as those of {spread([run["ess_by_repeats"] for run in own])} independent draws would, averaged over the parameters.
        """
        lines += [*paragraph(text), "How many times better it was, round by round:", ""]
        rows = [
            [
                ENGINES[name][0],
                spread(ratios(own, group, lambda run: 1 / run["seconds"]["total"])),
                spread(ratios(own, group, lambda run: 1 / run["cpu_seconds"]["sample"])),
                spread(ratios(own, group, per_cpu_second)),
                spread(ratios(own, group, per_cpu_second, lambda run: run["ess_bulk_min"] / run["cpu_seconds_first"])),
            ]
            for name, group in warm.items()
            if name != "collapsed"
        ]
        lines += table(["than", "whole process", "CPU s of sampling", "ESS per CPU s", "ESS per CPU s of its first sampling"], rows)
    return lines + missing(raw["runs"])


def page_growth(raw: Raw, part: str) -> list[str]:
    """Sections `rows` and `genes`."""
    size, title = {
        "rows": ("cell_lines", "One fit against the number of cell lines (5 genes of 3 sgRNAs)"),
        "genes": ("genes", "One fit against the number of genes (4 sgRNAs each, 20 cell lines)"),
    }[part]
    text = """
    `varying_effects`, medians of up to three fits. nutpie here draws 4 x 500 after 4 x 500 of tuning, which halves CPU seconds and
    ESS: compare ESS per CPU second. *Reduction*: rows to sufficient statistics, the only step of `collapsed` that sees the rows.
    """
    rows = []
    for value, groups in by_size(raw, size).items():
        own, other = groups["collapsed"], groups["nutpie_nuts"]
        cells = [f"{value:,}", f"{own[0]['rows']:,}", digits(statistics.median(1000 * run["cpu_seconds_reduce"] for run in own))]
        figures: list[Callable[[Raw], float]] = [
            lambda run: run["cpu_seconds"]["sample"],
            lambda run: run["ess_bulk_min"],
            lambda run: run["seconds"]["total"],
            lambda run: run["peak_mb"],
        ]
        gain = ""
        for group in (own, other):
            done = [run for run in group if "seconds" in run]
            if done:
                cells += [digits(statistics.median(map(figure, done))) for figure in figures]
                gain = digits(statistics.median(map(per_cpu_second, own)) / statistics.median(map(per_cpu_second, done)))
            else:
                cells += [group[0].get("left_out", "missing"), "", "", ""]
                gain = ""
        rows.append([*cells, gain])
    header = [size.replace("_", " "), "rows", "reduction (CPU ms)", "sampling (CPU s)", "ESS", "whole process (s)", "memory (MB)"]
    header += ["nutpie: sampling (CPU s)", "ESS", "whole process (s)", "memory (MB)", "times more ESS per CPU s"]
    return [f"## {title}", "", *paragraph(text), *table(header, rows), *missing(raw["runs"])]


def page_sweep(raw: Raw) -> list[str]:
    """Section `sweep`."""
    sweeps = raw["sweeps"]
    text = f"""
    `snakemake --cores {CORES}` from an empty folder to all tables, once. `collapsed`: the truth drawn from the prior for each seed,
    5 genes of 3 sgRNAs, 20 cell lines, 4 x 25 kept draws, batches of 500 seeds. NUTS (nutpie): the truth fixed, 5 genes of 1 to 5
    sgRNAs, 20 cell lines, 4 x 2,000 draws after 4 x 2,000 of tuning, batches of 50 seeds. Neither with predictive checks or figures
    of single fits. The workflow's jobs compile anew, once for each batch.
    """
    spent = {name: sweep["compiling"] + sweep["sampling"] for name, sweep in sweeps.items()}
    figures: dict[str, Callable[[str, Raw], float]] = {
        "wall (s)": lambda _, sweep: sweep["wall"],
        f"wall x {CORES} cores (s)": lambda _, sweep: CORES * sweep["wall"],
        "compiling and sampling, summed over the fits (s)": lambda name, _: spent[name],
        "wall x cores / (compiling and sampling)": lambda name, sweep: CORES * sweep["wall"] / spent[name],
        "wall per fit (s)": lambda _, sweep: sweep["wall"] / sweep["fits"],
    }
    rows = [["fits", *(f"{sweep['fits']:,}" for sweep in sweeps.values())]]
    rows += [[what, *(digits(figure(name, sweep)) for name, sweep in sweeps.items())] for what, figure in figures.items()]
    lines = ["## Whole sweeps by the workflow", "", *paragraph(text), *table(["", *SWEEPS.values()], rows)]
    lines += ["Where the core seconds go, and their share of wall x cores:", ""]
    shares = {name: core_seconds(sweep) for name, sweep in sweeps.items()}
    largest = {step: max(each.get(step, 0) for each in shares.values()) for each in shares.values() for step in each}
    rows = []
    for step in sorted(largest, key=lambda step: -largest[step]):
        cells = [step]
        for name, sweep in sweeps.items():
            seconds = shares[name].get(step)
            cells.append("" if seconds is None else f"{seconds:.1f} s, {100 * seconds / CORES / sweep['wall']:.0f} %")
        rows.append(cells)
    return lines + table(["", *SWEEPS.values()], rows)


def page_lme4(raw: Raw) -> list[str]:
    """Section `lme4`."""
    own, other = raw["runs"]
    text = f"""
    {raw["genes"]:,} genes of 4 sgRNAs in {raw["cell_lines"]:,} cell lines, `varying_effects`, slopes per sd of copy number. lme4
    finds the restricted maximum likelihood estimate, with standard errors of the two means alone; `collapsed` the whole posterior.
    Once each.
    """
    rows = [
        [
            ENGINES[run["engine"]][0],
            digits(run["seconds"]["total"]),
            digits(run["cpu_seconds"]["total"]),
            digits(run["seconds"]["sample"]),
            f"{run['peak_mb']:,.0f}",
            digits(run["seconds"]["total"] / own["seconds"]["total"]),
        ]
        for run in measured(raw)
    ]
    header = ["", "whole process (s)", "whole process (CPU s)", "estimation or sampling alone (s)", "memory (MB)"]
    lines = [f"## {raw['rows']:,} rows, and lme4", "", *paragraph(text)]
    lines += table([*header, "times as long as `collapsed`"], rows)
    rows = []
    for name, truth in raw["truth"].items():
        mean, sd = own["mean"][name], own["sd"][name]
        estimate, apart = "", ""
        if name in other["mean"]:
            error = f" ± {other['sd'][name]:.4f}" if name in other["sd"] else ""
            estimate, apart = f"{other['mean'][name]:.4f}{error}", f"{(other['mean'][name] - mean) / sd:+.2f}"
        rows.append([f"`{name}`", f"{truth:g}", estimate, f"{mean:.4f} ± {sd:.4f}", apart])
    header = ["", "truth", "lme4 ± standard error", "`collapsed`, mean ± sd", "difference (posterior sd)"]
    lines += table(header, rows)
    lines += paragraph(" ".join(f"lme4 said: {message}." for message in other.get("messages", [])))
    return lines + missing(raw["runs"])


def page_genome(raw: Raw) -> list[str]:
    """Section `genome`."""
    text = f"""
    `config/studies/large.yaml` by the workflow, `correlated_effects`: {raw["rows"]:,} rows, {raw["sgrnas"]:,} sgRNAs, in a Parquet
    file of {raw["file_mb"]:,.0f} MB. The fit drew in {raw["sampling"]:.0f} s (k-hat {raw["k_hat"]:.2f}, importance ESS
    {raw["importance_ess"]:,.0f}); jobs: {", ".join(f"{rule} {seconds:.0f} s" for rule, seconds in raw["steps"].items())}. Memory is
    that of the largest process. Once.
    """
    rows = [[step, digits(each["wall"]), f"{each['peak_mb']:,.0f}"] for step, each in raw["genome"].items()]
    return ["## A whole genome", "", *paragraph(text), *table(["", "wall, Snakemake included (s)", "memory (MB)"], rows)]


PAGES: dict[str, Callable[[Raw], list[str]]] = {
    "fit": page_fit,
    "rows": lambda raw: page_growth(raw, "rows"),
    "genes": lambda raw: page_growth(raw, "genes"),
    "sweep": page_sweep,
    "lme4": page_lme4,
    "genome": page_genome,
}
SWEEPS = {"collapsed": "`collapsed`", "nuts": "NUTS"}


def measured(raw: Raw) -> list[Raw]:
    """The runs that came to an end."""
    return [run for run in raw["runs"] if "seconds" in run]


def by_engine(runs: Sequence[Raw], model: str) -> tuple[dict[str, Raw], dict[str, list[Raw]]]:
    """A model's first run by each engine, and its runs after that."""
    of = [run for run in runs if run["model"] == model]
    first = {run["engine"]: run for run in of if run["round"] == 0}
    return first, {name: [run for run in of if run["engine"] == name and run["round"]] for name in ENGINES if name in first}


def by_size(raw: Raw, size: str) -> dict[int, dict[str, list[Raw]]]:
    """Runs by the number of genes or cell lines, and engine."""
    found: dict[int, dict[str, list[Raw]]] = {}
    for run in raw["runs"]:
        found.setdefault(run[size], {}).setdefault(run["engine"], []).append(run)
    return found


def per_cpu_second(run: Raw) -> float:
    """The smallest effective sample size for each CPU second of sampling."""
    return run["ess_bulk_min"] / run["cpu_seconds"]["sample"]


def ratios(
    own: Sequence[Raw], other: Sequence[Raw], figure: Callable[[Raw], float], own_figure: Callable[[Raw], float] | None = None
) -> list[float]:
    """How many times larger a figure is of one engine than of another in the same round."""
    theirs = {run["round"]: figure(run) for run in other}
    return [(own_figure or figure)(run) / theirs[run["round"]] for run in own]


def core_seconds(sweep: Raw) -> dict[str, float]:
    """Seconds by step: those of jobs, fitting in three, and the time of cores without a job."""
    found = {name: step["seconds"] for name, step in sweep["steps"].items()}
    rest = found.pop("fit") - sweep["compiling"] - sweep["sampling"]
    found |= {"fit: compiling": sweep["compiling"], "fit: sampling": sweep["sampling"], "fit: imports, reading, writing": rest}
    found["no job (Snakemake itself, or a core waits)"] = CORES * sweep["wall"] - sum(found.values())
    return found


def missing(runs: Sequence[Raw]) -> list[str]:
    """A line for each engine that could not run."""
    needs = {run["engine"]: run["missing"] for run in runs if "missing" in run}
    return [line for name, what in needs.items() for line in paragraph(f"Not measured: {ENGINES[name][0]}. To install: {what}.")]


def paragraph(text: str) -> list[str]:
    """Lines of a paragraph, and an empty one after it; none where there is no text."""
    lines = textwrap.wrap(" ".join(text.split()), 132, break_on_hyphens=False, break_long_words=False)
    return [*lines, ""] if lines else []


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


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table in Markdown."""
    return [*("| " + " | ".join(cells) + " |" for cells in (header, ["---"] * len(header), *rows)), ""]


# --- picture ---------------------------------------------------------------------------------------------------------


def draw(results: Path, file: Path) -> None:
    """The picture, from all parts that are there: a panel or two for each."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    plt.rcParams.update({"font.size": 10, "axes.titlesize": 11, "axes.titlelocation": "left", "axes.spines.top": False})
    plt.rcParams.update({"axes.spines.right": False, "legend.frameon": False, "legend.fontsize": 9})
    figure, axes = plt.subplots(2, 3, figsize=(17, 9), layout="constrained")
    panels: list[tuple[str, Callable[[Any, Raw], None]]] = [
        ("fit", draw_ess),
        ("fit", draw_process),
        ("lme4", draw_lme4),
        ("rows", lambda axis, raw: draw_growth(axis, raw, "cell_lines", "cell lines (5 genes of 3 sgRNAs)")),
        ("genes", lambda axis, raw: draw_growth(axis, raw, "genes", "genes (4 sgRNAs each, 20 cell lines)")),
        ("sweep", draw_sweep),
    ]
    for axis, (part, panel) in zip(axes.flat, panels, strict=True):
        if (content := results / f"{part}.json").exists():
            panel(axis, json.loads(content.read_text()))
        else:
            axis.set_axis_off()
            axis.text(0.5, 0.5, f"{part}: not measured", ha="center")
    figure.get_layout_engine().set(h_pad=0.15, w_pad=0.1)
    figure.savefig(file, dpi=110)


def plain(name: str) -> str:
    """An engine's name for a picture."""
    return ENGINES[name][0].replace("`", "")


def draw_ess(axis: Any, raw: Raw) -> None:
    """ESS per CPU second of sampling, engine by engine."""
    from guidefit.report.figures import BLUE, ORANGE

    runs = measured(raw)
    models = list(dict.fromkeys(run["model"] for run in runs))
    names: list[str] = []
    for number, (model, colour) in enumerate(zip(models, (BLUE, ORANGE), strict=False)):
        _, warm = by_engine(runs, model)
        names = list(warm)[::-1]
        for place, name in enumerate(names):
            values = [per_cpu_second(run) for run in warm[name]]
            height = place + 0.24 * (0.5 - number)
            axis.plot([min(values), max(values)], [height] * 2, color=colour, linewidth=2)
            middle = statistics.median(values)
            axis.plot(middle, height, "o", color=colour, label=model if place == 0 else None)
            axis.annotate(
                digits(middle),
                (middle, height),
                (0, 6 if number == 0 else -13),
                textcoords="offset points",
                fontsize=8,
                ha="center",
            )
    axis.set_yticks(range(len(names)), [plain(name) for name in names])
    axis.set(xscale="log", ylim=(-0.6, len(names) + 0.3), xlabel="smallest bulk ESS per CPU second of sampling")
    axis.set_title("One fit of the notebook's screen: sampling alone")
    axis.margins(x=0.12)
    axis.grid(axis="x", alpha=0.3)
    axis.legend(loc="upper right")


def draw_process(axis: Any, raw: Raw) -> None:
    """Seconds of whole processes by phase."""
    from guidefit.report.figures import BLUE, GREY, ORANGE, SKY

    runs = measured(raw)
    _, warm = by_engine(runs, runs[0]["model"])
    names = list(warm)[::-1]
    left = np.zeros(len(names))
    for phase, colour in {"import": GREY, "compile": SKY, "sample": BLUE, "summarise": ORANGE}.items():
        values = np.array([statistics.median(seconds_of(run, phase) for run in warm[name]) for name in names])
        axis.barh(names, values, left=left, color=colour, label=phase, height=0.6)
        left += values
    for place, total in enumerate(left):
        axis.annotate(f"{digits(total)} s", (total, place), (4, 0), textcoords="offset points", va="center", fontsize=9)
    axis.set_yticks(range(len(names)), [plain(name) for name in names])
    axis.set(xlabel="wall seconds from the start of the process (warm caches)", xlim=(0, 1.15 * left.max()))
    axis.set_title(f"One fit as a whole process ({runs[0]['model']})")
    axis.legend(loc="upper right" if left[-1] < left.max() / 2 else "lower right")


def seconds_of(run: Raw, phase: str) -> float:
    """Wall seconds of a phase; the last one, summarise, is what the others leave of the total."""
    seconds = run["seconds"]
    return seconds[phase] if phase != "summarise" else 2 * seconds["total"] - sum(seconds.values())


def draw_growth(axis: Any, raw: Raw, size: str, label: str) -> None:
    """CPU seconds of one fit against a screen's size."""
    from guidefit.report.figures import BLUE, SKY, VERMILION

    runs = measured(raw)
    series = (
        ("nutpie_nuts", "nutpie, 4 x (500 + 500): sampling", VERMILION, "o-", lambda run: run["cpu_seconds"]["sample"]),
        ("collapsed", "collapsed, importance: sampling", BLUE, "o-", lambda run: run["cpu_seconds"]["sample"]),
        ("collapsed", "collapsed: rows to sufficient statistics", SKY, "s--", lambda run: run["cpu_seconds_reduce"]),
    )
    for name, words, colour, style, value in series:
        groups: dict[int, list[float]] = {}
        for run in runs:
            if run["engine"] == name:
                groups.setdefault(run[size], []).append(value(run))
        if groups:
            axis.plot(list(groups), [statistics.median(each) for each in groups.values()], style, color=colour, label=words)
    sizes = sorted({run[size] for run in raw["runs"]})
    axis.set(xscale="log", yscale="log", xlabel=label, ylabel="CPU seconds of one fit")
    axis.set_xticks(sizes, [f"{each:,}" for each in sizes])
    axis.minorticks_off()
    axis.grid(alpha=0.3)
    axis.set_title(f"Cost of a fit against {size.replace('_', ' ')}")
    low, high = axis.get_ylim()
    axis.set_ylim(low, high * (high / low) ** 0.35)
    axis.legend(loc="upper left")


def draw_sweep(axis: Any, raw: Raw) -> None:
    """Shares of the core seconds of sweeps."""
    from guidefit.report.figures import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, YELLOW

    kinds = {"fit: sampling": BLUE, "fit: compiling": SKY, "fit: imports, reading, writing": "#A8C8E8"}
    kinds |= {"simulate": GREEN, "diagnose": ORANGE, "check": PURPLE, "tables, figures": YELLOW, "no job": GREY}
    sweeps = raw["sweeps"]
    names = list(sweeps)[::-1]
    left = np.zeros(len(names))
    for kind, colour in kinds.items():
        values = []
        for name in names:
            total = CORES * sweeps[name]["wall"]
            values.append(100 * sum(s for step, s in core_seconds(sweeps[name]).items() if kind_of(step, kinds) == kind) / total)
        axis.barh(names, values, left=left, color=colour, label=kind if any(values) else None, height=0.55)
        left += values
    words = [f"{SWEEPS[name].replace('`', '')}\n{sweeps[name]['fits']:,} fits, {sweeps[name]['wall']:.0f} s" for name in names]
    axis.set_yticks(range(len(names)), words)
    axis.set(xlabel=f"share of wall seconds x {CORES} cores (%)", xlim=(0, 100), ylim=(-0.5, len(names) + 0.45))
    axis.set_title("Whole sweeps by the workflow")
    axis.legend(loc="upper left", ncols=3, fontsize=8, columnspacing=1, handlelength=1.2)


def kind_of(step: str, kinds: Mapping[str, Any]) -> str:
    """The kind of a step: what its name starts with."""
    return next((kind for kind in kinds if step.startswith(kind)), "tables, figures")


def draw_lme4(axis: Any, raw: Raw) -> None:
    """Estimates relative to the truth in posterior sds."""
    from guidefit.report.figures import BLUE, ORANGE

    own, other = raw["runs"]
    names = [name for name in raw["truth"] if name in own["mean"]][::-1]
    for place, name in enumerate(names):
        sd, truth = own["sd"][name], raw["truth"][name]
        at = (own["mean"][name] - truth) / sd
        axis.plot([at - 2, at + 2], [place + 0.1] * 2, color=BLUE, linewidth=2)
        axis.plot(at, place + 0.1, "o", color=BLUE, label=cost(own, "collapsed: mean ± 2 sd") if place == 0 else None)
        if "seconds" in other:
            at = (other["mean"][name] - truth) / sd
            if name in other["sd"]:
                wide = 2 * other["sd"][name] / sd
                axis.plot([at - wide, at + wide], [place - 0.15] * 2, color=ORANGE, linewidth=2)
            axis.plot(at, place - 0.15, "D", color=ORANGE, label=cost(other, "lme4: estimate ± 2 se") if place == 0 else None)
    axis.plot([0, 0], [-0.6, len(names) - 0.5], color="black", linewidth=0.8)
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel="distance from the truth (posterior sd)", ylim=(-0.6, len(names) + 0.7))
    axis.set_title(f"{raw['rows']:,} rows: estimates, and what they cost")
    axis.legend(loc="upper left")


def cost(run: Raw, words: str) -> str:
    """A legend's entry with seconds and memory of the process."""
    return f"{words} ({digits(run['seconds']['total'])} s, {run['peak_mb'] / 1000:.1f} GB)"


def main() -> None:
    """Measure what the command line names, then write page and picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", choices=[*MEASURES, "page"])
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    parts = options.parts or list(MEASURES)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(options.quick, Path(name))
        for part in MEASURES:
            if part in parts:
                begun = time.perf_counter()
                bench.save(part, MEASURES[part](bench))
                print(f"{part}: {time.perf_counter() - begun:.0f} s", flush=True)
    target = bench.results if options.quick else ROOT / "benchmarks"
    (target / "engines.md").write_text("\n".join(page(bench.results, options.quick)) + "\n")
    draw(bench.results, target / "engines.png")
    print(f"{time.perf_counter() - started:.0f} s in all; {target.relative_to(ROOT)}/engines.md and engines.png are written")


if __name__ == "__main__":
    main()
