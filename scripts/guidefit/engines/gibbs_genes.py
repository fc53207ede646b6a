"""Kernels of the engine `gibbs` that update a range of genes: everything of a gene and its guides, and what lines need of them.

Each takes the blocks `d`, a range of genes, the state `s` of a chain, the hyper-parameters `t`, and the range's random generator.
"""

import math

import numpy as np

from guidefit.engines.gibbs_cells import draw_cells, integrate_cells, sum_rows
from guidefit.engines.gibbs_compile import kernel, scratch, scratch_cells
from guidefit.engines.gibbs_linear import (
    ALPHA,
    departure_likelihood,
    draw_locations,
    hyper_information,
    integrate_guides,
    log_departure,
    log_marginal,
    spread_of_guides,
)
from guidefit.engines.gibbs_switch import log_half_t, switch_effects

SHARES = 5  # values of p_row whose likelihoods one pass over the rows gives
_JUMP, _WALK = 5.0, 1.2  # proposals of log tau: degrees of freedom of the jump, and size of the walk in units of the warm-up's sd


@kernel
def class_terms(J, h, departs, log_tau, t, a, K, Q, out, terms):
    """terms[c] = log [w_c f_c(log tau) F_c m_c(J, h)]; returns the log of their sum.

    F_c: prior of the flags; m_c: log_marginal. K, Q, out, a: by class, of integrate_guides.
    """
    flagged = 0
    for i in range(len(departs)):
        flagged += departs[i]
    for c in range(len(terms)):
        spread_of_guides(departs, t.spread[c], t.omega2, a[c])
        integrate_guides(J, h, a[c], t.spread[c, 3], K[c], Q[c], out[c])
        terms[c] = t.log_w[c] + log_half_t(log_tau, t.log_t[c]) + log_marginal(out[c], t.mu[c], t.spread[c])
        if t.omega2 > 0:
            terms[c] += flagged * t.log_p[c, 1] + (len(departs) - flagged) * t.log_p[c, 0]
    return log_sum(terms)


@kernel
def log_sum(terms):
    """log of the sum of exp(terms)."""
    top = terms.max()
    return top + math.log(np.exp(terms - top).sum())


@kernel
def update_departures(J, h, departs, log_tau, t, a, K, Q, out, terms, x, on, off, rng):
    """o_s of each guide of a gene with all its locations and its class integrated out; returns the log of the sum of the terms.

    P(o_s = 1) is proportional to sum_c [terms_c without guide s] p_c L_c(sigma_alpha_c^2 + omega^2), against the same with 1 - p_c
    and L_c(sigma_alpha_c^2), where L_c (log_departure) is the likelihood of the guide's t = alpha_s - gamma_g.
    """
    total = class_terms(J, h, departs, log_tau, t, a, K, Q, out, terms)
    for i in range(len(departs)):
        for c in range(len(terms)):
            r, linear = departure_likelihood(K[c], Q[c], out[c], t.mu[c], t.spread[c], a[c], i, x)
            narrow = t.spread[c, ALPHA] ** 2
            rest = terms[c] - t.log_p[c, departs[i]] - log_departure(a[c, i] ** 2, r, linear)
            on[c] = rest + t.log_p[c, 1] + log_departure(narrow + t.omega2, r, linear)
            off[c] = rest + t.log_p[c, 0] + log_departure(narrow, r, linear)
        new = 1 if rng.random() * (1 + math.exp(min(log_sum(off) - log_sum(on), 700.0))) < 1 else 0
        if new != departs[i]:
            departs[i] = new
            total = class_terms(J, h, departs, log_tau, t, a, K, Q, out, terms)
    return total


@kernel
def update_genes(d, lo, hi, s, t, jumps, rng):
    """Departing guides, tau_g and class of each gene, with its locations and e integrated out; J, h and R for what follows.

    tau: half the proposals are a t_5 at the warm-up's mean and sd of log tau (where `jumps`), half a random walk.
    """
    n, classes = d.most_guides, len(t.log_w)
    J0, h0, q = scratch(3 * n).reshape(n, 3), scratch(2 * n).reshape(n, 2), scratch(n)
    w, R, inverse = scratch_cells(d), scratch_cells(d), scratch_cells(d)
    a, K1, Q1 = scratch(classes * n).reshape(classes, n), scratch(classes * 4 * n * n), scratch(classes * 6 * n)
    J1, h1, x, out = scratch(4 * n * n), scratch(2 * n), scratch(2 * n), scratch(classes * 6).reshape(classes, 6)
    terms, others, on, off = scratch(classes), scratch(classes), scratch(classes), scratch(classes)
    for g in range(lo, hi):
        first, last = d.guide_start[g], d.guide_start[g + 1]
        n2 = 2 * (last - first)
        J, h = s.J[d.matrix_start[g] : d.matrix_start[g + 1]].reshape(n2, n2), s.h[2 * first : 2 * last]
        K, Q = K1[: classes * n2 * n2].reshape(classes, n2, n2), Q1[: classes * n2 * 3].reshape(classes, n2, 3)
        departs = s.departs[first:last]
        sum_rows(d, g, s, t.factor, J0, h0, w, R, inverse, q)
        now = s.log_tau[g]
        rest = integrate_cells(d, g, math.exp(2 * now), s, t.factor, J0, h0, w, R, q, J, h)
        if t.omega2 > 0:
            total = rest + update_departures(J, h, departs, now, t, a, K, Q, out, terms, x, on, off, rng)
        else:
            total = rest + class_terms(J, h, departs, now, t, a, K, Q, out, terms)
        centre, width, ratio = s.centre[g], s.width[g], 0.0
        if jumps and rng.random() < 0.5:
            new = centre + width * rng.standard_normal() / math.sqrt(rng.standard_gamma(_JUMP / 2) * 2 / _JUMP)
            ratio = math.log1p(((new - centre) / width) ** 2 / _JUMP) - math.log1p(((now - centre) / width) ** 2 / _JUMP)
            ratio *= 0.5 * (_JUMP + 1)
        else:
            new = now + _WALK * width * rng.standard_normal()
        Jn, hn = J1[: n2 * n2].reshape(n2, n2), h1[:n2]
        rest = integrate_cells(d, g, math.exp(2 * new), s, t.factor, J0, h0, w, R, q, Jn, hn)
        other = rest + class_terms(Jn, hn, departs, new, t, a, K, Q, out, others)
        if math.log(rng.random()) < other - total + ratio:
            s.log_tau[g] = new
            terms[:] = others
            J[:] = Jn
            h[:] = hn
            s.accepted[g] += 1
        u, c = rng.random(), 0
        total = log_sum(terms)
        for i in range(classes):
            s.class_probability[g, i] = math.exp(terms[i] - total)
        while c < classes - 1 and u > s.class_probability[g, c]:
            u -= s.class_probability[g, c]
            c += 1
        s.class_of[g] = c
        c0, c1 = d.cell_start[d.block_start[g]], d.cell_start[d.block_start[g + 1]]
        s.R[c0:c1] = R[: c1 - c0]


@kernel
def sum_class(d, lo, hi, s, c, spread, omega2, sums):
    """Add to sums what the genes of class c carry about its hyper-means for these spreads: see hyper_information."""
    n = d.most_guides
    a, K1, Q, out = scratch(n), scratch(4 * n * n), scratch(6 * n).reshape(2 * n, 3), scratch(6)
    for g in range(lo, hi):
        if s.class_of[g] == c:
            first, last = d.guide_start[g], d.guide_start[g + 1]
            n2 = 2 * (last - first)
            spread_of_guides(s.departs[first:last], spread, omega2, a)
            J, h = s.J[d.matrix_start[g] : d.matrix_start[g + 1]].reshape(n2, n2), s.h[2 * first : 2 * last]
            integrate_guides(J, h, a, spread[3], K1[: n2 * n2].reshape(n2, n2), Q[:n2], out)
            hyper_information(out, spread, sums)


@kernel
def draw_guides(d, lo, hi, s, t, rng):
    """Draw (gamma, delta)_g and (alpha, beta)_s exactly, with e integrated out."""
    n = d.most_guides
    a, K1, Q, out = scratch(n), scratch(4 * n * n), scratch(6 * n).reshape(2 * n, 3), scratch(6)
    for g in range(lo, hi):
        first, last, c = d.guide_start[g], d.guide_start[g + 1], s.class_of[g]
        n2 = 2 * (last - first)
        J, h = s.J[d.matrix_start[g] : d.matrix_start[g + 1]].reshape(n2, n2), s.h[2 * first : 2 * last]
        K, theta = K1[: n2 * n2].reshape(n2, n2), s.theta[2 * first : 2 * last]
        spread_of_guides(s.departs[first:last], t.spread[c], t.omega2, a)
        integrate_guides(J, h, a, t.spread[c, 3], K, Q[:n2], out)
        s.phi[g, 0], s.phi[g, 1] = draw_locations(K, Q[:n2], out, t.mu[c], t.spread[c], a, rng, theta)


@kernel
def draw_effects(d, lo, hi, s, t, compared, log_odds, likelihoods, keep, moments, rng):
    """Draw e_gl exactly given the guides; then, where `compared`, what the rows carry about p_row.

    likelihoods[i] gets the sum over rows of log[1 + exp(log_odds[i] + r) ] for the rows' log density ratios r = z^2 (1 - 1/F) / 2 -
    log(F) / 2, with z the standardised residual. keep: whether to add to the moments of the effects of this draw.
    """
    q = scratch(d.most_guides)
    w, inverse, P, mean, sd = scratch_cells(d), scratch_cells(d), scratch_cells(d), scratch_cells(d), scratch_cells(d)
    for g in range(lo, hi):
        theta = s.theta[2 * d.guide_start[g] : 2 * d.guide_start[g + 1]]
        tau2 = math.exp(2 * s.log_tau[g])
        draw_cells(d, g, tau2, s, t.factor, theta, q, w, inverse, mean, sd, rng)
        if keep:
            add_moments(d, g, s, t, tau2, mean, sd, moments)
        if t.factor > 1 and rng.random() < s.switching[g]:
            switch_effects(d, g, s, t, log_odds[0], q, P, w, inverse, rng)
        measure_residuals(d, g, s, t, theta, compared, log_odds, likelihoods, w, inverse)


@kernel
def measure_residuals(d, g, s, t, theta, compared, log_odds, likelihoods, k, inverse_v):
    """Squares of a gene's residuals by row, divided by v, and what they carry about p_row: see draw_effects."""
    slope, constant, odds, product = 0.5 * (1 - 1 / t.factor), 0.5 * math.log(t.factor), np.exp(log_odds), np.ones(SHARES)
    for b in range(d.block_start[g], d.block_start[g + 1]):
        c0, cells = d.cell_start[b], d.cell_start[b + 1] - d.cell_start[b]
        line, e = d.line[c0 : c0 + cells], s.e[c0 : c0 + cells]
        for j in range(cells):
            k[j], inverse_v[j] = s.k[line[j]], s.inverse_v[line[j]]
        for i in range(d.member_start[b + 1] - d.member_start[b]):
            li, row = d.member[d.member_start[b] + i], d.row_start[b] + i * cells
            alpha, beta = np.float32(theta[2 * li]), np.float32(theta[2 * li + 1])
            y, x, square = d.y[row : row + cells], d.x_of_row[row : row + cells], s.square[row : row + cells]
            for j in range(cells):
                residual = y[j] - k[j] * (alpha + beta * x[j] + e[j])
                square[j] = residual * residual * inverse_v[j]
            p = s.precision[d.guide_start[g] + li]
            for j in range(cells if compared else 0):
                log_ratio = slope * p * square[j] - constant
                if log_ratio > 50:
                    likelihoods += log_odds + log_ratio
                else:
                    ratio = math.exp(log_ratio)
                    for m in range(SHARES):
                        product[m] *= 1 + odds[m] * ratio
                if product[0] > 1e50 or j % 64 == 63:
                    likelihoods += np.log(product)
                    product[:] = 1.0
    likelihoods += np.log(product)


@kernel
def add_moments(d, g, s, t, tau2, mean, sd, moments):
    """Add this draw's conditional moments of a gene's effects in its lines, which are normal given all but e.

    effect = gamma - base_gamma + e + (delta - base_delta) x. Rows of moments: e, e^2, effect, effect^2, P(effect < threshold),
    P(effect < 0), and the share of e's prior variance that the line's data removed, 1 - v / tau^2.
    """
    first_cell = d.cell_start[d.block_start[g]]
    for cell in range(first_cell, d.cell_start[d.block_start[g + 1]]):
        m, v = mean[cell - first_cell], sd[cell - first_cell] ** 2
        effect = m + np.float32(s.phi[g, 0] - t.base[0] + (s.phi[g, 1] - t.base[1]) * d.x[cell])
        scale = 1 / (math.sqrt(2.0) * max(sd[cell - first_cell], np.float32(1e-12)))
        moments[0, cell] += m
        moments[1, cell] += m * m + v
        moments[2, cell] += effect
        moments[3, cell] += effect * effect + v
        moments[4, cell] += 0.5 * math.erfc((effect - t.base[2]) * scale)
        moments[5, cell] += 0.5 * math.erfc(effect * scale)
        moments[6, cell] += 1 - v / np.float32(tau2)


@kernel
def sum_lines(d, lo, hi, s, t, sums):
    """Add to sums (line, 3) what multipliers and noise of lines need, with the rows' precisions q_s and m = alpha + beta x + e:

    A = sum q y^2, B = sum q m y, C = sum q m^2.
    """
    A, B, C = scratch_cells(d), scratch_cells(d), scratch_cells(d)
    for g in range(lo, hi):
        first = d.guide_start[g]
        for b in range(d.block_start[g], d.block_start[g + 1]):
            c0, cells = d.cell_start[b], d.cell_start[b + 1] - d.cell_start[b]
            e, line = s.e[c0 : c0 + cells], d.line[c0 : c0 + cells]
            A[:cells] = np.float32(0)
            B[:cells] = np.float32(0)
            C[:cells] = np.float32(0)
            for i in range(d.member_start[b + 1] - d.member_start[b]):
                guide, row = first + d.member[d.member_start[b] + i], d.row_start[b] + i * cells
                y, x, flagged = d.y[row : row + cells], d.x_of_row[row : row + cells], s.flagged[row : row + cells]
                p, low = np.float32(s.precision[guide]), np.float32(s.precision[guide] / t.factor)
                alpha, beta = np.float32(s.theta[2 * guide]), np.float32(s.theta[2 * guide + 1])
                for j in range(cells):
                    q = low if flagged[j] else p
                    m = alpha + beta * x[j] + e[j]
                    A[j] += q * y[j] * y[j]
                    B[j] += q * m * y[j]
                    C[j] += q * m * m
            for j in range(cells):
                sums[line[j], 0] += A[j]
                sums[line[j], 1] += B[j]
                sums[line[j], 2] += C[j]


@kernel
def sum_effects(d, lo, hi, s, t, sums):
    """Add to sums (class, 2) sum q r k e / v and sum q k^2 e^2 / v over the rows' r = y - k (alpha + beta x) with precisions q."""
    for g in range(lo, hi):
        first, c, linear, square = d.guide_start[g], s.class_of[g], 0.0, 0.0
        for b in range(d.block_start[g], d.block_start[g + 1]):
            c0, cells = d.cell_start[b], d.cell_start[b + 1] - d.cell_start[b]
            e, line = s.e[c0 : c0 + cells], d.line[c0 : c0 + cells]
            for i in range(d.member_start[b + 1] - d.member_start[b]):
                guide, row = first + d.member[d.member_start[b] + i], d.row_start[b] + i * cells
                y, x, flagged = d.y[row : row + cells], d.x_of_row[row : row + cells], s.flagged[row : row + cells]
                p, low = np.float32(s.precision[guide]), np.float32(s.precision[guide] / t.factor)
                alpha, beta = np.float32(s.theta[2 * guide]), np.float32(s.theta[2 * guide + 1])
                for j in range(cells):
                    k = s.k[line[j]]
                    ke = k * e[j]
                    weighted = (low if flagged[j] else p) * s.inverse_v[line[j]] * ke
                    linear += weighted * (y[j] - k * (alpha + beta * x[j]))
                    square += weighted * ke
        sums[c, 0] += linear
        sums[c, 1] += square
