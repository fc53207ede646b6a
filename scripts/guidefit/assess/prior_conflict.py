"""Priors that contradict the data: the posterior mean lies where the prior has hardly any probability.

A fit of a right model is reported with a probability of about the level at most: its truths are draws from the priors, and
posterior means vary less than truths do. With P parameters, each is judged at level / P (Bonferroni).
"""

from collections.abc import Sequence

import numpy as np

from guidefit.assess import checks
from guidefit.assess.checks import Checks
from guidefit.assess.draws import Draws
from guidefit.assess.estimates import Estimates
from guidefit.models import prior_tails
from guidefit.models.declaration import Priors
from guidefit.models.priors import Prior, written

_KOLMOGOROV = 2.5  # sqrt(n) times the distance of two distribution functions; reached by chance with a probability of 7e-6


def judge(estimates: Estimates, prior_draws: Draws, priors: Priors, level: float, found: Sequence[Checks]) -> None:
    """Add to each fit the check of the priors that have parameters of their own: a row for each that contradicts the data, or one
    that passes.

    found: the checks of each fit. The posterior mean counts as two Monte Carlo standard errors nearer to the prior's median.
    """
    own = find_own_priors(priors, prior_draws)
    parameters, statistics = estimates.parameters, estimates.statistics
    places = [place for place, name in enumerate(parameters.variables) if name in own]
    probability = np.full(statistics["mean"].shape, np.nan)
    for place in places:
        mean, mcse = statistics["mean"][:, place], statistics["mcse_mean"][:, place]
        judged = np.isfinite(mean) & (statistics["sd"][:, place] > 0)
        error = np.where(np.isfinite(mcse), 2 * mcse, 0.0)[judged]
        shifted = mean[judged] + np.stack([-error, np.zeros_like(error), error])
        prior = priors[parameters.variables[place]]
        probability[judged, place] = prior_tails.tail_probability(prior, shifted).max(axis=0)
    for fit, row in enumerate(probability):
        known = np.flatnonzero(~np.isnan(row))
        if not len(known):
            continue
        limit = level / len(known)
        for place in known[row[known] < limit]:
            contradicted, mean = written(priors[parameters.variables[place]]), statistics["mean"][fit, place]
            where = f"{contradicted} of {parameters.names[place]}, whose posterior mean is {mean:.3g}"
            found[fit].add(checks.PRIOR_CONFLICT, "warn", row[place], limit, where)
        if not (row[known] < limit).any():
            found[fit].add(checks.PRIOR_CONFLICT, "pass", row[known].min(), limit)


def find_own_priors(priors: Priors, prior_draws: Draws) -> list[str]:
    """The variables with a prior that has parameters of its own, and that the prior draws follow."""
    return [name for name, prior in priors.items() if len(prior) > 1 and _is_prior_of(prior, prior_draws, name)]


def _is_prior_of(prior: Prior, draws: Draws, name: str) -> bool:
    """Whether the prior draws of a variable follow the declared prior: a variant may use its parameters in another way."""
    if name not in draws.values or draws.values[name].dtype.kind != "f":
        return False
    expected = np.sort(prior_tails.distribution_function(prior, draws.values[name][0, ..., 0].ravel()))
    count = len(expected)
    distance = np.abs(expected - (np.arange(count) + 0.5) / count).max()
    return bool(distance * np.sqrt(count) < _KOLMOGOROV)
