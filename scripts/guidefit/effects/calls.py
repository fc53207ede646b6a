"""Calls at a false discovery rate, and the scale on which control genes have fixed effects."""

import numpy as np
import pandas as pd


def false_discovery_rate(probability: np.ndarray) -> np.ndarray:
    """(n,) the expected share of false ones among those that are at least as certain as this one.

    probability: (n,) posterior probability that a call is a false one. The rate is the mean probability of those with the same or
    a smaller one (Newton et al. 2004; Müller, Parmigiani & Rice 2006).
    """
    order = np.argsort(probability, kind="stable")
    rate = np.cumsum(probability[order]) / np.arange(1, len(order) + 1)
    last_equal = np.searchsorted(probability[order], probability, side="right") - 1
    return rate[last_equal]


def control_scale(effect: pd.Series, control: pd.Series) -> tuple[float, float]:
    """(zero, unit) of the scale (effect - zero) / unit, on which the median nonessential gene is 0 and the median essential one -1.

    NaN without both kinds of control genes, or where the essential ones are not the lower ones.
    """
    zero, essential = (float(effect[control == kind].median()) for kind in ("nonessential", "essential"))
    return (zero, zero - essential) if essential < zero else (float("nan"), float("nan"))
