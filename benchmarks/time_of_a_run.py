"""Where the time of the default run goes: wall and summed seconds by step, and compiling and sampling within the fits.

python benchmarks/time_of_a_run.py [cores]        writes benchmarks/time_of_a_run.md
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
START_UP = {
    "python -c pass": "pass",
    "import numpy, pandas": "import numpy, pandas",
    "import pymc": "import pymc",
    "import arviz": "import arviz",
}


def seconds_of(*command: str, cwd: Path = ROOT) -> float:
    """Wall seconds of a command, which must succeed."""
    started = time.perf_counter()
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)
    return time.perf_counter() - started


def jobs(folder: Path) -> pd.DataFrame:
    """rule, start and end of every job of a finished run, from Snakemake's own records."""
    records = [json.loads(path.read_text()) for path in (folder / ".snakemake/metadata").rglob("*") if path.is_file()]
    rows = [(r["rule"], str(r["log"]), r["starttime"], r["endtime"]) for r in records]
    table = pd.DataFrame(rows, columns=["rule", "log", "start", "end"])
    return table.drop_duplicates("log")  # there is a record for each output file, and a log for each job


def main() -> None:
    """Run the default study in an empty folder and write the table."""
    cores = int(sys.argv[1]) if len(sys.argv) > 1 else os.cpu_count() or 1
    snakemake = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--cores", str(cores)]
    snakemake += ["--configfile", str(ROOT / "config/config.yaml"), "--workflow-profile", str(ROOT / "profiles/default")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = seconds_of(*snakemake, cwd=folder)
        nothing = seconds_of(*snakemake, cwd=folder)
        report = seconds_of(*snakemake, "--report", "report.html", cwd=folder)
        done = jobs(folder)
        fits = pd.read_csv(folder / "results/notebook/diagnostics.csv").set_index("variant")
    done["seconds"] = done["end"] - done["start"]
    steps = done.groupby("rule")["seconds"].agg(["count", "sum"]).sort_values("sum", ascending=False)
    lines = [
        "# Where the time of the default run goes",
        "",
        f"{cores} cores, {platform.machine()}, Python {platform.python_version()}. Made by `python benchmarks/time_of_a_run.py`.",
        "",
        f"The run took {run:.0f} s, its report {report:.1f} s; a second run, which has nothing to do, {nothing:.1f} s.",
        f"Its jobs sum to {steps['sum'].sum():.0f} s, on {cores} cores {run * cores:.0f} s were there.",
        "",
        "| step | jobs | seconds, summed |",
        "|---|---|---|",
        *(f"| {rule} | {row['count']:.0f} | {row['sum']:.1f} |" for rule, row in steps.iterrows()),
        "",
        "| fit | compiling (s) | sampling (s) |",
        "|---|---|---|",
        *(f"| {name} | {row['seconds_compile']:.1f} | {row['seconds_sampling']:.1f} |" for name, row in fits.iterrows()),
        "",
        "| start-up | seconds |",
        "|---|---|",
        *(f"| {name} | {min(seconds_of(sys.executable, '-c', code) for _ in range(3)):.2f} |" for name, code in START_UP.items()),
    ]
    (ROOT / "benchmarks/time_of_a_run.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
