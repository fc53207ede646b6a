"""Kernels of the engine `gibbs` for departing rows and the noise of guides, given the rows' residuals."""

import math

import numpy as np

from guidefit.engines.gibbs_compile import kernel, scratch
from guidefit.engines.gibbs_lines import pick
from guidefit.engines.gibbs_slice import NOISE, slice_log

_REGIMES = 4  # values of a guide's log variance that are compared with the flags of its rows integrated out
_WIDTH = 1.0  # of their distribution around a random centre


@kernel
def switch_regime(d, g, s, t, log_odds, weights, candidates, rng):
    """lam of one guide of a gene, drawn at random, among candidates, with the flags of its rows integrated out.

    Given the flags a guide that is noisy throughout cannot become one with many departing rows, and the other way round. A row has
    the likelihood (1 - p) N(r; 0, v) + p N(r; 0, F v). Candidates are exchangeable: see `gibbs_lines.choose_multipliers`.
    """
    guides = d.guide_start[g + 1] - d.guide_start[g]
    chosen = int(guides * rng.random())
    guide = d.guide_start[g] + chosen
    slope, odds, root = 0.5 * (1 - 1 / t.factor), math.exp(log_odds), 1 / math.sqrt(t.factor)
    centre = s.lam[guide] + _WIDTH * rng.standard_normal()
    for m in range(_REGIMES):
        candidates[m] = centre + _WIDTH * rng.standard_normal() if m else s.lam[guide]
        weights[m] = -0.5 * ((candidates[m] - t.mean_lam) / t.s_u) ** 2 - 0.5 * d.rows_of_guide[guide] * candidates[m]
    for b in range(d.block_start[g], d.block_start[g + 1]):
        cells = d.cell_start[b + 1] - d.cell_start[b]
        for i in range(d.member_start[b + 1] - d.member_start[b]):
            if d.member[d.member_start[b] + i] != chosen:
                continue
            row = d.row_start[b] + i * cells
            square = s.square[row : row + cells]
            for m in range(_REGIMES):
                precision, product, total = math.exp(-candidates[m]), 1.0, 0.0
                for j in range(cells):
                    log_ratio = slope * precision * square[j]
                    total += square[j]
                    if log_ratio > 50:
                        weights[m] += math.log(odds * root) + log_ratio
                        continue
                    product *= 1 + odds * root * math.exp(log_ratio)
                    if product > 1e200:
                        weights[m] += math.log(product)
                        product = 1.0
                weights[m] += math.log(product) - 0.5 * precision * total
    s.lam[guide] = candidates[pick(weights, rng)]
    s.precision[guide] = math.exp(-s.lam[guide])


@kernel
def switch_regimes(d, lo, hi, s, t, log_odds, rng):
    """switch_regime for each gene."""
    weights, candidates = scratch(_REGIMES), scratch(_REGIMES)
    for g in range(lo, hi):
        switch_regime(d, g, s, t, log_odds, weights, candidates, rng)


@kernel
def update_flags(d, lo, hi, s, t, log_odds, rng):
    """Flags of rows, and squares of each guide given them; returns the number of flagged rows.

    Flag: log odds = log_odds + z^2 (1 - 1/F) / 2 - log(F) / 2.
    """
    flagged_rows = 0
    for g in range(lo, hi):
        first = d.guide_start[g]
        s.squares[first : d.guide_start[g + 1]] = 0.0
        for b in range(d.block_start[g], d.block_start[g + 1]):
            if t.factor > 1:
                flagged_rows += draw_flags(d, g, b, s, t.factor, log_odds, rng)
            cells = d.cell_start[b + 1] - d.cell_start[b]
            for i in range(d.member_start[b + 1] - d.member_start[b]):
                row, total = d.row_start[b] + i * cells, 0.0
                square = s.square[row : row + cells]
                for j in range(cells):
                    total += square[j]
                s.squares[first + d.member[d.member_start[b] + i]] += total
    return flagged_rows


@kernel
def update_noise(d, lo, hi, s, t, rng):
    """lam of each guide, by slices: N(lam; mean, s_u^2), and the squares are those of its residuals."""
    for i in range(d.guide_start[lo], d.guide_start[hi]):
        s.lam[i] = slice_log(NOISE, s.lam[i], float(d.rows_of_guide[i]), max(s.squares[i], 1e-30), t.mean_lam, t.s_u, rng)


@kernel
def draw_flags(d, g, b, s, factor, log_odds, rng):
    """Flags of a block's rows; the squares of flagged ones are divided by the factor. Returns their number."""
    slope, constant, count = 0.5 * (1 - 1 / factor), 0.5 * math.log(factor), 0
    c0, cells = d.cell_start[b], d.cell_start[b + 1] - d.cell_start[b]
    flags = s.flags_of_cell[c0 : c0 + cells]
    flags[:] = 0
    for i in range(d.member_start[b + 1] - d.member_start[b]):
        p, row = s.precision[d.guide_start[g] + d.member[d.member_start[b] + i]], d.row_start[b] + i * cells
        square, flagged = s.square[row : row + cells], s.flagged[row : row + cells]
        for j in range(cells):
            u, log_of_row = rng.random(), log_odds + slope * p * square[j] - constant
            flagged[j] = 0
            if u > 0.05 and log_of_row < -3:  # the probability is below 0.05
                continue
            odds = math.exp(min(log_of_row, 500.0))
            if u * (1 + odds) < odds:
                flagged[j] = 1
                flags[j] += 1
                square[j] /= np.float32(factor)
                count += 1
    return count
