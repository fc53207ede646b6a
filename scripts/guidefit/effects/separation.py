"""How well a screen separates essential from nonessential genes, cell line by cell line."""

import numpy as np
import pandas as pd
from scipy import stats

SEPARATION_COLUMNS = ("cell_line", "auroc", "nnmd", "genes_essential", "genes_nonessential")


def separate_by_line(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """One row per cell line (SEPARATION_COLUMNS), in the order in which the lines first appear.

    table: rows of genes in cell lines with cell_line, gene, control (essential, nonessential, or another value, whose rows do not
    count) and the column `value`, an effect or logFC; several rows of a gene in a line are averaged, missing values left out.
    auroc, nnmd: see `measure_auroc` and `measure_nnmd`; NaN where a line has too few control genes.
    """
    rows = table[table["control"].isin(["essential", "nonessential"]) & table[value].notna()]
    found = pd.DataFrame({"cell_line": pd.unique(table["cell_line"].astype("str"))})
    by_gene = rows.groupby(["cell_line", "gene", "control"], observed=True)[value].mean().reset_index()
    figures = []
    for line, of_line in by_gene.groupby("cell_line", observed=True):
        essential, nonessential = (
            of_line.loc[of_line["control"] == kind, value].to_numpy(float) for kind in ("essential", "nonessential")
        )
        figures.append(
            {
                "cell_line": str(line),
                "auroc": measure_auroc(essential, nonessential),
                "nnmd": measure_nnmd(essential, nonessential),
                "genes_essential": len(essential),
                "genes_nonessential": len(nonessential),
            }
        )
    of_lines = pd.DataFrame(figures, columns=list(SEPARATION_COLUMNS)).astype({"cell_line": "str"})
    counts = dict.fromkeys(SEPARATION_COLUMNS[3:], "Int64")
    return found.merge(of_lines, on="cell_line", how="left").fillna(dict.fromkeys(counts, 0)).astype(counts)


def measure_auroc(essential: np.ndarray, nonessential: np.ndarray) -> float:
    """Area under the ROC curve: the share of pairs in which the essential gene has the lower value, ties counted half; 1: perfect.

    essential, nonessential: (gene,) effects or logFC. NaN where there is no essential gene, or fewer than two nonessential ones.
    """
    if len(essential) < 1 or len(nonessential) < 2:
        return float("nan")
    rank_sum = stats.mannwhitneyu(nonessential, essential, method="asymptotic").statistic
    return float(rank_sum / (len(essential) * len(nonessential)))


def measure_nnmd(essential: np.ndarray, nonessential: np.ndarray) -> float:
    """Null-normalised mean difference: that of the means, in units of the nonessential genes' sd (Dempster et al. 2019).

    essential, nonessential: (gene,) effects or logFC; lower is better. NaN where there is no essential gene, or fewer than two
    nonessential ones.
    """
    if len(essential) < 1 or len(nonessential) < 2:
        return float("nan")
    sd = float(nonessential.std(ddof=1))
    return float(essential.mean() - nonessential.mean()) / sd if sd > 0 else float("nan")
