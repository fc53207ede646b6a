"""How much estimates and conclusions depend on each prior, by power-scaling (Kallioinen, Paananen, Bürkner & Vehtari 2024).

A prior p(theta) is replaced by p(theta)^power and the posterior draws are weighted accordingly: no fit is repeated. A power below 1
stands for a wider prior: Normal(mu, sigma)^power is Normal(mu, sigma / sqrt(power)). Only priors with parameters of their own are
scaled, one at a time. The distributions of effects around their means belong to the model, not to the priors.

A sensitivity is not a defect: with few genes or sgRNAs, priors of hyper-parameters inform. So both checks are notes. A prior that
contradicts the data is judged by `guidefit.assess.prior_conflict`, one that the data leave as it is by the contraction.
"""

from collections.abc import Sequence

import numpy as np

from guidefit.assess import checks
from guidefit.assess.checks import Checks
from guidefit.assess.draws import Draws
from guidefit.assess.estimates import Estimates
from guidefit.assess.fits import Fits
from guidefit.assess.prior_conflict import find_own_priors
from guidefit.base.arrays import evenly_spaced
from guidefit.engines import pareto
from guidefit.engines.interface import K_HAT_MAX
from guidefit.models import prior_tails
from guidefit.models.declaration import Priors
from guidefit.models.priors import written
from guidefit.screens.ledger import listed

DRAWS = 1000  # from which the sensitivity is computed; fits with fewer, as in sweeps, are not judged
FEWEST = 400  # effective draws; of fewer, sensitivities have Monte Carlo errors of the size of the limit
ALPHAS = (0.99, 1.01)  # powers between which the sensitivity is the slope of the change of the posterior
WIDER = 0.64  # the power that makes a normal prior 1.25 times as wide
CERTAIN = 0.975  # an effect whose posterior probability of one sign is this or more has an interval of 95 % without 0
_SHOWN = 5  # priors that the check lists
_TRIED = 3  # parameters whose sensitivity is computed: those whose means move most, and those whose variances do


def judge(fits: Fits, found: Estimates, priors: Priors, limit: float, made: Sequence[Checks]) -> None:
    """Add to the checks of each fit (`made`) how sensitive it is to its priors; nothing where there are too few draws.

    limit: sensitivities up to this pass. priors: those that the fits were made with.
    """
    own = find_own_priors(priors, fits.prior)
    if not own or fits.posterior.count < DRAWS:
        return
    for fit, checked in enumerate(made):
        if fits.is_mcmc(fit) and not found.least_ess[fit] >= FEWEST:
            continue
        densities = {
            name: density for name in own if (density := _log_density(priors[name], fits.posterior, name, fit)) is not None
        }
        _judge_parameters(fit, fits, densities, priors, limit, checked)
        _judge_conclusions(fit, fits, densities, priors, checked)


def _log_density(prior: dict[str, object], posterior: Draws, name: str, fit: int) -> np.ndarray | None:
    """(draw,) log density of a prior at the pooled posterior draws; None where it is constant or not finite."""
    if name not in posterior.values:
        return None
    values = posterior.values[name][fit].reshape(posterior.count, -1).astype(float)
    density = prior_tails.log_density(prior, values).sum(axis=1)
    return density if np.isfinite(density).all() and np.ptp(density) > 0 else None


def _judge_parameters(
    fit: int, fits: Fits, densities: dict[str, np.ndarray], priors: Priors, limit: float, checked: Checks
) -> None:
    """The check of the sensitivities of parameters that are not by sgRNA, nor by gene and cell line."""
    posterior = fits.posterior
    variables = [name for name in posterior.values if posterior.dims(name) <= {"gene"} or posterior.dims(name) <= {"cell_line"}]
    kept = evenly_spaced(posterior.count, DRAWS)
    values, names = posterior.matrix(fit, variables, kept=kept).astype(float), posterior.names(variables)
    moving = np.flatnonzero(np.isfinite(values).all(axis=0) & (np.ptp(values, axis=0) > 0))
    values, names = values[:, moving], [names[i] for i in moving]
    if not densities or not names:
        return
    found: dict[str, tuple[float, str]] = {}
    for prior, density in densities.items():
        tried = _moved_most(values, density[kept])
        sensitivities = sensitivity(values[:, tried], density[kept])
        most = int(sensitivities.argmax())
        found[prior] = float(sensitivities[most]), names[tried[most]]
    ordered = sorted(found, key=lambda prior: -found[prior][0])
    high = [f"{written(priors[prior])} of {prior} ({found[prior][1]} {found[prior][0]:.2f})" for prior in ordered]
    count = sum(value > limit for value, _ in found.values())
    level = "note" if count else "pass"
    checked.add(
        checks.PRIOR_SENSITIVITY,
        level,
        found[ordered[0]][0],
        limit,
        "; ".join(high[: min(count, _SHOWN)]) + ("; ..." if count > _SHOWN else ""),
    )


def sensitivity(values: np.ndarray, log_density: np.ndarray) -> np.ndarray:
    """(P,) power-scaling sensitivity of parameters (draw, P) to a prior with log density (draw,): ArviZ's."""
    from arviz_stats.base.array import array_stats  # its import takes longer than diagnosing a hundred fits without it

    weights = [np.exp(array_stats.power_scale_lw(log_density, alpha=alpha)) for alpha in ALPHAS]
    lower, upper = (np.tile(weight / weight.sum(), (values.shape[1], 1)) for weight in weights)
    found = array_stats.power_scale_sense(
        values.T, lower, upper, lower_alpha=ALPHAS[0], upper_alpha=ALPHAS[1], chain_axis=None, draw_axis=-1
    )
    return np.asarray(found)


def _moved_most(values: np.ndarray, log_density: np.ndarray) -> np.ndarray:
    """Places of the parameters (draw, P) whose means, or whose variances, a small change of the power moves most.

    The derivative of a posterior mean E f by the power is Cov(f, log density).
    """
    scores = (values - values.mean(axis=0)) / values.std(axis=0)
    centred = log_density - log_density.mean()
    moves = [abs(centred @ scores), abs(centred @ scores**2)]
    return np.unique(np.concatenate([np.argsort(-each)[:_TRIED] for each in moves]))


def _judge_conclusions(fit: int, fits: Fits, densities: dict[str, np.ndarray], priors: Priors, checked: Checks) -> None:
    """The check of the signs of gene effects that would become certain or uncertain if a prior were a little wider.

    Priors whose weights cannot be trusted (k-hat) are left out, and named; there is no check where none is left.
    """
    posterior = fits.posterior
    effects = [
        name
        for name, values in posterior.values.items()
        if posterior.dims(name) == {"gene"} and name in fits.prior.values and float(fits.prior.values[name].min()) < 0
    ]
    if not densities or not effects:
        return
    negative, names = posterior.matrix(fit, effects) < 0, posterior.names(effects)
    turned: dict[str, np.ndarray] = {}
    unknown = []
    for prior, density in densities.items():
        weights, k_hat = pareto.smooth((WIDER - 1) * density)
        if k_hat < K_HAT_MAX:
            turned[prior] = find_turned(negative, weights)
        else:
            unknown.append(prior)
    counts = {prior: len(places) for prior, places in turned.items()}
    genes = np.unique(np.concatenate([np.empty(0, int), *turned.values()]))
    where = f"{len(names)} effects" + (f", not known for the priors of {', '.join(unknown)}" if unknown else "")
    if len(genes):
        worst = max(counts, key=lambda prior: counts[prior])
        where += f", most by {written(priors[worst])} of {worst}: {listed([names[i] for i in turned[worst]])}"
        checked.add(checks.PRIOR_TURNS, "note", len(genes), 0, where)
    elif turned:
        checked.add(checks.PRIOR_TURNS, "pass", 0, 0, where)


def find_turned(negative: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Places of the effects whose sign is certain in the draws and not in the weighted draws, or the other way round.

    negative: (draw, P) whether an effect is below 0; weights: (draw,) with sum 1. A change of the probability within two Monte
    Carlo standard errors does not count.
    """
    count = len(negative)
    before, after = negative.mean(axis=0), weights @ negative
    error = np.sqrt(np.maximum(before * (1 - before), 1 / count) * np.var(count * weights) / count)
    certain = [np.maximum(p, 1 - p) >= CERTAIN for p in (before, after)]
    return np.flatnonzero((certain[0] != certain[1]) & (abs(after - before) > 2 * error))
