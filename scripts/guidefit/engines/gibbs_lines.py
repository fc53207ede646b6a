"""Kernel of the engine `gibbs` that updates the multipliers and the noise of the cell lines."""

import math

from guidefit.engines.gibbs_compile import kernel
from guidefit.engines.gibbs_slice import MULTIPLIER, NOISE, slice_log


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
        log_v[i] = slice_log(NOISE, log_v[i], float(rows[i]), squares, 0.0, s_v, rng)


@kernel
def multiplier_prior(rest, lines, s_k, mean_sd):
    """Mean and sd of log k of a line given the others, whose log k add up to rest: normal.

    log k = m + d with d ~ ZeroSumNormal(s_k) and m ~ N(0, mean_sd^2) has the precision matrix (I - 1 1' / L) / s_k^2 +
    1 1' / (L mean_sd)^2.
    """
    off = 1 / (lines * mean_sd) ** 2 - 1 / (lines * s_k * s_k)
    precision = 1 / (s_k * s_k) + off
    return -off * rest / precision, 1 / math.sqrt(precision)
