"""Time and peak memory from DepMap's files to gene effects: the raw Avana sample, and a made-up release of full size.

python benchmarks/import_of_a_release.py [sgRNAs] [cell lines]        writes benchmarks/import_of_a_release.md

The release has two replicates of each line in four plasmid batches, four sgRNAs to a gene, counts and copy numbers as HDF5 (about
1.3 GB at 70,000 sgRNAs x 1,000 lines). The sample lies beside the checkout, in ../shared/data/raw, or is left out.
"""

import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import yaml

ROOT = Path(__file__).parents[1]
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
    """Files of a made-up release, by config key. A tenth of the genes is essential, a tenth nonessential."""
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
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return {name: f"{name}.csv" for name in tables} | {"counts": "counts.hdf5", "copy_number": "copies.hdf5"}


def run(folder: Path, files: dict[str, str]) -> tuple[pd.DataFrame, int]:
    """Seconds and peak memory (MB) of each step of a run of the real workflow in a folder, and the rows of the screen."""
    study = {"screen": files, "covariate": "log2_diploid", "variants": ["varying_effects"], "checks": False, "seeds": [1]}
    study["sampling"] = {"engine": "collapsed", "draws": 60}
    (folder / "config.yaml").write_text(yaml.safe_dump({"studies": {"release": study}}))
    snakemake = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--cores", "1", "--configfile", "config.yaml"]
    targets = ["results/release/gene_effects.csv", "results/release/correction.csv"]
    subprocess.run([*snakemake, "--workflow-profile", str(ROOT / "profiles/default"), *targets], cwd=folder, check=True)
    parts = [
        pd.read_csv(folder / f"results/release/{place}/benchmark.tsv", sep="\t").assign(step=step) for step, place in STEPS.items()
    ]
    dropped = pd.read_csv(folder / "results/release/data/screen/dropped.csv")
    print(dropped.to_string())

    rows = pq.ParquetFile(folder / "results/release/data/screen/screen.parquet").metadata.num_rows
    return pd.concat(parts, ignore_index=True)[["step", "s", "max_rss"]], rows


def main() -> None:
    """Run both and write the table."""
    sgrnas, lines = (int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) > 2 else (70_000, 1_000)
    text = [
        "# From DepMap's files to gene effects",
        "",
        f"One core, {platform.machine()}, Python {platform.python_version()}. Made by `python benchmarks/import_of_a_release.py`,",
        "which runs the real workflow; seconds and peak resident memory are those of each step's job, imports included.",
        "",
        "| screen | rows | step | seconds | peak memory (GB) |",
        "|---|---|---|---|---|",
    ]
    sample = {key: str(SAMPLE / name) for key, name in SAMPLE_FILES.items()} if SAMPLE.is_dir() else None
    for name in ["raw Avana sample", f"made-up release, {sgrnas:,} sgRNAs x {lines:,} lines"]:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            made_up = name.startswith("made-up")
            files = make_release(folder, sgrnas, lines) if made_up else sample
            if files is None:
                continue
            table, rows = run(folder, files)
        text += [f"| {name} | {rows:,} | {row.step} | {row.s:.1f} | {row.max_rss / 1024:.2f} |" for row in table.itertuples()]
    (ROOT / "benchmarks/import_of_a_release.md").write_text("\n".join(text) + "\n")
    print("\n".join(text))


if __name__ == "__main__":
    main()
