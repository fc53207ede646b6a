"""Coordinates of scales and correlations in which their prior is a standard normal."""

import numpy as np
import pytest
from scipy import stats

from guidefit.base.errors import UserError
from guidefit.models.scales import quantile

PRIORS_OF_SCALES = [
    {"distribution": "Exponential", "lam": 2.5},
    {"distribution": "Exponential", "scale": 0.3},
    {"distribution": "HalfNormal", "sigma": 2},
    {"distribution": "HalfCauchy", "beta": 1.5},
    {"distribution": "Gamma", "alpha": 2, "beta": 3},
    {"distribution": "InverseGamma", "alpha": 3, "beta": 2},
    {"distribution": "LogNormal", "mu": -1, "sigma": 0.5},
    {"distribution": "Weibull", "alpha": 1.5, "beta": 2},
    {"distribution": "Uniform", "lower": 0, "upper": 3},
    {"distribution": "Beta", "alpha": 2, "beta": 5},
]


@pytest.mark.parametrize("prior", PRIORS_OF_SCALES, ids=lambda p: p["distribution"])
def test_the_coordinate_of_a_scale_gives_it_its_prior(prior):
    """d scale / d z is right, and PyMC's density of the scale times it is the standard normal's."""
    import pymc as pm

    z = np.linspace(-6, 5, 23)
    to_scale = quantile("sigma", prior)
    scale, slope = to_scale(z)
    np.testing.assert_allclose(slope, (to_scale(z + 1e-5)[0] - to_scale(z - 1e-5)[0]) / 2e-5, rtol=2e-3)
    parameters = {name: np.float64(value) for name, value in prior.items() if name != "distribution"}
    density = pm.logp(getattr(pm, prior["distribution"]).dist(**parameters), scale).eval()
    np.testing.assert_allclose(density + np.log(slope), stats.norm.logpdf(z), rtol=1e-6, atol=1e-6)


def test_the_coordinate_of_a_correlation():
    z = np.linspace(-5, 5, 21)
    to_rho = quantile("rho", {"distribution": "LKJ", "eta": 2}, correlation=True)
    rho, slope = to_rho(z)
    np.testing.assert_allclose(stats.beta(2, 2).cdf((rho + 1) / 2), stats.norm.cdf(z), rtol=1e-8)
    np.testing.assert_allclose(slope, (to_rho(z + 1e-6)[0] - to_rho(z - 1e-6)[0]) / 2e-6, rtol=1e-5)
    assert np.isfinite(to_rho(np.array([-40.0, 40.0]))).all()


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ({"distribution": "Laplace", "mu": 0, "b": 1}, "does not support Laplace for a scale. Use one of Exponential, HalfNormal"),
        ({"distribution": "Uniform", "lower": -1, "upper": 1}, "the prior starts at -1, but a scale cannot be negative"),
        ({"distribution": "Gamma", "mu": 1, "sigma": 1}, "does not support Gamma with the parameters mu, sigma"),
    ],
)
def test_a_prior_that_is_not_possible_is_refused(prior, message):
    with pytest.raises(UserError, match=f"^here: prior of tau: .*{message}"):
        quantile("tau", prior, place="here")
    with pytest.raises(UserError, match="needs LKJ for a correlation"):
        quantile("rho", prior, correlation=True)
