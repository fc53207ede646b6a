"""How long does a whole sweep take by the workflow, with `collapsed` and with NUTS, and where does the time go?

python benchmarks/sweeps.py [--quick]        writes benchmarks/sweeps.md and benchmarks/sweeps.png

About 3 minutes on two cores in which nothing else should run.
"""

import json
import resource
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from measuring import CORES, Bench, Raw, answer, digits, jobs, panels, paragraph, snakemake, table

TITLES = {"collapsed": "`collapsed`", "nuts": "NUTS"}


def studies(quick: bool) -> dict[str, dict[str, Any]]:
    """A calibration by `collapsed`, and a sweep by NUTS, as blocks of the config."""
    common = {"checks": False, "figure_seeds": 0, "variants": ["varying_effects"]}
    return {
        "collapsed": common
        | {
            "simulate": {"truth": "prior", "genes": 5, "sgrnas_per_gene": 3, "cell_lines": 20},
            "seeds": "0-19" if quick else "0-999",
            "batch_size": 10 if quick else 500,
            "sampling": {"engine": "collapsed", "draws": 25},
        },
        "nuts": common
        | {
            "simulate": {"truth": "fixed", "genes": 5, "sgrnas_per_gene": [1, 2, 3, 4, 5], "cell_lines": 20},
            "seeds": "0-3" if quick else "0-99",
            "batch_size": 2 if quick else 50,
            "sampling": {"draws": 200, "tune": 200} if quick else {"draws": 2000, "tune": 2000},
        },
    }


def measure(bench: Bench) -> Raw:
    """Both sweeps, each in an empty folder."""
    return {"sweeps": {name: sweep(bench.folder / name, study) for name, study in studies(bench.quick).items()}}


def sweep(folder: Path, study: Mapping[str, Any]) -> Raw:
    """Seconds of one sweep, of its steps, and of compiling and sampling within the fits."""
    print(f"{folder.name}", flush=True)
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"studies": {"study": study}}))
    started, used = time.perf_counter(), cpu_seconds()
    done = subprocess.run(snakemake(), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wall = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"the sweep {folder.name} failed:\n{done.stdout[-4000:]}")
    print(f"  {wall:.0f} s", flush=True)
    fits = pd.read_csv(folder / "results/study/diagnostics.csv")
    return {
        "fits": len(fits),
        "verdicts": fits["verdict"].value_counts().to_dict(),
        "wall": wall,
        "cpu": cpu_seconds() - used,
        "compiling": fits["seconds_compile"].sum(),
        "sampling": fits["seconds_sampling"].sum(),
        "steps": {str(rule): float(seconds) for rule, seconds in jobs(folder).groupby("rule")["seconds"].sum().items()},
    }


def cpu_seconds() -> float:
    """CPU seconds of all finished processes that this one started, with those that they started."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def core_seconds(found: Raw) -> dict[str, float]:
    """Seconds by step: those of jobs, fitting in three, and the time of cores without a job."""
    steps = dict(found["steps"])
    rest = steps.pop("fit") - found["compiling"] - found["sampling"]
    steps |= {"fit: compiling": found["compiling"], "fit: sampling": found["sampling"], "fit: imports, reading, writing": rest}
    steps["no job (Snakemake itself, or a core waits)"] = CORES * found["wall"] - sum(steps.values())
    return steps


def page(raw: Raw) -> list[str]:
    """The page: a table of whole sweeps, and one of their steps."""
    sweeps = raw["sweeps"]
    text = f"""
    `snakemake --cores {CORES}` from an empty folder to all tables, once. `collapsed`: the truth drawn from the prior for each seed,
    5 genes of 3 sgRNAs, 20 cell lines, 4 x 25 kept draws, batches of 500 seeds. NUTS (nutpie): the truth fixed, 5 genes of 1 to 5
    sgRNAs, 20 cell lines, 4 x 2,000 draws after 4 x 2,000 of tuning, batches of 50 seeds. Neither has predictive checks or figures
    of single fits. The workflow's jobs compile again, once for each batch.
    """
    spent = {name: each["compiling"] + each["sampling"] for name, each in sweeps.items()}
    figures: dict[str, Callable[[str, Raw], float]] = {
        "wall (s)": lambda _, each: each["wall"],
        "CPU (s), of Snakemake and all jobs": lambda _, each: each["cpu"],
        f"wall x {CORES} cores (s)": lambda _, each: CORES * each["wall"],
        "compiling and sampling, summed over the fits (s)": lambda name, _: spent[name],
        "wall x cores / (compiling and sampling)": lambda name, each: CORES * each["wall"] / spent[name],
        "wall per fit (s)": lambda _, each: each["wall"] / each["fits"],
    }
    rows = [["fits", *(f"{each['fits']:,}" for each in sweeps.values())]]
    rows += [[what, *(digits(figure(name, each)) for name, each in sweeps.items())] for what, figure in figures.items()]
    lines = ["![Where the time of whole sweeps goes](sweeps.png)", "", *paragraph(text), *table(["", *TITLES.values()], rows)]
    lines += ["Goals, on two cores in which nothing else runs:", "", *goals_table(sweeps)]
    return [*lines, "Where the core seconds go, and their share of wall x cores:", "", *steps_table(sweeps)]


def goals_table(sweeps: Mapping[str, Raw]) -> list[str]:
    """What the sweeps should take at most, and what they took."""
    collapsed, nuts = sweeps["collapsed"], sweeps["nuts"]
    ratio = CORES * nuts["wall"] / (nuts["compiling"] + nuts["sampling"])
    rows = [
        ["1,000 seeds, `collapsed`: wall (s)", "30", digits(collapsed["wall"])],
        ["1,000 seeds, `collapsed`: CPU (s)", "50", digits(collapsed["cpu"])],
        ["100 fits by NUTS: wall x cores / (compiling and sampling)", "1.3", digits(ratio)],
    ]
    return table(["", "goal", "measured"], rows)


def steps_table(sweeps: Mapping[str, Raw]) -> list[str]:
    """Core seconds of each step and their share, the largest first."""
    shares = {name: core_seconds(each) for name, each in sweeps.items()}
    largest = {step: max(each.get(step, 0) for each in shares.values()) for each in shares.values() for step in each}
    rows = []
    for step in sorted(largest, key=lambda step: -largest[step]):
        cells = [step]
        for name, each in sweeps.items():
            seconds = shares[name].get(step)
            cells.append("" if seconds is None else f"{seconds:.1f} s, {100 * seconds / CORES / each['wall']:.0f} %")
        rows.append(cells)
    return table(["", *TITLES.values()], rows)


def draw(raw: Raw) -> Any:
    """Shares of the core seconds of sweeps."""
    from guidefit.report.figures.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, YELLOW

    kinds = {"fit: sampling": BLUE, "fit: compiling": SKY, "fit: imports, reading, writing": "#A8C8E8"}
    kinds |= {"simulate": GREEN, "diagnose": ORANGE, "check": PURPLE, "tables, figures": YELLOW, "no job": GREY}
    figure, (axis,) = panels(1)
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
    words = [f"{TITLES[name].replace('`', '')}\n{sweeps[name]['fits']:,} fits, {sweeps[name]['wall']:.0f} s" for name in names]
    axis.set_yticks(range(len(names)), words)
    axis.set(xlabel=f"share of wall seconds x {CORES} cores (%)", xlim=(0, 100), ylim=(-0.5, len(names) + 0.45))
    axis.set_title("Whole sweeps by the workflow")
    axis.legend(loc="upper left", ncols=3, fontsize=8, columnspacing=1, handlelength=1.2)
    return figure


def kind_of(step: str, kinds: Mapping[str, Any]) -> str:
    """The kind of a step: what its name starts with."""
    return next((kind for kind in kinds if step.startswith(kind)), "tables, figures")


if __name__ == "__main__":
    answer(__file__, measure, page, draw)
