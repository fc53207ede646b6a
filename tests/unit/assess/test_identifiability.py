"""Posteriors that are known exactly: Gaussian conjugate models of a few intercepts."""

import numpy as np
import pytest
import xarray as xr

from guidefit.assess import identifiability
from guidefit.assess.draws import of_dataset
from guidefit.assess.identifiability import independent_columns
from guidefit.config.thresholds import Thresholds

PRIOR_SD = {"alpha": 3.0, "mu_gamma": 5.0}
RIDGE_SD = np.sqrt(1 / (1 / 9 + 1 / 25))  # the ridge of global_intercept, in closed form


def find_unidentified_directions(posterior, prior):
    (found,) = identifiability.find_unidentified_directions(of_dataset(posterior), of_dataset(prior), Thresholds().contraction_pass)
    return found


def find_unidentified_scales(posterior, prior):
    limits = Thresholds()
    after, before = of_dataset(posterior), of_dataset(prior)
    (found,) = identifiability.find_unidentified_scales(after, before, limits.contraction_fail, -limits.contraction_pass)
    return found


def draws(covariance, names, rng, chains=4, n=2000):
    """Draws of a Gaussian as a posterior: names without brackets are scalars, gamma_g has three genes."""
    values = rng.multivariate_normal(np.zeros(len(covariance)), covariance, size=(chains, n))
    data = {name: (("chain", "draw"), values[..., i]) for i, name in enumerate(names) if name != "gamma_g"}
    if "gamma_g" in names:
        data["gamma_g"] = (("chain", "draw", "gene"), values[..., names.index("gamma_g") :])
    return xr.Dataset(data, coords={"gene": ["a", "b", "c"]})


def posterior_covariance(prior, design, noise=0.1):
    """Conjugate update of a Gaussian prior by y = design @ theta + noise."""
    return np.linalg.inv(np.linalg.inv(prior) + design.T @ design / noise**2)


def prior_covariance(with_alpha, sigma_gamma=0.5):
    """alpha ~ N(0, 3), mu_gamma ~ N(0, 5), gamma_g ~ N(mu_gamma, sigma_gamma) for three genes."""
    mu = PRIOR_SD["mu_gamma"] ** 2
    gamma = mu * np.ones((3, 3)) + sigma_gamma**2 * np.eye(3)
    block = np.block([[np.array([[mu]]), mu * np.ones((1, 3))], [mu * np.ones((3, 1)), gamma]])
    if not with_alpha:
        return block
    full = np.zeros((5, 5))
    full[0, 0] = PRIOR_SD["alpha"] ** 2
    full[1:, 1:] = block
    return full


def test_the_ridge_is_named_with_its_closed_form_sd():
    rng = np.random.default_rng(1)
    prior = prior_covariance(with_alpha=True)
    design = np.hstack([np.ones((3, 1)), np.zeros((3, 1)), np.eye(3)])  # the data see alpha + gamma_g
    names = ["alpha", "mu_gamma", "gamma_g"]
    after = draws(posterior_covariance(prior, design), names, rng)
    least, found = find_unidentified_directions(after, draws(prior, names, rng))
    assert len(found) == 1
    ridge = found[0]
    assert ridge.name == "alpha - mu_gamma - gamma_g"
    assert ridge.contraction == pytest.approx(0, abs=4 * ridge.mcse)
    assert least == ridge.contraction
    assert ridge.sd == pytest.approx(RIDGE_SD, rel=0.05)
    assert ridge.loadings["gamma_g[b]"] == pytest.approx(-1, abs=0.05)


def test_a_model_that_the_data_speak_to_has_none():
    rng = np.random.default_rng(2)
    prior = prior_covariance(with_alpha=False)
    design = np.hstack([np.zeros((3, 1)), np.eye(3)])
    names = ["mu_gamma", "gamma_g"]
    least, found = find_unidentified_directions(draws(posterior_covariance(prior, design), names, rng), draws(prior, names, rng))
    assert not found
    assert least > 0.9


def test_a_parameter_without_data_is_named():
    rng = np.random.default_rng(3)
    before = draws(np.diag([9.0, 25.0]), ["alpha", "beta"], rng)
    _, found = find_unidentified_directions(draws(np.diag([9.0, 0.01]), ["alpha", "beta"], rng), before)
    assert [direction.name for direction in found] == ["alpha"]
    assert found[0].as_row(1)["loadings"].startswith("alpha +1.00")


def test_only_positive_parameters_leave_nothing_to_judge():
    positive = xr.Dataset({"sigma": (("chain", "draw"), np.ones((2, 50)))})
    least, found = find_unidentified_directions(positive, positive)
    assert np.isnan(least)
    assert not found


def test_sums_and_constants_are_left_out_of_the_eigenproblem():
    rng = np.random.default_rng(4)
    names = ["alpha", "beta"]
    before, after = draws(np.diag([9.0, 25.0]), names, rng), draws(np.diag([0.01, 0.01]), names, rng)
    expected, _ = find_unidentified_directions(after, before)
    for each in (before, after):
        each["total"] = each["alpha"] + each["beta"]
        each["none"] = xr.zeros_like(each["alpha"]) - 1.0
    least, found = find_unidentified_directions(after, before)
    assert least == pytest.approx(expected)
    assert not found


def test_a_ridge_is_still_found_next_to_a_sum():
    rng = np.random.default_rng(5)
    before = draws(np.diag([9.0, 25.0]), ["alpha", "beta"], rng)
    after = draws(np.diag([9.0, 0.01]), ["alpha", "beta"], rng)
    for each in (before, after):
        each["total"] = each["alpha"] + each["beta"]
    _, found = find_unidentified_directions(after, before)
    assert [direction.name for direction in found] == ["alpha + total"]


def test_draws_that_are_not_finite_are_left_out():
    rng = np.random.default_rng(6)
    before, after = (draws(np.diag(variances), ["alpha", "beta"], rng) for variances in ([9.0, 25.0], [0.01, 0.01]))
    after["beta"].values[0, 0] = np.nan
    least, found = find_unidentified_directions(after, before)
    assert least > 0.9
    assert not found


def test_independent_columns_keep_the_first_of_each_combination():
    x = np.random.default_rng(7).normal(size=(50, 3))
    columns = np.column_stack([x[:, 0], 2 * x[:, 0] + 1, x[:, 1], x[:, 0] - x[:, 1], x[:, 2]])
    assert independent_columns(columns) == [0, 2, 4]


@pytest.mark.parametrize(
    ("posterior", "is_identified"),
    [
        (lambda rng, n: rng.exponential(size=n), False),  # the prior
        (lambda rng, n: 0.02 * rng.exponential(size=n), True),  # pushed towards 0, as wide on a log scale as the prior
        (lambda rng, n: 0.7 + 0.05 * rng.normal(size=n), True),
        (lambda rng, n: 1e6 + rng.normal(size=n), True),  # far beyond all draws of the prior
    ],
)
def test_a_scale_is_unidentified_where_it_keeps_its_prior(posterior, is_identified):
    rng = np.random.default_rng(8)
    before = xr.Dataset({"sigma": (("chain", "draw"), rng.exponential(size=(1, 2000)))})
    after = xr.Dataset({"sigma": (("chain", "draw"), posterior(rng, (4, 500)))})
    least, found = find_unidentified_scales(after, before)
    assert (not found) == is_identified
    assert (least > 0.5) == is_identified
