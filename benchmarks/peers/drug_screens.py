"""Simulated drug screens with known truth: read counts of one cell line with a drug and with DMSO."""

import numpy as np
import pandas as pd

GUIDES, REPLICATES = 4, "AB"
SAMPLES = {arm: [f"{arm}_{replicate}" for replicate in REPLICATES] for arm in ("drug", "dmso")}


def simulate(seed: int, genes: int, toxic: float) -> tuple[pd.DataFrame, pd.Series]:
    """A count table of a drug screen, and the sign of each gene's difference between the arms, 0 for most."""
    rng = np.random.default_rng(seed)
    names = [f"G{i:04d}" for i in range(genes)]
    kind = rng.permutation(np.resize(np.repeat([-1, 1, 0], [2, 1, 22]), genes))
    difference = kind * rng.uniform(0.4, 2.0, genes)
    growth = np.where(rng.random(genes) < 0.1, -1.5, 0.0)
    gene = np.repeat(np.arange(genes), GUIDES)
    strength = rng.beta(5, 2, len(gene)) * 1.2
    drug = strength * difference[gene] + rng.normal(0, 0.1, len(gene))
    drug -= 3.0 * (rng.random(len(gene)) < toxic)
    abundance = 300 * rng.lognormal(0, 0.6, len(gene)) * 2 ** (strength * growth[gene])
    columns = {"sgRNA": [f"{names[g]}_{i % GUIDES}" for i, g in enumerate(gene)], "Gene": np.array(names)[gene]}
    for replicate in REPLICATES:
        shared = abundance * 2 ** rng.normal(0, 0.15, len(gene))
        for arm, change in (("dmso", 0.0), ("drug", drug)):
            mean = shared * 2**change * rng.uniform(0.7, 1.4)
            columns[f"{arm}_{replicate}"] = rng.negative_binomial(25, 25 / (25 + mean))
    return pd.DataFrame(columns), pd.Series(kind, names)
