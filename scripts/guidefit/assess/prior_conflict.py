"""Priors that contradict the data: the posterior mean lies where the prior has hardly any probability.

A fit of a right model is reported with a probability of about the level at most: its truths are draws from the priors, and
posterior means vary less than truths do. With P parameters, each is judged at level / P (Bonferroni).
"""

import numpy as np
import pandas as pd
import xarray as xr

from guidefit.assess import checks, estimates
from guidefit.assess.checks import Checks
from guidefit.base.names import variable_of
from guidefit.models import prior_tails
from guidefit.models.declaration import Priors
from guidefit.models.priors import Prior, written

_KOLMOGOROV = 2.5  # sqrt(n) times the distance of two distribution functions; reached by chance with a probability of 7e-6


def judge(table: pd.DataFrame, prior_draws: xr.Dataset, priors: Priors, level: float, found: Checks) -> None:
    """Add the check of the priors that have parameters of their own: a row for each that contradicts the data, or one that passes.

    table: the fit's estimates. The posterior mean counts two Monte Carlo standard errors nearer to the prior's median than it is.
    """
    variables = variable_of(table["variable"])
    own = [name for name, prior in priors.items() if len(prior) > 1 and _is_prior_of(prior, prior_draws, name)]
    judged = table[variables.isin(own) & np.isfinite(table["mean"]) & (table["sd"] > 0)]
    probabilities = [_tail(priors[variables[place]], row) for place, row in judged.iterrows()]
    if not probabilities:
        return
    limit = level / len(probabilities)
    conflicts = [(value, row) for value, (_, row) in zip(probabilities, judged.iterrows(), strict=True) if value < limit]
    for value, row in conflicts:
        prior = written(priors[variables[row.name]])
        where = f"{prior} of {estimates.name_of(row)}, whose posterior mean is {row['mean']:.3g}"
        found.add(checks.PRIOR_CONFLICT, "warn", value, limit, where)
    if not conflicts:
        found.add(checks.PRIOR_CONFLICT, "pass", min(probabilities), limit)


def _tail(prior: Prior, row: pd.Series) -> float:
    error = 2 * row["mcse_mean"] if np.isfinite(row["mcse_mean"]) else 0.0
    return max(prior_tails.tail_probability(prior, row["mean"] + shift) for shift in (-error, 0.0, error))


def _is_prior_of(prior: Prior, draws: xr.Dataset, name: str) -> bool:
    """Whether the fit's prior draws of a variable follow the declared prior: a variant may use its parameters in another way."""
    if name not in draws or draws[name].dtype.kind != "f":
        return False
    pooled = draws[name].transpose("chain", "draw", ...).values
    pooled = pooled.reshape(pooled.shape[0] * pooled.shape[1], -1)[:, 0]
    expected = np.sort(prior_tails.distribution_function(prior, pooled))
    count = len(expected)
    distance = np.abs(expected - (np.arange(count) + 0.5) / count).max()
    return bool(distance * np.sqrt(count) < _KOLMOGOROV)
