"""Test quantities of calibration beyond the parameters (Modrák et al. 2023).

Ranks of parameters about which the data say much hardly depend on their priors: a fit whose prior of mu_gamma is shifted by 0.8
standard deviations has uniform ranks. What does depend on it is the distribution over the seeds: where truths are draws from the
prior, a draw from each seed's posterior is one from the prior too (data-averaged posterior: Geweke 2004; Talts et al. 2018). Its
distribution function under the prior is therefore a test quantity of its own, "prior of mu_gamma", uniform over the seeds.
"""

import numpy as np

from guidefit.assess.draws import Draws
from guidefit.models import prior_tails, structure
from guidefit.models.declaration import Declaration, Priors
from guidefit.models.structure import Structure
from guidefit.screens import sufficient
from guidefit.screens.arrays import ModelData
from guidefit.screens.sufficient import SufficientStatistics


Quantity = tuple[Draws, np.ndarray]
"""Draws of test quantities of one fit, and their truths (1, Q)."""


class Quantities:
    """Test quantities beyond the parameters, for a variant that declares its Gaussian structure; none for others.

    priors: those that the fits were made with.
    """

    def __init__(self, declared: Declaration, priors: Priors) -> None:
        self.priors = priors
        self.structure = structure.make(declared.gaussian, priors, declared.path.stem) if declared.gaussian else None

    def __call__(self, data: ModelData, draws: Draws, fit: int, truth: np.ndarray) -> Quantity:
        """The quantities of each draw of one fit, and of the truth (1, Q); truth: (P,) of the draws' parameters, NaN where unknown.

        There are none where the truth belongs to another variant that does not have all variables of this one.
        """
        if self.structure is None or np.isnan(truth).any():
            return Draws({}, {}), np.empty((1, 0))
        flat, true, start = {}, {}, 0
        for name, values in draws.values.items():
            columns = values[fit].reshape(draws.count, -1)
            known = truth[None, start : start + columns.shape[1]]
            start += columns.shape[1]
            flat[name], true[name] = (each if draws.dims(name) else each[:, 0] for each in (columns, known))
        statistics = sufficient.from_arrays(data)
        of_draws = derived(self.structure, statistics, flat) | self._log_prior(flat)
        of_truth = derived(self.structure, statistics, true) | self._log_prior(true)
        by_chain = {name: each.reshape(1, draws.chains, -1, 1) for name, each in of_draws.items()}
        return Draws(by_chain, {name: [{}] for name in by_chain}), np.stack(list(of_truth.values()), axis=1)

    def _log_prior(self, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The joint log prior density (K,) of the parameters whose priors have parameters of their own."""
        own = [name for name, prior in self.priors.items() if len(prior) > 1 and name in values and values[name].ndim == 1]
        return {"log_prior": sum((prior_tails.log_density(self.priors[name], values[name]) for name in own), np.zeros(1))}


def place_in_prior(own: Priors, posterior: Draws, fit: int, n_ranks: int, rng: np.random.Generator) -> Quantity:
    """The place of one posterior draw of each scalar parameter in the distribution of its prior, P(parameter <= draw).

    own: the priors that have parameters of their own and hold for the fits (`prior_conflict.find_own_priors`). rng: chooses the
    draw. The place is given as a truth among n_ranks - 1 evenly spaced numbers, so that its rank statistic is uniform where it is.
    """
    names = [name for name in own if name in posterior.values and not posterior.dims(name)]
    drawn = int(rng.integers(posterior.count))
    places = [prior_tails.distribution_function(own[name], posterior.values[name][fit].reshape(-1)[[drawn]])[0] for name in names]
    even = (np.arange(1, n_ranks) / n_ranks).reshape(1, 1, -1, 1)
    quantities = [f"prior of {name}" for name in names]
    return Draws(dict.fromkeys(quantities, even), {name: [{}] for name in quantities}), np.array(places).reshape(1, -1)


def derived(model: Structure, statistics: SufficientStatistics, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Joint log-likelihood (K,), and the identified sum (K,) where the variant adds a constant to the mean; by name.

    values: all variables, name -> (K, ...); the truth has K = 1.
    """
    intercept, slope = model.predictor(values, statistics.gene_of_sgrna)
    # per sgRNA: departures of its line from the least-squares one, weighted by [[n, sum x], [sum x, sum x^2]]
    high, steep = statistics.ols[0] - intercept, statistics.ols[1] - slope
    n, sum_x, sum_xx = statistics.information
    squares = statistics.rss.sum() + (n * high**2 + 2 * sum_x * high * steep + sum_xx * steep**2).sum(axis=1)
    sigma = values[model.noise]
    found = {"log_likelihood": -statistics.rows * (np.log(sigma) + 0.5 * np.log(2 * np.pi)) - squares / (2 * sigma**2)}
    side = model.intercept
    if side.added:
        found[f"{side.added} + {side.mean}"] = values[side.added] + values[side.mean]
    return found | correlations(model, values, statistics.gene_of_sgrna)


def correlations(model: Structure, values: dict[str, np.ndarray], gene_of_sgrna: np.ndarray) -> dict[str, np.ndarray]:
    """Correlation (K,) of the sgRNAs' intercepts and slopes around those of their genes, where a model has both.

    A fit that ignores a correlation has uniform ranks of every single effect.
    """
    intercept, slope = model.sides
    if slope is None or not (intercept.sgrna and slope.sgrna and intercept.gene and slope.gene):
        return {}
    (alpha, _), (gamma, _), (beta, _), (delta, _) = intercept.sgrna, intercept.gene, slope.sgrna, slope.gene
    one, other = values[alpha] - values[gamma][:, gene_of_sgrna], values[beta] - values[delta][:, gene_of_sgrna]
    size = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    name = f"correlation of {alpha} and {beta}"
    return {name: (one * other).sum(axis=1) / np.maximum(size, np.finfo(float).tiny)}
