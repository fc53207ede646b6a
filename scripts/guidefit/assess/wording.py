"""Sentences about checks. This is the only module that formats them, and no code reads them."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from guidefit.assess import checks

# check -> (its short name, the format of its value), for headings and cells of tables and figures
_SHORT = {
    checks.STOPPED: ("sampler", ""),
    checks.SCREEN: ("the screen", ""),
    checks.FINITE: ("estimates that are not finite", "{:.0f}"),
    checks.R_HAT: ("R-hat", "{:.3f}"),
    checks.MIXING: ("R-hat of the few not judged", "{:.3f}"),
    checks.ESS_BULK: ("bulk ESS", "{:.0f}"),
    checks.ESS_TAIL: ("tail ESS", "{:.0f}"),
    checks.DIVERGENCES: ("divergent draws", "{:.2%}"),
    checks.MAX_TREEDEPTH: ("draws at max. tree depth", "{:.2%}"),
    checks.E_BFMI: ("E-BFMI", "{:.2f}"),
    checks.IMPORTANCE_K_HAT: ("k-hat of the draws", "{:.2f}"),
    checks.IMPORTANCE_ESS: ("importance ESS", "{:.0f}"),
    checks.MODES: ("mass missed by the draws", "{:.0%}"),
    checks.CONTRACTION: ("contraction", "{:.2f}"),
    checks.SCALE_CONTRACTION: ("contraction of scales", "{:.2f}"),
    checks.CURVED_CONTRACTION: ("contraction of logarithms", "{:.2f}"),
    checks.PRIOR_CONFLICT: ("prior beyond the estimate", "{:.2g}"),
    checks.EFFECT_KURTOSIS: ("kurtosis of effects", "{:.1f}"),
    checks.PRIOR_SENSITIVITY: ("sensitivity to priors", "{:.2f}"),
    checks.PRIOR_TURNS: ("effects turned by priors", "{:.0f}"),
    checks.TRUTH_ON_BOUNDARY: ("truth", ""),
    checks.PREDICTIVE: ("predictive checks", ""),
    checks.PARETO_K: ("rows with high k-hat", "{:.2%}"),
    checks.LOO_PIT: ("LOO-PIT off by", "{:.1%}"),
    checks.LOO_PIT_GENES: ("genes off in LOO-PIT", "{:.0f}"),
    checks.LOO_PIT_LINES: ("lines off in LOO-PIT", "{:.0f}"),
    checks.LOO_PIT_SGRNAS: ("sgRNAs off in LOO-PIT", "{:.0f}"),
    checks.ESSENTIAL_BY_LINE: ("lines off in essential genes", "{:.0f}"),
}

# check -> (the sentence where it passes, the sentence where it does not); {limit} stands for the threshold
_SENTENCES = {
    checks.STOPPED: ("", "the sampler stopped: {where}"),
    checks.SCREEN: ("", "{where}"),
    checks.FINITE: ("all estimates are finite", "{value:.0f} estimates are not finite ({where})"),
    checks.R_HAT: ("R-hat is at most {value:.3f}", "R-hat {value:.3f} ({where}) is not below {limit:g}"),
    checks.MIXING: ("", "the chains disagree about {where} (R-hat up to {value:.3f}): do not rely on their estimates"),
    checks.ESS_BULK: ("bulk ESS is at least {value:.0f}", "bulk ESS {value:.0f} ({where}) is below {limit:.0f}"),
    checks.ESS_TAIL: ("tail ESS is at least {value:.0f}", "tail ESS {value:.0f} ({where}) is below {limit:.0f}"),
    checks.DIVERGENCES: ("{where} are divergent", "{where} are divergent ({value:.2%}, accepted at most {limit:.2%})"),
    checks.MAX_TREEDEPTH: (
        "{where} reached the maximum tree depth",
        "{where} reached the maximum tree depth ({value:.2%}, accepted at most {limit:.2%})",
    ),
    checks.E_BFMI: ("E-BFMI is at least {value:.2f}", "E-BFMI {value:.2f} is below {limit:g}"),
    checks.IMPORTANCE_K_HAT: (
        "k-hat of the importance weights is {value:.2f} with {where}",
        "importance sampling was replaced by NUTS: k-hat {value:.2f} with {where} is not below {limit:g}",
    ),
    checks.IMPORTANCE_ESS: (
        "importance ESS is {value:.0f} of {where}",
        "importance ESS {value:.0f} of {where} is below {limit:.0f}",
    ),
    checks.MODES: (
        "one mode of the scales' posterior was found from several starts",
        "the posterior of the scales has {where}, and the draws miss about {value:.0%} of its mass",
    ),
    checks.CONTRACTION: (
        "the data carry information about all locations (contraction at least {value:.2f})",
        "not identified: the data carry no information about {where} (contraction {value:.2f}, not reliably above {limit:g})",
    ),
    checks.SCALE_CONTRACTION: (
        "the data carry information about all scales (contraction at least {value:.2f})",
        "not identified: {where} keeps its prior (contraction {value:.2f} is below {limit:g})",
    ),
    checks.CURVED_CONTRACTION: (
        "the data carry information about both factors of every product",
        "not identified: the data carry information about {where} (or a similar combination), but not about the single factors "
        "(contraction {value:.2f} of their logarithms, not reliably above {limit:g}). Fix a factor, or give it a tight prior",
    ),
    checks.PRIOR_CONFLICT: (
        "no prior contradicts the data (least probability beyond a posterior mean {value:.2g})",
        "prior-data conflict: the data contradict the prior {where}, which has a probability of {value:.1g} beyond it "
        "(limit {limit:.1g}). Move or widen this prior, or correct the data",
    ),
    checks.EFFECT_KURTOSIS: (
        "a normal distribution suits the effects of {where} (excess kurtosis {value:.1f})",
        "the effects of {where} are not normally distributed, as the variant assumes: many are near 0 and few are strong (excess "
        "kurtosis {value:.1f}, limit {limit:g}). More of the called genes are false than thresholds.fdr says. Use a variant with "
        "classes of genes: one_line_contrast for a contrast in one cell line, one_line for one line, gene_classes for several",
    ),
    checks.PRIOR_SENSITIVITY: (
        "no estimate depends much on a single prior (power-scaling sensitivity at most {value:.2f})",
        "the estimates depend on the priors {where} (power-scaling sensitivity, limit {limit:g})",
    ),
    checks.PRIOR_TURNS: (
        "with a prior 1.25 times as wide the same gene effects would have a certain sign ({where})",
        "with a prior 1.25 times as wide the sign of some gene effects would become certain or uncertain: {value:.0f} of {where}",
    ),
    checks.TRUTH_ON_BOUNDARY: ("", "the truth of {where} lies on the boundary of its prior: no interval can cover it"),
    checks.PREDICTIVE: ("the predictive checks were made", "the predictive checks were not made (checks: false)"),
    checks.PARETO_K: (
        "PSIS-LOO is reliable (k-hat too high for {where})",
        "PSIS-LOO is unreliable: k-hat is too high for {where} (accepted for at most {limit:.2%} of the rows)",
    ),
    checks.ESSENTIAL_BY_LINE: (
        "the median logFC of essential genes is predicted in every cell line (to within {limit:g} or its uncertainty)",
        "the median logFC of essential genes is not predicted in {value:.0f} cell lines ({where}; limit {limit:g}): these "
        "lines respond more weakly or strongly than the model says (gene_classes and gene_by_line alone estimate how strongly)",
    ),
    checks.LOO_PIT: (
        "LOO-PIT probabilities are off by at most {value:.1%} (outside the band at {where})",
        "LOO-PIT is not uniform: probabilities are off by up to {value:.1%} (limit {limit:.1%}; outside the band at {where})",
    ),
    **{
        check: (
            f"LOO-PIT is uniform in every {one} (to within {{limit:.1%}} or its uncertainty)",
            f"LOO-PIT is not uniform in {{value:.0f}} {many} ({{where}}; limit {{limit:.1%}})",
        )
        for check, one, many in (
            (checks.LOO_PIT_GENES, "gene", "genes"),
            (checks.LOO_PIT_LINES, "cell line", "cell lines"),
            (checks.LOO_PIT_SGRNAS, "sgRNA", "sgRNAs"),
        )
    },
}


def label(check: str) -> str:
    """A short name of a check, such as "bulk ESS", for a heading or an axis."""
    return _SHORT[check][0]


def template(check: str) -> str:
    """The sentence of a check that does not pass, with {value}, {limit} and {where} as placeholders."""
    return _SENTENCES[check][1]


def figure(row: Mapping[Any, Any]) -> str:
    """The value of a check as a cell of a table or figure, such as "1.003"; the level where it has no value."""
    form = _SHORT[row["check"]][1]
    return form.format(row["value"]) if form and pd.notna(row["value"]) else str(row["level"])


def sentence(row: Mapping[Any, Any]) -> str:
    """What a row of checks.csv says, without its level, such as "bulk ESS 9 (alpha_s[s1]) is below 100".

    row: check, value, threshold, level, where. Raises KeyError for a check that has no wording.
    """
    passed, failed = _SENTENCES[row["check"]]
    return (passed if row["level"] == "pass" else failed).format(
        value=float(row["value"]), limit=float(row["threshold"]), where=row["where"]
    )


def reasons(rows: pd.DataFrame | Iterable[Mapping[Any, Any]]) -> list[str]:
    """The checks that do not pass as "level: sentence", in the order of the rows.

    rows: of one fit. An empty list means that all checks were made and passed.
    """
    records = rows.to_dict("records") if isinstance(rows, pd.DataFrame) else list(rows)
    return [f"{row['level']}: {sentence(row)}" for row in records if row["level"] != "pass"]


def not_ranked(verdict: str) -> str:
    """Why a variant without a usable fit has no rank; verdict: of its fit, or empty where checks are off."""
    return f"not ranked: the fit's verdict is {verdict}" if verdict else "not ranked: no LOO, because checks are off"


def elpd_not_finite() -> str:
    """Why a variant has no rank whose log predictive density is not finite for some row."""
    return "not ranked: elpd is not finite"


def loo_unreliable(high: int, rows: int, limit: float) -> str:
    """Why a variant has no rank whose k-hat is too high for `high` of its rows, a larger share than the limit."""
    return f"not ranked: PSIS-LOO unreliable for {high} of {rows} rows (k-hat too high; accepted for at most {limit:.2%})"


def few_rows(rows: int) -> str:
    """A note on standard errors of few rows."""
    return f"only {rows} rows: standard errors unreliable"


def not_distinguished(better: str, difference: float, se: float, min_diff: float, min_se: float) -> str:
    """A note on a variant that shares the rank of a better one, with the limit that the difference does not reach."""
    if difference < min_diff:
        return f"cannot be distinguished from {better}: |elpd_diff| {difference:.1f} < {min_diff:g}"
    return f"cannot be distinguished from {better}: elpd_diff {difference:.1f} < {min_se:g} se ({se:.1f})"


NO_TRUTH = "no counterpart of the truth on the scale of x"
ONE_SEED = "one seed: no Monte Carlo error"
TRUTH_ON_BOUNDARY = "not judged: the truth lies on the boundary of the prior, where no interval can cover it"


def coverage(wrong: Mapping[int, float]) -> str:
    """What is wrong with the coverage of intervals; wrong: level in percent -> share of intervals that cover the truth."""
    return ", ".join(f"coverage of {level} % intervals {share:.1%}" for level, share in wrong.items())
