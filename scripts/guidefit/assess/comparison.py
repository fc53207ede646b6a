"""Which variant predicts better: PSIS-LOO, with a rank only where one can be given."""

from dataclasses import dataclass
from itertools import combinations

import arviz_stats as azs
import numpy as np
import pandas as pd
import xarray as xr

from guidefit.assess import wording
from guidefit.assess.checks import FAILED
from guidefit.base import tables

COLUMNS = (
    *("study", "seed", "variant", "rank", "elpd", "se", "p", "elpd_diff", "se_diff", "weight"),
    *("log_evidence", "log_evidence_se", "log_bayes_factor", "log_bayes_factor_se"),
    *("pareto_k_high", "rows", "verdict", "note", "elpd_diff_mcse"),
)
_OWN = [column for column in COLUMNS if column not in ("study", "seed")]
_BY_LOO = [column for column in _OWN if "log_" not in column]
LOO_COLUMNS = ["variant", "seed", "row", "elpd_i", "mcse", "pareto_k", "good_k", "p", "n_samples"]
FEW_ROWS = 100  # fewer make the standard errors unreliable


@dataclass(frozen=True)
class Limits:
    """Thresholds of the config: elpd_diff_min, elpd_se_min and pareto_k_share_max."""

    min_diff: float
    min_se: float
    most_high: float


def compare_study(study: str, loo: pd.DataFrame | None, fits: pd.DataFrame, limits: Limits) -> pd.DataFrame:
    """comparison.csv of a study: the comparison of its variants on the screen of each seed.

    loo: pointwise LOO of all fits (leave_one_out.LOO_TYPES), or None where checks are off; fits: diagnostics.csv.
    """
    parts = [pd.DataFrame(columns=list(COLUMNS))]
    for seed, of_seed in fits.groupby("seed", sort=True):
        rows = loo[loo["seed"] == seed] if loo is not None else None
        parts.append(compare(rows, of_seed, limits).assign(study=study, seed=seed))
    return tables.concatenate(parts, COLUMNS)


def compare(loo: pd.DataFrame | None, fits: pd.DataFrame, limits: Limits) -> pd.DataFrame:
    """Compare the variants fitted to one screen: one row per variant, also for those whose fit stopped.

    loo: rows of all variants (variant, row, elpd_i, mcse, pareto_k, good_k, p), or None where checks are off. fits: their rows of
    diagnostics.csv (variant, verdict, and log_evidence with its se where the engine gives one).
    elpd_diff, its standard error over rows se_diff and its Monte Carlo standard error elpd_diff_mcse are against the best variant
    that can be ranked. A variant is not ranked where its fit failed or
    its PSIS estimate is unreliable; variants that cannot be distinguished (|elpd_diff| < min_diff or < min_se standard errors:
    Sivula, Magnusson, Matamoros & Vehtari 2020) share a rank. Weights (stacking, Yao et al. 2018) are over the rankable variants.
    log_bayes_factor (natural logarithm, se: Monte Carlo) is against the variant of the highest evidence.
    """
    stopped = fits if loo is None else fits[~fits["variant"].isin(loo["variant"])]
    without = _without_loo(stopped, are_checked=loo is not None)
    parts = [without]
    if loo is not None and len(loo):
        parts.insert(0, _by_loo(loo, fits.set_index("variant")["verdict"], limits))
    return tables.concatenate(parts).merge(_bayes_factors(fits), on="variant", how="left")[_OWN]


def _bayes_factors(fits: pd.DataFrame) -> pd.DataFrame:
    own = ["log_evidence", "log_evidence_se"]
    table = fits.reindex(columns=["variant", *own]).astype(dict.fromkeys(own, float)).reset_index(drop=True)
    best = table.loc[table["log_evidence"].idxmax()] if table["log_evidence"].notna().any() else table.iloc[0]
    table["log_bayes_factor"] = table["log_evidence"] - best["log_evidence"]
    table["log_bayes_factor_se"] = np.hypot(table["log_evidence_se"], best["log_evidence_se"])
    # the error of the best variant cancels in the comparison with itself; a missing error stays missing
    table.loc[table["variant"] == best["variant"], "log_bayes_factor_se"] *= 0
    return table


def _without_loo(fits: pd.DataFrame, are_checked: bool) -> pd.DataFrame:
    """The rows of variants that have no pointwise LOO: their fit stopped, or checks are off."""
    table = fits.reindex(columns=["variant", "verdict", "rows"])
    table["note"] = [wording.not_ranked(verdict if are_checked or verdict == "error" else "") for verdict in table["verdict"]]
    numbers = [name for name in _BY_LOO if name not in ("variant", "rank", "verdict", "note")]
    types = {"rank": "Int64"} | dict.fromkeys(numbers, float)
    return table.reindex(columns=_BY_LOO).astype(types)


def _by_loo(loo: pd.DataFrame, verdicts: pd.Series, limits: Limits) -> pd.DataFrame:
    pointwise = loo.pivot(index="row", columns="variant", values="elpd_i")
    table = _summarise(loo, pointwise, verdicts, limits.most_high)
    refused = table["note"] != ""
    rankable = list(table.index[~refused])
    reference = rankable[0] if rankable else table.index[0]
    differences = pointwise.sub(pointwise[reference], axis=0)
    table["elpd_diff"], table["se_diff"] = differences.sum(), np.sqrt(len(pointwise)) * differences.std(ddof=0)
    table["elpd_diff_mcse"] = _difference_mcse(loo, reference).reindex(table.index)
    table["weight"] = _stacking_weights(loo, rankable).reindex(table.index)
    ranks, notes = _rank(pointwise, rankable, limits)
    table["rank"] = pd.array([ranks.get(variant, pd.NA) for variant in table.index], dtype="Int64")
    few = [wording.few_rows(len(pointwise))] if len(pointwise) < FEW_ROWS else []
    table["note"] = ["; ".join([*filter(None, [table.loc[v, "note"]]), *notes.get(v, []), *few]) for v in table.index]
    return table.rename_axis("variant").reset_index()[_BY_LOO]


def _summarise(loo: pd.DataFrame, pointwise: pd.DataFrame, verdicts: pd.Series, most_high: float) -> pd.DataFrame:
    """(variant) elpd, se, p, pareto_k_high, rows, verdict, note (why it cannot be ranked), the highest elpd first."""
    n = len(pointwise)
    table = pd.DataFrame(
        {
            "elpd": pointwise.sum(skipna=False),
            "se": np.sqrt(n) * pointwise.std(ddof=0),
            "p": loo.groupby("variant")["p"].first(),
            "pareto_k_high": loo.assign(high=~(loo["pareto_k"] < loo["good_k"])).groupby("variant")["high"].sum(),
            "rows": n,
        }
    )
    table["verdict"] = verdicts.reindex(table.index)
    table["note"] = [_refusal(row, n, most_high) for row in table.to_dict("records")]
    return table.sort_values("elpd", ascending=False)


def _refusal(row: dict, n: int, most_high: float) -> str:
    """Why a variant cannot be ranked; empty where it can."""
    if row["verdict"] in FAILED:
        return wording.not_ranked(row["verdict"])
    if not np.isfinite(row["elpd"]):
        return wording.elpd_not_finite()
    high = int(row["pareto_k_high"])
    return wording.loo_unreliable(high, n, most_high) if high > most_high * n else ""


def _difference_mcse(loo: pd.DataFrame, reference: str) -> pd.Series:
    """Monte Carlo standard error of each variant's elpd difference: the fits of two variants are independent."""
    variance = (loo["mcse"] ** 2).groupby(loo["variant"]).sum(min_count=1)
    mcse = np.sqrt(variance + variance[reference])
    mcse[reference] = 0.0
    return mcse


def _stacking_weights(loo: pd.DataFrame, rankable: list[str]) -> pd.Series:
    if len(rankable) < 2:
        return pd.Series(1.0, index=rankable)
    return azs.compare({v: _elpd_data(loo[loo["variant"] == v]) for v in rankable}, round_to="none")["weight"]


def _rank(pointwise: pd.DataFrame, rankable: list[str], limits: Limits) -> tuple[dict[str, int], dict[str, list[str]]]:
    """Ranks of the variants, in the order of their elpd, and notes on those that cannot be distinguished from a better one."""
    ranks = dict.fromkeys(rankable, 1)
    notes: dict[str, list[str]] = {variant: [] for variant in rankable}
    for upper, lower in combinations(rankable, 2):
        difference = pointwise[upper] - pointwise[lower]
        total, se = float(difference.sum()), float(np.sqrt(len(difference)) * difference.std(ddof=0))
        if total >= limits.min_diff and total >= limits.min_se * se:
            ranks[lower] += 1
        else:
            notes[lower].append(wording.not_distinguished(upper, total, se, limits.min_diff, limits.min_se))
    return ranks, notes


def _elpd_data(loo: pd.DataFrame) -> azs.ELPDDataLOO:
    elpd_i = xr.DataArray(loo["elpd_i"].to_numpy(), dims="row")
    n = len(loo)
    return azs.ELPDDataLOO(
        elpd=float(elpd_i.sum()),
        se=float(np.sqrt(n) * elpd_i.std()),
        p=float(loo["p"].iloc[0]),
        n_samples=int(loo["n_samples"].iloc[0]),
        n_data_points=n,
        scale="log",
        warning=False,
        good_k=float(loo["good_k"].iloc[0]),
        elpd_i=elpd_i,
        pareto_k=xr.DataArray(loo["pareto_k"].to_numpy(), dims="row"),
    )
