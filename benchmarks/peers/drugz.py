"""The statistic of drugZ (Colic et al. 2019, Genome Medicine 11:52), written from its formula.

For each replicate, fc_s = log2((drug_s + 5) / (control_s + 5)) of counts scaled to equal totals. Guides are sorted by control
count; sd_s is the standard deviation of fc (around 0) in a window of guides around s, and does not fall as the control count falls.
z_s = fc_s / sd_s, sumZ_g = sum of z over the guides and replicates of gene g, normZ_g = sumZ_g / sqrt(number of these),
standardised over the genes. Probabilities are those of a standard normal, FDR after Benjamini and Hochberg, each direction for
itself.
"""

import numpy as np
import pandas as pd
from scipy import stats

PSEUDOCOUNT = 5.0
HALF_WINDOW = 500  # guides on each side, of a genome-wide library; at most an eighth of a smaller one


def drugz(counts: pd.DataFrame, genes: pd.Series, drug: list[str], control: list[str]) -> pd.DataFrame:
    """By gene: normz, and FDR of depletion and of enrichment.

    counts: guides x samples; genes: gene of each guide; drug, control: pairs of samples.
    """
    scaled = counts * counts.sum().mean() / counts.sum()
    z = []
    for one, other in zip(drug, control, strict=True):
        fc = np.log2((scaled[one] + PSEUDOCOUNT) / (scaled[other] + PSEUDOCOUNT)).to_numpy()
        z.append(fc / _window_sd(fc, scaled[other].to_numpy()))
    by_gene = pd.DataFrame({"gene": np.tile(genes, len(z)), "z": np.concatenate(z)}).groupby("gene")["z"]
    normz = by_gene.sum() / np.sqrt(by_gene.size())
    normz = (normz - normz.mean()) / normz.std(ddof=0)
    table = pd.DataFrame({"normz": normz})
    for name, p in (("fdr_depleted", stats.norm.cdf(normz)), ("fdr_enriched", stats.norm.sf(normz))):
        table[name] = stats.false_discovery_control(p)
    return table


def _window_sd(fc: np.ndarray, control: np.ndarray) -> np.ndarray:
    """(guide,) standard deviation of fc among guides of similar control count, not falling as that count falls."""
    half = min(HALF_WINDOW, len(fc) // 8)
    order = np.argsort(-control, kind="stable")
    squares = np.concatenate([[0.0], np.cumsum(fc[order] ** 2)])
    middle = np.clip(np.arange(len(fc)), half, len(fc) - half)
    found = np.sqrt((squares[middle + half] - squares[middle - half]) / (2 * half))
    sd = np.empty(len(fc))
    sd[order] = np.maximum.accumulate(found)
    return sd
