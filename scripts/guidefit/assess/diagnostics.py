"""Figures of merit of one fit, each judged as a row of the table of checks.

Thresholds and sources: the config's `thresholds` (R-hat, ESS: Vehtari et al. 2021; divergences: Betancourt 2017; E-BFMI: Betancourt
2016; k-hat, importance ESS: Vehtari et al. 2024; LOO-PIT bands: Säilynoja et al. 2022).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from guidefit.assess import (
    checks,
    curved_ridges,
    effect_distribution,
    estimates,
    identifiability,
    judge_predictions,
    prior_conflict,
    prior_sensitivity,
    wording,
)
from guidefit.assess.chain_statistics import energy_information
from guidefit.assess.checks import Checks
from guidefit.assess.curved_ridges import CurvedRidge
from guidefit.assess.estimates import Estimates
from guidefit.assess.fits import Fits
from guidefit.assess.identifiability import Certificate, Direction
from guidefit.engines.interface import K_HAT_MAX
from guidefit.models.declaration import Priors
from guidefit.models.levels import Side

COLUMNS = (
    *("study", "variant", "seed", "verdict", "reasons", "method"),
    *("r_hat_max", "r_hat_worst", "ess_bulk_min", "ess_bulk_worst", "ess_tail_min", "ess_tail_worst"),
    *("divergences", "divergence_rate", "max_treedepth_draws", "max_treedepth_rate", "e_bfmi_min"),
    *("k_hat", "weighted_draws", "importance_ess", "log_evidence", "log_evidence_se", "modes", "mass_missed"),
    *("contraction_min", "unlearnt_directions", "pareto_k_max", "pareto_k_high", "pareto_k_threshold"),
    *("loo_pit_outside", "loo_pit_distance", "loo_pit_genes_outside", "loo_pit_lines_outside", "loo_pit_sgrnas_outside"),
    "essential_lines_outside",
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
    fits: Fits,
    found: Estimates,
    thresholds: Mapping[str, float],
    priors: Priors,
    warnings: Sequence[str] = (),
    unjudged: Collection[str] = (),
    normal_effects: Side | None = None,
    spare: Collection[str] = (),
) -> list[Diagnosis]:
    """Compute and judge every figure of merit of each fit, but those of predictions: see `add_predictions`.

    found: their estimates. thresholds: those of the config. priors: those that the fits were made with. warnings: those of the
    import of a real screen. unjudged: variables whose R-hat and ESS are in the estimates but not judged. normal_effects: the
    intercepts of a variant with normal effects of genes, for a real screen, whose genes are called. spare: variables that may keep
    their prior without making the other estimates useless.
    """
    made = [Checks() for _ in fits.seeds]
    figures = [_judge_draws(fit, fits, found, made[fit], thresholds, warnings, unjudged) for fit in range(len(made))]
    certificates = identifiability.certify(
        fits.posterior, fits.prior, thresholds["contraction_pass"], thresholds["contraction_fail"]
    )
    ridges = curved_ridges.find_curved_ridges(fits.posterior, fits.prior)
    # Along a straight ridge logarithms move as well: it is named once.
    curved = [[] if certificate.directions else of_fit for certificate, of_fit in zip(certificates, ridges, strict=True)]
    for mine, certificate, of_fit, checked in zip(figures, certificates, curved, made, strict=True):
        _judge_identifiability(certificate, checked, thresholds, spare)
        _judge_curved(of_fit, checked, thresholds["contraction_fail"])
        count = len(certificate.directions) + len(certificate.scales) + len(of_fit)
        mine |= {"contraction_min": certificate.least, "unlearnt_directions": count}
    prior_conflict.judge(found, fits.prior, priors, thresholds["prior_conflict_level"], made)
    if normal_effects:
        effect_distribution.judge(normal_effects, fits.posterior, thresholds["effect_kurtosis_max"], made)
    prior_sensitivity.judge(fits, found, priors, thresholds["prior_sensitivity_max"], made)
    for fit, checked in enumerate(made):
        _note_boundary(found.ranks.truth[fit], found, fits, checked)
    directions = ([*each.directions, *each.scales, *of_fit] for each, of_fit in zip(certificates, curved, strict=True))
    return [Diagnosis(*each) for each in zip(figures, made, directions, strict=True)]


def _judge_draws(
    fit: int,
    fits: Fits,
    found: Estimates,
    checked: Checks,
    thresholds: Mapping[str, float],
    warnings: Sequence[str],
    unjudged: Collection[str],
) -> dict[str, Any]:
    """The figures of one fit's estimates and draws."""
    for warning in warnings:
        checked.add(checks.SCREEN, "warn", where=warning)
    parameters = found.parameters
    wrong = ~np.isfinite([found.statistics[name][fit] for name in estimates.SUMMARY]).all(axis=0)
    names = [parameters.names[i] for i in np.flatnonzero(wrong)[: SHOWN + 1]]
    checked.at_most(checks.FINITE, int(wrong.sum()), 0, 0, listed(names, int(wrong.sum())))
    free = np.flatnonzero(~(found.is_constant[fit] | np.isin(parameters.variables, list(unjudged))))
    figures = _judge_chains(fit, fits, found, free, checked, thresholds) if fits.is_mcmc(fit) else {"method": "importance sampling"}
    if fits.importance:
        figures |= _judge_importance(fit, fits, checked, thresholds)
    return figures


def make_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The figures of several fits in the columns of diagnostics.csv; what a fit does not have is empty."""
    table = pd.DataFrame(rows)
    others = [column for column in table if column not in COLUMNS]
    return table.reindex(columns=[*COLUMNS, *others])


def _judge_chains(
    fit: int, fits: Fits, found: Estimates, free: np.ndarray, checked: Checks, t: Mapping[str, float]
) -> dict[str, Any]:
    """R-hat, ESS, divergences, tree depth and E-BFMI; free: places of the parameters whose R-hat and ESS are judged."""
    stats = fits.sampler_of(fit)
    chains, draws = next(iter(stats.values())).shape
    of_nuts = "diverging" in stats
    figures: dict[str, Any] = {"method": "NUTS over the scales" if fits.importance else "NUTS" if of_nuts else "Gibbs"}

    names, r_hat = np.array(found.parameters.names, object)[free], found.statistics["r_hat"][fit, free]
    if not of_nuts and not fits.importance:
        spared = _modes_of_few(r_hat, found.parameters.variables[free], t)
        if spared.any():
            worst = listed(names[spared][np.argsort(-r_hat[spared])][:SHOWN].tolist(), int(spared.sum()))
            checked.add(checks.MIXING, "note", float(r_hat[spared].max()), t["r_hat_pass"], worst)
        free, names, r_hat = free[~spared], names[~spared], r_hat[~spared]
    value, worst = _worst(r_hat, names, largest=True)
    figures |= {"r_hat_max": value, "r_hat_worst": worst}
    checked.below(checks.R_HAT, value, t["r_hat_pass"], t["r_hat_fail"], worst)
    for name, kind in ((checks.ESS_BULK, "bulk"), (checks.ESS_TAIL, "tail")):
        value, worst = _worst(found.statistics[f"ess_{kind}"][fit, free], names, largest=False)
        figures |= {f"ess_{kind}_min": value, f"ess_{kind}_worst": worst}
        checked.at_least(name, value, t["ess_per_chain_pass"] * chains, t["ess_per_chain_fail"] * chains, worst)

    if not of_nuts:
        return figures
    divergences, deep = int(stats["diverging"].sum()), int(stats["reached_max_treedepth"].sum())
    figures |= {"divergences": divergences, "divergence_rate": divergences / (chains * draws)}
    figures |= {"max_treedepth_draws": deep, "max_treedepth_rate": deep / (chains * draws)}
    for name, count, limit in (
        (checks.DIVERGENCES, divergences, t["divergence_rate_fail"]),
        (checks.MAX_TREEDEPTH, deep, t["max_treedepth_rate_fail"]),
    ):
        checked.at_most(name, count / (chains * draws), 0, limit, f"{count} of {chains * draws} draws")

    figures["e_bfmi_min"] = float(energy_information(stats["energy"][None]).min())
    checked.at_least(checks.E_BFMI, figures["e_bfmi_min"], t["e_bfmi_pass"], t["e_bfmi_fail"])
    return figures


def _modes_of_few(r_hat: np.ndarray, variables: np.ndarray, t: Mapping[str, float]) -> np.ndarray:
    """Whether R-hat and ESS of a parameter do not count: the worst of each variable, up to the share `unmixed_share_max`.

    Among thousands of sgRNAs some have two modes (departing or noisy), between which chains change rarely. They move nothing else.
    """
    spared = np.zeros(len(r_hat), bool)
    for variable in set(variables):
        mine = np.flatnonzero(variables == variable)
        worst = mine[np.argsort(-np.nan_to_num(r_hat[mine], nan=0.0))[: int(len(mine) * t["unmixed_share_max"])]]
        spared[worst] = r_hat[worst] >= t["r_hat_pass"]
    return spared


def _worst(values: np.ndarray, names: Sequence[str], largest: bool) -> tuple[float, str]:
    """The worst value and its parameter's name; NaN, which no check passes, is the worst of all."""
    unknown = np.isnan(values)
    if unknown.any() or not len(values):
        return np.nan, names[int(unknown.argmax())] if len(values) else ""
    place = int(values.argmax() if largest else values.argmin())
    return float(values[place]), names[place]


def _judge_importance(fit: int, fits: Fits, checked: Checks, t: Mapping[str, float]) -> dict[str, Any]:
    """Modes, k-hat and effective draws of the engine `collapsed`, and the log evidence they give."""
    figures = {name: float(values[fit]) for name, values in fits.importance.items()}
    chains, ess, k_hat = fits.posterior.chains, figures["importance_ess"], figures["k_hat"]
    _judge_modes(figures["modes"], figures["mass_missed"], checked)
    if not np.isfinite(figures["weighted_draws"]):
        return figures
    draws = f"{figures['weighted_draws']:.0f} draws"
    if fits.is_mcmc(fit):
        if np.isfinite(k_hat):
            checked.add(checks.IMPORTANCE_K_HAT, "note", k_hat, K_HAT_MAX, draws)
        return figures | {"importance_ess": np.nan, "log_evidence": np.nan, "log_evidence_se": np.nan}
    checked.below(checks.IMPORTANCE_K_HAT, k_hat, K_HAT_MAX, K_HAT_MAX, draws)
    checked.at_least(checks.IMPORTANCE_ESS, ess, t["ess_per_chain_pass"] * chains, t["ess_per_chain_fail"] * chains, draws)
    return figures


def _judge_modes(modes: float, missed: float, found: Checks) -> None:
    """Whether the draws visit all modes; several modes are worth a note even then, since estimates may lie between them."""
    if modes > 1 and missed <= MASS_MISSED_PASS:
        found.add(checks.MODES, "note", missed, MASS_MISSED_PASS, f"{modes:.0f} modes")
    else:
        found.at_most(checks.MODES, missed, MASS_MISSED_PASS, MASS_MISSED_FAIL, f"{modes:.0f} modes" if modes > 1 else "1 mode")


def _judge_identifiability(certificate: Certificate, found: Checks, t: Mapping[str, float], spare: Collection[str] = ()) -> None:
    """Directions fail where the data carry no information about them; those that move spare variables alone warn."""
    for direction in certificate.directions:
        is_spare = direction.moving <= set(spare)
        fails = direction.contraction - 2 * direction.mcse < t["contraction_fail"] and not is_spare
        level = "fail" if fails else "warn"
        limit = t["contraction_fail"] if level == "fail" else t["contraction_pass"]
        found.add(checks.CONTRACTION, level, direction.contraction, limit, direction.name)
    if not certificate.directions and np.isfinite(certificate.least):
        found.add(checks.CONTRACTION, "pass", certificate.least, t["contraction_pass"])

    for scale in certificate.scales:
        found.add(checks.SCALE_CONTRACTION, "warn", scale.contraction, t["contraction_fail"], scale.name)
    if not certificate.scales and np.isfinite(certificate.least_scale):
        found.add(checks.SCALE_CONTRACTION, "pass", certificate.least_scale, t["contraction_fail"])


def _judge_curved(ridges: Sequence[CurvedRidge], found: Checks, fails: float) -> None:
    """Ridges in logarithms; one of scales alone leaves the effects usable. There is no row where none is found."""
    for ridge in ridges:
        level = "fail" if ridge.contraction - 2 * ridge.mcse < fails and not ridge.of_scales else "warn"
        found.add(checks.CURVED_CONTRACTION, level, ridge.contraction, curved_ridges.MAX_CONTRACTION, ridge.known)


def _note_boundary(truth: np.ndarray, table: Estimates, fits: Fits, found: Checks) -> None:
    """A scale that is simulated as 0: every draw is above it, so that no central interval covers it."""
    for variable in dict.fromkeys(table.parameters.variables[truth == 0].tolist()):
        if variable in fits.prior.values and float(fits.prior.values[variable].min()) >= 0:
            found.add(checks.TRUTH_ON_BOUNDARY, "note", 0, where=variable)


def add_predictions(diagnosis: Diagnosis, loo: pd.DataFrame | None, lines: pd.DataFrame | None, t: Mapping[str, float]) -> None:
    """Add what the predictive checks give. loo, lines: the fit's rows of their tables, or None where none were made."""
    if loo is None or lines is None:
        diagnosis.checks.add(checks.PREDICTIVE, "unchecked")
    else:
        diagnosis.figures.update(judge_predictions.judge(loo, diagnosis.checks, t))
        diagnosis.figures.update(judge_predictions.judge_lines(lines, diagnosis.checks, t))


def listed(names: list[str], count: int) -> str:
    """The first SHOWN of `count` names, as "a, b, ..."; empty where there is none."""
    return ", ".join([*names[:SHOWN], *(["..."] if count > SHOWN else [])])
