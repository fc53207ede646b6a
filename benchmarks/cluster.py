"""What a job costs on SLURM by seeds per job, and what Snakemake itself takes for 4 variants x 10,000 seeds.

python benchmarks/cluster.py        writes benchmarks/cluster.md; brings up a SLURM cluster on this machine (root, Debian packages)
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import pandas as pd
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from cluster import Cluster  # noqa: E402

VARIANTS = ["varying_effects", "correlated_effects", "gene_effects", "pooled"]
STUDY = {
    "simulate": {"genes": 5, "sgrnas_per_gene": 3, "cell_lines": 20},
    "sampling": {"engine": "collapsed", "draws": 50},
    "checks": False,
    "figure_seeds": 0,
}
JOBS_AT_A_TIME = 2  # as many as cores here, so that a job's time is its own
NOW = ("--slurm-init-seconds-before-status-checks", "1")  # ask for the state of jobs as of now
BLOCKS = {1: 4, 10: 20, 50: 100}  # seeds per job -> seeds


def snakemake(folder: Path, *arguments: str, config: dict[str, object]) -> tuple[float, float, str]:
    """Run the workflow in a folder, which must succeed: wall seconds, peak MB of the driver, what it printed."""
    (folder / "config.yaml").write_text(yaml.safe_dump({"studies": {"study": config}}))
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--configfile", "config.yaml", *arguments]
    started = time.perf_counter()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    text = (folder / "log").read_text()
    assert status == 0, text[-3000:]
    return seconds, usage.ru_maxrss / 1024, text


def blocks() -> list[str]:
    """Rows of the table of seconds per fit, on SLURM and without it."""
    rows = []
    profile = (ROOT / "profiles/slurm/profile.yaml").read_text().replace("CHANGE_ME", "main")
    cluster = Cluster()
    try:
        for size, seeds in BLOCKS.items():
            study = STUDY | {"variants": ["varying_effects"], "seeds": f"0-{seeds - 1}", "batch_size": size}
            names = [f"{i}-{i + size - 1}" if size > 1 else f"{i}" for i in range(0, seeds, size)]
            data = [f"results/study/data/design/seeds_{name}/screen.parquet" for name in names]
            fits = [f"results/study/fits/varying_effects/seeds_{name}/model.json" for name in names]
            with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
                here, there = Path(one), Path(other)
                local = ("--cores", str(JOBS_AT_A_TIME), "--workflow-profile", str(ROOT / "profiles/default"))
                snakemake(here, *local, *data, config=study)
                snakemake(here, *local, *fits, config=study)
                records = [json.loads(path.read_text()) for path in (here / ".snakemake/metadata").rglob("*") if path.is_file()]
                times = pd.DataFrame([r for r in records if r["rule"] == "fit"]).drop_duplicates("starttime")
                alone = (times["endtime"] - times["starttime"]).sum() / seeds

                (there / "profile.yaml").write_text(profile)
                snakemake(there, *local, *data, config=study)
                before = {job["id"] for job in cluster.jobs()}
                slurm = ("--workflow-profile", ".", "--jobs", str(JOBS_AT_A_TIME), *NOW)
                wall, _, _ = snakemake(there, *slurm, *fits, config=study)
                lines = [line.split("|") for line in cluster.run("squeue", "-h", "-t", "all", "-o", "%i|%S|%e").splitlines()]
                spans = [[datetime.fromisoformat(each) for each in times] for i, *times in lines if i not in before]
                job = sum((end - start).total_seconds() for start, end in spans) / seeds
            ratio = f"{job:.2f} | {alone:.2f} | {job / alone:.1f}"
            rows.append(f"| {size} | {seeds} | {len(spans)} | {ratio} | {wall / seeds:.2f} |")
            print(rows[-1], flush=True)
    finally:
        cluster.stop()
    return rows


def large() -> list[str]:
    """Rows of the table of dry runs of 4 variants x 10,000 seeds, and of a run that has nothing to do."""
    rows = []
    for size, finish in ((50, True), (10, False)):
        study = STUDY | {"variants": VARIANTS, "seeds": "0-9999", "batch_size": size}
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            arguments = ("--cores", "2", "--workflow-profile", str(ROOT / "profiles/slurm"), "--executor", "local")
            dry, memory, _ = snakemake(folder, *arguments, "--dry-run", "--quiet", "all", config=study)
            files, again = (f"{value:,.0f}" for value in finished(folder, arguments, study)) if finish else ("", "")
            jobs = 9 * 10_000 // size
            rows.append(f"| {size} | {jobs:,} | {dry:.0f} | {memory:.0f} | {files} | {again} |")
            print(rows[-1], flush=True)
    return rows


def finished(folder: Path, arguments: tuple[str, ...], study: dict[str, object]) -> tuple[int, float]:
    """A study finished as far as Snakemake can tell, every file there and recorded: number of files, seconds of one more run."""
    _, _, summary = snakemake(folder, *arguments, "--summary", config=study)
    outputs = [line.split("\t")[0] for line in summary.splitlines() if line.startswith("results/")]
    for output in outputs:
        (folder / output).parent.mkdir(parents=True, exist_ok=True)
        (folder / output).touch()
    snakemake(folder, *arguments, "--touch", config=study)
    seconds, _, text = snakemake(folder, *arguments, config=study)
    assert "Nothing to be done" in text
    return len(outputs), seconds


def main() -> None:
    """Measure and write the tables."""
    load = os.getloadavg()[0]
    lines = [
        "# What a cluster costs",
        "",
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; load before the start {load:.1f}. "
        "Made by `python benchmarks/cluster.py`.",
        "",
        "## Seconds per fit by seeds per job",
        "",
        "`varying_effects`, engine `collapsed`, 300 rows, on a SLURM cluster on this machine and, in the same run, without it,",
        f"{JOBS_AT_A_TIME} jobs at a time. A job counts while it holds its node; the last column is the wall time of the",
        "run, with the driver's waiting, over the fits.",
        "",
        "| seeds per job | fits | SLURM jobs | job seconds per fit, SLURM | the same, local | ratio | wall per fit, SLURM |",
        "|---|---|---|---|---|---|---|",
        *blocks(),
        "",
        "## 4 variants x 10,000 seeds",
        "",
        "Of the run with nothing to do, every file is there but empty, and recorded by `--touch`.",
        "",
        "| seeds per job | jobs | dry run (s) | its peak memory (MB) | files | nothing to do (s) |",
        "|---|---|---|---|---|---|",
        *large(),
    ]
    (ROOT / "benchmarks/cluster.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
