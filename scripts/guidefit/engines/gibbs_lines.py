"""Kernels of the engine `gibbs` that update the multipliers and the noise of the cell lines."""

import math
from typing import NamedTuple

import numpy as np

from guidefit.engines.gibbs_compile import kernel, scratch, scratch_cells
from guidefit.engines.gibbs_slice import MULTIPLIER, NOISE, slice_log

LEAST_LOG_V = -12.0  # the prior of log v ends here: a line whose logFC are all the same would go on to -infinity
CANDIDATES = 5  # values of each multiplier whose likelihoods one pass over the rows gives, with the present one


class ScaleTerms(NamedTuple):
    """What the scale move changes and its priors, for K classes.

    mu, mu_mean, mu_sd: (K, 2) of gamma and delta; log_t, log_t_mean, log_t_sd: (K,); spread, spread_scale: (K, 4) of gamma, delta,
    alpha and beta; flagged, flagged_spread: t = alpha - gamma and sigma_alpha of departing guides.
    """

    mu: np.ndarray
    mu_mean: np.ndarray
    mu_sd: np.ndarray
    spread: np.ndarray
    spread_scale: np.ndarray
    log_t: np.ndarray
    log_t_mean: np.ndarray
    log_t_sd: np.ndarray
    flagged: np.ndarray
    flagged_spread: np.ndarray
    omega2: float


@kernel
def scale_density(terms, q):
    """log density along the scale move's q, without the prior of mean log k: log k += q, log of every effect and its scales -= q.

    Only hyper-priors change, with the Jacobian -6 q per class, and the density of departing guides, whose omega keeps its size:
    exp(-q) N(t e^-q; 0, s^2 e^-2q + omega^2).
    """
    down, total = math.exp(-q), -6.0 * q * len(terms.mu)
    for c in range(len(terms.mu)):
        for i in range(2):
            total -= 0.5 * ((terms.mu[c, i] * down - terms.mu_mean[c, i]) / terms.mu_sd[c, i]) ** 2
        total -= 0.5 * ((terms.log_t[c] - q - terms.log_t_mean[c]) / terms.log_t_sd[c]) ** 2
        for i in range(4):
            total -= 0.5 * (terms.spread[c, i] * down / terms.spread_scale[c, i]) ** 2
    for i in range(len(terms.flagged)):
        variance = (terms.flagged_spread[i] * down) ** 2 + terms.omega2
        total -= q + 0.5 * math.log(variance) + 0.5 * (terms.flagged[i] * down) ** 2 / variance
    return total


@kernel
def compare_lines(d, lo, hi, s, factor, k, v, found):
    """Add to found (line, candidate) the log likelihood of each pair of k and v (line, candidate) given the guides, without e.

    With m = alpha + beta x, r = y - k_0 m at the present k_0, and a = sum q r^2, b = sum q m r, c = sum q m^2, S = sum q r,
    E = sum q m of a cell, its n rows add, for f = k - k_0 and T = k^2 tau^2 / v, up to a constant,

        -1/2 [(a - 2 f b + f^2 c) / v - T (S - f E)^2 / v / (1 + T P) + log(1 + T P) + n log v]
    """
    lines, count = k.shape
    P, a, b, c, S, E = scratch_cells(d), scratch_cells(d), scratch_cells(d), scratch_cells(d), scratch_cells(d), scratch_cells(d)
    k0 = scratch_cells(d)
    product = scratch(lines * count).reshape(lines, count)
    product[:] = 1.0
    log_v = np.log(v)
    for g in range(lo, hi):
        first, tau2 = d.guide_start[g], math.exp(2 * s.log_tau[g])
        for block in range(d.block_start[g], d.block_start[g + 1]):
            c0, cells = d.cell_start[block], d.cell_start[block + 1] - d.cell_start[block]
            guides, line = d.member_start[block + 1] - d.member_start[block], d.line[c0 : c0 + cells]
            for j in range(cells):
                k0[j] = s.k[line[j]]
                P[j] = a[j] = b[j] = c[j] = S[j] = E[j] = np.float32(0)
            for i in range(guides):
                guide, row = first + d.member[d.member_start[block] + i], d.row_start[block] + i * cells
                y, x, flagged = d.y[row : row + cells], d.x_of_row[row : row + cells], s.flagged[row : row + cells]
                p, low = np.float32(s.precision[guide]), np.float32(s.precision[guide] / factor)
                alpha, beta = np.float32(s.theta[2 * guide]), np.float32(s.theta[2 * guide + 1])
                for j in range(cells):
                    q = low if flagged[j] else p
                    m = alpha + beta * x[j]
                    r = y[j] - k0[j] * m
                    P[j] += q
                    a[j] += q * r * r
                    b[j] += q * m * r
                    c[j] += q * m * m
                    S[j] += q * r
                    E[j] += q * m
            for j in range(cells):
                i = line[j]
                for n in range(count):
                    f, T = k[i, n] - k0[j], k[i, n] * k[i, n] * tau2 / v[i, n]
                    total, rest = 1 + T * P[j], S[j] - f * E[j]
                    squares = a[j] - 2 * f * b[j] + f * f * c[j] - T * rest * rest / total
                    found[i, n] -= 0.5 * (squares / v[i, n] + guides * log_v[i, n])
                    product[i, n] *= total
                    if product[i, n] > 1e200:
                        found[i, n] -= 0.5 * math.log(product[i, n])
                        product[i, n] = 1.0
    found -= 0.5 * np.log(product)


@kernel
def pick(weights, rng):
    """An index, drawn in proportion to exp(weights)."""
    weights[:] = np.exp(weights - weights.max())
    u, m = rng.random() * weights.sum(), 0
    while m < len(weights) - 1 and u > weights[m]:
        u -= weights[m]
        m += 1
    return m


@kernel
def choose_noise(log_v, candidates, likelihoods, s_v, rng):
    """Draw each line's log v among exchangeable candidates (line, candidate), of which the first is the present one.

    In proportion to likelihood (`compare_lines`) and prior N(0, s_v^2); see `choose_multipliers`.
    """
    for i in range(len(log_v)):
        new = candidates[i, pick(likelihoods[i] - 0.5 * (candidates[i] / s_v) ** 2, rng)]
        log_v[i] = new if new > LEAST_LOG_V else log_v[i]


@kernel
def choose_multipliers(log_k, candidates, likelihoods, terms, s_k, rng):
    """Draw each line's k among its candidates (line, candidate), of which the first is the present one, in proportion to likelihood
    (`compare_lines`) and prior; returns q of the scale move that keeps the mean of log k.

    The tight prior of that mean would hold every single k: so each change of one is followed by the scale move that restores it.
    Candidates have to be exchangeable with the present value (Tjelmeland 2004): independent of each other around a random centre.
    """
    lines, count = candidates.shape
    start = log_k.sum() / lines
    mean, squares, weights = start, (log_k**2).sum(), np.empty(count)
    for i in range(lines):
        now = log_k[i]
        for m in range(count):
            new = candidates[i, m]
            mean_new, squares_new = mean + (new - now) / lines, squares + new**2 - now**2
            weights[m] = likelihoods[i, m] - 0.5 * (squares_new - lines * mean_new**2) / s_k**2
            weights[m] += scale_density(terms, start - mean_new)
        new = candidates[i, pick(weights, rng)]
        mean, squares = mean + (new - now) / lines, squares + new**2 - now**2
        log_k[i] = new
    return start - mean


@kernel
def update_lines(log_k, log_v, sums, rows, s_k, s_v, mean_sd, rng):
    """k_l (where s_k > 0), then v_l of each cell line, by slices. sums: (line, 3) A, B, C of sum_lines; rows: of each line.

    k: likelihood exp[(B k - C k^2 / 2) / v], prior multiplier_prior. v: N(log v; 0, s_v^2), and SS = A - 2 k B + k^2 C are the
    squares of the rows' residuals.
    """
    lines = len(log_k)
    total = log_k.sum()
    for i in range(lines if s_k > 0 else 0):
        inverse_v = math.exp(-log_v[i])
        mean, sd = multiplier_prior(total - log_k[i], lines, s_k, mean_sd)
        total -= log_k[i]
        log_k[i] = slice_log(MULTIPLIER, log_k[i], sums[i, 1] * inverse_v, sums[i, 2] * inverse_v, mean, sd, rng)
        total += log_k[i]
    for i in range(lines):
        k = math.exp(log_k[i])
        squares = max(sums[i, 0] - 2 * k * sums[i, 1] + k * k * sums[i, 2], 1e-30)
        new = slice_log(NOISE, log_v[i], float(rows[i]), squares, 0.0, s_v, rng)
        log_v[i] = new if new > LEAST_LOG_V else log_v[i]


@kernel
def multiplier_prior(rest, lines, s_k, mean_sd):
    """Mean and sd of log k of a line given the others, whose log k add up to rest: normal.

    log k = m + d with d ~ ZeroSumNormal(s_k) and m ~ N(0, mean_sd^2) has the precision matrix (I - 1 1' / L) / s_k^2 +
    1 1' / (L mean_sd)^2.
    """
    off = 1 / (lines * mean_sd) ** 2 - 1 / (lines * s_k * s_k)
    precision = 1 / (s_k * s_k) + off
    return -off * rest / precision, 1 / math.sqrt(precision)
