"""Power-scaling of priors: estimates and conclusions that depend on a prior, against exact posteriors."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from guidefit.assess import checks, prior_sensitivity, wording
from guidefit.assess.checks import Checks
from guidefit.models import prior_tails
from helpers.fits import estimate

NORMAL = {"distribution": "Normal", "mu": 0.0, "sigma": 1.0}
PRIORS = {"mu": NORMAL, "sigma": {"distribution": "HalfNormal", "sigma": 1.0}, "gamma_g": {"distribution": "Normal"}}


def make_fit(information, observed=0.0, draws=1000, gene=0.0):
    """mu ~ N(0, 1) observed as `observed` with variance 1 / information; gamma_g = mu + gene + noise; sigma with much data."""
    rng = np.random.default_rng(3)
    mean, sd = observed * information / (1 + information), (1 + information) ** -0.5
    mu = mean + sd * rng.standard_normal((4, draws))
    gamma = (mu + gene)[..., None] + 0.01 * rng.standard_normal((4, draws, 2)) + np.array([0.0, 9.0])
    sigma = 0.5 + 0.01 * rng.standard_normal((4, draws))
    dims = ("chain", "draw")
    posterior = xr.Dataset(
        {"mu": (dims, mu), "gamma_g": ((*dims, "gene"), gamma), "sigma": (dims, sigma)},
        coords={"gene": ["a", "b"], "chain": range(4), "draw": range(draws)},
    )
    drawn = rng.standard_normal((1, 2000))
    prior = xr.Dataset(
        {
            "mu": (dims, drawn),
            "gamma_g": ((*dims, "gene"), rng.standard_normal((1, 2000, 2))),
            "sigma": (dims, abs(rng.standard_normal((1, 2000)))),
        },
        coords={"gene": ["a", "b"]},
    )
    return xr.DataTree.from_dict({"posterior": posterior, "prior": prior})


def judge(tree, priors=PRIORS):
    found, estimated = estimate(tree)
    made = Checks()
    prior_sensitivity.judge(found, estimated, priors, 0.05, [made])
    return {row["check"]: row for row in made.rows}


def test_a_prior_that_informs_is_named():
    row = judge(make_fit(information=1))[checks.PRIOR_SENSITIVITY]
    assert row["level"] == "note"
    assert row["value"] > 0.05
    text = wording.sentence(row)
    assert "Normal(mu=0.0, sigma=1.0) of mu (" in text
    assert "HalfNormal" not in text  # sigma has much data


def test_a_prior_that_the_data_outweigh_passes():
    found = judge(make_fit(information=10_000))
    assert {row["level"] for row in found.values()} == {"pass"}
    assert found[checks.PRIOR_SENSITIVITY]["value"] < 0.02


def test_nothing_is_said_of_few_draws_or_priors_used_in_another_way():
    assert not judge(make_fit(information=1, draws=90))
    assert not judge(make_fit(information=1), {"mu": {"distribution": "Normal", "mu": 5.0, "sigma": 1.0}})


def test_weights_are_those_of_a_wider_prior():
    """N(0, 1)^0.64 is N(0, 1.25^2): the conjugate posterior of mu given 1.0 with variance 1."""
    rng, count = np.random.default_rng(4), 200_000
    draws = 0.5 + np.sqrt(0.5) * rng.standard_normal(count)
    weights = np.exp((prior_sensitivity.WIDER - 1) * prior_tails.log_density(NORMAL, draws))
    precision = 1 / 1.25**2 + 1
    assert np.average(draws, weights=weights) == pytest.approx(1 / precision, abs=0.01)
    assert np.average(draws < 0, weights=weights) == pytest.approx(stats.norm.cdf(0, 1 / precision, precision**-0.5), abs=0.004)


def test_effects_whose_sign_a_wider_prior_makes_certain_are_named():
    """P(mu < 0) given -2.65 with variance 1 is 0.970 with N(0, 1) and 0.981 with N(0, 1.25^2); gamma_g[b] = mu + 9 is above 0."""
    row = judge(make_fit(information=1, observed=-2.65))[checks.PRIOR_TURNS]
    assert (row["level"], row["value"]) == ("note", 1)
    assert "1 of 2 effects, most by Normal(mu=0.0, sigma=1.0) of mu: gamma_g[a]" in wording.sentence(row)
    assert judge(make_fit(information=1, observed=-2.0))[checks.PRIOR_TURNS]["level"] == "pass"  # 0.92 and 0.94


@pytest.mark.parametrize(("before", "after", "turned"), [(0.97, 0.98, [0]), (0.98, 0.97, [0]), (0.9, 0.92, []), (0.99, 0.995, [])])
def test_turned_signs(before, after, turned):
    """Weights that give the draws below 0 the probability `after`."""
    negative = (np.arange(10_000) < before * 10_000)[:, None]
    weights = np.where(negative[:, 0], after / before, (1 - after) / (1 - before)) / 10_000
    for effects in (negative, ~negative):
        assert prior_sensitivity.find_turned(effects, weights).tolist() == turned


def test_changes_within_the_monte_carlo_error_do_not_count():
    rng = np.random.default_rng(5)
    negative = rng.random((4000, 300)) < rng.uniform(0.965, 0.985, 300)
    weights = np.exp(0.3 * rng.standard_normal(4000))  # independent of the effects
    turned = prior_sensitivity.find_turned(negative, weights / weights.sum())
    assert len(turned) <= 0.05 * 300


@pytest.mark.parametrize(
    ("prior", "values"),
    [
        ({"distribution": "HalfStudentT", "nu": 3, "sigma": 0.5}, [0.1, 2.0]),
        ({"distribution": "LKJ", "eta": 2}, [-0.5, 0.9]),
        ({"distribution": "Gamma", "mu": 2.0, "sigma": 1.0}, [0.3, 4.0]),
    ],
)
def test_log_density_is_the_slope_of_the_distribution_function(prior, values):
    h, x = 1e-5, np.array(values)
    slope = (prior_tails.distribution_function(prior, x + h) - prior_tails.distribution_function(prior, x - h)) / (2 * h)
    np.testing.assert_allclose(prior_tails.log_density(prior, x), np.log(slope), rtol=1e-5)
