"""Calls of genes at a false discovery rate, and how often they are right when the truth is known.

A gene is called depleted (enriched) in a screen as long as the expected share of genes among the called ones whose effect is not
below -smallest (not above smallest) is at most the rate.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from guidefit.engines.mixture import QUANTILES

EFFECTS = ("gamma_g", "delta_g", "e_gl")
"""Variables that are called: the effect of a gene at x = 0, its slope on x, and its effect in a cell line beyond the others'."""
COLUMNS = ("variant", "seed", "variable", "truth", *QUANTILES)
"""Columns of estimates.csv that are read here."""
_Z = ndtri(np.array(list(QUANTILES.values())))


def false_discovery_rate(probability: np.ndarray) -> np.ndarray:
    """(gene,) the expected share of false ones among the genes that are at least as certain as this one.

    probability: (gene,) posterior probability that the gene is a false one. The rate is the mean probability of the genes with the
    same or a smaller one (Newton et al. 2004; Müller, Parmigiani & Rice 2006).
    """
    order = np.argsort(probability, kind="stable")
    rate = np.cumsum(probability[order]) / np.arange(1, len(order) + 1)
    last_equal = np.searchsorted(probability[order], probability, side="right") - 1
    return rate[last_equal]


def probability_below(estimates: pd.DataFrame, at: float) -> np.ndarray:
    """(row,) posterior probability that a parameter is below `at`.

    estimates: rows with the quantiles of estimates.csv. Between two quantiles, and beyond the last one, the probit of the
    probability is a straight line, which is exact for a normal posterior.
    """
    values = estimates[list(QUANTILES)].to_numpy(dtype=float)
    upper = np.clip((values <= at).sum(axis=1), 1, len(_Z) - 1)
    rows = np.arange(len(values))
    low, high = values[rows, upper - 1], values[rows, upper]
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (_Z[upper] - _Z[upper - 1]) / (high - low)
        z = _Z[upper - 1] + (at - low) * slope
    is_point = high <= low  # all the mass at one number
    return ndtr(np.where(is_point, np.where(at > low, np.inf, -np.inf), z))


def call(estimates: pd.DataFrame, smallest: float, rate: float) -> np.ndarray:
    """(gene,) -1 where the gene is called depleted, 1 where enriched, else 0. estimates: of the genes of one screen."""
    not_depleted = 1 - probability_below(estimates, -smallest)
    not_enriched = probability_below(estimates, smallest)
    depleted, enriched = (false_discovery_rate(each) <= rate for each in (not_depleted, not_enriched))
    return np.select([depleted & (not_depleted <= not_enriched), enriched], [-1, 1], 0)


def count_calls(estimates: pd.DataFrame, smallest: float, rate: float) -> pd.DataFrame:
    """One row per variant, variable of EFFECTS and seed: genes, real, called, right.

    estimates: rows of estimates.csv. genes: of e_gl pairs of gene and cell line; real: genes whose true effect is beyond
    `smallest`; called: genes called depleted or enriched; right: those of them whose true effect is beyond `smallest` in the
    direction of the call.
    """
    known = estimates[estimates["variable"].isin(EFFECTS) & estimates["truth"].notna()]
    return pd.DataFrame(
        list(_count(known, smallest, rate)), columns=["variant", "variable", "seed", "genes", "real", "called", "right"]
    )


def _count(known: pd.DataFrame, smallest: float, rate: float) -> Iterator[dict[str, object]]:
    for (variant, variable, seed), rows in known.groupby(["variant", "variable", "seed"], sort=False, observed=True):
        truth = rows["truth"].to_numpy()
        direction = np.select([truth < -smallest, truth > smallest], [-1, 1], 0)
        called = call(rows, smallest, rate)
        yield {
            "variant": variant,
            "variable": variable,
            "seed": seed,
            "genes": len(rows),
            "real": int((direction != 0).sum()),
            "called": int((called != 0).sum()),
            "right": int(((called != 0) & (called == direction)).sum()),
        }
