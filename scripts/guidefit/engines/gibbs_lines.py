"""Kernel of the engine `gibbs` that updates the multipliers and the noise of the cell lines."""

import math

from guidefit.engines.gibbs_compile import kernel


@kernel
def update_lines(log_k, log_v, sums, rows, s_k, s_v, mean_sd, rng):
    """k_l (where s_k > 0), then v_l of each cell line. sums: (line, 3) A, B, C of update_noise; rows: of each line.

    k: proposed from its likelihood exp[(B k - C k^2 / 2) / v] times N(k; 1, s_k^2), and accepted by the ratio of its prior on
    log k, with the Jacobian 1 / k, to that normal. v: log v proposed from log(SS / 2 / Gamma(rows / 2)), SS = A - 2 k B + k^2 C,
    and accepted by the ratio of N(log v; 0, s_v^2).
    """
    lines = len(log_k)
    if s_k > 0:
        first, second = log_k.sum(), (log_k**2).sum()
        for i in range(lines):
            v, old = math.exp(log_v[i]), math.exp(log_k[i])
            precision = sums[i, 2] / v + 1 / s_k**2
            new = (sums[i, 1] / v + 1 / s_k**2) / precision + rng.standard_normal() / math.sqrt(precision)
            if new < 1e-6:
                continue
            now = math.log(new)
            first_new, second_new = first + now - log_k[i], second + now**2 - log_k[i] ** 2
            ratio = log_k[i] - now + 0.5 * ((new - 1) ** 2 - (old - 1) ** 2) / s_k**2
            ratio += multiplier_prior(first_new, second_new, lines, s_k, mean_sd)
            if math.log(rng.random()) < ratio - multiplier_prior(first, second, lines, s_k, mean_sd):
                log_k[i], first, second = now, first_new, second_new
    for i in range(lines):
        k = math.exp(log_k[i])
        squares = max(sums[i, 0] - 2 * k * sums[i, 1] + k * k * sums[i, 2], 1e-30)
        new = math.log(0.5 * squares / max(rng.standard_gamma(0.5 * rows[i]), 1e-30))
        if math.log(rng.random()) < 0.5 * (log_v[i] ** 2 - new**2) / s_v**2:
            log_v[i] = new


@kernel
def multiplier_prior(first, second, lines, s_k, mean_sd):
    """log density of log k = m + d, d ~ ZeroSumNormal(s_k), m ~ N(0, mean_sd^2), from the sums of log k and of its square."""
    mean = first / lines
    return -0.5 * (second - lines * mean * mean) / s_k**2 - 0.5 * (mean / mean_sd) ** 2
