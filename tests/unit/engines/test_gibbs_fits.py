"""Fits of the engine `gibbs` to a screen drawn from the prior of its variant."""

import logging

import numpy as np
import pytest

from guidefit.engines import registry
from helpers.defaults import Settings
from helpers.line_screens import declared, screen

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def drawn():
    """A screen of gene_classes and its true parameters."""
    data, truth, _ = screen("gene_classes", np.random.default_rng(11), genes=40, lines=8)
    return data, truth


def fit(data, threads, variant="gene_classes", **settings):
    found, _, _ = declared(variant)
    full = Settings(**{"engine": "gibbs", "tune": 300, "draws": 600, "chains": 2, "prior_draws": 50} | settings)
    return registry.make_engine(found, found.priors, full, threads, 1, variant).fit(data, 5)


def test_the_truth_is_recovered_with_its_uncertainty(drawn, caplog):
    data, truth = drawn
    with caplog.at_level(logging.INFO, "guidefit"):
        tree = fit(data, 1, ess=10**6)
    assert "stopped after 600 draws per chain" in caplog.text
    _, structure, _ = declared("gene_classes")
    posterior = tree["posterior"].to_dataset()
    assert set(posterior.data_vars) == {*structure.roles, *structure.dims} - {"e_gl"}
    z = {
        name: (posterior[name].mean(("chain", "draw")) - truth[name]) / posterior[name].std(("chain", "draw")) for name in posterior
    }
    for name in ("gamma_g", "delta_g", "alpha_s", "beta_s", "u_s"):
        assert 0.6 < np.sqrt((z[name] ** 2).mean()) < 1.5, name
    moments = tree["moments"].to_dataset()
    measured = np.isfinite(moments["e_gl_mean"].values)
    e = ((moments["e_gl_mean"].values - truth["e_gl"]) / moments["e_gl_sd"].values)[measured]
    assert 0.8 < np.sqrt((e**2).mean()) < 1.3
    assert measured.sum() == len(np.unique(data.gene_of_row * 8 + data.cell_line_of_row))


def test_without_copy_numbers_no_slope_is_reported():
    data, truth, _ = screen("gene_by_line", np.random.default_rng(3), copies=False, genes=40, lines=8)
    tree = fit(data, 1, variant="gene_by_line", ess=10**6)
    _, structure, _ = declared("gene_by_line")
    structure = structure.without_slope()
    for group in ("posterior", "prior"):
        assert set(tree[group].data_vars) == {*structure.roles, *structure.dims} - {"e_gl"}
    posterior = tree["posterior"].to_dataset()
    for name in ("gamma_g", "alpha_s"):
        z = (posterior[name].mean(("chain", "draw")) - truth[name]) / posterior[name].std(("chain", "draw"))
        assert 0.6 < np.sqrt((z**2).mean()) < 1.5, name
    for name in structure.roles:
        low, high = np.quantile(posterior[name], [0.0005, 0.9995])
        assert low < truth[name] < high, name


def test_threads_change_nothing(drawn, monkeypatch):
    data, _ = drawn
    from guidefit.engines import gibbs

    make_chunks = gibbs.make_chunks
    monkeypatch.setattr(gibbs, "make_chunks", lambda layout: make_chunks(layout, rows_per_chunk=200))
    one, other = (fit(data, threads, tune=40, draws=400, ess=50) for threads in (1, 2))
    for group in ("posterior", "moments", "prior"):
        for name, values in one[group].data_vars.items():
            np.testing.assert_array_equal(values, other[group][name], err_msg=str(name))
