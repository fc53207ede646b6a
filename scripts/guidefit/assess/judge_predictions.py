"""The checks of a fit's predictions, judged by their size as well as by their significance."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import scipy.stats

from guidefit.assess import checks, uniformity
from guidefit.assess.checks import Checks
from guidefit.assess.predicted_lines import ESSENTIAL

SHOWN = 5  # names that a check lists; the number of all is its value
GROUPS = {"gene": checks.LOO_PIT_GENES, "cell_line": checks.LOO_PIT_LINES, "sgrna": checks.LOO_PIT_SGRNAS}
_COLUMNS = {"gene": "loo_pit_genes_outside", "cell_line": "loo_pit_lines_outside", "sgrna": "loo_pit_sgrnas_outside"}


def judge(loo: pd.DataFrame, found: Checks, t: Mapping[str, float]) -> dict[str, Any]:
    """Add the checks of PSIS-LOO and LOO-PIT, over all rows and by gene, cell line and sgRNA; returns columns of diagnostics.csv.

    loo: (row) pareto_k, good_k, pit, and the names GROUPS. t: thresholds.
    """
    largest, limit, rows = float(loo["pareto_k"].max()), float(loo["good_k"].iloc[0]), len(loo)
    high = int((~(loo["pareto_k"] < limit)).sum())
    found.at_most(checks.PARETO_K, high / rows, t["pareto_k_share_max"], where=f"{high} of {rows} rows, k-hat up to {largest:.2f}")
    pit, least = loo["pit"].to_numpy(), t["loo_pit_distance_max"]
    outside, distance = uniformity.share_outside_band(pit, t["band_prob"]), uniformity.distance(pit)
    level = "warn" if outside > 0 and not distance <= least else "pass"
    found.add(checks.LOO_PIT, level, distance, least, f"{outside:.0%} of the points")
    figures = {
        "pareto_k_max": largest,
        "pareto_k_threshold": limit,
        "pareto_k_high": high,
        "loo_pit_outside": outside,
        "loo_pit_distance": distance,
    }
    for name, check in GROUPS.items():
        worst = uniformity.groups_outside(pit, loo[name].to_numpy(), 1 - t["band_prob"], least)
        shown = [f"{each} by {value:.1%}" for each, value in list(worst.items())[:SHOWN]]
        found.add(check, "warn" if worst else "pass", len(worst), least, ", ".join(shown + ["..."] * (len(worst) > SHOWN)))
        figures[_COLUMNS[name]] = len(worst)
    return figures


def judge_lines(lines: pd.DataFrame, found: Checks, t: Mapping[str, float]) -> dict[str, Any]:
    """Add the check of the essential genes' medians by cell line, where there are any; returns columns of diagnostics.csv.

    lines: rows of one fit (predicted_lines.TYPES). p-values from the normal distribution with the predictions' mean and sd, with
    Holm's correction over lines.
    """
    table = lines[lines["statistic"] == ESSENTIAL].reset_index(drop=True)
    if table.empty:
        return {}
    away = (table["observed"] - table["predicted"]).abs()
    corrected = uniformity.holm(2 * scipy.stats.norm.sf(away / table["predicted_sd"]))
    limit = t["line_median_max"]
    worst = table.assign(away=away)[(corrected < 1 - t["band_prob"]) & (away > limit)].sort_values("away", ascending=False)
    shown = [
        f"{row['cell_line']} {row['observed']:.2f} instead of {row['predicted']:.2f}" for _, row in worst.head(SHOWN).iterrows()
    ]
    where = ", ".join(shown + ["..."] * (len(worst) > SHOWN))
    found.add(checks.ESSENTIAL_BY_LINE, "warn" if len(worst) else "pass", len(worst), limit, where)
    return {"essential_lines_outside": len(worst)}
