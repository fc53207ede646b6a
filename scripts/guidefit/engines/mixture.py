"""Weighted mixtures of normals: means, sds, quantiles and highest density intervals, computed without drawing from them.

Averages of conditional moments given the scales (Rao-Blackwell) have much less Monte Carlo error than averages of draws.
A component with sd 0 is a draw itself, so that the same functions summarise the scales.
"""

import numpy as np
from scipy.special import ndtr, ndtri

_PROBS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
QUANTILES = dict(zip(("q025", "q05", "q10", "q25", "median", "q75", "q90", "q95", "q975"), _PROBS, strict=True))
HDI_PROB = 0.94
_BINS = (12, 6)  # by means and by sds, into which the components of a mixture are merged for its quantiles
_CHUNK = 1 << 13  # components x mixtures that are held at a time, about what fits into the cache of a processor


def summarise(weights: np.ndarray, means: np.ndarray, sds: np.ndarray) -> dict[str, np.ndarray]:
    """Statistics of P mixtures with the same K weights: name -> (P,).

    weights: (K,), sum 1; means, sds: (K, P). mcse_mean, mcse_sd: Monte Carlo standard errors of the self-normalised weighted
    averages (delta method; Owen 2013, chapter 9). Intervals are central quantiles, and the highest density interval of probability
    HDI_PROB.
    """
    mean = weights @ means
    deviation = means - mean
    second_moment = deviation**2 + sds**2
    variance = weights @ second_moment
    sd = np.sqrt(variance)
    squares = weights**2
    mcse_variance = np.sqrt(squares @ (second_moment - variance) ** 2)
    found = {
        "mean": mean,
        "sd": sd,
        "mcse_mean": np.sqrt(squares @ deviation**2),
        "mcse_sd": mcse_variance / np.maximum(2 * sd, np.finfo(float).tiny),
    }
    if not sds.any():
        return found | _of_draws(weights, means)
    width = max(1, _CHUNK // min(len(weights), _BINS[0] * _BINS[1]))
    columns = [slice(start, start + width) for start in range(0, means.shape[1], width)]
    parts = [_of_normals(*_merge(weights, means[:, c], sds[:, c]), mean[c], sd[c]) for c in columns]
    return found | {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _merge(weights: np.ndarray, means: np.ndarray, sds: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, means and sds (C, P) of fewer components, C at most, with the moments of those (K,), (K, P) that they replace.

    Components are merged where they are neighbours both by their means and by their sds: means and variances of the mixtures stay
    what they are, and what changes of their quantiles is much less than the Monte Carlo error of thousands of components.
    """
    count, mixtures = means.shape
    cells = _BINS[0] * _BINS[1]
    if count <= cells:
        return np.repeat(weights[:, None], mixtures, axis=1), means, sds
    centre, typical_sd = weights @ means, weights @ sds
    deviation = means - centre
    number = _bin(deviation.copy(), weights, _BINS[0])
    number *= _BINS[1]
    number += _bin(sds - typical_sd, weights, _BINS[1])
    number *= mixtures
    number += np.arange(mixtures)
    place = number.ravel()

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(place, values.ravel(), cells * mixtures).reshape(cells, mixtures)

    share = total(np.repeat(weights, mixtures))
    used = share > 0
    divisor = np.where(used, share, 1.0)
    weighted = weights[:, None] * deviation
    away = total(weighted) / divisor
    weighted *= deviation
    weighted += weights[:, None] * sds**2
    variance = total(weighted) / divisor - away**2
    # An empty cell counts as often as it weighs; its sd only has to be positive.
    return share, centre + away, np.where(used, np.sqrt(np.maximum(variance, 0)), 1.0)


def _bin(deviation: np.ndarray, weights: np.ndarray, bins: int) -> np.ndarray:
    """(K, P) bins 0, 1, ..., which are narrow around the mean of each column and wider, in its sds, further out.

    deviation: (K, P) from the mean of the column; it is overwritten.
    """
    width = np.maximum(2 * np.sqrt(weights @ deviation**2), 1e-300)
    divisor = abs(deviation)
    divisor += width
    deviation /= divisor  # in (-1, 1)
    deviation *= bins / 2
    deviation += bins / 2
    return np.minimum(deviation.astype(np.int64), bins - 1)


def systematic(weights: np.ndarray, size: int, start: float = 0.5) -> np.ndarray:
    """Indices of `size` draws by systematic resampling (Carpenter, Clifford & Fearnhead 1999); start: in [0, 1)."""
    edges = np.cumsum(weights)
    return np.searchsorted(edges, (np.arange(size) + start) / size * edges[-1]).clip(max=len(weights) - 1)


def _of_draws(weights: np.ndarray, draws: np.ndarray) -> dict[str, np.ndarray]:
    """Quantiles and intervals of weighted draws (K, P)."""
    order = np.argsort(draws, axis=0)
    values, shares = np.take_along_axis(draws, order, axis=0), weights[order]
    cumulative = np.cumsum(shares, axis=0)
    middle = cumulative - shares / 2
    columns = range(draws.shape[1])
    found = {name: np.array([np.interp(p, middle[:, c], values[:, c]) for c in columns]) for name, p in QUANTILES.items()}
    intervals = np.array([_narrowest(values[:, c], cumulative[:, c]) for c in columns])
    return found | {"hdi_lower": intervals[:, 0], "hdi_upper": intervals[:, 1]}


def _narrowest(values: np.ndarray, cumulative: np.ndarray) -> tuple[float, float]:
    """The narrowest interval that holds HDI_PROB; values: sorted draws, cumulative: sums of their weights."""
    last = np.searchsorted(cumulative, np.concatenate([[0.0], cumulative[:-1]]) + HDI_PROB)
    inside = np.flatnonzero(last < len(values))
    first = inside[np.argmin(values[last[inside]] - values[inside])]
    return float(values[first]), float(values[last[first]])


def _of_normals(weights: np.ndarray, means: np.ndarray, sds: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> dict[str, np.ndarray]:
    """Quantiles and intervals of mixtures of normals with weights (K, P), means (K, P) and sds (K, P). mean, sd: their own (P,)."""
    tails = ((1 - HDI_PROB) / 2, (1 + HDI_PROB) / 2)
    quantiles = _quantiles(weights, means, sds, np.array([*QUANTILES.values(), *tails]), mean, sd)
    lower, upper = _hdi(weights, means, sds, quantiles[-2], quantiles[-1], sd)
    return dict(zip(QUANTILES, quantiles, strict=False)) | {"hdi_lower": lower, "hdi_upper": upper}


def _density(weights: np.ndarray, means: np.ndarray, sds: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distribution function (Q, P) and density (Q, P) of the mixtures at points (Q, P)."""
    u = at[:, None] - means  # one array (Q, K, P) serves for all steps: it is most of what the cache of a processor holds
    u /= sds
    probability = _average(weights, ndtr(u))
    u *= u
    u *= -0.5
    np.exp(u, out=u)
    u /= np.sqrt(2 * np.pi) * sds
    return probability, _average(weights, u)


def _average(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(Q, P) averages of values (Q, K, P) by weights (K, P)."""
    return np.asarray(np.einsum("kp,qkp->qp", weights, values))


def _slope(weights: np.ndarray, means: np.ndarray, sds: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Minus the derivative (Q, P) of the mixtures' density at points (Q, P)."""
    u = (at[:, None] - means) / sds
    return _average(weights, np.exp(-0.5 * u * u) / (np.sqrt(2 * np.pi) * sds) * u / sds)


def _quantiles(
    weights: np.ndarray, means: np.ndarray, sds: np.ndarray, probs: np.ndarray, mean: np.ndarray, sd: np.ndarray
) -> np.ndarray:
    """Quantiles (Q, P), each to 1e-6 of its probability, by Newton steps that are kept between narrowing bounds."""
    x = mean + ndtri(probs)[:, None] * sd
    lower, upper = np.full_like(x, -np.inf), np.full_like(x, np.inf)
    at = np.arange(len(sd))  # mixtures whose quantiles are still to be moved
    for _ in range(200):
        probability, density = _density(weights[:, at], means[:, at], sds[:, at], x[:, at])
        error = probability - probs[:, None]
        left = (abs(error) >= 1e-6).any(axis=0)
        if not left.any():
            break
        at, error, density = at[left], error[:, left], density[:, left]
        here, low, high = x[:, at], lower[:, at], upper[:, at]
        low, high = np.where(error < 0, here, low), np.where(error > 0, here, high)
        step = here - np.clip(error / np.maximum(density, 1e-300), -sd[at], sd[at])
        bounded = np.isfinite(high - low)
        middle = (np.where(bounded, low, step) + np.where(bounded, high, step)) / 2
        x[:, at], lower[:, at], upper[:, at] = np.where((step > low) & (step < high), step, middle), low, high
    return x


def _hdi(
    weights: np.ndarray, means: np.ndarray, sds: np.ndarray, first: np.ndarray, last: np.ndarray, sd: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ends (P,) of the narrowest intervals, whose ends have the same density.

    Two equations, F(upper) - F(lower) = HDI_PROB and f(lower) = f(upper), are solved by Newton steps that start from the central
    intervals (first, last). Where the steps do not converge (a mixture with several modes), the central interval is returned.
    """
    lower, upper = first, last
    for _ in range(30):
        ends = np.stack([lower, upper])
        (cdf_lower, cdf_upper), densities = _density(weights, means, sds, ends)
        f_lower, f_upper = np.maximum(densities, 1e-300)
        excess, log_ratio = cdf_upper - cdf_lower - HDI_PROB, np.log(f_upper / f_lower)
        converged = (abs(excess) < 1e-6) & (abs(log_ratio) < 1e-4)
        if converged.all():
            break
        slope_lower, slope_upper = -_slope(weights, means, sds, ends) / np.stack([f_lower, f_upper])  # of the log densities
        determinant = f_upper * slope_lower - f_lower * slope_upper
        determinant = np.where(determinant > 0, determinant, np.inf)
        lower = lower - np.clip((slope_upper * excess - f_upper * log_ratio) / determinant, -sd / 2, sd / 2)
        upper = upper - np.clip((slope_lower * excess - f_lower * log_ratio) / determinant, -sd / 2, sd / 2)
    good = converged & (lower < upper)
    return np.where(good, lower, first), np.where(good, upper, last)
