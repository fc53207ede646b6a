"""Closed-form predictions of linear Gaussian variants, against dense algebra and against fits without a row."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from guidefit.assess import closed_checks, gaussian_states, row_kernels
from guidefit.engines import registry
from guidefit.models import declaration
from guidefit.screens import arrays
from helpers.defaults import Settings
from helpers.gaussian import FOLDER, GAUSSIAN, dense, make
from helpers.screens import unbalanced


@pytest.mark.parametrize("variant", GAUSSIAN)
def test_rows_are_predicted_as_by_dense_algebra_given_hyper_means_and_scales(variant):
    data, model = arrays.model_data(unbalanced()), make(variant)
    drawn = model.prior_draws(data.gene_of_sgrna, 3, np.random.default_rng(4))
    rows, order, guide_order = closed_checks.sort_rows(data)
    x = data.x if model.slope else np.zeros_like(data.x)
    (_, v1), (_, v2) = model.hyper_prior
    for number, state in enumerate(gaussian_states.read_states(model, drawn, data)):
        found = np.empty((5, len(data.x)))
        one = closed_checks.by_gene(state, guide_order)
        row_kernels.leave_rows_out(rows, 0, len(data.genes), one, *found, np.random.default_rng(1))
        values = {name: each[number] for name, each in drawn.items()}
        _, covariance = dense(model, data, values)
        covariance -= v1 + v2 * np.multiply.outer(x, x)
        levels = [sum(float(values[name]) for name in side.constants) if side else 0.0 for side in model.sides]
        precision = np.linalg.inv(covariance)
        variance = 1 / np.diag(precision)
        mean = data.logfc - precision @ (data.logfc - levels[0] - levels[1] * x) * variance
        np.testing.assert_allclose(found[0], stats.norm.logpdf(data.logfc, mean, np.sqrt(variance))[order], rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(found[1], stats.norm.cdf(data.logfc, mean, np.sqrt(variance))[order], rtol=1e-6, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["varying_effects", "global_intercept", "correlated_effects", "pooled"])
def test_elpd_is_the_loss_of_evidence_without_the_row(variant):
    """log p(y_i | y_-i) = log p(y) - log p(y_-i), each by importance sampling from a fit of its own."""
    data = arrays.model_data(unbalanced())
    found = declaration.declare(FOLDER / f"{variant}.py")
    settings = Settings(engine="collapsed", importance_draws=20_000, draws=500, chains=4)
    engine = registry.make_engine(found, found.priors, settings, 1, 1, variant)
    fit = engine.fit(data, 1)
    loo = closed_checks.make_checker(found, found.priors, 4000, [])(data, fit, 1).loo
    evidence = float(fit["importance"]["log_evidence"])
    for row in range(0, len(data.x), 9):
        others = np.arange(len(data.x)) != row
        columns = ("sgrna_of_row", "x", "logfc", "cell_line_of_row")
        without = engine.fit(replace(data, **{name: getattr(data, name)[others] for name in columns}), 2)
        expected = evidence - float(without["importance"]["log_evidence"])
        assert float(loo["elpd_i"][row]) == pytest.approx(expected, abs=0.06 + 5 * float(loo["mcse"][row]))


def test_predictions_from_the_prior_have_its_moments():
    data, model = arrays.model_data(unbalanced()), make("varying_effects")
    rng = np.random.default_rng(1)
    drawn = model.prior_draws(data.gene_of_sgrna, 20_000, rng)
    scales = {name: np.full(20_000, 0.5) for name in model.quantiles}
    drawn = {name: each for name, each in drawn.items() if name not in scales} | scales
    made = gaussian_states.draw_logfc(model, drawn, data, rng)
    expected = drawn["alpha_s"][:, data.sgrna_of_row] + drawn["beta_s"][:, data.sgrna_of_row] * data.x
    np.testing.assert_allclose((made - expected).std(axis=0), 0.5, rtol=0.03)
    np.testing.assert_allclose((made - expected).mean(axis=0), 0, atol=0.02)
