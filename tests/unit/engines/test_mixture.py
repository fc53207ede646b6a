"""Summaries of mixtures against brute force."""

import arviz as az
import numpy as np
import pytest
from scipy import optimize, stats

from guidefit.engines import mixture


def make(components=60, mixtures=6, spread=0.5, seed=0):
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(components))
    return weights, rng.normal(size=(components, mixtures)) * spread, np.exp(0.4 * rng.normal(size=(components, mixtures)))


@pytest.mark.parametrize("spread", [0.01, 0.5, 3.0])
def test_moments_quantiles_and_intervals(spread):
    weights, means, sds = make(spread=spread)
    found = mixture.summarise(weights, means, sds)
    for p in range(means.shape[1]):
        part = stats.norm(means[:, p], sds[:, p])
        mean = weights @ means[:, p]
        assert found["mean"][p] == pytest.approx(mean)
        assert found["sd"][p] == pytest.approx(np.sqrt(weights @ (sds[:, p] ** 2 + (means[:, p] - mean) ** 2)))
        for name, prob in mixture.QUANTILES.items():
            assert weights @ part.cdf(found[name][p]) == pytest.approx(prob, abs=2e-6)
        lower, upper = found["hdi_lower"][p], found["hdi_upper"][p]
        assert weights @ (part.cdf(upper) - part.cdf(lower)) == pytest.approx(0.94, abs=2e-5)

        def width(below, part=part):
            ends = [optimize.brentq(lambda x, q=q: weights @ part.cdf(x) - q, -40, 40) for q in (below, below + 0.94)]
            return ends[1] - ends[0]

        best = min(width(below) for below in np.linspace(0.001, 0.059, 59))
        assert upper - lower <= best * (1 + 1e-6)


@pytest.mark.parametrize(("spread", "sd_spread"), [(0.1, 0.1), (0.6, 0.3), (1.5, 0.5)])
def test_quantiles_of_many_components_are_exact_to_less_than_their_monte_carlo_error(spread, sd_spread):
    """What merging components changes of a quantile's probability, against the sd of its average over the components."""
    rng = np.random.default_rng(3)
    weights = rng.dirichlet(np.ones(2000))
    means = spread * np.stack([rng.normal(size=2000), rng.exponential(size=2000), rng.choice([-2.0, 2.0], 2000)], axis=1)
    sds = np.exp(sd_spread * rng.normal(size=means.shape))
    found = mixture.summarise(weights, means, sds)
    for name, prob in mixture.QUANTILES.items():
        terms = stats.norm.cdf(found[name], means, sds)
        error = np.sqrt(weights**2 @ (terms - prob) ** 2)
        assert (abs(weights @ terms - prob) < np.minimum(error, 0.006)).all()
    ends = [stats.norm.cdf(found[name], means, sds) for name in ("hdi_lower", "hdi_upper")]
    np.testing.assert_allclose(weights @ (ends[1] - ends[0]), 0.94, atol=0.002)


def test_moments_are_those_of_all_components():
    weights, means, sds = make(components=3000)
    found = mixture.summarise(weights, means, sds)
    mean = weights @ means
    np.testing.assert_allclose(found["mean"], mean)
    np.testing.assert_allclose(found["sd"], np.sqrt(weights @ (sds**2 + (means - mean) ** 2)))


def test_a_mixture_of_two_far_modes_keeps_an_interval_of_the_right_probability():
    weights, means, sds = np.array([0.5, 0.5]), np.array([[-8.0], [8.0]]), np.ones((2, 1))
    found = mixture.summarise(weights, means, sds)
    part = stats.norm(means[:, 0], 1)
    assert weights @ (part.cdf(found["hdi_upper"][0]) - part.cdf(found["hdi_lower"][0])) == pytest.approx(0.94, abs=1e-5)


def test_draws_are_components_without_spread():
    rng = np.random.default_rng(1)
    draws = rng.gamma(2, 1, size=(4000, 2))
    found = mixture.summarise(np.full(4000, 1 / 4000), draws, np.zeros_like(draws))
    np.testing.assert_allclose(found["median"], np.median(draws, axis=0), rtol=1e-3)
    intervals = [az.hdi(each, prob=0.94) for each in draws.T]
    np.testing.assert_allclose(np.stack([found["hdi_lower"], found["hdi_upper"]], axis=1), intervals, rtol=0.05)
    np.testing.assert_allclose(found["mcse_mean"], draws.std(axis=0) / np.sqrt(4000), rtol=1e-6)


def test_monte_carlo_errors_are_those_of_repeated_weighted_averages():
    """Self-normalised weights of draws from a wider normal, 400 times: the errors say how much the answers scatter."""
    rng = np.random.default_rng(2)
    answers, errors = [], []
    for _ in range(400):
        draws = rng.normal(0, 1.5, size=(500, 1))
        weights = stats.norm.pdf(draws[:, 0]) / stats.norm.pdf(draws[:, 0], 0, 1.5)
        found = mixture.summarise(weights / weights.sum(), draws, np.full_like(draws, 0.5))
        answers.append([found["mean"][0], found["sd"][0]])
        errors.append([found["mcse_mean"][0], found["mcse_sd"][0]])
    np.testing.assert_allclose(np.std(answers, axis=0), np.mean(errors, axis=0), rtol=5 / np.sqrt(800))


def test_systematic_resampling_takes_each_as_often_as_it_weighs():
    weights = np.array([0.1, 0.0, 0.35, 0.55])
    taken = np.bincount(mixture.systematic(weights, 1000, 0.3), minlength=4)
    np.testing.assert_allclose(taken / 1000, weights, atol=1e-3 + 1e-12)
