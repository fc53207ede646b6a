"""Figures of merit of one fit, each judged as a row of the table of checks.

Thresholds and sources: the config's `thresholds` (R-hat, ESS: Vehtari et al. 2021; divergences: Betancourt 2017; E-BFMI: Betancourt
2016; k-hat, importance ESS: Vehtari et al. 2024; LOO-PIT bands: Säilynoja et al. 2022).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import arviz_stats as azs
import numpy as np
import pandas as pd
import xarray as xr

from guidefit.assess import checks, estimates, identifiability, prior_conflict, uniformity, wording
from guidefit.assess.checks import Checks
from guidefit.assess.identifiability import Direction
from guidefit.base.names import variable_of
from guidefit.engines.interface import K_HAT_MAX
from guidefit.engines.posterior_file import reported
from guidefit.models.declaration import Priors
from guidefit.screens.arrays import ModelData

COLUMNS = (
    *("study", "variant", "seed", "verdict", "reasons", "method"),
    *("r_hat_max", "r_hat_worst", "ess_bulk_min", "ess_bulk_worst", "ess_tail_min", "ess_tail_worst"),
    *("divergences", "divergence_rate", "max_treedepth_draws", "max_treedepth_rate", "e_bfmi_min"),
    *("k_hat", "weighted_draws", "importance_ess", "log_evidence", "log_evidence_se", "modes", "mass_missed"),
    *("contraction_min", "unlearnt_directions", "pareto_k_max", "pareto_k_high", "pareto_k_threshold"),
    *("loo_pit_outside", "loo_pit_genes_outside"),
)
MASS_MISSED_PASS, MASS_MISSED_FAIL = 0.01, 0.1  # shares of the mass; beyond the second, intervals of 90 % may be wrong
SHOWN = 5  # names that a check lists; the number of all is its value


@dataclass(frozen=True)
class Diagnosis:
    """figures: columns of diagnostics.csv; checks: the rows of the table of checks; directions: what is not identified."""

    figures: dict[str, Any]
    checks: Checks
    directions: list[Direction]

    def as_row(self) -> dict[str, Any]:
        """The row of diagnostics.csv: the verdict, its reasons as joined sentences, and the figures."""
        return {"verdict": self.checks.verdict, "reasons": "; ".join(wording.reasons(self.checks.rows))} | self.figures


def stopped(message: str) -> Diagnosis:
    """The diagnosis of a fit that stopped with an error: its only check names the first line of the message."""
    found = Checks()
    found.add(checks.STOPPED, "error", where=first_line(message))
    return Diagnosis({}, found, [])


def first_line(message: str) -> str:
    """The first line of a message that has any text, without what follows it, such as a list of stack frames."""
    return next((line.strip() for line in str(message).splitlines() if line.strip()), "no message")


def diagnose(
    fit: xr.DataTree,
    table: pd.DataFrame,
    loo: pd.DataFrame | None,
    data: ModelData | None,
    thresholds: Mapping[str, float],
    priors: Priors,
    warnings: Sequence[str] = (),
    unjudged: Collection[str] = (),
) -> Diagnosis:
    """Compute and judge every figure of merit of one fit.

    table: its estimates. loo: (row) pareto_k, pit, good_k, with the rows' data, or None where the predictive checks were not made.
    thresholds: those of the config. priors: those that the fit was made with. warnings: those of the import of a real screen.
    unjudged: variables whose R-hat and ESS are in the estimates but not judged.
    """
    found = Checks()
    for warning in warnings:
        found.add(checks.SCREEN, "warn", where=warning)
    posterior, prior = (reported(fit[group].to_dataset()) for group in ("posterior", "prior"))
    _judge_finite(table, found)
    free = table[~(estimates.find_constant(table, posterior, prior) | variable_of(table["variable"]).isin(unjudged))]
    figures = _judge_chains(fit, free, found, thresholds) if is_mcmc(fit) else {"method": "importance sampling"}
    if "importance" in fit.children:
        figures |= _judge_importance(fit, found, thresholds)
    contraction, directions = _judge_identifiability(posterior, prior, found, thresholds)
    figures |= {"contraction_min": contraction, "unlearnt_directions": len(directions)}
    prior_conflict.judge(table, prior, priors, thresholds["prior_conflict_level"], found)
    _note_boundary(table, prior, found)
    if loo is None or data is None:
        found.add(checks.PREDICTIVE, "unchecked")
    else:
        figures |= _judge_predictions(loo, data, found, thresholds)
    return Diagnosis(figures, found, directions)


def is_mcmc(fit: xr.DataTree) -> bool:
    """Whether the draws are a Markov chain's."""
    return bool({"diverging", "departing_rows"} & set(fit["sample_stats"].data_vars))


def make_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The figures of several fits in the columns of diagnostics.csv; what a fit does not have is empty."""
    table = pd.DataFrame(rows)
    others = [column for column in table if column not in COLUMNS]
    return table.reindex(columns=[*COLUMNS, *others])


def _judge_finite(table: pd.DataFrame, found: Checks) -> None:
    wrong = table[~np.isfinite(table[list(estimates.SUMMARY)].to_numpy(dtype=float)).all(axis=1)]
    names = [estimates.name_of(row) for _, row in wrong.head(SHOWN + 1).iterrows()]
    found.at_most(checks.FINITE, len(wrong), 0, 0, listed(names, len(wrong)))


def _judge_chains(fit: xr.DataTree, table: pd.DataFrame, found: Checks, t: Mapping[str, float]) -> dict[str, Any]:
    """R-hat, ESS, divergences, tree depth and E-BFMI; table: estimates without quantities that are constant."""
    stats = fit["sample_stats"].to_dataset()
    chains, draws = stats.sizes["chain"], stats.sizes["draw"]
    of_nuts = "diverging" in stats.data_vars
    figures: dict[str, Any] = {"method": "NUTS over the scales" if "importance" in fit.children else "NUTS" if of_nuts else "Gibbs"}

    value, worst = _worst(table, "r_hat", largest=True)
    figures |= {"r_hat_max": value, "r_hat_worst": worst}
    found.below(checks.R_HAT, value, t["r_hat_pass"], t["r_hat_fail"], worst)
    for name, kind in ((checks.ESS_BULK, "bulk"), (checks.ESS_TAIL, "tail")):
        value, worst = _worst(table, f"ess_{kind}", largest=False)
        figures |= {f"ess_{kind}_min": value, f"ess_{kind}_worst": worst}
        found.at_least(name, value, t["ess_per_chain_pass"] * chains, t["ess_per_chain_fail"] * chains, worst)

    if not of_nuts:
        return figures
    divergences, deep = int(stats["diverging"].sum()), int(stats["reached_max_treedepth"].sum())
    figures |= {"divergences": divergences, "divergence_rate": divergences / (chains * draws)}
    figures |= {"max_treedepth_draws": deep, "max_treedepth_rate": deep / (chains * draws)}
    for name, count, limit in (
        (checks.DIVERGENCES, divergences, t["divergence_rate_fail"]),
        (checks.MAX_TREEDEPTH, deep, t["max_treedepth_rate_fail"]),
    ):
        found.at_most(name, count / (chains * draws), 0, limit, f"{count} of {chains * draws} draws")

    figures["e_bfmi_min"] = float(azs.bfmi(stats)["energy"].min())
    found.at_least(checks.E_BFMI, figures["e_bfmi_min"], t["e_bfmi_pass"], t["e_bfmi_fail"])
    return figures


def _worst(table: pd.DataFrame, column: str, largest: bool) -> tuple[float, str]:
    """The worst value of a column of the estimates and its parameter's name; NaN, which no check passes, is the worst of all."""
    values = table[column]
    if values.isna().any() or values.empty:
        return np.nan, estimates.name_of(table.loc[values.isna().idxmax()]) if len(table) else ""
    place = values.idxmax() if largest else values.idxmin()
    return float(values[place]), estimates.name_of(table.loc[place])


def _judge_importance(fit: xr.DataTree, found: Checks, t: Mapping[str, float]) -> dict[str, Any]:
    """Modes, k-hat and effective draws of the engine `collapsed`, and the log evidence they give."""
    figures = {str(name): float(value) for name, value in fit["importance"].data_vars.items()}
    chains, ess, k_hat = fit["sample_stats"].sizes["chain"], figures["importance_ess"], figures["k_hat"]
    _judge_modes(figures["modes"], figures["mass_missed"], found)
    if not np.isfinite(figures["weighted_draws"]):
        return figures
    draws = f"{figures['weighted_draws']:.0f} draws"
    if is_mcmc(fit):
        if np.isfinite(k_hat):
            found.add(checks.IMPORTANCE_K_HAT, "note", k_hat, K_HAT_MAX, draws)
        return figures | {"importance_ess": np.nan, "log_evidence": np.nan, "log_evidence_se": np.nan}
    found.below(checks.IMPORTANCE_K_HAT, k_hat, K_HAT_MAX, K_HAT_MAX, draws)
    found.at_least(checks.IMPORTANCE_ESS, ess, t["ess_per_chain_pass"] * chains, t["ess_per_chain_fail"] * chains, draws)
    return figures


def _judge_modes(modes: float, missed: float, found: Checks) -> None:
    """Whether the draws visit all modes; several modes are worth a note even then, since estimates may lie between them."""
    if modes > 1 and missed <= MASS_MISSED_PASS:
        found.add(checks.MODES, "note", missed, MASS_MISSED_PASS, f"{modes:.0f} modes")
    else:
        found.at_most(checks.MODES, missed, MASS_MISSED_PASS, MASS_MISSED_FAIL, f"{modes:.0f} modes" if modes > 1 else "1 mode")


def _judge_identifiability(
    posterior: xr.Dataset, prior: xr.Dataset, found: Checks, t: Mapping[str, float]
) -> tuple[float, list[Direction]]:
    """The smallest contraction of the locations, and all directions and scales that are not identified."""
    least, directions = identifiability.find_unidentified_directions(posterior, prior, t["contraction_pass"])
    for direction in directions:
        level = "fail" if direction.contraction - 2 * direction.mcse < t["contraction_fail"] else "warn"
        limit = t["contraction_fail"] if level == "fail" else t["contraction_pass"]
        found.add(checks.CONTRACTION, level, direction.contraction, limit, direction.name)
    if not directions and np.isfinite(least):
        found.add(checks.CONTRACTION, "pass", least, t["contraction_pass"])

    least_scale, scales = identifiability.find_unidentified_scales(posterior, prior, t["contraction_fail"], -t["contraction_pass"])
    for scale in scales:
        found.add(checks.SCALE_CONTRACTION, "warn", scale.contraction, t["contraction_fail"], scale.name)
    if not scales and np.isfinite(least_scale):
        found.add(checks.SCALE_CONTRACTION, "pass", least_scale, t["contraction_fail"])
    return least, directions + scales


def _note_boundary(table: pd.DataFrame, prior: xr.Dataset, found: Checks) -> None:
    """A scale that is simulated as 0: every draw is above it, so that no central interval covers it."""
    at_zero = table.loc[table["truth"] == 0, "variable"]
    for variable in dict.fromkeys(variable_of(at_zero)):
        if variable in prior and float(prior[variable].min()) >= 0:
            found.add(checks.TRUTH_ON_BOUNDARY, "note", 0, where=variable)


def _judge_predictions(loo: pd.DataFrame, data: ModelData, found: Checks, t: Mapping[str, float]) -> dict[str, Any]:
    """PSIS-LOO's k-hat, and the calibration of the leave-one-out predictions over all rows and by gene."""
    largest, limit, rows = float(loo["pareto_k"].max()), float(loo["good_k"].iloc[0]), len(loo)
    high = int((loo["pareto_k"] >= limit).sum())
    found.add(checks.PARETO_K, "warn" if high else "pass", largest, limit, f"{high} of {rows} rows")
    pit = loo["pit"].to_numpy()
    outside = uniformity.share_outside_band(pit, t["band_prob"])
    found.at_most(checks.LOO_PIT, outside, 0)
    genes = uniformity.genes_outside(pit, data, 1 - t["band_prob"])
    found.at_most(checks.LOO_PIT_GENES, len(genes), 0, where=listed(genes[: SHOWN + 1], len(genes)))
    return {
        "pareto_k_max": largest,
        "pareto_k_threshold": limit,
        "pareto_k_high": high,
        "loo_pit_outside": outside,
        "loo_pit_genes_outside": len(genes),
    }


def listed(names: list[str], count: int) -> str:
    """The first SHOWN of `count` names, as "a, b, ..."; empty where there is none."""
    return ", ".join([*names[:SHOWN], *(["..."] if count > SHOWN else [])])
