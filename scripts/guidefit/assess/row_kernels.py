"""Kernel of the predictive checks in closed form: each row of a gene predicted from all other rows, given one posterior draw.

A gene's rows are y_i = k_l (alpha_s + beta_s x_i + e_gl) + noise of variance D_i, where a row that departs has F D_i. Its locations
are m + B z with z ~ N(0, I): alpha_s = mu + g_11 u_1 + r_11 z_s1, beta_s = nu + g_21 u_1 + g_22 u_2 + r_21 z_s1 + r_22 z_s2, with
the roots g of the gene and r of the guide. e_gl ~ N(0, tau^2) is integrated out cell by cell (a cell: the rows of a gene in a
line): with q_i = 1 / D_i, P = sum q, T = tau^2 k^2 and C = T / (1 + T P),

    V^-1 = diag(q) - C q q'      M = I + B' V^-1 B = K K'      z = M^-1 B' V^-1 (y - m)
    S = V + B B'                 [S^-1 (y - m)]_i = [V^-1 (y - m - B z)]_i        (S^-1)_ii = (V^-1)_ii - |K^-1 B' (V^-1)_i|^2

Given the other rows, y_i has mean y_i - [S^-1 (y - m)]_i / (S^-1)_ii and variance 1 / (S^-1)_ii (Sundararajan & Keerthi 2001), of
which 1 / (S^-1)_ii - D_i is not its own noise.
"""

import math
from typing import NamedTuple

import numpy as np

from guidefit.engines.gibbs_compile import kernel

SWEEPS = 3  # over the flags of a cell, of which hardly any has more than one
_LOG_2_PI = math.log(2 * math.pi)


class SortedRows(NamedTuple):
    """Rows by gene, cell and guide, and guides by gene.

    guide_start, cell_start: (gene + 1,) first guide and cell of each gene; row_start: (cell + 1,); line: (cell,) codes;
    guide, x, y: (row,); most_guides, most_rows: of any gene.
    """

    guide_start: np.ndarray
    cell_start: np.ndarray
    row_start: np.ndarray
    line: np.ndarray
    guide: np.ndarray
    x: np.ndarray
    y: np.ndarray
    most_guides: int
    most_rows: int


class RowState(NamedTuple):
    """What one posterior draw says of rows; see the module.

    mean: (gene, 2) mu and nu; gene_root: (gene, 3) g_11, g_21, g_22; guide_root: (guide, 3) of r; tau2: (gene,); alpha, beta,
    noise: (guide,); k, line_noise: (line,), D_i = noise line_noise; share, factor: of departing rows.
    """

    mean: np.ndarray
    gene_root: np.ndarray
    guide_root: np.ndarray
    tau2: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray
    noise: np.ndarray
    k: np.ndarray
    line_noise: np.ndarray
    share: float
    factor: float


@kernel
def draw_flags(first, last, T, k, line_noise, d, s, flagged, rng):
    """Which rows of a cell depart, given alpha and beta, with e integrated out: Gibbs sweeps over the rows, started from none.

    With R = sum q r over residuals r: log p = sum log(q) / 2 - log(1 + T P) / 2 - [sum q r^2 - T R^2 / (1 + T P)] / 2.
    """
    flagged[: last - first] = False
    if s.share <= 0:
        return
    log_odds = math.log(s.share / (1 - s.share)) - 0.5 * math.log(s.factor)
    P = R = 0.0
    for i in range(first, last):
        q = 1 / (s.noise[d.guide[i]] * line_noise)
        P += q
        R += q * (d.y[i] - k * (s.alpha[d.guide[i]] + s.beta[d.guide[i]] * d.x[i]))
    for _ in range(SWEEPS):
        for i in range(first, last):
            r = d.y[i] - k * (s.alpha[d.guide[i]] + s.beta[d.guide[i]] * d.x[i])
            narrow = 1 / (s.noise[d.guide[i]] * line_noise)
            wide = narrow / s.factor
            now = wide if flagged[i - first] else narrow
            P -= now
            R -= now * r
            one, two = 1 + T * (P + narrow), 1 + T * (P + wide)
            odds = log_odds + 0.5 * (math.log(one / two) + (narrow - wide) * r * r)
            odds += 0.5 * T * ((R + wide * r) ** 2 / two - (R + narrow * r) ** 2 / one)
            flagged[i - first] = rng.random() * (1 + math.exp(min(-odds, 700.0))) < 1
            now = wide if flagged[i - first] else narrow
            P += now
            R += now * r


@kernel
def draw_rows(first, last, tau2, k, line_noise, d, s, q, made, fresh, rng):
    """New values of the rows of a cell given alpha and beta: with the posterior of e (made), and with a new e from N(0, tau2)."""
    P = R = 0.0
    for i in range(first, last):
        guide = d.guide[i]
        P += q[i - first]
        R += q[i - first] * (d.y[i] - k * (s.alpha[guide] + s.beta[guide] * d.x[i]))
    variance = tau2 / (1 + tau2 * k * k * P)
    e, other = variance * k * R + math.sqrt(variance) * rng.standard_normal(), math.sqrt(tau2) * rng.standard_normal()
    for i in range(first, last):
        guide, noise = d.guide[i], s.noise[d.guide[i]] * line_noise
        level = k * (s.alpha[guide] + s.beta[guide] * d.x[i])
        made[i - first] = level + k * e + draw_noise(noise, s, rng)
        fresh[i - first] = level + k * other + draw_noise(noise, s, rng)


@kernel
def draw_noise(noise, s, rng):
    """Noise of a row that may depart."""
    if s.share > 0 and rng.random() < s.share:
        noise *= s.factor
    return math.sqrt(noise) * rng.standard_normal()


@kernel
def log_normal(y, mean, variance):
    """Log density of a normal distribution."""
    return -0.5 * ((y - mean) ** 2 / variance + math.log(variance) + _LOG_2_PI)


@kernel
def log_add(one, other):
    """log(exp(one) + exp(other))."""
    top = max(one, other)
    return top + math.log(math.exp(one - top) + math.exp(other - top))


@kernel
def below(y, mean, variance):
    """Probability of a normal distribution below y."""
    return 0.5 * math.erfc((mean - y) / math.sqrt(2 * variance))


@kernel
def predict_row(y, mean, latent, noise, share, factor, found):
    """found: log density of y given the other rows, probability below it, and log density of a new value at y given all rows.

    mean, latent: moments of what the row measures without noise, given the other rows.
    """
    log_narrow, lower = log_normal(y, mean, latent + noise), below(y, mean, latent + noise)
    shrunk = latent / (latent + noise)
    own = log_normal(y, mean + shrunk * (y - mean), shrunk * noise + noise)
    if share <= 0:
        found[0], found[1], found[2] = log_narrow, lower, own
        return
    wide, usual, rare = noise * factor, math.log1p(-share), math.log(share)
    log_wide = log_normal(y, mean, latent + wide)
    shrunk_wide = latent / (latent + wide)
    at, at_wide = mean + shrunk * (y - mean), mean + shrunk_wide * (y - mean)
    own = log_add(usual + own, rare + log_normal(y, at, shrunk * noise + wide))
    other = log_add(
        usual + log_normal(y, at_wide, shrunk_wide * wide + noise), rare + log_normal(y, at_wide, shrunk_wide * wide + wide)
    )
    total = log_add(usual + log_narrow, rare + log_wide)
    found[0], found[1] = total, (1 - share) * lower + share * below(y, mean, latent + wide)
    found[2] = log_add(usual + log_narrow + own, rare + log_wide + other) - total


@kernel
def add_row(row, number, last, q, rest, b, M, t, total):
    """Add a row to M, to t = B' q (y - m), and to the total of q B over the rows of its cell. number: of its guide in the gene."""
    places = (2 * number, 2 * number + 1, last, last + 1)
    for one in range(4):
        value = q * b[row, one]
        t[places[one]] += value * rest
        total[places[one]] += value
        for other in range(one + 1):
            M[places[one], places[other]] += value * b[row, other]


@kernel
def factorise(M, t, size):
    """Replace the lower half of M by its Cholesky factor K, and t by M^-1 t."""
    for j in range(size):
        for m in range(j):
            M[j, j] -= M[j, m] * M[j, m]
        M[j, j] = math.sqrt(M[j, j])
        for i in range(j + 1, size):
            for m in range(j):
                M[i, j] -= M[i, m] * M[j, m]
            M[i, j] /= M[j, j]
    for i in range(size):
        for j in range(i):
            t[i] -= M[i, j] * t[j]
        t[i] /= M[i, i]
    for i in range(size - 1, -1, -1):
        for j in range(i + 1, size):
            t[i] -= M[j, i] * t[j]
        t[i] /= M[i, i]


@kernel
def leave_rows_out(d, lo, hi, s, log_density, lower, log_own, made, fresh, rng):
    """Predict every row of genes lo to hi from the other rows of its gene: see predict_row. made, fresh: see draw_rows."""
    size = 2 * d.most_guides + 2
    M, t, v, total = np.empty((size, size)), np.empty(size), np.empty(size), np.empty(size)
    b, rest, q = np.empty((d.most_rows, 4)), np.empty(d.most_rows), np.empty(d.most_rows)
    flagged, found = np.empty(d.most_rows, np.bool_), np.empty(3)
    start = d.row_start[d.cell_start[lo]]
    for g in range(lo, hi):
        first_guide, first_row, tau2 = d.guide_start[g], d.row_start[d.cell_start[g]], s.tau2[g]
        last = 2 * (d.guide_start[g + 1] - first_guide)
        size = last + 2
        M[:size, :size] = 0.0
        t[:size] = 0.0
        for cell in range(d.cell_start[g], d.cell_start[g + 1]):
            a, z, line = d.row_start[cell], d.row_start[cell + 1], d.line[cell]
            k, line_noise = s.k[line], s.line_noise[line]
            T, P, R = tau2 * k * k, 0.0, 0.0
            draw_flags(a, z, T, k, line_noise, d, s, flagged, rng)
            total[:size] = 0.0
            for i in range(a, z):
                guide, x, row = d.guide[i], k * d.x[i], i - first_row
                root, of_guide = s.gene_root[g], s.guide_root[guide]
                b[row, 0], b[row, 1] = k * of_guide[0] + x * of_guide[1], x * of_guide[2]
                b[row, 2], b[row, 3] = k * root[0] + x * root[1], x * root[2]
                q[row] = 1 / (s.noise[guide] * line_noise * (s.factor if flagged[i - a] else 1.0))
                rest[row] = d.y[i] - k * s.mean[g, 0] - x * s.mean[g, 1]
                P += q[row]
                R += q[row] * rest[row]
                add_row(row, guide - first_guide, last, q[row], rest[row], b, M, t, total)
            C = T / (1 + T * P)
            for i in range(size if C > 0 else 0):
                t[i] -= C * R * total[i]
                for j in range(i + 1):
                    M[i, j] -= C * total[i] * total[j]
            own = q[a - first_row : z - first_row]
            draw_rows(a, z, tau2, k, line_noise, d, s, own, made[a - start : z - start], fresh[a - start : z - start], rng)
        for i in range(size):
            M[i, i] += 1.0
        factorise(M, t, size)
        for cell in range(d.cell_start[g], d.cell_start[g + 1]):
            a, z, line = d.row_start[cell], d.row_start[cell + 1], d.line[cell]
            k = s.k[line]
            T, P, R = tau2 * k * k, 0.0, 0.0
            total[:size] = 0.0
            for i in range(a, z):
                row, at = i - first_row, 2 * (d.guide[i] - first_guide)
                rest[row] -= b[row, 0] * t[at] + b[row, 1] * t[at + 1] + b[row, 2] * t[last] + b[row, 3] * t[last + 1]
                P += q[row]
                R += q[row] * rest[row]
                total[at] += q[row] * b[row, 0]
                total[at + 1] += q[row] * b[row, 1]
                total[last] += q[row] * b[row, 2]
                total[last + 1] += q[row] * b[row, 3]
            C = T / (1 + T * P)
            for i in range(a, z):
                row, at = i - first_row, 2 * (d.guide[i] - first_guide)
                for j in range(size):
                    v[j] = -C * q[row] * total[j]
                v[at] += q[row] * b[row, 0]
                v[at + 1] += q[row] * b[row, 1]
                v[last] += q[row] * b[row, 2]
                v[last + 1] += q[row] * b[row, 3]
                precision = q[row] - C * q[row] * q[row]
                for j in range(size):
                    for m in range(j):
                        v[j] -= M[j, m] * v[m]
                    v[j] /= M[j, j]
                    precision -= v[j] * v[j]
                mean = d.y[i] - q[row] * (rest[row] - C * R) / precision
                latent = max(1 / precision - 1 / q[row], 0.0)
                predict_row(d.y[i], mean, latent, s.noise[d.guide[i]] * s.line_noise[line], s.share, s.factor, found)
                log_density[i - start], lower[i - start], log_own[i - start] = found[0], found[1], found[2]
