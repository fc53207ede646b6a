"""The kernel of the engine `gibbs` that changes tau and all effects of a gene at once."""

import numpy as np
import pytest
from scipy import special, stats

from helpers.plain_gibbs import make_chain, plain_modules


@pytest.fixture(scope="module")
def plain():
    yield from plain_modules()


def prepared(plain):
    chain, laid_out, _ = make_chain(plain, steps=2, genes=4, lines=6, most_guides=4)
    chain._set_lines()
    return chain, laid_out.blocks, chain.state, chain._kernel_hyper()


def rows_of_cell(d, g, b, j):
    """(guide, row) of the rows of cell j of block b."""
    cells = d.cell_start[b + 1] - d.cell_start[b]
    members = d.member[d.member_start[b] : d.member_start[b + 1]]
    return d.guide_start[g] + members, d.row_start[b] + np.arange(len(members)) * cells + j


def test_the_weight_is_prior_times_likelihood_over_proposal(plain):
    _, d, s, t = prepared(plain)
    log_odds, rng = -3.0, np.random.default_rng(1)
    for g in range(4):
        for b in range(d.block_start[g], d.block_start[g + 1]):
            cells = d.cell_start[b + 1] - d.cell_start[b]
            r, P, S = np.empty(d.most_guides), np.empty(cells), np.empty(cells)
            plain.switch.gather_usual(d, g, b, s, t.factor, r, P, S)
            found, expected = [], []
            for tau in (0.1, 1.7):
                e = rng.normal(0, tau, cells)
                found.append(plain.switch.log_weight(d, g, b, s, t, log_odds, tau**2, e, P, S))
                total = stats.norm.logpdf(e, 0, tau).sum()
                for j in range(cells):
                    line = d.line[d.cell_start[b] + j]
                    guide, row = rows_of_cell(d, g, b, j)
                    sd = np.sqrt(1 / (s.precision[guide] * s.inverse_v[line]))
                    mean = s.k[line] * (s.theta[2 * guide] + s.theta[2 * guide + 1] * d.x_of_row[row] + e[j])
                    usual, wide = (stats.norm.logpdf(d.y[row], mean, f * sd) for f in (1, np.sqrt(t.factor)))
                    total += (np.logaddexp(usual, log_odds + wide)).sum()
                    variance = 1 / (1 / tau**2 + P[j] * s.weight[line])
                    total -= stats.norm.logpdf(e[j], variance * s.weight[line] * S[j], np.sqrt(variance))
                expected.append(total)
            assert found[1] - found[0] == pytest.approx(expected[1] - expected[0], rel=1e-5, abs=1e-4)


def test_rows_far_from_their_cell_are_left_to_the_flags(plain):
    """A lone row off by 30 sds is proposed as departing; a whole cell that is off is not: an effect explains it."""
    _, d, s, t = prepared(plain)
    sizes = np.diff(d.member_start)
    b = int(np.argmax(sizes))
    g = int(np.searchsorted(d.block_start, b, side="right")) - 1
    cells = d.cell_start[b + 1] - d.cell_start[b]
    guide, row = rows_of_cell(d, g, b, 0)
    line = d.line[d.cell_start[b]]
    mean = s.k[line] * s.theta[2 * guide] + s.theta[2 * guide + 1] * d.x_of_row[row]
    sd = np.sqrt(1 / (s.precision[guide] * s.inverse_v[line]))
    r, P, S = np.empty(d.most_guides), np.empty(cells), np.empty(cells)
    d.y[row] = mean - 30 * sd.max()
    plain.switch.gather_usual(d, g, b, s, t.factor, r, P, S)
    assert P[0] == pytest.approx(s.precision[guide].sum())
    d.y[row] = mean
    d.y[row[0]] -= 30 * sd.max()
    plain.switch.gather_usual(d, g, b, s, t.factor, r, P, S)
    assert P[0] == pytest.approx(s.precision[guide].sum() - s.precision[guide[0]] * (1 - 1 / t.factor))


def test_both_explanations_are_visited_from_either(plain):
    """A cell whose rows all depart, or have a large effect: the share of either does not depend on the start."""
    found = []
    for flagged in (False, True):
        _, d, s, t = prepared(plain)
        b = int(np.argmax(np.diff(d.member_start)))
        g = int(np.searchsorted(d.block_start, b, side="right")) - 1
        c0, c1 = d.cell_start[d.block_start[g]], d.cell_start[d.block_start[g + 1]]
        s.e[c0:c1] = 0.0
        s.log_tau[g] = -3.0 if flagged else 0.5
        guide, row = rows_of_cell(d, g, b, 0)
        line, sd = d.line[d.cell_start[b]], 1 / np.sqrt(s.precision[guide])
        for j in range(d.cell_start[b + 1] - d.cell_start[b]):
            of_guide, of_row = rows_of_cell(d, g, b, j)
            d.y[of_row] = s.k[d.line[d.cell_start[b] + j]] * s.theta[2 * of_guide] + s.theta[2 * of_guide + 1] * d.x_of_row[of_row]
        d.y[row] -= 3.2 * (sd / np.sqrt(s.inverse_v[line])).mean()
        scratch, large = [np.empty(d.most_cells, np.float32) for _ in range(3)], []
        rng = np.random.default_rng(5 + flagged)
        for _ in range(1500):
            plain.switch.switch_effects(d, g, s, t, -2.0, np.empty(d.most_guides), *scratch, rng)
            large.append(s.log_tau[g] > -1)
        found.append(np.mean(large[100:]))
    assert 0.02 < found[0] < 0.98
    assert special.logit(found[0]) == pytest.approx(special.logit(found[1]), abs=0.6)
