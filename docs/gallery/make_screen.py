"""Write a made-up screen in the layout of a real one, and its lists of control genes, into the working directory.

80 genes with four guides each in 10 cell lines: a fifth of the genes is essential, two amplified genes are needed where they are
amplified, lines respond differently, and amplified genes lose guides even where no cell needs them (the artefact).
"""

import numpy as np
import pandas as pd

GENES, ESSENTIAL, GUIDES, LINES = 80, 16, 4, 10
ONCOGENES = (40, 41)


def make() -> pd.DataFrame:
    """One row per guide and cell line: sgrna, gene, ModelID, copy_number (1 for a diploid gene), logfc."""
    rng = np.random.default_rng(2026)
    copies = np.clip(rng.gamma(20, 0.05, (GENES, LINES)), 0.1, None)
    is_amplified = rng.random((GENES, LINES)) < 0.03
    is_amplified[list(ONCOGENES), :3] = True
    copies = np.where(is_amplified, rng.uniform(4, 10, copies.shape), copies)
    x = np.log2(copies + 1) - 1
    gene = np.where(np.arange(GENES) < ESSENTIAL, rng.normal(-1.2, 0.4, GENES), rng.normal(0, 0.08, GENES))
    effect = gene[:, None] + rng.normal(0, 0.1, (GENES, LINES)) - 0.25 * x
    effect[list(ONCOGENES)] -= 0.8 * x[list(ONCOGENES)] * (x[list(ONCOGENES)] > 0.5)
    multiplier = np.exp(rng.normal(0, 0.25, LINES))
    guide = rng.normal(0, 0.15, (GENES, GUIDES))
    logfc = multiplier * (effect[:, None, :] + guide[:, :, None]) + rng.normal(0, 0.3, (GENES, GUIDES, LINES))
    g, s, line = (each.ravel() for each in np.indices(logfc.shape))
    return pd.DataFrame(
        {
            "sgrna": [f"G{i:03d}_{j + 1}" for i, j in zip(g, s, strict=True)],
            "gene": [f"G{i:03d}" for i in g],
            "ModelID": [f"ACH-{i + 1:06d}" for i in line],
            "copy_number": copies[g, line].round(3),
            "logfc": logfc.ravel().round(4),
        }
    )


if __name__ == "__main__":
    table = make()
    table.to_csv("screen.csv", index=False)
    genes = table["gene"].drop_duplicates()
    genes[:ESSENTIAL].to_frame("Gene").to_csv("essential.csv", index=False)
    genes[ESSENTIAL : ESSENTIAL + 24].to_frame("Gene").to_csv("nonessential.csv", index=False)
