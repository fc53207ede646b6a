"""Tails of priors: the distribution functions are PyMC's, and a side where the density rises does not count as a tail."""

import numpy as np
import pytest

from guidefit.models import prior_tails
from guidefit.models.distributions import FROM_PYMC, OURS
from guidefit.models.parts import QUICK

VALUES = {"nu": 3.0, "tau": 2.0, "lam": 2.0, "lower": -1.0, "upper": 2.0, "alpha": 1.5, "eta": 2.0}
OF_BETA = {"mu": 0.4, "sigma": 0.2, "nu": 4.0}


def all_forms():
    for name, known in FROM_PYMC.items():
        for form in known.forms:
            yield {"distribution": name} | {key: (OF_BETA if name == "Beta" else VALUES).get(key, 0.7) for key in form}


def test_distribution_functions_are_those_of_pymc():
    """Draws of every form of every distribution, by one compiled function."""
    import pymc as pm

    forms, count = list(all_forms()), 4000
    parameters = [{key: value for key, value in prior.items() if key != "distribution"} for prior in forms]
    variables = [getattr(pm, prior["distribution"]).dist(**each) for prior, each in zip(forms, parameters, strict=True)]
    for prior, drawn in zip(forms, pm.draw(variables, count, random_seed=1, **QUICK), strict=True):
        expected = np.sort(prior_tails.distribution_function(prior, drawn))
        distance = abs(expected - (np.arange(count) + 0.5) / count).max()
        assert distance * np.sqrt(count) < 2.2, prior


def test_every_distribution_with_parameters_is_known():
    assert set(prior_tails._FROZEN) == set(FROM_PYMC) | {name for name, each in OURS.items() if each.parameters}


@pytest.mark.parametrize(
    ("prior", "value", "expected"),
    [
        ({"distribution": "Normal", "mu": 0, "sigma": 2}, 3.92, 0.05),
        ({"distribution": "Normal", "mu": 0, "sigma": 2}, -3.92, 0.05),
        ({"distribution": "Exponential", "lam": 1}, 1e-9, 1.0),  # the density is highest there
        ({"distribution": "Exponential", "lam": 1}, 9.0, 2 * np.exp(-9)),
        ({"distribution": "LogNormal", "mu": 0, "sigma": 0.1}, np.exp(-0.196), 0.05),
        ({"distribution": "Uniform", "lower": 0, "upper": 1}, 0.9999, 2e-4),
        ({"distribution": "LKJ", "eta": 1}, 0.9998, 2e-4),
        ({"distribution": "HalfStudentT", "nu": 1, "sigma": 1}, 1000.0, 4 / np.pi * 1e-3),
    ],
)
def test_probabilities_of_tails(prior, value, expected):
    assert prior_tails.tail_probability(prior, value) == pytest.approx(expected, rel=2e-3)
