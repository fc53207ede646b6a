"""Is the copy-number correction right? Control genes before and after it, and beside simple corrections.

Essential genes must stay apart from nonessential ones, and the logFC of nonessential genes must no longer depend on copy number.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from guidefit.screens.sufficient import SufficientStatistics

COLUMNS = (
    *("study", "seed", "method", "kind", "auroc", "auroc_se", "nnmd", "nnmd_se"),
    *("slope", "slope_se", "amplified_shift", "amplified_shift_se"),
    *("genes_essential", "genes_nonessential", "cell_lines", "amplified_rows", "note"),
)
AMPLIFIED = 2.0  # times the diploid copy number
BASELINES = {
    "none": "no correction",
    "global line": "one least-squares slope for all genes, within sgRNAs",
    "line per gene": "a least-squares slope for each gene, within its sgRNAs",
}


def baseline_slopes(statistics: SufficientStatistics) -> dict[str, np.ndarray]:
    """(sgrna,) slope on x of each simple correction: least squares with an intercept per sgRNA."""
    gene, size = statistics.gene_of_sgrna, len(statistics.genes)
    sxx, sxy = (np.bincount(gene, each, size) for each in (statistics.sxx, statistics.sxy))
    by_gene = np.divide(sxy, sxx, out=np.zeros(size), where=sxx > 0)
    total = statistics.sxx.sum()
    everywhere = statistics.sxy.sum() / total if total > 0 else 0.0
    values = (np.zeros(len(gene)), np.full(len(gene), everywhere), by_gene[gene])
    return dict(zip(BASELINES, values, strict=True))


def judge(rows: pd.DataFrame, diploid: float) -> dict[str, float]:
    """Figures of one correction.

    rows: of control genes: gene, sgrna, cell_line, control (essential or nonessential), cna, x, corrected_logfc.
    auroc: how well the genes' mean logFC tells essential from nonessential, in each cell line, averaged (1: perfectly); nnmd: mean
    difference of the two in units of the nonessential genes' sd (null-normalised mean difference, Dempster et al. 2019; lower is
    better), likewise; se: over cell lines. slope: of corrected logFC on x in nonessential genes, within sgRNAs; amplified_shift:
    their logFC where the copy number is AMPLIFIED times the diploid one or more, less the sgRNA's mean elsewhere; se: clustered by
    gene and by cell line (Cameron, Gelbach & Miller 2011).
    """
    by_line = rows.groupby(["cell_line", "gene", "control"], observed=True)["corrected_logfc"].mean().reset_index()
    areas, differences = [], []
    for _, line in by_line.groupby("cell_line", observed=True):
        essential = line.loc[line["control"] == "essential", "corrected_logfc"].to_numpy()
        others = line.loc[line["control"] == "nonessential", "corrected_logfc"].to_numpy()
        if len(essential) and len(others) > 1:
            rank_sum = stats.mannwhitneyu(others, essential, method="asymptotic").statistic
            areas.append(rank_sum / (len(essential) * len(others)))
            differences.append((essential.mean() - others.mean()) / others.std(ddof=1))
    found = {}
    for name, values in (("auroc", areas), ("nnmd", differences)):
        found[name] = float(np.mean(values)) if values else np.nan
        found[f"{name}_se"] = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan
    quiet = rows[rows["control"] == "nonessential"]
    y, x = quiet["corrected_logfc"].to_numpy(), quiet["x"].to_numpy()
    high = (quiet["cna"].to_numpy() >= AMPLIFIED * diploid).astype(float)
    codes = [pd.factorize(quiet[name].astype(str))[0] for name in ("sgrna", "gene", "cell_line")]
    found["slope"], found["slope_se"] = _slope_within(x, y, *codes)
    found["amplified_shift"], found["amplified_shift_se"] = _slope_within(high, y, *codes)
    return found | {"amplified_rows": int(high.sum())}


def _slope_within(x: np.ndarray, y: np.ndarray, sgrna: np.ndarray, gene: np.ndarray, line: np.ndarray) -> tuple[float, float]:
    """Least-squares slope with an intercept per sgRNA, and its standard error clustered by gene and by cell line."""

    def centred(values: np.ndarray) -> np.ndarray:
        return values - (np.bincount(sgrna, values) / np.bincount(sgrna))[sgrna]

    if not len(x):
        return np.nan, np.nan
    x, y = centred(x), centred(y)
    information = float(x @ x)
    if information < 1e-12:
        return np.nan, np.nan
    slope = float(x @ y) / information
    score = x * (y - slope * x)
    both = gene * (line.max() + 1) + line
    meat = sum(sign * (np.bincount(codes, score) ** 2).sum() for codes, sign in ((gene, 1), (line, 1), (pd.factorize(both)[0], -1)))
    return slope, float(np.sqrt(max(meat, 0.0))) / information


def compare(
    rows: pd.DataFrame, statistics: SufficientStatistics, corrected: Mapping[str, np.ndarray], diploid: float
) -> pd.DataFrame:
    """One row per correction, simple ones first.

    rows: of control genes: gene, sgrna, cell_line, control, cna, x, x_diploid, logfc; corrected: variant -> (row,) corrected logFC.
    """
    sgrna = pd.Index(statistics.sgrnas).get_indexer(rows["sgrna"].astype(str))
    away = (rows["x"] - rows["x_diploid"]).to_numpy()
    methods = {
        name: (rows["logfc"].to_numpy() - slope[sgrna] * away, "baseline") for name, slope in baseline_slopes(statistics).items()
    }
    methods |= {name: (np.asarray(values), "variant") for name, values in corrected.items()}
    notes = BASELINES | {
        "line per gene": f"{BASELINES['line per gene']}; its slope is 0 by construction, on the rows it was fitted to"
    }
    counts = rows.drop_duplicates("gene")["control"].value_counts()
    shared = {f"genes_{kind}": int(counts.get(kind, 0)) for kind in ("essential", "nonessential")}
    shared["cell_lines"] = rows["cell_line"].nunique()
    table = [
        {"method": name, "kind": kind, **judge(rows.assign(corrected_logfc=values), diploid), **shared, "note": notes.get(name, "")}
        for name, (values, kind) in methods.items()
    ]
    return pd.DataFrame(table).reindex(columns=[name for name in COLUMNS if name not in ("study", "seed")])
