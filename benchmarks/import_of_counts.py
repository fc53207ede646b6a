"""What time and memory does the import of a count table of 1,000 samples take?

python benchmarks/import_of_counts.py [--quick]        writes benchmarks/import_of_counts.md

About 5 minutes. A simulated count table as MAGeCK writes it: 18,000 genes of 4 guides, 498 cell lines with two replicates each,
four plasmid samples (text, about 300 MB), with a sample sheet and a list of control guides. It is imported with copy numbers (a
matrix as HDF5) and without.
"""

import json
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from measuring import Bench, Raw, answer, paragraph, snakemake, table

STUDIES = {"with copy numbers": "copies", "without copy numbers": "plain"}
BATCHES = 4


def make_table(folder: Path, genes: int, lines: int) -> dict[str, str]:
    """The files of the screen, by config key. A tenth of the genes is essential, the last hundredth of the guides are controls."""
    rng = np.random.default_rng(1)
    guides = 4 * genes
    models = [f"LINE{i:04d}" for i in range(lines)]
    samples = [f"{model}_{replicate}" for model in models for replicate in "AB"] + [f"plasmid_{i}" for i in range(BATCHES)]
    names = np.array([f"GENE{i}" for i in range(genes)])
    copies = rng.lognormal(0, 0.25, (lines, genes))
    effect = np.repeat(np.where(np.arange(genes) % 10 == 0, -1.0, 0.0), 4) + 0.3 * rng.standard_normal(guides)
    plasmid = rng.gamma(8, 60, guides)
    columns = {"sgRNA": pa.array([f"sg{i:06d}" for i in range(guides)]), "Gene": pa.array(np.repeat(names, 4))}
    for row, sample in enumerate(samples):
        away = np.repeat(np.log2((copies[row // 2] + 1) / 2), 4) if row < 2 * lines else 0.0
        logfc = effect - 0.2 * away if row < 2 * lines else 0.0
        columns[sample] = pa.array(rng.poisson(plasmid * 2.0**logfc * rng.lognormal(0, 0.2, guides)).astype(np.int32))
    pa.csv.write_csv(pa.table(columns), folder / "counts.csv")
    line = [*np.repeat(models, 2), *["pDNA"] * BATCHES]
    batch = [f"b{row // 2 % BATCHES}" for row in range(2 * lines)] + [f"b{i}" for i in range(BATCHES)]
    pd.DataFrame({"sample": samples, "cell_line": line, "batch": batch}).to_csv(folder / "samples.csv", index=False)
    (folder / "controls.txt").write_text("\n".join(f"sg{i:06d}" for i in range(guides - guides // 100, guides)))
    with h5py.File(folder / "copies.hdf5", "w") as file:
        file["data"], file["dim_0"], file["dim_1"] = np.log2(copies + 1), np.array(models, "S"), names.astype("S")
    return {"count_table": "counts.csv", "samples": "samples.csv", "control_guides": "controls.txt", "copy_number": "copies.hdf5"}


def measure(bench: Bench) -> Raw:
    """The conversion of the table, and both imports, one job at a time."""
    genes, lines = (300, 8) if bench.quick else (18_000, 498)
    files = make_table(bench.folder, genes, lines)
    size = (bench.folder / "counts.csv").stat().st_size
    without = {key: value for key, value in files.items() if key != "copy_number"}
    plain = {"sampling": {"engine": "collapsed", "draws": 60}, "checks": False}
    studies = {
        "copies": plain | {"screen": files, "covariate": "log2_diploid", "variants": ["varying_effects"]},
        "plain": plain | {"screen": without, "variants": ["sgrna_intercepts"]},
    }
    (bench.folder / "config.json").write_text(json.dumps({"studies": studies}))
    targets = [f"results/{study}/data/screen/dropped.csv" for study in STUDIES.values()]
    subprocess.run(snakemake("--cores", "1", *targets), cwd=bench.folder, check=True)
    results = bench.folder / "results"
    steps = {"text to Parquet, once for all studies": _record(next((results / "count-tables").glob("*.tsv")))}
    for title, study in STUDIES.items():
        steps[f"import {title}"] = _record(results / study / "data/screen/benchmark.tsv")
    rows = {study: pq.ParquetFile(results / study / "data/screen/screen.parquet").metadata.num_rows for study in STUDIES.values()}
    return {"guides": 4 * genes, "samples": 2 * lines + BATCHES, "megabytes": size / 1e6, "rows": rows, "steps": steps}


def _record(path: Path) -> Raw:
    """Seconds, CPU seconds and peak memory (GB) of a job."""
    record = pd.read_csv(path, sep="\t").iloc[0]
    return {"seconds": float(record["s"]), "cpu": float(record["cpu_time"]), "peak_gb": float(record["max_rss"]) / 1024}


def page(raw: Raw) -> list[str]:
    """The page: a row for each step."""
    steps = raw["steps"].items()
    rows = [[step, f"{each['seconds']:.0f}", f"{each['cpu']:.0f}", f"{each['peak_gb']:.2f}"] for step, each in steps]
    return [
        *paragraph(
            f"{raw['guides']:,} guides x {raw['samples']:,} samples, {raw['megabytes']:.0f} MB of text; {raw['rows']['copies']:,} "
            f"rows with copy numbers, {raw['rows']['plain']:,} without. Seconds and peak resident memory are those of each job on "
            "one core, CPU seconds those up to Snakemake's last look at the job, at most half a minute before its end. The goal "
            "is two minutes and 4 GB for the table and one import."
        ),
        *table(["step", "seconds", "CPU seconds", "peak memory (GB)"], rows),
    ]


if __name__ == "__main__":
    answer(__file__, measure, page)
