"""Kernel of the engine `gibbs` that changes tau_g and all e_gl of a gene at once, with the flags of its rows integrated out.

A gene that is needed in a few lines has two explanations: a large tau_g, or a small one and rows that depart in these lines. Given
the flags of the rows it cannot go from one to the other, and given the effects neither.
"""

import math

import numpy as np

from guidefit.engines.gibbs_compile import kernel

_WALK = 1.5  # sd of the walk of log tau: the two explanations lie 1 to 4 apart
_ODD = 5.0  # sds between rows of a cell that cannot both have their usual noise


@kernel
def gather_usual(d, g, b, s, factor, r, P, S):
    """By cell of a block: P = sum q, S = sum q r / k for the rows' r = y - k (alpha + beta x). r: (guide,) scratch.

    q is the precision of a row, divided by the factor where r is more than _ODD sds from those of more than half of its cell: no
    effect can explain such a row. This depends neither on the effects nor on the flags, as a proposal for both must not.
    """
    c0, m0 = d.cell_start[b], d.member_start[b]
    cells, guides, first = d.cell_start[b + 1] - c0, d.member_start[b + 1] - m0, d.guide_start[g]
    for j in range(cells):
        line = d.line[c0 + j]
        v = 1 / s.inverse_v[line]
        P[j] = S[j] = 0.0
        for i in range(guides):
            guide, row = first + d.member[m0 + i], d.row_start[b] + i * cells + j
            r[i] = d.y[row] - s.k[line] * (s.theta[2 * guide] + s.theta[2 * guide + 1] * d.x_of_row[row])
        for i in range(guides):
            p, far = s.precision[first + d.member[m0 + i]], 0
            for other in range(guides):
                p2 = s.precision[first + d.member[m0 + other]]
                far += (r[i] - r[other]) ** 2 * p * p2 > _ODD * _ODD * v * (p + p2)
            q = p / factor if 2 * far > guides - 1 else p
            P[j] += q
            S[j] += q * r[i] * s.inverse_k[line]


@kernel
def log_weight(d, g, b, s, t, log_odds, tau2, e, P, S):
    """log of [prior of e] [likelihood of the rows, flags integrated out] / [density of e as a proposal], of a block.

    e ~ N(V w S, V) as a proposal, V = tau^2 / (1 + tau^2 P w). A row has the likelihood (1 - p) N(r; 0, v) + p N(r; 0, F v).
    """
    c0, m0 = d.cell_start[b], d.member_start[b]
    cells, guides, first = d.cell_start[b + 1] - c0, d.member_start[b + 1] - m0, d.guide_start[g]
    slope, odds, total, product = 0.5 * (1 - 1 / t.factor), math.exp(log_odds) / math.sqrt(t.factor), 0.0, 1.0
    for j in range(cells):
        w = float(s.weight[d.line[c0 + j]])
        shrink = 1 + tau2 * float(P[j]) * w
        V = tau2 / shrink
        total += 0.5 * ((e[j] - V * w * S[j]) ** 2 / V - e[j] ** 2 / tau2)
        product *= shrink
        if product > 1e200:
            total -= 0.5 * math.log(product)
            product = 1.0
    total -= 0.5 * math.log(product)
    product = 1.0
    for i in range(guides):
        guide, row = first + d.member[m0 + i], d.row_start[b] + i * cells
        p, alpha, beta = s.precision[guide], s.theta[2 * guide], s.theta[2 * guide + 1]
        for j in range(cells):
            line = d.line[c0 + j]
            residual = d.y[row + j] - s.k[line] * (alpha + beta * d.x_of_row[row + j] + e[j])
            square = p * residual * residual * s.inverse_v[line]
            total -= 0.5 * square
            if slope * square > 50:
                total += math.log(odds) + slope * square
            else:
                product *= 1 + odds * math.exp(slope * square)
                if product > 1e200:
                    total += math.log(product)
                    product = 1.0
    return total + math.log(product)


@kernel
def log_half_t(log_tau, log_t):
    """log density of log tau, up to a constant, where tau is half-Student-t with 3 degrees of freedom and scale t."""
    q = log_tau - log_t
    return q - 2 * math.log1p(math.exp(2 * q) / 3)


@kernel
def switch_effects(d, g, s, t, log_odds, r, P, S, e, rng):
    """Propose another tau_g, and all e_gl given it. The flags of the gene's rows must be drawn again before they are used.

    r: (guide,) scratch; P, S, e: (cell,) scratch.
    """
    now, c = s.log_tau[g], s.class_of[g]
    new = now + _WALK * rng.standard_normal()
    before, after = math.exp(2 * now), math.exp(2 * new)
    ratio = log_half_t(new, t.log_t[c]) - log_half_t(now, t.log_t[c])
    first_cell = d.cell_start[d.block_start[g]]
    for b in range(d.block_start[g], d.block_start[g + 1]):
        c0, c1 = d.cell_start[b], d.cell_start[b + 1]
        gather_usual(d, g, b, s, t.factor, r, P, S)
        at = e[c0 - first_cell : c1 - first_cell]
        for j in range(c1 - c0):
            w = s.weight[d.line[c0 + j]]
            V = after / (1 + after * P[j] * w)
            at[j] = np.float32(V * w * S[j] + math.sqrt(V) * rng.standard_normal())
        ratio += log_weight(d, g, b, s, t, log_odds, after, at, P, S)
        ratio -= log_weight(d, g, b, s, t, log_odds, before, s.e[c0:c1], P, S)
    if math.log(rng.random()) < ratio:
        s.log_tau[g] = new
        s.e[first_cell : d.cell_start[d.block_start[g + 1]]] = e[: d.cell_start[d.block_start[g + 1]] - first_cell]
