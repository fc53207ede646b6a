"""MAGeCK, in an environment of its own (requirements-counts.txt): tables by gene of score (positive: enriched) and FDR."""

import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd

MAGECK = Path(__file__).parents[2] / ".venv-mageck/bin/mageck2"

Answer = tuple[pd.DataFrame, float]  # and seconds


def run_mle(folder: Path, counts: pd.DataFrame, treated: list[str], control: list[str]) -> tuple[Answer, Answer]:
    """MAGeCK MLE with a baseline and the drug, with FDR by permutation and by Wald's test."""
    samples = [*control, *treated]
    design = [f"{name}\t1\t{int(name in treated)}" for name in samples]
    (folder / "design.txt").write_text("\n".join(["Samples\tbaseline\tdrug", *design]) + "\n")
    seconds = run_mageck(folder, counts[["sgRNA", "Gene", *samples]], "mle", "-d", "design.txt")
    found = pd.read_csv(folder / "mageck.gene_summary.txt", sep="\t", index_col="Gene")
    return tuple((_two_sided(found["drug|z"], found[f"drug|{fdr}"]), seconds) for fdr in ("fdr", "wald-fdr"))


def run_rra(folder: Path, counts: pd.DataFrame, treated: list[str], control: list[str]) -> Answer:
    """MAGeCK test (RRA), unpaired."""
    seconds = run_mageck(folder, counts, "test", "-t", ",".join(treated), "-c", ",".join(control))
    found = pd.read_csv(folder / "mageck.gene_summary.txt", sep="\t", index_col="id")
    score = np.where(found["neg|score"] < found["pos|score"], np.log(found["neg|score"]), -np.log(found["pos|score"]))
    return found.assign(score=score, fdr_depleted=found["neg|fdr"], fdr_enriched=found["pos|fdr"]), seconds


def run_mageck(folder: Path, counts: pd.DataFrame, *arguments: str) -> float:
    """Seconds of a run of MAGeCK with its defaults (median normalisation, two rounds of permutation)."""
    counts.to_csv(folder / "counts.txt", sep="\t", index=False)
    started = time.perf_counter()
    command = [str(MAGECK), arguments[0], "-k", "counts.txt", "-n", "mageck", *arguments[1:]]
    path = {"PATH": f"{MAGECK.parent}:/usr/bin:/bin"}  # it starts its other programs by name
    subprocess.run(command, cwd=folder, env=path, check=True, capture_output=True)
    return time.perf_counter() - started


def _two_sided(z: pd.Series, fdr: pd.Series) -> pd.DataFrame:
    """A two-sided FDR holds for the direction of z."""
    return pd.DataFrame({"score": z, "fdr_depleted": fdr.where(z < 0, 1.0), "fdr_enriched": fdr.where(z > 0, 1.0)})
