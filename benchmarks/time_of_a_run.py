"""Where does the time of the default run go: which steps, and within the fits compiling and sampling?

python benchmarks/time_of_a_run.py [--quick]        writes benchmarks/time_of_a_run.md

About 2 minutes. The default study (config/config.yaml) runs in an empty folder; --quick fits one variant with few draws.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import yaml
from measuring import CORES, ROOT, Bench, Raw, answer, jobs, snakemake, table

START_UP = {
    "python -c pass": "pass",
    "import numpy, pandas": "import numpy, pandas",
    "import pymc": "import pymc",
    "import arviz": "import arviz",
}


def measure(bench: Bench) -> Raw:
    """Seconds of the run, its report and a second run; of its steps, its fits, and Python's start-up."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    (name,) = config["studies"]
    if bench.quick:
        config["studies"][name] |= {"variants": ["pooled"], "sampling": {"draws": 100, "tune": 100}}
    (bench.folder / "config.json").write_text(json.dumps(config))
    seconds = {
        "run": seconds_of(*snakemake(), cwd=bench.folder),
        "second_run": seconds_of(*snakemake(), cwd=bench.folder),
        "report": seconds_of(*snakemake("--report", "report.html"), cwd=bench.folder),
    }
    steps = jobs(bench.folder).groupby("rule")["seconds"].agg(["count", "sum"]).sort_values("sum", ascending=False)
    fits = pd.read_csv(bench.folder / "results" / name / "diagnostics.csv").set_index("variant")
    return seconds | {
        "steps": {str(rule): {"jobs": int(row["count"]), "seconds": float(row["sum"])} for rule, row in steps.iterrows()},
        "fits": fits[["seconds_compile", "seconds_sampling"]].to_dict("index"),
        "start_up": {words: min(seconds_of(sys.executable, "-c", code) for _ in range(3)) for words, code in START_UP.items()},
    }


def seconds_of(*command: str, cwd: Path = ROOT) -> float:
    """Wall seconds of a command, which must succeed."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
    return time.perf_counter() - started


def page(raw: Raw) -> list[str]:
    """The page: the run in two sentences, and tables of steps, fits and start-up."""
    jobs_sum = sum(step["seconds"] for step in raw["steps"].values())
    return [
        f"The run took {raw['run']:.0f} s, its report {raw['report']:.1f} s; a second run, which has nothing to do, "
        f"{raw['second_run']:.1f} s.",
        f"Its jobs sum to {jobs_sum:.0f} s, out of {raw['run'] * CORES:.0f} s that {CORES} cores had.",
        "",
        *table(
            ["step", "jobs", "seconds, summed"],
            [[rule, str(step["jobs"]), f"{step['seconds']:.1f}"] for rule, step in raw["steps"].items()],
        ),
        *table(
            ["fit", "compiling (s)", "sampling (s)"],
            [[name, f"{fit['seconds_compile']:.1f}", f"{fit['seconds_sampling']:.1f}"] for name, fit in raw["fits"].items()],
        ),
        *table(["start-up", "seconds"], [[words, f"{seconds:.2f}"] for words, seconds in raw["start_up"].items()]),
    ]


if __name__ == "__main__":
    answer(__file__, measure, page)
