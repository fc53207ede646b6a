"""Does a variant recover the truth? Bias, error, coverage, width and contraction over seeds, each with its Monte Carlo error.

Estimates of one seed share its data and are correlated: every figure is averaged within a seed first, and its standard error is
that of the mean over seeds (Morris, White & Crowther 2019).
"""

from collections.abc import Set

import numpy as np
import pandas as pd

from guidefit.assess import checks, wording
from guidefit.base import tables
from guidefit.base.names import variable_of

LEVELS = {50: ("q25", "q75"), 80: ("q10", "q90"), 90: ("q05", "q95"), 95: ("q025", "q975")}
FIGURES = ("bias", "rmse", *(f"coverage_{level}" for level in LEVELS), "width_95", "z_mean", "z_sd", "contraction")
COLUMNS = (
    *("study", "variant", "variable", "fits", "seeds", "coordinates"),
    *(name for figure in FIGURES for name in (figure, f"{figure}_mcse")),
    *("verdict", "note"),
)


def recover_study(estimates: pd.DataFrame, checks_made: pd.DataFrame) -> pd.DataFrame:
    """recovery.csv but for its column study: over all fits, and, where some failed, over the others.

    estimates: of all fits. checks_made: their checks. Without any estimates the result has no rows.
    """
    levels = checks_made.groupby(["variant", "seed"])["level"].agg(checks.verdict)
    failed = estimates.set_index(["variant", "seed"]).index.isin(levels.index[levels == "fail"])
    on_boundary = checks_made.loc[checks_made["check"] == checks.TRUTH_ON_BOUNDARY, ["variant", "where"]].drop_duplicates()
    boundary = set(on_boundary.itertuples(index=False, name=None))
    parts = [recover(estimates, boundary=boundary)]
    if failed.any():
        parts.append(recover(estimates[~failed], "without failed", boundary))
    return tables.concatenate(parts)


def recover(estimates: pd.DataFrame, fits: str = "all", boundary: Set[tuple[str, str]] = frozenset()) -> pd.DataFrame:
    """One row per variant and variable, over all coordinates and seeds; columns COLUMNS but study.

    estimates: rows of estimates.csv. fits: says in the column of that name which fits these are. boundary: (variant, variable)
    whose truth lies on the boundary of the prior, where no interval can cover it.
    bias: mean of estimate - truth; z: (estimate - truth) / sd; contraction: 1 - posterior / prior variance. verdict: `fail` where
    the coverage at a level is off by more than 4 of its standard errors and by more than a tenth of what the level leaves out or
    covers, else `pass`; empty where there is no truth or no standard error, or where the truth lies on the boundary.
    """
    found = []
    for (variant, variable), rows in estimates.groupby(["variant", variable_of(estimates["variable"])], sort=False):
        known = rows.dropna(subset=["truth"])
        row = {"variant": variant, "variable": variable, "fits": fits, "seeds": known["seed"].nunique(), "verdict": "", "note": ""}
        row["coordinates"] = len(rows) // max(rows["seed"].nunique(), 1)
        if known.empty:
            found.append(row | {"note": wording.NO_TRUTH})
            continue
        row |= _figures(known)
        if row["seeds"] < 2:
            row["note"] = wording.ONE_SEED
        elif (variant, variable) in boundary:
            row["note"] = wording.TRUTH_ON_BOUNDARY
        else:
            wrong = {level: row[f"coverage_{level}"] for level in LEVELS if _is_off(row, level)}
            row |= {"verdict": "fail" if wrong else "pass", "note": wording.coverage(wrong)}
        found.append(row)
    return pd.DataFrame(found).reindex(columns=[c for c in COLUMNS if c != "study"])


def _is_off(row: dict, level: int) -> bool:
    """Whether the coverage at a level is wrong beyond its Monte Carlo error and by an amount that matters."""
    nominal = level / 100
    difference = abs(row[f"coverage_{level}"] - nominal)
    return difference > 4 * row[f"coverage_{level}_mcse"] and difference > 0.1 * min(nominal, 1 - nominal)


def _figures(rows: pd.DataFrame) -> dict[str, float]:
    error = rows["mean"] - rows["truth"]
    z = error / rows["sd"]
    each = pd.DataFrame(
        {
            "bias": error,
            "rmse": error**2,
            **{f"coverage_{k}": rows["truth"].between(rows[low], rows[high]).astype(float) for k, (low, high) in LEVELS.items()},
            "width_95": rows["q975"] - rows["q025"],
            "z_mean": z,
            "z_sd": z**2,
            "contraction": rows["contraction"],
        }
    )
    by_seed = each.groupby(rows["seed"]).mean()
    mean, mcse = by_seed.mean(), by_seed.std(ddof=1) / np.sqrt(len(by_seed))
    for name in ("rmse", "z_sd"):  # roots of mean squares: delta method
        mean[name] = np.sqrt(mean[name])
        mcse[name] = mcse[name] / max(2 * mean[name], np.finfo(float).tiny)
    for level in LEVELS:  # where all or none are covered the seeds do not differ: at least the error of Agresti & Coull 1998
        share = (each[f"coverage_{level}"].sum() + 2) / (len(each) + 4)
        mcse[f"coverage_{level}"] = max(mcse[f"coverage_{level}"], np.sqrt(share * (1 - share) / (len(each) + 4)))
    if len(by_seed) < 2:
        mcse[:] = np.nan
    return {key: value for name in FIGURES for key, value in ((name, mean[name]), (f"{name}_mcse", mcse[name]))}
