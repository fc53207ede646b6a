"""The answers at one point of a design study: power, error rates, recovery, failures and cost."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from guidefit.assess import calls, recovery
from guidefit.assess.checks import FAILED
from guidefit.assess.design_table import ASSURANCE, POINT_COLUMNS, POWER


def measure_point(
    estimates: pd.DataFrame, recovered: pd.DataFrame, diagnostics: pd.DataFrame, thresholds: Mapping[str, float], truth: str
) -> pd.DataFrame:
    """POINT_COLUMNS at one point: one row per variant, quantity and variable, each with its Monte Carlo standard error.

    estimates: of all fits; recovered: recovery.csv; diagnostics: diagnostics.csv; thresholds: effect_min and fdr; truth: where it
    is from (fixed or prior).
    power: share of the genes with a real effect that are called in its direction, named assurance where truths are drawn from a
    prior; fdr: share of wrong ones among the called genes of a screen, 0 where none is called; called: genes called in a screen;
    failed: share of fits that failed or stopped; seconds: of sampling, per fit; rows: of a screen. The rest are those of
    recovery.csv. Fits that stopped have no estimates, and are counted in `failed` only.
    """
    counts = calls.count_calls(estimates, thresholds["effect_min"], thresholds["fdr"])
    rows = [
        *_of_calls(counts, POWER if truth == "fixed" else ASSURANCE),
        *_of_recovery(recovered),
        *_of_diagnostics(diagnostics),
    ]
    return pd.DataFrame(rows, columns=list(POINT_COLUMNS))


def _of_calls(counts: pd.DataFrame, power: str) -> Iterator[dict[str, Any]]:
    for (variant, variable), rows in counts.groupby(["variant", "variable"], sort=False):
        ids = {"variant": variant, "variable": variable}
        found = rows[rows["real"] > 0]
        if len(found):
            yield ids | {"quantity": power} | mean_share(found["right"], found["real"])
        yield ids | {"quantity": "fdr"} | mean_share(rows["called"] - rows["right"], rows["called"])
        yield ids | {"quantity": "called"} | _mean(rows["called"])


def _of_recovery(recovered: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for row in recovered[(recovered["fits"] == "all") & (recovered["seeds"] > 0)].to_dict("records"):
        ids = {"variant": row["variant"], "variable": row["variable"], "seeds": row["seeds"]}
        for name in recovery.FIGURES:
            if pd.notna(row[name]):
                yield ids | {"quantity": name, "value": row[name], "mcse": row[f"{name}_mcse"]}


def _of_diagnostics(diagnostics: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for variant, rows in diagnostics.groupby("variant", sort=False):
        failed = rows["verdict"].isin(FAILED).astype(int)
        yield {"variant": variant, "quantity": "failed", "variable": ""} | mean_share(failed, pd.Series(1, index=failed.index))
        done = rows[rows["verdict"] != "error"]
        if len(done):
            yield {"variant": variant, "quantity": "seconds", "variable": ""} | _mean(done["seconds_sampling"])
            yield {"variant": variant, "quantity": "rows", "variable": ""} | _mean(done["rows"])


def _mean(values: pd.Series) -> dict[str, float]:
    """Mean over seeds with its standard error (missing for one seed)."""
    n = len(values)
    return {"value": values.mean(), "mcse": values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan, "seeds": n}


def mean_share(part: pd.Series, whole: pd.Series) -> dict[str, float]:
    """Mean over seeds of part / whole, 0 where whole is 0, with its standard error.

    Where the seeds do not differ, the standard error is at least that of a share of n seeds with two successes and two failures
    added (Agresti & Coull 1998), with n the number of seeds: cases of one seed may depend on each other.
    """
    share = (part / whole.where(whole > 0, 1)).to_numpy(dtype=float)
    n = len(share)
    if n < 2:
        return {"value": share.mean(), "mcse": np.nan, "seeds": n}
    center = (share.sum() + 2) / (n + 4)
    least = np.sqrt(center * (1 - center) / (n + 4)) if np.ptp(share) == 0 else 0.0
    return {"value": share.mean(), "mcse": max(share.std(ddof=1) / np.sqrt(n), least), "seeds": n}
