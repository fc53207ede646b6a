"""Means and effects given the scales: draws against moments, and moments against dense algebra."""

from dataclasses import replace

import numpy as np
import pytest

from guidefit.engines import conditional_locations
from guidefit.screens import arrays
from helpers.gaussian import GAUSSIAN, collapsed, make, no_slope, some_scales
from helpers.screens import unbalanced


@pytest.mark.parametrize("variant", [*GAUSSIAN, "no slope"])
def test_draws_have_the_conditional_moments(variant):
    data = arrays.model_data(unbalanced())
    model = no_slope() if variant == "no slope" else make(variant)
    target = collapsed(model, data)
    count = 40_000
    one = some_scales(model, 8, 1)
    drawn = conditional_locations.draw(
        target, {name: np.repeat(each, count) for name, each in one.items()}, np.random.default_rng(1)
    )
    moments = conditional_locations.moments(target, one)
    assert set(drawn) == set(moments)
    for name, draws in drawn.items():
        mean, sd = (part[0] for part in moments[name])
        np.testing.assert_allclose(draws.mean(axis=0), mean, atol=5 * np.max(sd) / np.sqrt(count), err_msg=name)
        np.testing.assert_allclose(draws.std(axis=0), sd, rtol=5 / np.sqrt(2 * count), err_msg=name)


@pytest.mark.parametrize("variant", GAUSSIAN)
def test_conditional_moments_are_those_of_the_dense_normal(variant):
    """Effects and rows are jointly normal given the scales: least squares of effects on rows, both simulated, gives the moments."""
    data, model, count = arrays.model_data(unbalanced()), make(variant), 20_000
    scales = {name: each[0] for name, each in some_scales(model, 5, 1).items()}
    moments = conditional_locations.moments(collapsed(model, data), {name: np.array([each]) for name, each in scales.items()})
    rng = np.random.default_rng(3)
    sample = _prior_given(model, data.gene_of_sgrna, {name: np.repeat(each, count) for name, each in scales.items()}, rng)
    rows = _predictor(model, data, sample) + scales[model.noise] * rng.standard_normal((count, len(data.x)))
    centred = rows - rows.mean(axis=0)
    gram, observed = centred.T @ centred, data.logfc - rows.mean(axis=0)
    distance = count * observed @ np.linalg.solve(gram, observed)  # Mahalanobis: how far outside the simulations the data are
    for name, draws in sample.items():
        flat = draws.reshape(count, -1)
        slopes = np.linalg.solve(gram, centred.T @ (flat - flat.mean(axis=0)))
        left = flat - flat.mean(axis=0) - centred @ slopes
        expected, sds = flat.mean(axis=0) + observed @ slopes, np.sqrt((left**2).sum(axis=0) / (count - len(data.x) - 1))
        found, found_sds = (np.atleast_1d(part[0]) for part in moments[name])
        assert (abs(found - expected) < 5 * sds * np.sqrt((1 + distance) / count)).all(), name
        np.testing.assert_allclose(found_sds, sds, rtol=5 / np.sqrt(2 * count), err_msg=name)


def _prior_given(model, gene_of_sgrna, scales, rng):
    """Means and effects from the prior at these scales."""
    fixed = replace(model, quantiles={name: (lambda z, each=each: (each, each)) for name, each in scales.items()})
    drawn = fixed.prior_draws(gene_of_sgrna, len(next(iter(scales.values()))), rng)
    return {name: each for name, each in drawn.items() if name not in scales}


def _predictor(model, data, drawn):
    total = 0.0
    for side, factor in zip(model.sides, (np.ones_like(data.x), data.x), strict=True):
        if side is None:
            continue
        if side.sgrna:
            part = drawn[side.sgrna[0]][:, data.sgrna_of_row]
        elif side.gene:
            part = drawn[side.gene[0]][:, data.gene_of_row]
        else:
            part = drawn[side.mean][:, None]
        if side.added:
            part = part + drawn[side.added][:, None]
        total = total + part * factor
    return total


def test_the_added_constant_is_shared_out_by_the_priors():
    """alpha given m = alpha + mu_gamma is Normal(9/34 (m + 1), 9 * 25 / 34), whatever the data."""
    data = arrays.model_data(unbalanced())
    target = collapsed(make("global_intercept"), data)
    one = some_scales(target.structure, 2, 1)
    drawn = conditional_locations.draw(
        target, {name: np.repeat(each, 50_000) for name, each in one.items()}, np.random.default_rng(0)
    )
    m = drawn["alpha"] + drawn["mu_gamma"]
    rest = drawn["alpha"] - 9 / 34 * (m + 1)
    assert abs(rest.mean()) < 5 * np.sqrt(9 * 25 / 34 / 50_000)
    assert rest.std() == pytest.approx(np.sqrt(9 * 25 / 34), rel=5 / np.sqrt(1e5))
    assert abs(np.corrcoef(rest, m)[0, 1]) < 5 / np.sqrt(50_000)
