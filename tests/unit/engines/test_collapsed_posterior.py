"""The collapsed posterior against dense algebra and quadrature."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial.hermite_e import hermegauss
from scipy import integrate, stats

from guidefit.engines import importance, modes
from guidefit.engines.compiled_gradient import compile_gradient
from guidefit.screens import arrays
from helpers.defaults import Covariate
from helpers.gaussian import GAUSSIAN, collapsed, dense, make, no_slope, some_scales
from helpers.screens import unbalanced


@pytest.mark.parametrize("variant", [*GAUSSIAN, "no slope"])
@pytest.mark.parametrize("case", ["unbalanced", "one gene", "one row each", "one line each"])
def test_log_density_is_that_of_the_dense_normal(variant, case):
    table = unbalanced()
    if case == "one gene":
        table = table[table["gene"] == "gene_3"]
    if case == "one row each":
        table = table.groupby("sgrna", sort=False).head(1)
    if case == "one line each":
        table = table.assign(x=table.groupby("gene", observed=True)["x"].transform("first"))
    data = arrays.model_data(table)
    model = no_slope() if variant == "no slope" else make(variant)
    scales = some_scales(model, 3)
    found = collapsed(model, data).log_likelihood(scales)
    for k, value in enumerate(found):
        mean, covariance = dense(model, data, {name: each[k] for name, each in scales.items()})
        assert value == pytest.approx(stats.multivariate_normal(mean, covariance).logpdf(data.logfc), rel=1e-10)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), shift=st.sampled_from([0, 5, -300]), unit=st.sampled_from([1, 0.1, 20]))
def test_log_density_in_other_units_and_places(seed, shift, unit):
    data = arrays.model_data(unbalanced(seed % 20))
    data = replace(data, logfc=unit * data.logfc + shift)
    model = make("correlated_effects")
    scales = some_scales(model, seed, 1)
    mean, covariance = dense(model, data, {name: each[0] for name, each in scales.items()})
    expected = stats.multivariate_normal(mean, covariance).logpdf(data.logfc)
    assert collapsed(model, data).log_likelihood(scales)[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("variant", GAUSSIAN)
def test_gradient(variant):
    model, data = make(variant), arrays.model_data(unbalanced())
    target = collapsed(model, data)
    z = np.random.default_rng(4).normal(size=(3, len(model.quantiles)))
    values, gradients = target.gradient(z)
    np.testing.assert_allclose(values, target.log_density(z), rtol=1e-13)
    for i, step in enumerate(1e-5 * np.eye(z.shape[1])):
        slope = (target.log_density(z + step) - target.log_density(z - step)) / 2e-5
        np.testing.assert_allclose(gradients[:, i], slope, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("variant", [*GAUSSIAN, "no slope"])
@pytest.mark.parametrize("one_line_each", [False, True])
def test_the_compiled_gradient_is_the_same(variant, one_line_each):
    table = unbalanced()
    if one_line_each:
        table = table.assign(x=table.groupby("gene", observed=True)["x"].transform("first"))
    model = no_slope() if variant == "no slope" else make(variant)
    target, rng = collapsed(model, arrays.model_data(table)), np.random.default_rng(5)
    dim = len(model.quantiles)
    mode, root = rng.normal(size=dim), np.tril(rng.normal(size=(dim, dim))) / dim
    compiled = compile_gradient(target, mode, root)
    for u in rng.normal(size=(20, len(mode))):
        (value,), (slope,) = target.gradient((mode + root @ u)[None])
        found, by_u = compiled(u)
        assert found == pytest.approx(value, rel=1e-6)
        np.testing.assert_allclose(by_u, root.T @ slope, rtol=1e-5, atol=1e-5)


def test_the_compiled_density_is_not_a_number_beyond_its_table():
    target = collapsed(make("varying_effects"), arrays.model_data(unbalanced()))
    dim = len(target.structure.quantiles)
    value, _ = compile_gradient(target, np.full(dim, 40.0), np.eye(dim))(np.zeros(dim))
    assert np.isnan(value)


def evidence(target, seed=1):
    start = [modes.find_mode(target.gradient, len(target.structure.quantiles))]
    return importance.sample(target.log_density, start, 20_000, np.random.default_rng(seed))


def test_evidence_of_one_scale_by_quadrature_over_dense_densities():
    """pooled has one scale: integrate the dense normal density over its exponential prior."""
    data, model = arrays.model_data(unbalanced()), make("pooled")
    found = evidence(collapsed(model, data))

    def integrand(sigma):
        mean, covariance = dense(model, data, {"sigma": sigma})
        return np.exp(stats.multivariate_normal(mean, covariance).logpdf(data.logfc) - found.log_evidence) * np.exp(-sigma)

    total, _ = integrate.quad(integrand, 0.05, 6, epsabs=1e-8, limit=200)
    assert np.log(total) == pytest.approx(0, abs=5 * found.log_evidence_se)


@pytest.mark.parametrize(
    "variant", ["gene_effects", "varying_intercepts", "varying_effects", "correlated_effects", "correlated_genes"]
)
def test_evidence_by_a_grid_of_gauss_and_hermite(variant):
    data, model = arrays.model_data(unbalanced(keep=1.0)), make(variant)
    target = collapsed(model, data)
    mode = modes.find_mode(target.gradient, len(model.quantiles))
    dim = len(mode.place)
    nodes, weights = hermegauss({3: 30, 5: 12, 6: 8}[dim])
    grid = np.stack(np.meshgrid(*[nodes] * dim, indexing="ij"), axis=-1).reshape(-1, dim)
    log_weights = np.log(np.stack(np.meshgrid(*[weights] * dim, indexing="ij"), axis=-1).reshape(-1, dim)).sum(axis=1)
    root = 1.3 * np.linalg.cholesky(mode.covariance)
    terms = (
        target.log_density(mode.place + grid @ root.T) + log_weights + 0.5 * (grid**2).sum(axis=1) + np.log(root.diagonal()).sum()
    )
    by_grid = terms.max() + np.log(np.exp(terms - terms.max()).sum())
    found = evidence(target)
    assert found.log_evidence == pytest.approx(by_grid, abs=5 * found.log_evidence_se + 0.02)


def test_evidence_of_the_notebooks_data():
    """-139.85 and -139.99: the adjacent model's alpha is integrated over a wider prior of the same sum."""
    from guidefit.simulation import blueprints, simulated_screen

    table, _ = simulated_screen.simulate(blueprints.draw_notebook(103), Covariate("zscore_within_gene"), "cna")
    for variant, expected in (("varying_effects", -139.85), ("global_intercept", -139.99)):
        found = evidence(collapsed(make(variant), arrays.model_data(table)))
        assert found.log_evidence == pytest.approx(expected, abs=0.006 + 5 * found.log_evidence_se)
