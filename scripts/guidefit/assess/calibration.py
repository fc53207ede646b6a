"""Simulation-based calibration: are the rank statistics of truths drawn from the prior uniform among the posterior's draws?

Talts et al. 2018; truths drawn from a posterior, given data that are then part of the fit: Säilynoja, Schmitt, Bürkner & Vehtari
2025; test quantities beyond the parameters: Modrák et al. 2023.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from guidefit.assess import uniformity
from guidefit.assess.checks import FAILED
from guidefit.base import parquet, tables
from guidefit.base.names import KEY
from guidefit.simulation.drawn_variant import draw_variant

COLUMNS = (
    *("study", "variant", "fits", *KEY, "n", "failed", "failed_share"),
    *("distance", "mean_rank", "p_value", "p_holm", "verdict", "n_needed"),
)
RANK_COLUMNS = ("study", "variant", "seed", *KEY, "truth", "rank", "n_ranks")


def read_rank_statistics(estimates: Iterable[str | Path], quantities: Iterable[str | Path]) -> pd.DataFrame:
    """The rank statistics of all fits (RANK_COLUMNS) from files of estimates and of test quantities."""
    return tables.concatenate([parquet.read(path, list(RANK_COLUMNS)) for path in (*estimates, *quantities)])


def find_failed(diagnostics: pd.DataFrame) -> pd.DataFrame:
    """variant, seed of all fits and whether each failed or stopped."""
    return diagnostics[["variant", "seed"]].assign(failed=diagnostics["verdict"].isin(FAILED))


def of_own_truths(table: pd.DataFrame, study: str, probabilities: Mapping[str, float]) -> pd.DataFrame:
    """The rows of fits whose variant generated the data, where it was drawn for each seed: others do not fit the truth.

    table: with columns variant and seed. Variants that generate no data have no rows.
    """
    drawn = {seed: draw_variant(study, int(seed), probabilities) for seed in table["seed"].unique()}
    return table[table["seed"].map(drawn) == table["variant"]]


def spread_ranks(table: pd.DataFrame, failed: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The rank statistics that are known, with `u` and `failed`.

    u: drawn evenly from the rank statistic's share of (0, 1), so that it is uniform exactly where the rank statistic is. failed:
    variant, seed of all fits and whether each failed.
    """
    known = table.dropna(subset=["rank"]).merge(failed, on=["variant", "seed"], how="left")
    return known.assign(u=(known["rank"].astype(float) + rng.random(len(known))) / known["n_ranks"].astype(float))


def calibrate(spread: pd.DataFrame, failed: pd.DataFrame, level: float) -> pd.DataFrame:
    """One row per variant, set of fits (all, or without those that failed), variable and coordinate; columns COLUMNS but study.

    spread: from `spread_ranks`. failed: variant, seed of all fits and whether each failed; fits that stopped with an error have no
    rank statistics, and count among the failed. p_value: of the largest departure of the ECDF from its pointwise bands;
    p_holm: corrected over the variables and coordinates of a variant; distance: largest difference of the ECDF from the uniform
    distribution's; mean_rank: 0.5 where estimates are neither high nor low.
    verdict: `fail` where p_holm is below `level`; empty where n values could not have failed, however they lie: n_needed is the
    smallest number of values that could. A variant without any rank statistic has one row of n 0: `fail`.
    """
    found = []
    for variant, fits in failed.groupby("variant", sort=False):
        ids = {"variant": variant, "failed": int(fits["failed"].sum()), "failed_share": float(fits["failed"].mean())}
        rows = spread[spread["variant"] == variant]
        found.append(_judge(rows, level).assign(fits="all", **ids))
        found.append(_judge(rows[~rows["failed"].astype(bool)], level).assign(fits="without failed", **ids))
        if rows.empty:
            found.append(pd.DataFrame([ids | {"fits": "all", "n": 0, "verdict": "fail"}]))
    return tables.concatenate(found).reindex(columns=[c for c in COLUMNS if c != "study"])


def _judge(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    """Of one variant and set of fits: each variable and coordinate with its figures and its verdict."""
    groups = rows.groupby(list(KEY), sort=False, dropna=False)
    table = pd.DataFrame(
        [dict(zip(KEY, place, strict=True)) | _figures(mine["u"].to_numpy()) for place, mine in groups],
        columns=[*KEY, "n", "distance", "mean_rank", "p_value"],
    )
    if table.empty:
        return table
    table["p_holm"] = uniformity.holm(table["p_value"].to_numpy())
    table["n_needed"] = uniformity.least_size(len(table), level)
    can_tell = table["n"] >= table["n_needed"]
    table["verdict"] = np.select([table["p_holm"] < level, can_tell], ["fail", "pass"], "")
    return table


def _figures(u: np.ndarray) -> dict[str, float]:
    difference = uniformity.ecdf_difference(u)["difference"]
    return {"n": len(u), "distance": abs(difference).max(), "mean_rank": u.mean(), "p_value": uniformity.p_value(u)}
