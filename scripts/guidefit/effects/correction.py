"""Is the copy-number correction right? Control genes before and after it, compared with simple corrections.

Essential genes must stay separated from nonessential ones, and the logFC of nonessential genes must no longer depend on copy
number.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from guidefit.assess.checks import STOPPED
from guidefit.base import parquet
from guidefit.effects.judged_rows import FITTED
from guidefit.effects.separation import separate_by_line
from guidefit.screens.sufficient import SufficientStatistics

COLUMNS = (
    *("study", "seed", "method", "kind", "rows", "auroc", "auroc_se", "auroc_worst", "nnmd", "nnmd_se"),
    *("slope", "slope_se", "amplified_shift", "amplified_shift_se", "variance_explained", "variance_explained_se"),
    *("genes_essential", "genes_nonessential", "cell_lines", "amplified_rows", "note"),
)
AMPLIFIED = 2.0  # times the diploid copy number
BASELINES = {
    "none": "no correction",
    "global line": "one least-squares slope for all genes, within sgRNAs",
    "line per gene": "a least-squares slope for each gene, within its sgRNAs",
}
NOTES = BASELINES | {"line per gene": f"{BASELINES['line per gene']}; its slope is 0 by construction, on the rows it was fitted to"}


def read_control_rows(
    screen: str | Path, corrected: str | Path, control: Mapping[str, str]
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """The rows of control genes of a screen, with `control`, and variant -> (row,) corrected logFC of the same rows.

    screen, corrected: Parquet files; control: gene -> essential or nonessential.
    """
    of_controls = [("gene", "in", pa.array(list(control), pa.string()))]
    rows = parquet.read(screen, filters=of_controls)
    rows["control"] = rows["gene"].astype("str").map(control)
    table = parquet.read(corrected, ["variant", "corrected_logfc"], of_controls)
    by_variant = table.groupby("variant", observed=True, sort=False)["corrected_logfc"]
    return rows, {str(variant): values.to_numpy() for variant, values in by_variant}


def compare(
    rows: pd.DataFrame, statistics: SufficientStatistics, corrected: Mapping[str, np.ndarray], diploid: float
) -> pd.DataFrame:
    """One row per correction, the simple ones first.

    rows: of control genes: gene, sgrna, cell_line, control, cna, x, x_diploid, logfc; corrected: variant -> (row,) corrected logFC.
    """
    logfc = {name: (values, "baseline") for name, values in correct_simply(rows, statistics).items()}
    logfc |= {name: (np.asarray(values), "variant") for name, values in corrected.items()}
    table = [
        {"method": name, "kind": kind, "rows": FITTED, **judge_rows(rows, values, diploid), "note": NOTES.get(name, "")}
        for name, (values, kind) in logfc.items()
    ]
    return pd.DataFrame(table).reindex(columns=[name for name in COLUMNS if name not in ("study", "seed")])


def judge_rows(rows: pd.DataFrame, corrected: np.ndarray, diploid: float) -> dict[str, float]:
    """The figures of one correction on some rows (`judge`), and numbers of genes and cell lines. corrected: (row,) logFC."""
    genes = rows.drop_duplicates("gene")["control"].value_counts()
    counts = {f"genes_{kind}": int(genes.get(kind, 0)) for kind in ("essential", "nonessential")}
    return judge(rows.assign(corrected_logfc=corrected), diploid) | counts | {"cell_lines": rows["cell_line"].nunique()}


def list_stopped(table: pd.DataFrame, checks: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The table of corrections with a row without figures for each variant whose fit stopped; its note says why.

    checks: rows of checks.csv; seed: that of the fits whose correction is judged.
    """
    stopped = checks[(checks["check"] == STOPPED) & (checks["seed"] == seed)]
    notes = "its fit stopped: " + stopped["where"]
    rows = pd.DataFrame({"method": stopped["variant"], "kind": "variant", "rows": FITTED, "note": notes})
    counts = dict.fromkeys(table.select_dtypes("integer").columns, "Int64")  # they stay whole numbers next to empty cells
    return pd.concat([table, rows], ignore_index=True).astype(counts) if len(rows) else table


def correct_simply(rows: pd.DataFrame, statistics: SufficientStatistics) -> dict[str, np.ndarray]:
    """BASELINES -> (row,) logFC of the rows without slope (x - x_diploid), whose slope is that of `baseline_slopes`."""
    sgrna = pd.Index(statistics.sgrnas).get_indexer(rows["sgrna"].astype(str))
    distance = (rows["x"] - rows["x_diploid"]).to_numpy()
    return {name: rows["logfc"].to_numpy() - slope[sgrna] * distance for name, slope in baseline_slopes(statistics).items()}


def baseline_slopes(statistics: SufficientStatistics) -> dict[str, np.ndarray]:
    """BASELINES -> (sgrna,) slope on x: least squares with an intercept per sgRNA."""
    gene, size = statistics.gene_of_sgrna, len(statistics.genes)
    sxx, sxy = (np.bincount(gene, each, size) for each in (statistics.sxx, statistics.sxy))
    of_gene = np.divide(sxy, sxx, out=np.zeros(size), where=sxx > 0)
    total = statistics.sxx.sum()
    of_all = statistics.sxy.sum() / total if total > 0 else 0.0
    values = (np.zeros(len(gene)), np.full(len(gene), of_all), of_gene[gene])
    return dict(zip(BASELINES, values, strict=True))


def judge(rows: pd.DataFrame, diploid: float) -> dict[str, float]:
    """Figures of one correction, each with its standard error (_se).

    rows: of control genes: gene, sgrna, cell_line, control (essential or nonessential), cna, x, logfc, corrected_logfc.
    auroc, auroc_worst, nnmd: see `measure_separation`. slope: of corrected logFC on x in nonessential genes, within sgRNAs
    (of a single cell line: across genes).
    amplified_shift: their logFC where the copy number is AMPLIFIED times the diploid one or more, less the sgRNA's mean elsewhere.
    Both with errors clustered by gene and by cell line. amplified_rows: the number of these rows. variance_explained: see
    `explain_variance`. Figures without data are NaN.
    """
    quiet = rows[rows["control"] == "nonessential"]
    y, x = quiet["corrected_logfc"].to_numpy(), quiet["x"].to_numpy()
    amplified = (quiet["cna"].to_numpy() >= AMPLIFIED * diploid).astype(float)
    sgrna, gene, cell_line = (pd.factorize(quiet[name].astype(str))[0] for name in ("sgrna", "gene", "cell_line"))
    if quiet["cell_line"].nunique() == 1:  # copy number then varies between genes only
        sgrna = np.zeros(len(quiet), int)
    slope, slope_se = _slope_within(x, y, sgrna, gene, cell_line)
    shift, shift_se = _slope_within(amplified, y, sgrna, gene, cell_line)
    raw = quiet["logfc"].to_numpy()
    explained, explained_se = explain_variance(centre_within(raw, sgrna), centre_within(y, sgrna), cell_line)
    return measure_separation(rows) | {
        "variance_explained": explained,
        "variance_explained_se": explained_se,
        "slope": slope,
        "slope_se": slope_se,
        "amplified_shift": shift,
        "amplified_shift_se": shift_se,
        "amplified_rows": int(amplified.sum()),
    }


def measure_separation(rows: pd.DataFrame) -> dict[str, float]:
    """How well the genes' mean corrected logFC separates essential from nonessential genes, averaged over cell lines.

    auroc: area under the ROC curve in each line (1: perfect); auroc_worst: the smallest one. nnmd: difference of the means in units
    of the nonessential genes' sd (null-normalised mean difference, Dempster et al. 2019; lower is better). Standard errors are
    those of the mean over cell lines.
    """
    by_line = separate_by_line(rows, "corrected_logfc")
    found = {}
    for name in ("auroc", "nnmd"):
        values = by_line[name].dropna().to_numpy(float)
        found[name] = float(values.mean()) if len(values) else np.nan
        found[f"{name}_se"] = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan
    return found | {"auroc_worst": float(by_line["auroc"].min())}


def explain_variance(raw: np.ndarray, corrected: np.ndarray, cell_line: np.ndarray) -> tuple[float, float]:
    """The share R = 1 - sum corrected^2 / sum raw^2 of the squares that a correction removes, and its standard error over lines.

    raw, corrected: (row,) logFC of nonessential genes less its mean by sgRNA; cell_line: (row,) codes. A correction that is fitted
    to other rows can have a negative share. The error is that of a ratio of sums a_l, b_l over lines (linearised):
    sqrt(L / (L - 1) sum (b_l - (1 - R) a_l)^2) / sum a_l.
    """
    before, after = np.bincount(cell_line, raw**2), np.bincount(cell_line, corrected**2)
    total = before.sum()
    if not total > 0:
        return np.nan, np.nan
    ratio, lines = after.sum() / total, len(before)
    error = np.sqrt(lines / (lines - 1) * ((after - ratio * before) ** 2).sum()) / total if lines > 1 else np.nan
    return float(1 - ratio), float(error)


def _slope_within(x: np.ndarray, y: np.ndarray, sgrna: np.ndarray, gene: np.ndarray, cell_line: np.ndarray) -> tuple[float, float]:
    """Least-squares slope with an intercept per sgRNA, and its standard error clustered by gene and by cell line.

    sgrna, gene, cell_line: (row,) codes. The variance of two-way clusters is V_gene + V_line - V_both (Cameron, Gelbach & Miller
    2011).
    """
    if not len(x):
        return np.nan, np.nan
    x, y = centre_within(x, sgrna), centre_within(y, sgrna)
    information = float(x @ x)
    if information < 1e-12:
        return np.nan, np.nan
    slope = float(x @ y) / information
    score = x * (y - slope * x)
    both, _ = pd.factorize(gene * (cell_line.max() + 1) + cell_line)
    if cell_line.max() == 0:  # one line is no cluster
        return slope, float(np.sqrt((np.bincount(gene, score) ** 2).sum())) / information
    squares = sum(sign * (np.bincount(codes, score) ** 2).sum() for codes, sign in ((gene, 1), (cell_line, 1), (both, -1)))
    return slope, float(np.sqrt(max(squares, 0.0))) / information


def centre_within(values: np.ndarray, group: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """(row,) values less their mean by group, a weighted one where weights (row,) are given."""
    total = np.bincount(group, weight)
    sums = np.bincount(group, values if weight is None else weight * values)
    return values - np.divide(sums, total, out=np.zeros(len(total)), where=total > 0)[group]
