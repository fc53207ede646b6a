"""What the engine `gibbs` does with cell lines and with noise, run as plain Python, against dense algebra and grids."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from guidefit.models.line_structure import MEAN_SD
from helpers.plain_gibbs import make_chain, plain_modules, rows_of_gene

norm, many = stats.norm, stats.multivariate_normal
plain = pytest.fixture(plain_modules, scope="module")


def assert_moments(drawn, grid, log_density, ess, rel):
    """Mean, to 5 Monte Carlo errors at this effective sample size, and sd of draws are those of a density on a grid."""
    density = np.exp(log_density - log_density.max())
    density /= density.sum()
    mean = grid @ density
    spread = np.sqrt((grid - mean) ** 2 @ density)
    assert np.mean(drawn) == pytest.approx(mean, abs=5 * spread / np.sqrt(ess))
    assert np.std(drawn) == pytest.approx(spread, rel=rel)


@pytest.mark.parametrize("x_by_row", [0.0, 0.3], ids=["x by cell", "x by row"])
def test_lines_are_compared_with_effects_integrated_out(plain, x_by_row):
    chain, laid_out, _ = make_chain(plain, x_by_row=x_by_row, genes=4, lines=5)
    d, s, rng = laid_out.blocks, chain.state, np.random.default_rng(4)
    s.theta[:], s.log_tau[:] = 0.5 * rng.standard_normal(len(s.theta)), rng.normal(-1, 0.5, 4)
    k, v = np.exp(0.3 * rng.standard_normal((2, 5, 3)))
    found, expected = np.zeros((5, 3)), np.zeros((5, 3))
    plain.lines.compare_lines(d, 0, 4, s, 100.0, k, v, found)
    for g in range(4):
        y, x, guide, cell, noise = rows_of_gene(d, s, g, 100.0)
        theta, old = s.theta[2 * d.guide_start[g] :], s.k[d.line[cell]]
        for code in np.unique(cell):
            mine, i = cell == code, d.line[code]
            for m in range(3):
                mean = k[i, m] * (theta[2 * guide[mine]] + theta[2 * guide[mine] + 1] * x[mine])
                variance = (noise * old**2)[mine] * v[i, m] * s.inverse_v[i]
                covariance = np.diag(variance) + (k[i, m] * np.exp(s.log_tau[g])) ** 2
                expected[i, m] += many(mean, covariance).logpdf((y * old)[mine])
    np.testing.assert_allclose(np.diff(found), np.diff(expected), rtol=2e-4, atol=2e-3)


def test_multipliers_are_chosen_by_their_posterior(plain):
    """With a normal likelihood of log (k x effect), and one effect x whose prior is normal: a posterior known on a grid.

    The mean of log k is held at 0; two lines have log k = d and -d.
    """
    rng, s_k, measured, sd, prior_sd = np.random.default_rng(8), 0.5, np.array([0.5, -0.2]), np.array([0.3, 0.2]), 0.4
    empty = np.empty(0)
    log_k, effect, drawn = np.zeros(2), 1.0, []
    for _ in range(20_000):
        candidates = (log_k + 0.3 * rng.standard_normal(2))[:, None] + 0.3 * rng.standard_normal((2, 5))
        candidates[:, 0] = log_k
        likelihoods = -0.5 * ((candidates + np.log(effect) - measured[:, None]) / sd[:, None]) ** 2
        # 6 q of the Jacobian are those of two means and four spreads, here of one mean: the others have wide priors
        terms = plain.lines.ScaleTerms(
            np.array([[effect, 0.0]]), np.array([[1.0, 0.0]]), np.array([[prior_sd, 1.0]]), np.full((1, 4), 1e-9), np.ones((1, 4)),
            np.zeros(1), np.zeros(1), np.full(1, 1e9), empty, empty, 0.0,
        )  # fmt: skip
        q = plain.lines.choose_multipliers(log_k, candidates, likelihoods, terms, s_k, rng)
        log_k += q
        effect *= np.exp(-q)
        drawn.append((log_k[0], effect))
        assert abs(log_k.sum()) < 1e-9
    d, effects = np.meshgrid(np.linspace(-2, 2, 401), np.linspace(0.01, 4, 800), indexing="ij")
    log_density = -0.5 * ((effects - 1) / prior_sd) ** 2 + 5 * np.log(effects) - d**2 / s_k**2
    for i, sign in enumerate((1, -1)):
        log_density -= 0.5 * ((sign * d + np.log(effects) - measured[i]) / sd[i]) ** 2
    density = np.exp(log_density - log_density.max())
    density /= density.sum()
    for values, grid in zip(np.transpose(drawn), (d, effects), strict=True):
        mean = (grid * density).sum()
        spread = np.sqrt(((grid - mean) ** 2 * density).sum())
        assert values.mean() == pytest.approx(mean, abs=0.08 * spread)
        assert values.std() == pytest.approx(spread, rel=0.06)


def test_noise_of_lines_is_chosen_by_its_posterior(plain):
    rng, s_v, measured, sd = np.random.default_rng(8), 0.5, np.array([0.3, -0.4]), np.array([0.3, 0.2])
    log_v, drawn = np.zeros(2), []
    for _ in range(10_000):
        candidates = (log_v + 0.3 * rng.standard_normal(2))[:, None] + 0.3 * rng.standard_normal((2, 5))
        candidates[:, 0] = log_v
        plain.lines.choose_noise(log_v, candidates, -0.5 * ((candidates - measured[:, None]) / sd[:, None]) ** 2, s_v, rng)
        drawn.append(log_v.copy())
    precision = 1 / sd**2 + 1 / s_v**2
    np.testing.assert_allclose(np.mean(drawn, axis=0), measured / sd**2 / precision, atol=0.08 * sd.max())
    np.testing.assert_allclose(np.std(drawn, axis=0), precision**-0.5, rtol=0.06)


def test_the_prior_of_a_multiplier_given_the_others(plain):
    rng, lines, s_k = np.random.default_rng(1), 5, 0.4
    centre = np.full((lines, lines), 1 / lines)
    precision = np.linalg.inv(s_k**2 * (np.eye(lines) - centre) + MEAN_SD**2 * lines * centre)
    log_k = 0.3 * rng.standard_normal(lines)
    mean, sd = plain.lines.multiplier_prior(log_k[1:].sum(), lines, s_k, MEAN_SD)
    assert mean == pytest.approx(-(precision[0, 1:] @ log_k[1:]) / precision[0, 0], rel=1e-8)
    assert sd == pytest.approx(precision[0, 0] ** -0.5, rel=1e-8)


@pytest.mark.parametrize(
    ("kind", "a", "b", "mean", "sd"),
    [
        (0, 4.0, 9.0, 0.0, 0.5),
        (0, 2.0, 1e-6, 0.0, 1.0),
        (0, 0.0, 1e-30, 1.0, 0.3),
        (1, 3.0, 2.0, 0.0, 0.5),
        (1, -4.0, 30.0, 0.2, 0.4),
    ],
)
def test_slices_draw_from_their_density(plain, kind, a, b, mean, sd):
    rng, x, drawn = np.random.default_rng(0), mean, []
    for _ in range(6_000):
        x = plain.slice.slice_log(kind, x, a, b, mean, sd, rng)
        drawn.append(x)
    grid = np.linspace(mean - 12, mean + 12, 40_001)
    log_density = np.array([plain.slice.log_density(kind, each, a, b, mean, sd) for each in grid])
    assert_moments(drawn, grid, log_density, 1_500, 0.08)


def test_the_spread_of_guides_noise_moves_with_them(plain):
    """Given the deviations in units of s_u, by a grid over s_u; its average over many steps is that of the density."""
    rng = np.random.default_rng(3)
    z, rows = rng.standard_normal(8), np.full(8, 6)
    squares = 6 * np.exp(0.2 + 0.7 * z) * rng.uniform(0.8, 1.2, 8)
    hyper = SimpleNamespace(mean_lam=0.2, s_u=0.5)
    drawn = []
    for _ in range(4_000):
        lam = 0.2 + hyper.s_u * z
        plain.moves.move_guide_noise(hyper, 1.0, lam, rows, squares, rng)
        assert lam == pytest.approx(0.2 + hyper.s_u * z)
        drawn.append(hyper.s_u)
    grid = np.linspace(1e-4, 3, 5_000)[:, None]
    lam = 0.2 + grid * z
    log_density = -0.5 * (rows * lam + squares * np.exp(-lam)).sum(axis=1) - 0.5 * grid[:, 0] ** 2
    assert_moments(drawn, grid[:, 0], log_density, 1_000, 0.1)


def test_spreads_of_lines_move_with_them(plain):
    """s_k and s_v given the deviations in units of them, each by a grid; A, B and C are those of the lines' residuals."""
    rng = np.random.default_rng(4)
    z = rng.standard_normal((2, 6))
    z[0] -= z[0].mean()
    rows, C = np.full(6, 8.0), rng.uniform(3, 8, 6)
    B = C * np.exp(0.3 * z[0]) + rng.standard_normal(6)
    A = B**2 / C + rng.uniform(4, 10, 6)
    priors = SimpleNamespace(s_k=0.5, s_v=1.0)
    hyper = SimpleNamespace(s_k=0.3, s_v=0.5, log_k=0.01 + 0.3 * z[0], log_v=0.5 * z[1])
    drawn = []
    for _ in range(6_000):
        plain.moves.move_lines(hyper, priors, np.stack([A, B, C], axis=1), rows, rng)
        drawn.append((hyper.s_k, hyper.s_v))
    assert hyper.log_k == pytest.approx(0.01 + hyper.s_k * z[0])
    assert hyper.log_v == pytest.approx(hyper.s_v * z[1])
    grid = np.linspace(1e-3, 2.5, 250)
    k, v = np.exp(0.01 + grid[:, None] * z[0])[:, None], np.exp(grid[:, None] * z[1])
    joint = -0.5 * ((A - 2 * k * B + k**2 * C) / v + rows * np.log(v)).sum(axis=-1)
    joint -= 0.5 * (grid[:, None] / 0.5) ** 2 + 0.5 * grid**2
    for i, of_one in enumerate((np.logaddexp.reduce(joint, axis=1), np.logaddexp.reduce(joint, axis=0))):
        assert_moments([each[i] for each in drawn], grid, of_one, 1_000, 0.1)


def test_noise_of_guides_is_compared_with_flags_integrated_out(plain):
    """A guide with a few rows far out, whose noise is either high, or low with departing rows: against a grid."""
    chain, laid_out, _ = make_chain(plain, genes=1, lines=8, most_guides=1)
    d, s, rng, log_odds = laid_out.blocks, chain.state, np.random.default_rng(6), -2.0
    t = chain._kernel_hyper()._replace(mean_lam=-1.0, s_u=1.5, factor=100.0)
    s.square[:] = np.resize([0.05, 0.1, 8.0, 0.02, 0.3, 6.0, 0.08, 0.1], len(s.square))
    s.lam[:], drawn = -1.0, []
    for _ in range(30_000):
        plain.noise.switch_regime(d, 0, s, t, log_odds, np.empty(4), np.empty(4), rng)
        drawn.append(s.lam[0])
    assert s.precision[0] == np.exp(-drawn[-1])
    lam, share = np.linspace(-8, 6, 2_000)[:, None], 1 / (1 + np.exp(-log_odds))
    rows = (norm(0, np.sqrt(np.exp(lam) * factor)).pdf(np.sqrt(s.square)) for factor in (1, 100))
    usual, departing = rows
    log_density = np.log((1 - share) * usual + share * departing).sum(axis=1) - 0.5 * ((lam[:, 0] + 1) / 1.5) ** 2
    assert_moments(drawn, lam[:, 0], log_density, 1_500, 0.08)
