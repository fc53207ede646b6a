"""The kernels of the engine `gibbs` for genes, run as plain Python, against dense algebra and enumeration."""

from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from guidefit.base.errors import UserError
from guidefit.engines import gibbs_blocks
from helpers.line_screens import declared, layout, screen
from helpers.plain_gibbs import make_chain, plain_modules, rows_of_gene

many = stats.multivariate_normal
plain = pytest.fixture(plain_modules, scope="module")


def dense(d, s, g, tau2, factor):
    """(y, Z, covariance): y = Z theta + noise, with theta = (alpha_1, beta_1, ...) and e integrated out."""
    y, x, guide, cell, noise = rows_of_gene(d, s, g, factor)
    Z = np.zeros((len(y), 2 * (d.guide_start[g + 1] - d.guide_start[g])))
    Z[np.arange(len(y)), 2 * guide], Z[np.arange(len(y)), 2 * guide + 1] = 1, x
    return y, Z, np.diag(noise) + tau2 * (cell[:, None] == cell)


def integrated(plain, chain, d, g, tau2, factor):
    s, n = chain.state, d.guide_start[g + 1] - d.guide_start[g]
    J0, h0, q, J, h = np.empty((n, 3)), np.empty((n, 2)), np.empty(n), np.empty((2 * n, 2 * n)), np.empty(2 * n)
    w, R, inverse = np.empty((3, d.most_cells), np.float32)
    plain.cells.sum_rows(d, g, s, factor, J0, h0, w, R, inverse, q)
    value = plain.cells.integrate_cells(d, g, tau2, s, factor, J0, h0, w, R, q, J, h)
    first = d.cell_start[d.block_start[g]]
    s.R[first : d.cell_start[d.block_start[g + 1]]] = R[: d.cell_start[d.block_start[g + 1]] - first]
    return J, h, value


@pytest.mark.parametrize("x_by_row", [0.0, 0.3], ids=["x by cell", "x by row"])
def test_effects_of_lines_are_integrated_out(plain, x_by_row):
    chain, laid_out, _ = make_chain(plain, x_by_row=x_by_row, genes=4, lines=9)
    d, rng = laid_out.blocks, np.random.default_rng(0)
    for g in range(4):
        found, expected = [], []
        for tau2 in (0.01, 0.5):
            J, h, value = integrated(plain, chain, d, g, tau2, 100.0)
            y, Z, covariance = dense(d, chain.state, g, tau2, 100.0)
            for theta in 0.5 * rng.standard_normal((2, len(h))):
                found.append(value + h @ theta - 0.5 * theta @ J @ theta)
                expected.append(many(Z @ theta, covariance).logpdf(y))
        np.testing.assert_allclose(np.diff(found), np.diff(expected), rtol=2e-4, atol=2e-4)


def gene(plain, seed=0, n=3):
    """Random information J, h of a gene's guides, and hyper-parameters of two classes."""
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((2 * n, 2 * n))
    t = plain.state.KernelHyper(
        np.log([0.6, 0.4]), np.log([0.1, 0.3]), np.array([[0.0, -0.1], [-1.0, 0.2]]),
        np.array([[0.2, 0.3, 0.3, 0.2], [0.7, 0.3, 0.5, 0.1]]), np.log([[0.9, 0.1], [0.8, 0.2]]), 4.0, 100.0, np.zeros(3), 0.0, 1.0,
    )  # fmt: skip
    return root @ root.T * 2, 3 * rng.standard_normal(2 * n), t


def log_marginal(J, h, mu, spread, o, omega2):
    """log of the integral of exp(h theta - theta J theta / 2) over the prior of theta, by dense algebra."""
    n = len(h) // 2
    prior = np.kron(np.ones((n, n)), np.diag(spread[:2] ** 2)) + np.diag(
        np.column_stack([spread[2] ** 2 + omega2 * o, np.full(n, spread[3] ** 2)]).ravel()
    )
    mean = np.tile(mu, n)
    A = np.linalg.inv(prior) + J
    b = np.linalg.solve(prior, mean) + h
    return 0.5 * b @ np.linalg.solve(A, b) - 0.5 * mean @ np.linalg.solve(prior, mean) - 0.5 * np.linalg.slogdet(prior @ A)[1]


def test_locations_are_integrated_out(plain):
    J, h, t = gene(plain)
    o = np.array([0, 1, 0])
    a, K, Q, out = np.empty((2, 3)), np.empty((2, 6, 6)), np.empty((2, 6, 3)), np.empty((2, 6))
    terms = np.empty(2)
    total = plain.genes.class_terms(J, h, o, -1.0, t, a, K, Q, out, terms)
    for c in range(2):
        expected = log_marginal(J, h, t.mu[c], t.spread[c], o, 4.0) + t.log_w[c] + t.log_p[c, o].sum()
        expected += stats.t(3, scale=np.exp(t.log_t[c])).logpdf(np.exp(-1.0)) - stats.t(3).logpdf(0) - 1.0
        assert terms[c] == pytest.approx(expected, abs=1e-9)
        sums = np.zeros(6)
        plain.linear.hyper_information(out[c], t.spread[c], sums)
        for mu in ([0.3, -0.2], [-1.0, 0.5]):
            v = np.array([[sums[0], sums[1]], [sums[1], sums[2]]])
            value = sums[5] + sums[3:5] @ mu - 0.5 * np.array(mu) @ v @ mu
            assert value == pytest.approx(log_marginal(J, h, np.array(mu), t.spread[c], o, 4.0), abs=1e-9)
    assert total == pytest.approx(logsumexp(terms))


def test_departures_by_enumeration(plain):
    J, h, t = gene(plain, seed=3)
    h[2] *= 4
    a, K, Q, out, x = np.empty((2, 3)), np.empty((2, 6, 6)), np.empty((2, 6, 3)), np.empty((2, 6)), np.empty(6)
    terms, on, off = np.empty(2), np.empty(2), np.empty(2)
    joint = {o: plain.genes.class_terms(J, h, np.array(o), -1.0, t, a, K, Q, out, terms) for o in product([0, 1], repeat=3)}
    for o in joint:
        drawn = SimpleNamespace(random=iter(np.full(3, 1.0)).__next__)  # never flips to 1: each guide is compared with o_s = 0
        departs = np.array(o)
        plain.genes.update_departures(J, h, departs, -1.0, t, a, K, Q, out, terms, x, on, off, drawn)
        assert not departs.any()
        last = (0, 0, 1), (0, 0, 0)  # the last guide, after the first two were set to 0
        assert logsumexp(on) - logsumexp(off) == pytest.approx(joint[last[0]] - joint[last[1]], abs=1e-8)


def test_draws_of_locations_and_effects_have_their_moments(plain):
    chain, laid_out, _ = make_chain(plain, genes=2, lines=4, most_guides=2, x_by_row=0.2)
    d, s, rng = laid_out.blocks, chain.state, np.random.default_rng(5)
    g, tau2 = 1, 0.2
    J, h, _ = integrated(plain, chain, d, g, tau2, 100.0)
    n, spread, mu = len(h) // 2, np.array([0.5, 0.3, 0.4, 0.2]), np.array([-0.5, 0.1])
    a, K, Q, out = np.full(n, 0.4), np.empty((2 * n, 2 * n)), np.empty((2 * n, 3)), np.empty(6)
    plain.linear.integrate_guides(J, h, a, spread[3], K, Q, out)
    draws, theta = [], np.empty(2 * n)
    for _ in range(4000):
        gamma, delta = plain.linear.draw_locations(K, Q, out, mu, spread, a, rng, theta)
        draws.append([gamma, delta, *theta])
    prior = np.kron(np.ones((n + 1, n + 1)), np.diag(spread[:2] ** 2))
    prior[2:, 2:] += np.diag(np.tile(spread[2:] ** 2, n))
    covariance = np.linalg.inv(np.linalg.inv(prior) + np.pad(J, ((2, 0), (2, 0))))
    mean = covariance @ (np.linalg.solve(prior, np.tile(mu, n + 1)) + np.r_[0, 0, h])
    sd = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((np.mean(draws, axis=0) - mean) / sd, 0, atol=4.5 / np.sqrt(4000))
    np.testing.assert_allclose(np.cov(np.transpose(draws)) / np.outer(sd, sd), covariance / np.outer(sd, sd), atol=0.1)

    theta = mean[2:]
    m, sd, w, inverse = np.empty((4, d.most_cells), np.float32)
    plain.cells.draw_cells(d, g, tau2, s, 100.0, theta, np.empty(n), w, inverse, m, sd, rng)
    y, x, guide, cell, noise = rows_of_gene(d, s, g, 100.0)
    for number, code in enumerate(np.unique(cell)):
        mine = cell == code
        variance = 1 / (1 / tau2 + (1 / noise[mine]).sum())
        residual = y[mine] - theta[2 * guide[mine]] - theta[2 * guide[mine] + 1] * x[mine]
        assert m[number] == pytest.approx(variance * (residual / noise[mine]).sum(), rel=1e-3, abs=1e-4)
        assert sd[number] == pytest.approx(np.sqrt(variance), rel=1e-4)


def test_noise_of_rows_guides_and_lines(plain):
    chain, laid_out, _ = make_chain(plain, genes=5, lines=6)
    d, s, rng, hyper = laid_out.blocks, chain.state, np.random.default_rng(2), chain._kernel_hyper()
    s.theta[:], s.e[:] = rng.standard_normal(len(s.theta)), rng.standard_normal(len(s.e))
    log_odds, likelihoods = np.array([-5.0, -4.0, -3.0, -2.0, -6.0]), np.zeros(5)
    for g in range(5):
        theta = s.theta[2 * d.guide_start[g] : 2 * d.guide_start[g + 1]]
        plain.genes.measure_residuals(d, g, s, hyper, theta, True, log_odds, likelihoods, *np.empty((2, d.most_cells), np.float32))
    total, A, residuals = 0.0, np.zeros((6, 3)), []
    s.flagged[:] = 0
    for g in range(5):
        y, x, guide, cell, variance = rows_of_gene(d, s, g, 100.0)
        theta, k, line = s.theta[2 * d.guide_start[g] :], s.k[d.line[cell]], d.line[cell]
        effect = theta[2 * guide] + s.e[cell]
        z2 = (y - theta[2 * guide + 1] * x - effect) ** 2 / variance
        total += np.log1p(np.exp(log_odds[:, None] - np.log(10) + 0.495 * z2)).sum(axis=1)
        residuals.append(z2)
    np.testing.assert_allclose(likelihoods, total, rtol=1e-4)
    sums, t = np.zeros((6, 3)), hyper._replace(s_u=1e-9)  # the noise of guides stays
    s.lam[:] = np.log(1 / s.precision)
    flags = plain.noise.update_flags(d, 0, 5, s, t, -30.0, rng)
    plain.noise.update_noise(d, 0, 5, s, t, rng)
    plain.genes.sum_lines(d, 0, 5, s, t, sums)
    z2 = np.concatenate(residuals)
    assert flags == s.flagged.sum() == pytest.approx((z2 > 70).sum(), abs=1)
    for g in range(5):
        y, x, guide, cell, variance = rows_of_gene(d, s, g, 100.0)
        theta, k, line = s.theta[2 * d.guide_start[g] :], s.k[d.line[cell]], d.line[cell]
        v, effect = 1 / s.inverse_v[line], theta[2 * guide] + theta[2 * guide + 1] * x + s.e[cell]
        for column, value in enumerate(((k * y) ** 2, k * y * effect, effect**2)):
            np.add.at(A[:, column], line, value * k**2 * v / k**2 / (variance * k**2))
    np.testing.assert_allclose(sums, A, rtol=2e-3, atol=1e-2)


def test_spreads_and_their_coordinates(plain):
    y = np.array([-6.0, -1.0, 0.3, 2.0, 5.0])
    scale = np.array([0.1, 1.0, 2.0, 0.5, 1.0])
    spread = plain.moves.to_spread(y, scale)
    np.testing.assert_allclose(spread, stats.halfnorm(scale=scale).ppf(stats.norm.cdf(y)), rtol=1e-6)
    np.testing.assert_allclose(plain.moves.from_spread(spread, scale), y, rtol=1e-6)


def test_the_scale_of_a_class(plain):
    rng = np.random.default_rng(0)
    drawn = [1.0]
    for _ in range(4000):
        drawn.append(plain.moves.slice_scale(drawn[-1], 4, 2.5, 1.0, rng))
    grid = np.linspace(1e-3, 6, 20000)
    density = np.exp(-4 * np.log(grid) - 0.5 * 2.5 / grid**2 - 0.5 * grid**2)
    mean = (grid * density).sum() / density.sum()
    assert np.mean(drawn) == pytest.approx(mean, abs=0.03)
    with pytest.raises(FloatingPointError, match="not finite"):
        plain.moves.slice_step(lambda _: np.nan, 0.0, 1.0, rng)


@pytest.mark.parametrize("variant", ["gene_classes", "gene_by_line"])
def test_chunks_and_their_order_change_nothing(plain, variant):
    chains = []
    for order in (1, -1):
        chain, laid_out, _ = make_chain(plain, variant, genes=6, lines=4)
        chain._chunks = [(0, 2), (2, 6)]
        chain._rngs = [np.random.default_rng(i) for i in range(2)]
        chain._run = lambda function, order=order: [function(i) for i in (0, 1)[::order]][::order]
        moments = np.zeros((7, len(laid_out.blocks.line)), np.float32)
        for _ in range(3):
            chain.step(moments)
        chains.append((chain, moments))
    (one, first), (other, second) = chains
    np.testing.assert_array_equal(one.state.theta, other.state.theta)
    np.testing.assert_array_equal(first, second)
    assert (first[4] >= 0).all()
    assert (first[5:] <= 3 + 1e-5).all()


def without_line(data, line):
    """The screen without the rows of one cell line."""
    kept = data.cell_line_of_row != line
    rows = {name: getattr(data, name)[kept] for name in ("sgrna_of_row", "cell_line_of_row", "x", "logfc")}
    return replace(data, **rows)


ODD = {
    "one guide a gene": ({"most_guides": 1}, lambda data: data),
    "two lines": ({"lines": 2}, lambda data: data),
    "five genes": ({"genes": 5}, lambda data: data),
    "many missing cells": ({"keep": 0.3}, lambda data: data),
    "constant logFC in one line": ({}, lambda data: replace(data, logfc=np.where(data.cell_line_of_row == 1, 0.5, data.logfc))),
    "a line without response": ({}, lambda data: replace(data, logfc=np.where(data.cell_line_of_row == 1, 1e-3, 1) * data.logfc)),
    "a line without values": ({}, lambda data: without_line(data, 1)),
}


@pytest.mark.parametrize("variant", ["gene_classes", "gene_by_line"])
@pytest.mark.parametrize(("sizes", "change"), ODD.values(), ids=ODD)
def test_odd_screens_are_sampled(plain, variant, sizes, change):
    data = change(screen(variant, np.random.default_rng(4), **{"genes": 6, "lines": 4, "most_guides": 3} | sizes)[0])
    _, structure, parameters = declared(variant)
    laid_out = gibbs_blocks.make_layout(data)
    chunks, priors = gibbs_blocks.make_chunks(laid_out), plain.moves.read_priors(structure, parameters)
    seed = np.random.SeedSequence(1)
    chain = plain.chain.Chain(structure, priors, laid_out, chunks, lambda f: [f(i) for i in range(len(chunks))], 24, -0.5, seed)
    moments = np.zeros((7, len(laid_out.blocks.line)), np.float32)
    for _ in range(28):  # past the adaptation
        chain.step(moments)
    hyper = chain.hyper
    drawn = (chain.state.theta, chain.state.phi, chain.state.log_tau, chain.state.lam, hyper.log_k, hyper.log_v, hyper.spread)
    assert all(np.isfinite(each).all() for each in drawn)
    assert np.isfinite(moments).all()


def test_unusual_screens_are_laid_out_or_refused():
    data = layout(np.random.default_rng(0), genes=3, lines=2)
    laid_out = gibbs_blocks.make_layout(data)
    assert laid_out.blocks.rows_of_guide.sum() == len(data.x) == len(laid_out.blocks.y)
    twice = type(data)(**{**vars(data), "cell_line_of_row": np.zeros_like(data.cell_line_of_row)})
    with pytest.raises(UserError, match=r"sgRNA sg_0 has more than one row in cell line line_0.*Average the replicates"):
        gibbs_blocks.make_layout(twice)
    many_guides = layout(np.random.default_rng(0), genes=1, lines=2, most_guides=2)
    guides = 61
    wide = type(data)(
        ["control"], [f"s{i}" for i in range(guides)], np.zeros(guides, int), np.arange(guides), np.zeros(guides), np.zeros(guides),
        many_guides.cell_lines, np.zeros(guides, int),
    )  # fmt: skip
    with pytest.raises(UserError, match="gene control has 61 sgRNAs, and engine gibbs allows 60"):
        gibbs_blocks.make_layout(wide)


def test_chains_start_with_lines_that_differ(plain):
    """Equal lines would hold s_k and s_v at the smallest value of their slices."""
    starts = [make_chain(plain, seed=seed)[0].hyper for seed in (1, 2)]
    for name in ("log_k", "log_v"):
        values = [getattr(hyper, name) for hyper in starts]
        assert min(value.std() for value in values) > 0.05
        assert (values[0] != values[1]).all()
