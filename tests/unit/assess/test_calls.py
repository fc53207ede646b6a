import numpy as np
import pandas as pd
import pytest
import scipy.stats

from guidefit.assess import calls
from guidefit.engines.mixture import QUANTILES


def normal_estimates(mean, sd, **columns):
    """Rows of estimates.csv of normal posteriors."""
    quantiles = {name: scipy.stats.norm.ppf(prob, mean, sd) for name, prob in QUANTILES.items()}
    return pd.DataFrame(quantiles | columns)


def test_the_probability_of_a_normal_posterior_is_exact():
    mean, sd = np.array([-3.0, -0.2, 0.0, 0.4, 5.0]), np.array([1.0, 0.3, 2.0, 0.1, 4.0])
    for at in (-1.0, 0.0, 0.35, 9.0):
        found = calls.probability_below(normal_estimates(mean, sd), at)
        np.testing.assert_allclose(found, scipy.stats.norm.cdf(at, mean, sd), rtol=1e-9, atol=1e-15)


def test_the_probability_of_a_skewed_posterior_is_close():
    gamma = scipy.stats.gamma(3, scale=0.4)
    estimates = pd.DataFrame({name: [gamma.ppf(prob)] for name, prob in QUANTILES.items()})
    for at in (0.1, 0.5, 1.0, 3.0, 4.0):
        assert calls.probability_below(estimates, at)[0] == pytest.approx(gamma.cdf(at), abs=0.01)


def test_a_constant_is_below_or_not():
    estimates = pd.DataFrame(0.5, index=[0, 1], columns=list(QUANTILES))
    assert calls.probability_below(estimates, 0.4).tolist() == [0, 0]
    assert calls.probability_below(estimates, 0.6).tolist() == [1, 1]


def test_rates_are_the_mean_probability_of_the_genes_that_are_as_certain():
    rng = np.random.default_rng(1)
    probability = rng.choice(rng.random(12), 30)  # with ties
    for one, rate in zip(probability, calls.false_discovery_rate(probability), strict=True):
        assert rate == pytest.approx(probability[probability <= one].mean())


def test_genes_are_called_in_the_direction_of_their_effect():
    mean = np.array([-1.0, -0.5, 0.0, 0.05, 0.9, -0.05])
    called = calls.call(normal_estimates(mean, np.full(6, 0.05)), smallest=0.1, rate=0.05)
    assert called.tolist() == [-1, -1, 0, 0, 1, 0]
    assert calls.call(normal_estimates(mean, np.full(6, 3.0)), smallest=0.1, rate=0.05).tolist() == [0] * 6


def screen(seed, mean, truth, variable="gamma_g", variant="varying_effects"):
    columns = {"variant": variant, "seed": seed, "variable": variable, "truth": truth}
    return normal_estimates(np.array(mean), np.full(len(mean), 0.05), **columns)


def test_calls_are_counted_by_screen():
    estimates = pd.concat(
        [
            screen(1, [-1.0, -1.0, 1.0, 0.0], [-1.0, 0.05, -0.4, 0.0]),  # right, not real, wrong direction, not called
            screen(2, [0.0, 0.0, 0.0, 0.0], [-0.5, 0.5, 0.0, 0.1]),
            screen(1, [-1.0, 0.0], [-1.0, 0.0], variable="delta_g"),
            screen(1, [-1.0, 0.0], [np.nan, np.nan], variable="alpha_s"),
        ]
    )
    counts = calls.count_calls(estimates, smallest=0.1, rate=0.05).set_index(["variable", "seed"])
    assert counts.loc[("gamma_g", 1), ["genes", "real", "called", "right"]].tolist() == [4, 2, 3, 1]
    assert counts.loc[("gamma_g", 2), ["genes", "real", "called", "right"]].tolist() == [4, 2, 0, 0]
    assert counts.loc[("delta_g", 1), ["genes", "real", "called", "right"]].tolist() == [2, 1, 1, 1]
    assert len(counts) == 3


def test_calls_of_genes_without_a_known_truth_are_not_counted():
    counts = calls.count_calls(screen(1, [-1.0, 0.0], [np.nan, np.nan]), smallest=0.1, rate=0.05)
    assert list(counts.columns) == ["variant", "variable", "seed", "genes", "real", "called", "right"]
    assert counts.empty


def test_the_rate_of_false_calls_is_the_nominal_one_where_the_posterior_is_right():
    """Truths from N(0, 0.5^2), estimates with noise 0.4: the posterior is known, so that the expected rate holds."""
    rng = np.random.default_rng(3)
    prior, noise, parts = 0.5, 0.4, []
    for seed in range(400):
        truth = rng.normal(0, prior, 50)
        shrink = prior**2 / (prior**2 + noise**2)
        mean, sd = shrink * (truth + rng.normal(0, noise, 50)), noise * np.sqrt(shrink)
        parts.append(normal_estimates(mean, np.full(50, sd), variant="v", seed=seed, variable="gamma_g", truth=truth))
    counts = calls.count_calls(pd.concat(parts), smallest=0.1, rate=0.1)
    false = (counts["called"] - counts["right"]) / counts["called"].clip(lower=1)
    error = false.std() / np.sqrt(len(false))
    assert 0.05 < false.mean() < 0.1 + 3 * error
    assert (counts["called"] > 0).mean() > 0.9
