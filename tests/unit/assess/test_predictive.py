"""The Monte Carlo error of elpd against repeated draws."""

import numpy as np
import pytest
import xarray as xr
from scipy.special import logsumexp

from guidefit.assess import predictive


def test_the_error_of_elpd_is_its_scatter_over_repeated_draws():
    rng = np.random.default_rng(0)
    elpd, claimed = [], []
    for _ in range(300):
        theta = rng.normal(size=(2, 200))
        likelihood = xr.DataArray(-0.5 * (theta[..., None] - np.array([0.0, 1.0])) ** 2, dims=("chain", "draw", "row"))
        log_weights = xr.DataArray(-0.2 * likelihood.values, dims=likelihood.dims)
        log_weights = log_weights - logsumexp(log_weights.values, axis=(0, 1))
        elpd_i = xr.DataArray(logsumexp((likelihood + log_weights).values, axis=(0, 1)), dims="row")
        elpd.append(elpd_i.values)
        claimed.append(predictive.elpd_mcse(likelihood, log_weights, elpd_i).values)
    assert np.mean(claimed, axis=0) == pytest.approx(np.std(elpd, axis=0), rel=5 / np.sqrt(600))


def test_large_screens_are_checked_with_fewer_draws():
    assert predictive.most_draws(300) > 8000
    assert predictive.most_draws(151_824) == 263
    assert predictive.most_draws(10**8) == predictive.FEWEST_DRAWS
