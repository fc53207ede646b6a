"""What do time and memory of a whole genome amount to, from the screen on disk to the tables, by the workflow?

python benchmarks/whole_genome.py [--quick]        writes benchmarks/whole_genome.md

config/studies/large.yaml with one variant: 72 million rows, 1 GB of disk, about 1 minute.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import yaml
from measuring import ROOT, Bench, Raw, answer, digits, jobs, paragraph, snakemake, table

# Runs a command and prints the peak memory of the largest of its processes, in kilobytes.
WITH_PEAK = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""
SCREEN = "data/design/seeds_1/screen.parquet"


def measure(bench: Bench) -> Raw:
    """The simulation first, then everything from the screen to the tables."""
    config = yaml.safe_load((ROOT / "config/studies/large.yaml").read_text())
    study = config["studies"]["large"]
    study["variants"] = ["correlated_effects"]
    if bench.quick:
        study["simulate"] |= {"genes": 50, "cell_lines": 100}
    (bench.folder / "config.json").write_text(json.dumps(config))
    steps = {"simulation": SCREEN, "screen to tables": "estimates.csv"}
    found = {step: run(bench.folder, f"results/large/{target}") for step, target in steps.items()}
    fit = pd.read_csv(bench.folder / "results/large/diagnostics.csv").iloc[0]
    return {
        "genome": found,
        "file_mb": (bench.folder / "results/large" / SCREEN).stat().st_size / 1e6,
        "rows": int(fit["rows"]),
        "sgrnas": int(fit["sgrnas"]),
        "sampling": float(fit["seconds_sampling"]),
        "k_hat": float(fit["k_hat"]),
        "importance_ess": float(fit["importance_ess"]),
        "steps": {str(rule): float(seconds) for rule, seconds in jobs(bench.folder).groupby("rule")["seconds"].sum().items()},
    }


def run(folder: Path, target: str) -> dict[str, float]:
    """Wall seconds and peak memory of a run of the workflow to a target."""
    print(target, flush=True)
    started = time.perf_counter()
    command = [sys.executable, "-c", WITH_PEAK, *snakemake(target)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"the run to {target} failed:\n{done.stderr[-4000:]}")
    return {"wall": time.perf_counter() - started, "peak_mb": int(done.stdout) * 1024 / 1e6}


def page(raw: Raw) -> list[str]:
    """The page: a paragraph, and a table of the two runs."""
    text = f"""
    `config/studies/large.yaml` by the workflow, `correlated_effects`: {raw["rows"]:,} rows, {raw["sgrnas"]:,} sgRNAs, in a Parquet
    file of {raw["file_mb"]:,.0f} MB. The fit drew in {raw["sampling"]:.0f} s (k-hat {raw["k_hat"]:.2f}, importance ESS
    {raw["importance_ess"]:,.0f}); jobs: {", ".join(f"{rule} {seconds:.0f} s" for rule, seconds in raw["steps"].items())}. Memory is
    that of the largest process. Once.
    """
    rows = [[step, digits(each["wall"]), f"{each['peak_mb']:,.0f}"] for step, each in raw["genome"].items()]
    return [*paragraph(text), *table(["", "wall, Snakemake included (s)", "memory (MB)"], rows)]


if __name__ == "__main__":
    answer(__file__, measure, page)
