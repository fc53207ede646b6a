"""Estimates and health of one fit: tables, figures of merit, and a verdict with its reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any

import arviz as az
import numpy as np
import pandas as pd
import scipy.stats
import xarray as xr
from arviz_stats import ecdf_utils

from guidefit.assess import identifiability
from guidefit.engines.mixture import HDI_PROB, QUANTILES
from guidefit.base.names import indexed
from guidefit.engines.posterior_file import reported
from guidefit.screens.arrays import ModelData

KEY = ("variable", "gene", "sgrna")
ESTIMATE_COLUMNS = (
    *("study", "variant", "seed", *KEY),
    *("mean", "sd", "q025", "q25", "median", "q75", "q975", "hdi_lower", "hdi_upper"),
    *("mcse_mean", "mcse_sd", "ess_bulk", "ess_tail", "r_hat", "truth", "rank", "n_ranks"),
    *("q05", "q10", "q90", "q95", "contraction"),
)


def estimates(
    posterior: xr.Dataset,
    truth: pd.DataFrame,
    n_ranks: int,
    rng: np.random.Generator,
    summary: xr.Dataset | None = None,
    mcmc: bool = True,
    prior: xr.Dataset | None = None,
) -> pd.DataFrame:
    """One row per variable and coordinate: summary, truth beside it, the truth's rank among thinned draws, and the contraction.

    posterior: dims (chain, draw) and at most gene and sgrna. truth: variable, gene, sgrna, truth (on the model's scale; missing
    where there is no counterpart). summary: (statistic, ...) statistics that the engine knows better than its draws do; mcmc:
    whether the draws are a Markov chain's, so that R-hat, ESS and the Monte Carlo errors are to be had from them. prior: its draws,
    for the contraction, 1 - posterior / prior variance.
    """
    parts = [] if summary is None else [_long(summary, "statistic")]
    if mcmc:
        parts.insert(0, _long(_of_chains(posterior, summary is None), "statistic"))
    keys = list(KEY)
    table = parts[0] if len(parts) == 1 else parts[0].drop(columns=keys).combine_first(parts[1]).assign(**parts[0][keys])
    for name in ("ess_bulk", "ess_tail", "r_hat"):
        table[name] = table.get(name, np.nan)
    least = table["ess_bulk"].min() if mcmc else np.inf
    table = table.merge(ranks(posterior, truth, n_ranks, rng, least), on=keys, how="left", sort=False)
    table["contraction"] = np.nan
    if prior is not None:
        before = _long(prior.var(("chain", "draw")).expand_dims(of=["prior_variance"]), "of")
        table["contraction"] = 1 - table["sd"] ** 2 / table[keys].merge(before, on=keys, how="left")["prior_variance"]
    return table[[column for column in ESTIMATE_COLUMNS if column in table]]


def ranks(draws: xr.Dataset, truth: pd.DataFrame, n_ranks: int, rng: np.random.Generator, ess: float = np.inf) -> pd.DataFrame:
    """Rank of each truth among thinned draws: variable, gene, sgrna, truth, rank, n_ranks.

    rank: number of n_ranks - 1 evenly spaced pooled draws below the truth, 0..n_ranks - 1, ties broken at random (Talts et al.
    2018). Where the effective sample size `ess` is smaller, so many draws, which then are about independent.
    """
    pooled = draws.stack(sample=("chain", "draw"), create_index=False)
    size = int(min(n_ranks - 1, pooled.sizes["sample"], max(ess if np.isfinite(ess) else n_ranks, 1)))
    kept = np.linspace(0, pooled.sizes["sample"] - 1, size).astype(int)
    table = _long(pooled.isel(sample=kept).assign_coords(sample=kept), "sample")
    numbers = table.drop(columns=list(KEY)).to_numpy()
    table = table[list(KEY)].merge(truth[[*KEY, "truth"]], on=list(KEY), how="left", sort=False)
    value = table["truth"].to_numpy()[:, None]
    ties = (numbers == value).sum(axis=1)
    rank = (numbers < value).sum(axis=1) + rng.integers(0, ties + 1)
    table["rank"] = pd.array(rank, dtype="Int64")
    table.loc[table["truth"].isna(), "rank"] = pd.NA
    return table.assign(n_ranks=len(kept) + 1)


def _of_chains(posterior: xr.Dataset, whole: bool) -> xr.Dataset:
    """(statistic, ...) of a Markov chain's draws: what only they can tell, and with `whole` the summary too."""
    parts = {
        "mcse_mean": az.mcse(posterior, method="mean"),
        "mcse_sd": az.mcse(posterior, method="sd"),
        "ess_bulk": az.ess(posterior, method="bulk"),
        "ess_tail": az.ess(posterior, method="tail"),
        "r_hat": az.rhat(posterior),
    }
    if whole:
        sample = ("chain", "draw")
        quantiles = posterior.quantile(list(QUANTILES.values()), dim=sample)
        hdi = az.hdi(posterior, prob=HDI_PROB)
        parts |= {"mean": posterior.mean(sample), "sd": posterior.std(sample, ddof=1)}
        parts |= {name: quantiles.isel(quantile=i, drop=True) for i, name in enumerate(QUANTILES)}
        parts |= {f"hdi_{end}": hdi.sel(ci_bound=end, drop=True) for end in ("lower", "upper")}
    named = [value.expand_dims(statistic=[name]) for name, value in parts.items()]
    return xr.concat(named, "statistic", coords="minimal", compat="override")


def estimate_table(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The estimates of several fits in the columns of estimates.csv; no rows where there are no fits."""
    return pd.concat(parts, ignore_index=True)[list(ESTIMATE_COLUMNS)] if parts else pd.DataFrame(columns=list(ESTIMATE_COLUMNS))


DIAGNOSTIC_COLUMNS = (
    *("study", "variant", "seed", "verdict", "reasons", "method"),
    *("r_hat_max", "r_hat_worst", "ess_bulk_min", "ess_bulk_worst", "ess_tail_min", "ess_tail_worst"),
    *("divergences", "divergence_rate", "max_treedepth_draws", "max_treedepth_rate", "e_bfmi_min"),
    *("k_hat", "weighted_draws", "importance_ess", "log_evidence", "log_evidence_se"),
    *("contraction_min", "unlearnt_directions", "pareto_k_max", "pareto_k_high", "pareto_k_threshold"),
    *("loo_pit_outside", "loo_pit_genes_outside"),
)


def diagnostics_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The diagnostics of several fits in the columns of diagnostics.csv; what a fit does not have is empty."""
    table = pd.DataFrame(rows)
    others = [column for column in table if column not in DIAGNOSTIC_COLUMNS]
    return table.reindex(columns=[*DIAGNOSTIC_COLUMNS, *others])


def identifiability_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The unlearnt directions of several fits in the columns of identifiability.csv."""
    columns = ["study", "variant", "seed", "direction", "name", "contraction", "mcse", "share", "sd", "loadings"]
    return pd.DataFrame(rows, columns=columns)


def _long(values: xr.Dataset, wide: str) -> pd.DataFrame:
    """One row per variable and coordinate, one column per entry of the dim `wide`, in the order of the variables."""
    numbers, keys = [], []
    for name, array in values.data_vars.items():
        dims = [str(dim) for dim in array.dims if dim != wide]
        numbers.append(array.transpose(*dims, wide).values.reshape(-1, array.sizes[wide]))
        for place in product(*(array[dim].values.tolist() for dim in dims)):
            at = dict(zip(dims, place, strict=True))
            gene, sgrna = at.pop("gene", None), at.pop("sgrna", None)
            keys.append((indexed(str(name), *at.values()), gene, sgrna))
    table = pd.DataFrame(np.concatenate(numbers), columns=values[wide].values)
    columns = {key: pd.array(column, dtype="str") for key, column in zip(KEY, zip(*keys, strict=True), strict=True)}
    return table.assign(**columns)


@dataclass
class Verdict:
    """`pass`, `warn` or `fail`, and why."""

    level: str = "pass"
    reasons: list[str] = field(default_factory=list)

    def judge(self, value: float, passes: bool, fails: bool, reason: str) -> None:
        """Lower the verdict where `value` does not pass; a value that is not a number where one is needed fails."""
        if passes:
            return
        level = "fail" if fails or np.isnan(value) else "warn"
        self.reasons.append(f"{level}: {reason}")
        if self.level != "fail":
            self.level = level

    def note(self, text: str) -> None:
        """Tell something that does not lower the verdict."""
        self.reasons.append(f"note: {text}")


def diagnose(
    fit: xr.DataTree, table: pd.DataFrame, loo: pd.DataFrame | None, data: ModelData | None, thresholds: Mapping[str, float]
) -> tuple[dict[str, Any], list[identifiability.Direction]]:
    """Every figure of merit of one fit, its verdict with reasons, and the directions that the data say nothing about.

    table: from `estimates`; loo: (row) pareto_k, pit, good_k, with the rows' data, or None where checks are off. Thresholds and
    sources: the config's `thresholds` (R-hat, ESS: Vehtari et al. 2021; divergences: Betancourt 2017; E-BFMI: Betancourt 2016;
    k-hat, importance ESS: Vehtari et al. 2024; LOO-PIT bands: Säilynoja et al. 2022).
    """
    t = thresholds
    verdict = Verdict()
    row: dict[str, Any] = _judge_chains(fit, table, verdict, t) if is_mcmc(fit) else {"method": "importance sampling"}
    if "importance" in fit.children:
        row |= _judge_importance(fit, verdict, t)

    contraction, directions = identifiability.unlearnt_directions(
        reported(fit["posterior"].to_dataset()), reported(fit["prior"].to_dataset()), t["contraction_pass"]
    )
    row["contraction_min"] = contraction
    row["unlearnt_directions"] = len(directions)
    for direction in directions:
        lowest = direction.contraction - 2 * direction.mcse
        text = f"contraction {direction.contraction:.2f}, Monte Carlo se {direction.mcse:.2f}, sd {direction.sd:.2f}"
        verdict.judge(
            lowest, False, lowest < t["contraction_fail"], f"not identified: the data say nothing about {direction.name} ({text})"
        )

    if loo is not None and data is not None:
        row["pareto_k_max"], row["pareto_k_threshold"] = float(loo["pareto_k"].max()), float(loo["good_k"].iloc[0])
        row["pareto_k_high"] = int((loo["pareto_k"] >= row["pareto_k_threshold"]).sum())
        high = row["pareto_k_high"]
        verdict.judge(high, high == 0, False, f"k-hat {row['pareto_k_max']:.2f}: LOO unreliable for {high} of {len(loo)} rows")
        row["loo_pit_outside"] = share_outside_band(loo["pit"].to_numpy(), t["band_prob"])
        outside = row["loo_pit_outside"]
        verdict.judge(outside, outside == 0, False, f"LOO-PIT leaves its {t['band_prob']:.0%} band at {outside:.0%} of its points")
        genes = genes_outside(loo["pit"].to_numpy(), data, 1 - t["band_prob"])
        row["loo_pit_genes_outside"] = len(genes)
        named = ", ".join(genes[:5]) + (", ..." if len(genes) > 5 else "")
        verdict.judge(len(genes), not genes, False, f"LOO-PIT not uniform in {len(genes)} of {len(data.genes)} genes ({named})")
    return {"verdict": verdict.level, "reasons": "; ".join(verdict.reasons), **row}, directions


def is_mcmc(fit: xr.DataTree) -> bool:
    """Whether the draws are a Markov chain's."""
    return "diverging" in fit["sample_stats"].data_vars


def _judge_chains(fit: xr.DataTree, table: pd.DataFrame, verdict: Verdict, t: Mapping[str, float]) -> dict[str, Any]:
    """R-hat, ESS, divergences, tree depth and E-BFMI."""
    stats = fit["sample_stats"].to_dataset()
    chains, draws = stats.sizes["chain"], stats.sizes["draw"]
    row: dict[str, Any] = {"method": "NUTS over the scales" if "importance" in fit.children else "NUTS"}

    worst = table.loc[table["r_hat"].idxmax()] if table["r_hat"].notna().any() else table.iloc[0]
    row["r_hat_max"], row["r_hat_worst"] = float(table["r_hat"].max(skipna=False)), _label(worst)
    r_hat = row["r_hat_max"]
    verdict.judge(r_hat, r_hat < t["r_hat_pass"], r_hat >= t["r_hat_fail"], f"R-hat {r_hat:.3f} ({row['r_hat_worst']})")

    for kind in ("bulk", "tail"):
        ess = table[f"ess_{kind}"]
        least = float(ess.min(skipna=False))
        row[f"ess_{kind}_min"] = least
        row[f"ess_{kind}_worst"] = _label(table.loc[ess.idxmin()]) if ess.notna().any() else ""
        verdict.judge(
            least,
            least >= t["ess_per_chain_pass"] * chains,
            least < t["ess_per_chain_fail"] * chains,
            f"{kind} ESS {least:.0f} of {chains * draws} draws ({row[f'ess_{kind}_worst']})",
        )

    row["divergences"] = int(stats["diverging"].sum())
    row["divergence_rate"] = row["divergences"] / (chains * draws)
    rate = row["divergence_rate"]
    verdict.judge(rate, rate == 0, rate > t["divergence_rate_fail"], f"{row['divergences']} divergences in {chains * draws} draws")

    row["max_treedepth_draws"] = int(stats["reached_max_treedepth"].sum())
    row["max_treedepth_rate"] = row["max_treedepth_draws"] / (chains * draws)
    rate = row["max_treedepth_rate"]
    verdict.judge(
        rate,
        rate == 0,
        rate > t["max_treedepth_rate_fail"],
        f"{row['max_treedepth_draws']} of {chains * draws} draws at maximum tree depth",
    )

    row["e_bfmi_min"] = float(az.bfmi(stats)["energy"].min())
    e_bfmi = row["e_bfmi_min"]
    verdict.judge(e_bfmi, e_bfmi >= t["e_bfmi_pass"], e_bfmi < t["e_bfmi_fail"], f"E-BFMI {e_bfmi:.2f}")
    return row


def _judge_importance(fit: xr.DataTree, verdict: Verdict, t: Mapping[str, float]) -> dict[str, Any]:
    """k-hat and effective draws of the engine `collapsed`, and the log evidence they give."""
    row = {str(name): float(value) for name, value in fit["importance"].data_vars.items()}
    chains, ess, k_hat = fit["sample_stats"].sizes["chain"], row["importance_ess"], row["k_hat"]
    if is_mcmc(fit):
        if np.isfinite(k_hat):
            verdict.note(f"importance sampling gave k-hat {k_hat:.2f} with {row['weighted_draws']:.0f} draws: went over to NUTS")
        return row | {"importance_ess": np.nan, "log_evidence": np.nan, "log_evidence_se": np.nan}
    verdict.judge(
        ess,
        ess >= t["ess_per_chain_pass"] * chains,
        ess < t["ess_per_chain_fail"] * chains,
        f"importance ESS {ess:.0f} of {row['weighted_draws']:.0f} draws",
    )
    return row


def _label(row: pd.Series) -> str:
    coordinate = [str(row[key]) for key in ("gene", "sgrna") if pd.notna(row[key])]
    return f"{row['variable']}[{coordinate[0]}]" if coordinate else str(row["variable"])


def pit_band(pit: np.ndarray, prob: float, max_points: int = 200) -> pd.DataFrame:
    """ECDF of PIT values minus the uniform's, with its simultaneous band (Säilynoja, Bürkner & Vehtari 2022).

    Columns: pit, difference, lower, upper, at most max_points evenly spaced points in (0, 1).
    """
    points, lower, upper = _uniform_band(len(pit), prob, max_points)
    ecdf = np.searchsorted(np.sort(pit), points, side="right") / len(pit)
    return pd.DataFrame({"pit": points, "difference": ecdf - points, "lower": lower - points, "upper": upper - points})


def ecdf_points(size: int, max_points: int) -> np.ndarray:
    """Evenly spaced points in (0, 1) at which the ECDF of `size` values is looked at."""
    count = min(size, max_points)
    return np.arange(1, count) / count if count > 1 else np.array([0.5])


@cache
def _uniform_band(size: int, prob: float, max_points: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(points, lower, upper) of the simultaneous band of the ECDF of `size` uniform values; simulated, always the same."""
    points = ecdf_points(size, max_points)
    pointwise = ecdf_utils.simulate_confidence_bands(size, 1, points, prob, 2000, np.random.default_rng(0))
    return points, *ecdf_utils.get_pointwise_confidence_band(pointwise, size, points)


def share_outside_band(pit: np.ndarray, prob: float) -> float:
    """Share of the ECDF's points that leave the simultaneous band: 0 where the predictions are calibrated."""
    band = pit_band(pit, prob)
    return float(((band["difference"] < band["lower"]) | (band["difference"] > band["upper"])).mean())


def holm(p_values: np.ndarray) -> np.ndarray:
    """The p-values with Holm's correction (1979), in the same order."""
    order = np.argsort(p_values, kind="stable")
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1)), 1.0)
    return corrected


def genes_outside(pit: np.ndarray, data: ModelData, level: float) -> list[str]:
    """Genes whose PIT values are not uniform: Kolmogorov-Smirnov tests with Holm's correction over genes, worst first."""
    genes = data.gene_of_row
    p_values = np.array([scipy.stats.kstest(pit[genes == g], "uniform").pvalue for g in range(len(data.genes))])
    corrected = holm(p_values)
    return [data.genes[g] for g in np.argsort(p_values) if corrected[g] < level]
