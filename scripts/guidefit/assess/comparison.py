"""Which variant predicts better: PSIS-LOO, with a rank only where one can be given."""

from collections.abc import Mapping
from itertools import combinations

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

COLUMNS = (
    *("study", "seed", "variant", "rank", "elpd", "se", "p", "elpd_diff", "se_diff", "weight"),
    *("log_evidence", "log_evidence_se", "log_bayes_factor", "log_bayes_factor_se"),
    *("pareto_k_high", "rows", "verdict", "note"),
)


def compare(loo: pd.DataFrame | None, fits: pd.DataFrame, min_diff: float = 4.0, min_se: float = 2.0) -> pd.DataFrame:
    """Compare the variants fitted to one screen.

    loo: rows of all variants (variant, row, elpd_i, pareto_k, good_k, p), or None where checks are off. fits: their rows of
    diagnostics.csv (variant, verdict, and log_evidence with its se where the engine gives one).
    elpd_diff and its se_diff are against the best variant that can be ranked. A variant is not ranked where its fit failed or
    its PSIS estimate is unreliable; variants that cannot be told apart (|elpd_diff| < min_diff or < min_se standard errors: Sivula,
    Magnusson, Matamoros & Vehtari 2020) share a rank. Weights (stacking, Yao et al. 2018) are over the rankable variants.
    log_bayes_factor (natural logarithm, se: Monte Carlo) is against the variant of the highest evidence.
    """
    table = (
        _by_loo(loo, fits.set_index("variant")["verdict"].to_dict(), min_diff, min_se) if loo is not None else _without_loo(fits)
    )
    return table.merge(_bayes_factors(fits), on="variant", how="left")[[c for c in COLUMNS if c not in ("study", "seed")]]


def _bayes_factors(fits: pd.DataFrame) -> pd.DataFrame:
    own = ["log_evidence", "log_evidence_se"]
    table = fits.reindex(columns=["variant", *own]).astype(dict.fromkeys(own, float)).reset_index(drop=True)
    best = table.loc[table["log_evidence"].idxmax()] if table["log_evidence"].notna().any() else table.iloc[0]
    table["log_bayes_factor"] = table["log_evidence"] - best["log_evidence"]
    table["log_bayes_factor_se"] = np.hypot(table["log_evidence_se"], best["log_evidence_se"])
    table.loc[table["variant"] == best["variant"], "log_bayes_factor_se"] *= 0  # its own error cancels; no number stays none
    return table


def _without_loo(fits: pd.DataFrame) -> pd.DataFrame:
    table = fits[["variant", "verdict", "rows"]].assign(note="not ranked: no LOO, checks are off")
    return table.reindex(columns=[c for c in COLUMNS if "log_" not in c])


def _by_loo(loo: pd.DataFrame, verdicts: Mapping[str, str], min_diff: float, min_se: float) -> pd.DataFrame:
    pointwise = loo.pivot(index="row", columns="variant", values="elpd_i")
    first = loo.groupby("variant").first()
    high = loo.assign(high=loo["pareto_k"] >= loo["good_k"]).groupby("variant")["high"].sum()
    n = len(pointwise)
    table = pd.DataFrame(
        {
            "elpd": pointwise.sum(),
            "se": np.sqrt(n) * pointwise.std(ddof=0),
            "p": first["p"],
            "pareto_k_high": high,
            "rows": n,
            "verdict": pd.Series(verdicts),
        }
    )
    table["note"] = [_refusal(verdict, int(k), n) for verdict, k in zip(table["verdict"], table["pareto_k_high"], strict=True)]
    table = table.sort_values("elpd", ascending=False)
    rankable = list(table.index[table["note"] == ""])
    reference = rankable[0] if rankable else table.index[0]
    differences = pointwise.sub(pointwise[reference], axis=0)
    table["elpd_diff"] = differences.sum()
    table["se_diff"] = np.sqrt(n) * differences.std(ddof=0)

    table["rank"] = pd.array([pd.NA] * len(table), dtype="Int64")
    table["weight"] = np.nan
    if len(rankable) == 1:
        table.loc[rankable[0], "weight"] = 1.0
    elif rankable:
        weights = az.compare({v: _elpd_data(loo[loo["variant"] == v]) for v in rankable}, round_to="none")["weight"]
        table.loc[rankable, "weight"] = weights[rankable].to_numpy()
    better: dict[str, list[str]] = {variant: [] for variant in rankable}
    for upper, lower in combinations(rankable, 2):
        difference = pointwise[upper] - pointwise[lower]
        total, se = float(difference.sum()), float(np.sqrt(n) * difference.std(ddof=0))
        if total >= min_diff and total >= min_se * se:
            better[lower].append(upper)
        else:
            limit = (
                f"|elpd_diff| {total:.1f} < {min_diff:g}"
                if total < min_diff
                else f"elpd_diff {total:.1f} < {min_se:g} se ({se:.1f})"
            )
            note = f"not told apart from {upper}: {limit}"
            table.loc[lower, "note"] = "; ".join(filter(None, [str(table.loc[lower, "note"]), note]))
    for variant in rankable:
        table.loc[variant, "rank"] = 1 + len(better[variant])
    if n < 100:
        table["note"] = [f"{note}; only {n} rows: standard errors unreliable".removeprefix("; ") for note in table["note"]]
    return table.rename_axis("variant").reset_index()


def _refusal(verdict: str, high: int, n: int) -> str:
    if verdict in ("fail", "error"):
        return f"not ranked: the fit's verdict is {verdict}"
    if high:
        return f"not ranked: PSIS-LOO unreliable for {high} of {n} rows (k-hat too high)"
    return ""


def _elpd_data(loo: pd.DataFrame) -> az.ELPDDataLOO:
    elpd_i = xr.DataArray(loo["elpd_i"].to_numpy(), dims="row")
    n = len(loo)
    return az.ELPDDataLOO(
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
