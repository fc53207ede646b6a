"""What does a fit cost on SLURM by the number of seeds per job, and what does Snakemake itself take for 4 variants x 10,000 seeds?

python benchmarks/cluster.py [--quick]        writes benchmarks/cluster.md

About 10 minutes. It brings up a SLURM cluster on this machine (as root, with Debian packages), and takes it down again.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from measuring import ROOT, Bench, Raw, answer, jobs, table

sys.path.insert(0, str(ROOT / "tests"))

from helpers.cluster import Cluster, Unavailable

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


def measure(bench: Bench) -> Raw:
    """Fits by seeds per job, on a cluster and without it, then dry runs of a large study."""
    load = os.getloadavg()[0]
    try:
        cluster = Cluster()
    except Unavailable as reason:
        raise SystemExit(f"no SLURM cluster can be brought up here: {reason}") from None
    try:
        sizes = {1: 2} if bench.quick else BLOCKS
        blocks = [block(cluster, size, seeds) for size, seeds in sizes.items()]
    finally:
        cluster.stop()
    seeds = 100 if bench.quick else 10_000
    return {"load": load, "blocks": blocks, "seeds": seeds, "large": [large(50, seeds, True), large(10, seeds, False)]}


def run(folder: Path, *arguments: str, config: Mapping[str, Any]) -> tuple[float, float, str]:
    """Run the workflow in a folder, which must succeed: wall seconds, peak MB of the driver, what it printed."""
    (folder / "config.json").write_text(json.dumps({"studies": {"study": config}}))
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), *arguments, "--configfile", "config.json"]
    started = time.perf_counter()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    text = (folder / "log").read_text()
    if status:
        raise SystemExit(f"{' '.join(command)} failed:\n{text[-3000:]}")
    return seconds, usage.ru_maxrss / 1024, text


def block(cluster: Cluster, size: int, seeds: int) -> Raw:
    """Seconds per fit with a number of seeds per job, on the cluster and without it."""
    study = STUDY | {"variants": ["varying_effects"], "seeds": f"0-{seeds - 1}", "batch_size": size}
    names = [f"{i}-{i + size - 1}" if size > 1 else f"{i}" for i in range(0, seeds, size)]
    data = [f"results/study/data/design/seeds_{name}/screen.parquet" for name in names]
    fits = [f"results/study/fits/varying_effects/seeds_{name}/model.json" for name in names]
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        here, there = Path(one), Path(other)
        local = ("--cores", str(JOBS_AT_A_TIME), "--workflow-profile", str(ROOT / "profiles/default"))
        run(here, *local, *data, *fits, config=study)
        of_rule = jobs(here)
        alone = of_rule.loc[of_rule["rule"] == "fit", "seconds"].sum() / seeds

        (there / "profile.yaml").write_text((ROOT / "profiles/slurm/profile.yaml").read_text().replace("CHANGE_ME", "main"))
        run(there, *local, *data, config=study)
        before = {job["id"] for job in cluster.jobs()}
        wall, _, _ = run(there, "--workflow-profile", ".", "--jobs", str(JOBS_AT_A_TIME), *NOW, *fits, config=study)
    lines = [line.split("|") for line in cluster.run("squeue", "-h", "-t", "all", "-o", "%i|%S|%e").splitlines()]
    spans = [[datetime.fromisoformat(each) for each in times] for job, *times in lines if job not in before]
    on_slurm = sum((end - start).total_seconds() for start, end in spans) / seeds
    found = {"size": size, "seeds": seeds, "jobs": len(spans), "slurm": on_slurm, "local": float(alone), "wall": wall / seeds}
    print(found, flush=True)
    return found


def large(size: int, seeds: int, finish: bool) -> Raw:
    """Dry run of 4 variants x many seeds, and a run that has nothing to do."""
    study = STUDY | {"variants": VARIANTS, "seeds": f"0-{seeds - 1}", "batch_size": size}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arguments = ("--cores", "2", "--workflow-profile", str(ROOT / "profiles/slurm"), "--executor", "local")
        dry, memory, _ = run(folder, *arguments, "--dry-run", "--quiet", "all", config=study)
        found = {"size": size, "jobs": 9 * seeds // size, "dry": dry, "memory": memory}
        if finish:
            found["files"], found["again"] = finished(folder, arguments, study)
    print(found, flush=True)
    return found


def finished(folder: Path, arguments: tuple[str, ...], study: Mapping[str, Any]) -> tuple[int, float]:
    """A study that Snakemake takes for finished, with empty recorded files: number of files, seconds of one more run."""
    _, _, summary = run(folder, *arguments, "--summary", config=study)
    outputs = [line.split("\t")[0] for line in summary.splitlines() if line.startswith("results/")]
    for output in outputs:
        (folder / output).parent.mkdir(parents=True, exist_ok=True)
        (folder / output).touch()
    run(folder, *arguments, "--touch", config=study)
    seconds, _, text = run(folder, *arguments, config=study)
    if "Nothing to be done" not in text:
        raise SystemExit(f"a finished study ran again:\n{text[-3000:]}")
    return len(outputs), seconds


def page(raw: Raw) -> list[str]:
    """The page: a table of seconds per fit, and one of a large study."""
    header = [
        "seeds per job",
        "fits",
        "SLURM jobs",
        "job seconds per fit, SLURM",
        "the same, local",
        "ratio",
        "wall per fit, SLURM",
    ]
    blocks = []
    for each in raw["blocks"]:
        seconds = [f"{each['slurm']:.2f}", f"{each['local']:.2f}", f"{each['slurm'] / each['local']:.1f}", f"{each['wall']:.2f}"]
        blocks.append([str(each["size"]), str(each["seeds"]), str(each["jobs"]), *seconds])
    sizes = []
    for each in raw["large"]:
        again = [f"{each['files']:,}", f"{each['again']:.0f}"] if "again" in each else ["", ""]
        sizes.append([str(each["size"]), f"{each['jobs']:,}", f"{each['dry']:.0f}", f"{each['memory']:.0f}", *again])
    return [
        f"Load of the machine before the start: {raw['load']:.1f}.",
        "",
        "## Seconds per fit by seeds per job",
        "",
        "`varying_effects`, engine `collapsed`, 300 rows, on a SLURM cluster on this machine and, in the same run, without it,",
        f"{JOBS_AT_A_TIME} jobs at a time. A job counts while it holds its node; the last column is the wall time of the",
        "run, including the driver's waiting, divided by the number of fits.",
        "",
        *table(header, blocks),
        f"## 4 variants x {raw['seeds']:,} seeds",
        "",
        "In the run with nothing to do, every file exists but is empty, and is recorded by `--touch`.",
        "",
        *table(["seeds per job", "jobs", "dry run (s)", "its peak memory (MB)", "files", "nothing to do (s)"], sizes),
    ]


if __name__ == "__main__":
    answer(__file__, measure, page)
