"""Priors that contradict the data are named, and those of right models seldom are."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from guidefit.assess import checks, prior_conflict, wording
from guidefit.assess.checks import Checks
from guidefit.assess.draws import of_dataset
from guidefit.assess.estimates import Estimates

NORMAL = {"distribution": "Normal", "mu": 0.0, "sigma": 1.0}
PRIORS = {"mu": NORMAL, "sigma": {"distribution": "Exponential", "lam": 20.0}, "gamma_g": {"distribution": "Normal"}}


def judge(means, priors=PRIORS, mcse=0.0, spread=1.0):
    names = list(means)
    rng = np.random.default_rng(1)
    drawn = {"mu": spread * rng.standard_normal((1, 2000)), "sigma": rng.exponential(1 / 20, (1, 2000))}
    prior = of_dataset(xr.Dataset({name: (("chain", "draw"), values) for name, values in drawn.items()}))
    parameters = of_dataset(xr.Dataset({name: (("chain", "draw"), np.zeros((1, 1))) for name in names})).parameters
    statistics = {"mean": [list(means.values())], "sd": [[0.1] * len(names)], "mcse_mean": [[mcse] * len(names)]}
    none = np.zeros((1, len(names)))
    estimates = Estimates(parameters, {name: np.array(values) for name, values in statistics.items()}, none > 0, None)
    found = Checks()
    prior_conflict.judge(estimates, prior, priors, 0.001, [found])
    return found


def test_the_prior_is_named_as_the_cause():
    found = judge({"mu": 0.5, "sigma": 1.3, "gamma_g": 50.0})
    (row,) = found.rows
    assert (row["check"], row["level"]) == (checks.PRIOR_CONFLICT, "warn")
    assert row["threshold"] == 0.0005  # two parameters have priors of their own
    text = wording.sentence(row)
    assert "prior-data conflict: the data contradict the prior Exponential(lam=20.0) of sigma, whose posterior mean is 1.3" in text
    assert "Move or widen this prior" in text
    assert found.verdict == "warn"


def test_a_prior_that_agrees_passes():
    (row,) = judge({"mu": 2.0, "sigma": 1e-6}).rows
    assert row["level"] == "pass"
    assert row["value"] == pytest.approx(2 * stats.norm.sf(2))


def test_monte_carlo_error_is_allowed_for():
    assert judge({"mu": 3.6}).verdict == "warn"
    assert judge({"mu": 3.6}, mcse=0.3).verdict == "pass"


def test_parameters_that_a_variant_uses_in_another_way_are_not_judged():
    assert not judge({"mu": 50.0}, spread=3.0).rows
    assert not judge({"gamma_g": 50.0}).rows


def test_right_models_are_seldom_reported():
    """Truths from the prior, one observation with the noise of the prior: the posterior mean is half of the observation."""
    rng, fits = np.random.default_rng(2), 3000
    observed = rng.standard_normal((fits, 2)) + rng.standard_normal((fits, 2))
    two = {"mu": NORMAL, "sigma": NORMAL}
    p = [
        min(prior_conflict.prior_tails.tail_probability(prior, m / 2) for prior, m in zip(two.values(), y, strict=True))
        for y in observed
    ]
    assert np.mean(np.array(p) < 0.001 / 2) <= 0.001 + 3 * np.sqrt(0.001 / fits)
