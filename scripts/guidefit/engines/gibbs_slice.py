"""Slice sampling in the kernels of the engine `gibbs`: noise of guides and lines, and multipliers of lines.

These densities are products of a likelihood and a normal prior either of which may dominate. A slice step whose width follows the
curvature of both moves in either case, unlike proposals from one of the two.
"""

import math

from guidefit.engines.gibbs_compile import kernel

_WIDTH = 3.0  # of the first interval, in sds
_STEPS = 40  # of stepping out, at most

NOISE, MULTIPLIER = 0, 1


@kernel
def log_density(kind, x, a, b, mean, sd):
    """Up to a constant. NOISE: x = log variance, with a residuals whose squares add up to b: -a x / 2 - b exp(-x) / 2.

    MULTIPLIER: x = log k, with likelihood exp(a k - b k^2 / 2). Both times N(x; mean, sd^2).
    """
    prior = -0.5 * ((x - mean) / sd) ** 2
    if kind == NOISE:
        return prior - 0.5 * a * x - 0.5 * b * math.exp(min(-x, 700.0))
    k = math.exp(min(x, 300.0))
    return prior + a * k - 0.5 * b * k * k


@kernel
def slice_log(kind, x, a, b, mean, sd, rng):
    """One step of slice sampling for the `log_density` of this kind, with limited stepping out and shrinkage (Neal 2003,
    figures 3 and 5).

    x stays where no other point of the slice can be told from it.
    """
    curvature = 0.5 * a
    if kind == MULTIPLIER:  # at the likelihood's mode, if the prior allows it: the width must not depend on x
        k = min(max(a / max(b, 1e-30), math.exp(mean - 3 * sd)), math.exp(min(mean + 3 * sd, 300.0)))
        curvature = b * k * k
    width = _WIDTH / math.sqrt(curvature + 1 / (sd * sd))
    level = log_density(kind, x, a, b, mean, sd) + math.log(max(rng.random(), 1e-300))
    low = x - width * rng.random()
    high = low + width
    left = int(_STEPS * rng.random())
    right = _STEPS - 1 - left
    while left > 0 and log_density(kind, low, a, b, mean, sd) > level:
        low -= width
        left -= 1
    while right > 0 and log_density(kind, high, a, b, mean, sd) > level:
        high += width
        right -= 1
    for _ in range(200):
        new = low + (high - low) * rng.random()
        if log_density(kind, new, a, b, mean, sd) >= level:
            return new
        if new < x:
            low = new
        else:
            high = new
    return x
