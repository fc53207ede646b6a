"""The importance sampler on densities whose answers are known, and its smoothing against ArviZ's."""

import numpy as np
import pytest
from arviz_stats.base import array_stats
from scipy import stats

from guidefit.engines import importance, modes, pareto


def skewed(x):
    """Log density of independent gamma(3) variables on the log scale, times e^2: evidence 2, mode log 3."""
    return (3 * x - np.exp(x) - np.log(2)).sum(axis=-1) + 2


def gradient(x):
    return skewed(x), 3 - np.exp(x)


def test_moments_and_evidence_of_a_skewed_density():
    found = importance.sample(skewed, [modes.find_mode(gradient, 3)], 4000, np.random.default_rng(1))
    assert found.k_hat < 0.7
    assert found.ess > 2000
    assert found.log_evidence == pytest.approx(2, abs=4 * found.log_evidence_se)
    mean, variance = stats.loggamma(3).stats("mv")
    average = found.weights @ found.draws
    np.testing.assert_allclose(average, mean, atol=4.5 * np.sqrt(variance / found.ess))
    np.testing.assert_allclose(found.log_density, skewed(found.draws))


def test_the_error_of_the_evidence_is_its_scatter():
    start = [modes.find_mode(gradient, 2)]
    runs = [importance.sample(skewed, start, 1000, np.random.default_rng(seed)) for seed in range(200)]
    scatter = np.std([run.log_evidence for run in runs])
    assert scatter == pytest.approx(np.mean([run.log_evidence_se for run in runs]), rel=5 / np.sqrt(400))


def test_a_density_with_heavier_tails_than_the_proposals_is_found_out():
    """A peak on a plateau ten times as wide in each of 3 dimensions, which holds half of the probability."""

    def heavy(x):
        squares = (x**2).sum(axis=1) / 2
        return np.logaddexp(-squares, -squares / 100 - 3 * np.log(10))

    start = [modes.Mode(np.zeros(3), np.eye(3), 0.0, True)]
    for seed in range(5):
        assert importance.sample(heavy, start, 4000, np.random.default_rng(seed)).k_hat > 1


@pytest.mark.parametrize("size", [200, 4000])
@pytest.mark.parametrize("spread", [0.3, 1.0, 2.0, 4.0])
def test_smoothing_is_that_of_arviz(size, spread):
    ratios = np.random.default_rng(size).normal(size=size) * spread
    weights, k_hat = pareto.smooth(ratios)
    theirs, their_k_hat = array_stats.psislw(-ratios)  # it takes log likelihoods
    assert k_hat == pytest.approx(float(their_k_hat), abs=1e-6)
    np.testing.assert_allclose(np.log(weights), theirs, atol=1e-6)


def test_sets_of_weights_are_smoothed_one_by_one():
    rng = np.random.default_rng(1)
    ratios = rng.normal(size=(3, 5, 100)) * np.array([0.1, 1.0, 3.0])[:, None, None]
    ratios[0, 0] = 0.0
    weights, k_hat = pareto.smooth(ratios)
    assert k_hat[0, 0] == 0
    for place in np.ndindex(3, 5):
        alone, its_k_hat = pareto.smooth(ratios[place])
        np.testing.assert_allclose(weights[place], alone, rtol=1e-12)
        assert k_hat[place] == pytest.approx(float(its_k_hat))


def test_equal_weights_stay_equal():
    weights, _ = pareto.smooth(np.zeros(1000))
    np.testing.assert_allclose(weights, 1e-3)
