"""The shape of the copy-number artefact, chosen by predictions of cell lines left out.

Each shape is fitted to nonessential genes, by least squares with an intercept per sgRNA and the noise of sgRNAs and lines as the
variant found it, in all lines but a fold's, and predicts the lines of the fold.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from guidefit.base import tables
from guidefit.effects.correction import centre_within, judge
from guidefit.effects.judged_rows import LINEAR, NONE, SATURATING, SPLINE
from guidefit.effects.unseen import Folds
from guidefit.screens.covariates import Covariate

SHAPE_COLUMNS = (
    *("study", "variant", "seed", "shape", "response", "gain", "gain_se", "behind", "behind_se", "slope", "slope_se"),
    *("rows", "cell_lines", "fitted"),
)
SAME, PROPORTIONAL = "the same in all lines", "proportional to the multiplier"
KNOTS = (0.75, 0.95, 0.99)
"""Quantiles of x at which the slope of the spline changes."""
SHAPE_OF = {"log2_diploid": LINEAR, "log2": LINEAR, "saturating": SATURATING}
"""Covariate of a study -> the shape of its artefact."""


def compare_shapes(
    rows: pd.DataFrame, fold: np.ndarray, weight: np.ndarray, multiplier: np.ndarray | None, covariate: str, diploid: float
) -> pd.DataFrame:
    """One row per shape and response, SHAPE_COLUMNS without the ids; the best first. No rows without nonessential genes.

    rows: of control genes, see `correction.compare`, with copy numbers; fold: (row,) fold of the line; weight: (row,) inverse of
    the variance of its noise, up to a factor; multiplier: (row,) how strongly its line responds, None where the variant has none;
    covariate: of the study. gain: log predictive density of the rows less that without correction, where the sd of the noise is
    what is left over without correction; behind: the same less that of the best. Their errors are those of a sum over lines.
    slope: of nonessential genes on the study's x, see `correction.judge`. fitted: whether this is the variant's own.
    """
    responses = [(SAME, np.ones(len(rows)))] + ([(PROPORTIONAL, multiplier)] if multiplier is not None else [])
    own = SHAPE_OF.get(covariate), responses[-1][0]
    quiet = (rows["control"] == "nonessential").to_numpy() & (weight > 0)
    if not quiet.any():
        return pd.DataFrame(columns=list(SHAPE_COLUMNS[3:]))
    rows, fold, weight = rows[quiet], fold[quiet], weight[quiet]
    sgrna, line = (pd.factorize(rows[name].astype(str))[0] for name in ("sgrna", "cell_line"))
    y, lines = rows["logfc"].to_numpy(), int(line.max()) + 1
    variance, losses, figures = 0.0, [], []
    for shape, basis in _bases(rows["cna"].to_numpy(), diploid).items():
        for response, factor in responses if basis.size else responses[:1]:
            left = y - predict_folds(basis * factor[quiet, None], y, weight, sgrna, fold)
            squares = weight * centre_within(left, sgrna, weight) ** 2
            variance = variance or squares.mean()
            losses.append(np.bincount(line, squares / (2 * variance), lines))
            found = judge(rows.assign(corrected_logfc=left), diploid)
            is_own = (shape, response) == own
            figures.append({"shape": shape, "response": response, "fitted": is_own} | {k: found[k] for k in ("slope", "slope_se")})
    loss = np.array(losses)
    best = int(loss.sum(axis=1).argmin())
    table = pd.DataFrame(figures).assign(rows=len(y), cell_lines=lines)
    for name, difference in (("gain", loss[0] - loss), ("behind", loss - loss[best])):
        table[name] = difference.sum(axis=1)
        table[f"{name}_se"] = difference.std(axis=1, ddof=1) * np.sqrt(lines) if lines > 1 else np.nan
    return table.sort_values("gain", ascending=False, ignore_index=True)[list(SHAPE_COLUMNS[3:])]


def _bases(copies: np.ndarray, diploid: float) -> dict[str, np.ndarray]:
    """Shape -> (row, function) functions of the copy number, which are 0 at the diploid one."""
    code = np.zeros(len(copies), int)
    log2, saturating = (
        Covariate(name, (0.0, 1.0), diploid).fit(copies, code).x(copies, code) for name in ("log2_diploid", "saturating")
    )
    knots = np.unique(np.quantile(log2, KNOTS))
    bent = [np.maximum(log2 - each, 0) - max(0 - each, 0) for each in knots]
    return {
        NONE: np.empty((len(copies), 0)),
        LINEAR: log2[:, None],
        SATURATING: saturating[:, None],
        SPLINE: np.stack([log2, *bent], axis=1),
    }


def predict_folds(basis: np.ndarray, y: np.ndarray, weight: np.ndarray, sgrna: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """(row,) the artefact of each row by the fit to the other folds: weighted least squares with an intercept per sgRNA.

    basis: (row, function); sgrna, fold: (row,) codes.
    """
    found = np.zeros(len(y))
    for left_out in np.unique(fold) if basis.shape[1] else []:
        kept = fold != left_out
        w, root = weight[kept], np.sqrt(weight[kept])
        design = np.stack([root * centre_within(column, sgrna[kept], w) for column in basis[kept].T], axis=1)
        slopes = np.linalg.lstsq(design, root * centre_within(y[kept], sgrna[kept], w), rcond=None)[0]
        found[~kept] = basis[~kept] @ slopes
    return found


def no_shapes() -> pd.DataFrame:
    """A table of SHAPE_COLUMNS without rows."""
    return pd.DataFrame(columns=list(SHAPE_COLUMNS))


def compare_for_variants(
    rows: pd.DataFrame, folds: Folds, quality: pd.DataFrame, sgrnas: pd.DataFrame, covariate: Mapping[str, Any]
) -> pd.DataFrame:
    """`compare_shapes` with the noise and the multipliers that each variant of the folds found, with the column variant.

    quality: line_quality.csv; sgrnas: variant, sgrna and noise of sgrna_effects.csv; covariate: its name and diploid copy number.
    """
    found = [_of_variant(variant, rows, folds, quality, sgrnas, covariate) for variant in folds.slopes]
    return tables.concatenate([no_shapes(), *found])


def _of_variant(
    variant: str, rows: pd.DataFrame, folds: Folds, quality: pd.DataFrame, sgrnas: pd.DataFrame, covariate: Mapping[str, Any]
) -> pd.DataFrame:
    line, sgrna = (rows[name].astype(str) for name in ("cell_line", "sgrna"))
    of_lines = quality[quality["variant"] == variant].set_index("cell_line").loc[line]
    of_sgrnas = sgrnas[sgrnas["variant"] == variant].set_index("sgrna").loc[sgrna]
    weight = 1 / (of_lines["noise"].to_numpy() * of_sgrnas["noise"].to_numpy())
    multiplier = of_lines["multiplier"].to_numpy() if of_lines["multiplier"].notna().all() else None
    fold = folds.line.loc[line].to_numpy()
    return compare_shapes(rows, fold, weight, multiplier, covariate["name"], covariate["diploid"]).assign(variant=variant)
