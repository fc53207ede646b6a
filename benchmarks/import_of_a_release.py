"""What time and memory do the steps from DepMap's files to gene effects take?

python benchmarks/import_of_a_release.py [--quick]        writes benchmarks/import_of_a_release.md

About 5 minutes. Two screens: the raw Avana sample, which is expected in ../shared/data/raw next to the checkout and left out where
it is not there, and a simulated release of full size: 70,000 sgRNAs x 1,000 lines, two replicates of each line in four plasmid
batches, four sgRNAs to a gene, counts and copy numbers as HDF5 (about 1.3 GB).
"""

import json
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from measuring import ROOT, Bench, Raw, answer, snakemake, table

SAMPLE = ROOT.parent / "shared/data/raw"
SAMPLE_FILES = {
    "counts": "AvanaReadcounts.hdf5",
    "sequence_map": "AvanaSequenceMap.csv",
    "guide_map": "AvanaGuideMap.csv",
    "copy_number": "OmicsCNGene.hdf5",
    "nonessential": "AchillesNonessentialControls.csv",
    "essential": "AchillesCommonEssentialControls.csv",
}
STEPS = {"import": "data/screen", "fit": "fits/varying_effects/seeds_1", "effects of genes and sgRNAs": "effects"}


def make_release(folder: Path, sgrnas: int, lines: int) -> dict[str, str]:
    """Files of a simulated release, by config key. A tenth of the genes is essential, a tenth nonessential."""
    rng = np.random.default_rng(1)
    genes = sgrnas // 4
    labels = np.array([f"GENE{i} ({i})" for i in range(genes)])
    models = np.array([f"ACH-{i:06d}" for i in range(lines)])
    samples = np.array([f"{model}_{replicate}" for model in models for replicate in "AB"] + [f"pDNA_{batch}" for batch in range(4)])
    effect = np.where(np.arange(genes) % 10 == 0, -1.0, 0.0)
    guides = np.array([f"G{i:07d}" for i in range(4 * genes)])
    copies = rng.lognormal(0, 0.25, (lines, genes))
    with h5py.File(folder / "copies.hdf5", "w") as file:
        file["data"], file["dim_0"], file["dim_1"] = np.log2(copies + 1), models.astype("S"), labels.astype("S")
    with h5py.File(folder / "counts.hdf5", "w") as file:
        data = file.create_dataset("data", (len(samples), len(guides)))
        file["dim_0"], file["dim_1"] = samples.astype("S"), guides.astype("S")
        plasmid = rng.gamma(8, 60, len(guides))
        of_guide, slope = 0.3 * rng.standard_normal(len(guides)), -0.2 + 0.1 * rng.standard_normal(len(guides))
        for row in range(len(samples)):
            away = np.log2((copies[row // 2] + 1) / 2) if row < 2 * lines else None
            logfc = 0.0 if away is None else np.repeat(effect, 4) + of_guide + slope * np.repeat(away, 4)
            data[row] = rng.poisson(plasmid * 2.0**logfc * rng.lognormal(0, 0.2, len(guides)))
    batch = [f"batch_{row // 2 % 4}" for row in range(2 * lines)] + [f"batch_{i}" for i in range(4)]
    line = [*np.repeat(models, 2), *["pDNA"] * 4]
    tables = {
        "sequence_map": pd.DataFrame({"sequence_ID": samples, "cell_line_name": line, "pDNA_batch": batch}),
        "guide_map": pd.DataFrame({"sgrna": guides, "gene": np.repeat(labels, 4)}),
        "essential": pd.DataFrame({"Gene": labels[::10]}),
        "nonessential": pd.DataFrame({"Gene": labels[5::10]}),
    }
    for name, content in tables.items():
        content.to_csv(folder / f"{name}.csv", index=False)
    return {name: f"{name}.csv" for name in tables} | {"counts": "counts.hdf5", "copy_number": "copies.hdf5"}


def measure(bench: Bench) -> Raw:
    """Both screens, each by the workflow in a folder of its own, one job at a time."""
    sgrnas, lines = (400, 40) if bench.quick else (70_000, 1_000)
    screens = {}
    if SAMPLE.is_dir():
        screens["raw Avana sample"] = run(bench.folder / "sample", {key: str(SAMPLE / name) for key, name in SAMPLE_FILES.items()})
    else:
        print(f"the Avana sample is left out: there is no folder {SAMPLE}", flush=True)
    folder = bench.folder / "release"
    folder.mkdir()
    name = f"simulated release, {sgrnas:,} sgRNAs x {lines:,} lines"
    screens[name] = run(folder, make_release(folder, sgrnas, lines))
    return {"screens": screens}


def run(folder: Path, files: dict[str, str]) -> Raw:
    """Seconds and peak memory (GB) of each step of a run of the workflow, and the rows of the screen."""
    folder.mkdir(exist_ok=True)
    study = {"screen": files, "covariate": "log2_diploid", "variants": ["varying_effects"], "checks": False, "seeds": [1]}
    study["sampling"] = {"engine": "collapsed", "draws": 60}
    (folder / "config.json").write_text(json.dumps({"studies": {"release": study}}))
    targets = ["results/release/gene_effects.csv", "results/release/correction.csv"]
    subprocess.run(snakemake("--cores", "1", *targets), cwd=folder, check=True)
    results = folder / "results/release"
    print(pd.read_csv(results / "data/screen/dropped.csv").to_string())
    steps = {}
    for step, place in STEPS.items():
        record = pd.read_csv(results / place / "benchmark.tsv", sep="\t").iloc[0]
        steps[step] = {"seconds": float(record["s"]), "peak_gb": float(record["max_rss"]) / 1024}
    return {"rows": pq.ParquetFile(results / "data/screen/screen.parquet").metadata.num_rows, "steps": steps}


def page(raw: Raw) -> list[str]:
    """The page: a row for each screen and step."""
    rows = [
        [name, f"{screen['rows']:,}", step, f"{each['seconds']:.1f}", f"{each['peak_gb']:.2f}"]
        for name, screen in raw["screens"].items()
        for step, each in screen["steps"].items()
    ]
    return [
        "The workflow runs on one core; seconds and peak resident memory are those of each step's job, imports included.",
        "",
        *table(["screen", "rows", "step", "seconds", "peak memory (GB)"], rows),
    ]


if __name__ == "__main__":
    answer(__file__, measure, page)
