"""Fits of a screen without some of its lines and genes, from the state of the fit to the whole screen."""

import numpy as np
import pytest

from guidefit.engines import gibbs_folds, registry
from guidefit.engines.gibbs_draws import in_order
from guidefit.engines.gibbs_start import start_from
from helpers.defaults import Settings
from helpers.line_screens import declared, screen

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["gene_classes", "gene_by_line"])
def fitted(request):
    data, _, _ = screen(request.param, np.random.default_rng(5), genes=30, lines=7)
    found, _, _ = declared(request.param)
    settings = Settings(engine="gibbs", tune=100, draws=100, chains=2, prior_draws=50)
    engine = registry.make_engine(found, found.priors, settings, 1, 1, request.param)
    return data, engine, engine.fit(data, 5)


def test_a_chain_starts_from_a_draw(fitted):
    data, engine, tree = fitted
    part = data.take_rows((data.cell_line_of_row != 2) & (data.gene_of_row != 4))
    assert data.cell_lines[2] not in part.cell_lines
    assert data.genes[4] not in part.genes
    structure = engine.structure
    draw = gibbs_folds.draw_of_part(tree, part, np.random.default_rng(1))
    with engine.start_chains(part, [np.random.SeedSequence(3)], 50) as (chain,):
        start_from(chain, structure, draw)
        mean = np.log(draw["k_l"]).mean()
        effects = ("mu_gamma", "mu_delta", "sigma_gamma", "sigma_delta", "sigma_alpha", "sigma_beta", "t")
        scaled = {f"{name}{c}" for name in effects for c in ("", "_null", "_common")}
        for name, value in zip(structure.roles, in_order(structure, chain), strict=True):
            assert value == pytest.approx(float(draw[name]) * (np.exp(mean) if name in scaled else 1)), name
        guides = chain.layout.sgrna
        np.testing.assert_allclose(chain.state.theta[::2], draw["alpha_s"][guides] * np.exp(mean))
        np.testing.assert_allclose(chain.state.theta[1::2], draw["beta_s"][guides] * np.exp(mean))
        np.testing.assert_allclose(np.exp(chain.hyper.log_k), draw["k_l"] / np.exp(mean))
        np.testing.assert_allclose(np.exp(chain.state.lam - chain.hyper.mean_lam), draw["u_s"][guides])
        for _ in range(5):
            chain.step()
        assert np.isfinite(in_order(structure, chain)).all()


def test_folds_leave_out_each_line_and_gene_once(fitted):
    data, engine, tree = fitted
    streams = [np.random.SeedSequence(seed) for seed in (1, 2)]
    found = gibbs_folds.fit_folds(engine, data, tree, *streams)
    assert found.sizes["fold"] == 5
    assert np.bincount(found["fold_of_line"]).tolist() == [2, 2, 1, 1, 1]
    assert np.bincount(found["fold_of_gene"]).tolist() == [6] * 5
    shared = engine.structure.by_class("mu_delta")[0]
    np.testing.assert_array_equal(found["shared_slope"], found[shared])
    of_all = tree["posterior"][shared]
    assert (abs(found["shared_slope"].mean("draw") - float(of_all.mean())) < 5 * float(of_all.std())).all()
    k = tree["posterior"]["k_l"].mean(("chain", "draw")).values
    for fold, own in enumerate(found["multiplier"].values):
        np.testing.assert_allclose(own / own[0], k / k[0])
        assert np.log(own[found["fold_of_line"] != fold]).mean() == pytest.approx(0)
    again = gibbs_folds.fit_folds(engine, data, tree, *(np.random.SeedSequence(seed) for seed in (1, 2)))
    np.testing.assert_array_equal(again["shared_slope"], found["shared_slope"])


def test_two_lines_have_no_folds(fitted):
    data, engine, tree = fitted
    two = data.take_rows(data.cell_line_of_row < 2)
    assert gibbs_folds.fit_folds(engine, two, tree, *(np.random.SeedSequence(1),) * 2).sizes["fold"] == 0
