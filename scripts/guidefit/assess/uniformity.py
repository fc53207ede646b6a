"""Are values uniform on (0, 1)? Bands and p-values for the ECDF of PIT values and rank statistics, and Holm's correction.

Bands and p-values: Säilynoja, Bürkner & Vehtari 2022.
"""

from functools import cache

import numpy as np
import pandas as pd
import scipy.stats

POINTS = 100  # at which the ECDF of rank statistics is compared with the uniform distribution
SIMULATIONS = 4000
TAIL = 0.01


def pit_band(pit: np.ndarray, prob: float, max_points: int = 200) -> pd.DataFrame:
    """ECDF of PIT values (n,) minus the uniform distribution's, with its simultaneous band of probability `prob`.

    Columns: pit, difference, lower, upper, at most max_points evenly spaced points in (0, 1).
    """
    points, lower, upper = _uniform_band(len(pit), prob, max_points)
    ecdf = np.searchsorted(np.sort(pit), points, side="right") / len(pit)
    return pd.DataFrame({"pit": points, "difference": ecdf - points, "lower": lower - points, "upper": upper - points})


def ecdf_points(size: int, max_points: int) -> np.ndarray:
    """Evenly spaced points in (0, 1) at which the ECDF of `size` values is evaluated."""
    count = min(size, max_points)
    return np.arange(1, count) / count if count > 1 else np.array([0.5])


@cache
def _uniform_band(size: int, prob: float, max_points: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(points, lower, upper) of the simultaneous band of the ECDF of `size` uniform values; simulated with a fixed seed."""
    from arviz_stats import ecdf_utils  # its import takes longer than diagnosing a hundred fits that have no predictions

    points = ecdf_points(size, max_points)
    pointwise = ecdf_utils.simulate_confidence_bands(size, 1, points, prob, 2000, np.random.default_rng(0))
    return points, *ecdf_utils.get_pointwise_confidence_band(pointwise, size, points)


def share_outside_band(pit: np.ndarray, prob: float) -> float:
    """Share of the ECDF's points that leave the simultaneous band: 0 where the predictions are calibrated."""
    band = pit_band(pit, prob)
    return float(((band["difference"] < band["lower"]) | (band["difference"] > band["upper"])).mean())


def holm(p_values: np.ndarray) -> np.ndarray:
    """The p-values with Holm's correction (1979), in the same order."""
    order = np.argsort(p_values, kind="stable")
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1)), 1.0)
    return corrected


def distance(pit: np.ndarray) -> float:
    """Largest distance between the ECDF of values (n,) and the uniform distribution: by how much a probability is off at most."""
    ordered, n = np.sort(pit), len(pit)
    return float(max((np.arange(1, n + 1) / n - ordered).max(), (ordered - np.arange(n) / n).max()))


def groups_outside(pit: np.ndarray, group: np.ndarray, level: float, least: float) -> dict[str, float]:
    """Groups of rows whose PIT values are not uniform -> their distance from uniform, the largest first.

    group: (row,) names. Kolmogorov-Smirnov tests with Holm's correction over groups at this level, and a distance above `least`:
    of a group with many rows, the smallest departure is significant.
    """
    codes, names = pd.factorize(group)
    order = np.argsort(codes, kind="stable")
    parts = np.split(pit[order], np.cumsum(np.bincount(codes))[:-1])
    distances, sizes = np.array([distance(part) for part in parts]), np.array([len(part) for part in parts])
    corrected = holm(scipy.stats.kstwo.sf(distances, sizes))
    chosen = np.flatnonzero((corrected < level) & (distances > least))
    return {str(names[i]): float(distances[i]) for i in chosen[np.argsort(-distances[chosen], kind="stable")]}


def ecdf_difference(u: np.ndarray, prob: float = 0.95) -> pd.DataFrame:
    """ECDF of u (n,) minus the uniform distribution's, with its simultaneous band: u, difference, lower, upper."""
    return pit_band(u, prob, POINTS).rename(columns={"pit": "u"})


def p_value(u: np.ndarray) -> float:
    """Probability that n uniform values depart at least as far from uniformity as u (n,) does.

    The test statistic is the least two-sided binomial probability over the points. Its distribution is simulated; below the
    probability TAIL, where few simulations lie, the p-value is proportional to the statistic, as it is for the least of any number
    of small probabilities.
    """
    null, least = _null(len(u)), _least_probability(u[None])[0]
    edge = null[int(TAIL * SIMULATIONS) - 1]
    if least < edge:
        return float(TAIL * least / edge)
    return float((1 + (null <= least).sum()) / (1 + SIMULATIONS))


@cache
def least_p_value(n: int) -> float:
    """The smallest p-value that any n values can have: that of n values that all lie at one end."""
    return p_value(np.zeros(n))


def least_size(tests: int, level: float, most: int = 1000) -> int:
    """The smallest number of values with which a test can fall below `level` after Holm's correction over `tests` tests.

    The least corrected p-value is `tests` times the least p-value. Returns `most` where that many are not enough.
    """
    return next((n for n in range(1, most) if tests * least_p_value(n) < level), most)


def _least_probability(u: np.ndarray) -> np.ndarray:
    """(K,) least two-sided pointwise probability of K samples (K, n)."""
    n, points = u.shape[1], ecdf_points(u.shape[1], POINTS)
    counts = np.stack([(u <= point).sum(axis=1) for point in points], axis=1)
    both = np.minimum(scipy.stats.binom.cdf(counts, n, points), scipy.stats.binom.sf(counts - 1, n, points))
    return 2 * both.min(axis=1)


@cache
def _null(n: int) -> np.ndarray:
    """(SIMULATIONS,) sorted test statistics of n uniform values; simulated with a fixed seed."""
    rng = np.random.default_rng(n)
    return np.sort(np.concatenate([_least_probability(rng.random((100, n))) for _ in range(SIMULATIONS // 100)]))
