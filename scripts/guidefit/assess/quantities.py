"""Test quantities of calibration beyond the parameters (Modrák et al. 2023)."""

import numpy as np

from guidefit.assess.draws import Draws
from guidefit.models import structure
from guidefit.models.declaration import Declaration, Priors
from guidefit.models.structure import Structure
from guidefit.screens import sufficient
from guidefit.screens.arrays import ModelData
from guidefit.screens.sufficient import SufficientStatistics


class Quantities:
    """Test quantities beyond the parameters, for a variant that declares its Gaussian structure; none for others."""

    def __init__(self, declared: Declaration, priors: Priors) -> None:
        self.structure = structure.make(declared.gaussian, priors, declared.path.stem) if declared.gaussian else None

    def __call__(self, data: ModelData, draws: Draws, fit: int, truth: np.ndarray) -> tuple[Draws, np.ndarray]:
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
        of_draws = derived(self.structure, statistics, flat)
        of_truth = derived(self.structure, statistics, true)
        by_chain = {name: each.reshape(1, draws.chains, -1, 1) for name, each in of_draws.items()}
        return Draws(by_chain, {name: [{}] for name in by_chain}), np.stack(list(of_truth.values()), axis=1)


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
    return found
