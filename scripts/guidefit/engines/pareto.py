"""Pareto smoothing of importance weights (Vehtari et al. 2024), for many sets of weights at once."""

import numpy as np

_AT_ONCE = 1 << 11  # sets of weights, which bounds the memory of their fits


def smooth(log_ratios: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pareto-smoothed weights (..., K), each set's sum 1, and k-hat (...), for log importance ratios (..., K).

    The min(0.2 K, 3 sqrt(K)) largest ratios are replaced by the expected order statistics of the generalised Pareto distribution
    fitted to them, truncated at the largest ratio. k-hat is 0 where the largest ratios are all equal: there is no tail to fit.
    """
    flat = log_ratios.reshape(-1, log_ratios.shape[-1])
    parts = [_smooth(flat[at : at + _AT_ONCE]) for at in range(0, len(flat), _AT_ONCE)]
    weights, k_hat = (np.concatenate(each) for each in zip(*parts, strict=True))
    return weights.reshape(log_ratios.shape), k_hat.reshape(log_ratios.shape[:-1])


def good_k(count: int) -> float:
    """The k-hat from which on weights of `count` draws cannot be trusted: min(1 - 1 / log10(count), 0.7)."""
    return min(1 - 1 / np.log10(count), 0.7)


def _smooth(log_ratios: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same for (N, K)."""
    ratios = log_ratios - log_ratios.max(axis=1, keepdims=True)
    count = ratios.shape[1]
    size = int(min(count / 5, 3 * np.sqrt(count)))
    order = np.argsort(ratios, axis=1)
    tail = order[:, -size:]
    largest_below = np.take_along_axis(ratios, order[:, -size - 1, None], axis=1)
    threshold = np.exp(np.maximum(largest_below, np.log(np.finfo(float).tiny)))
    excess = np.maximum(np.exp(np.take_along_axis(ratios, tail, axis=1)) - threshold, 0)
    k_hat, sigma, has_tail = np.zeros(len(ratios)), np.ones(len(ratios)), excess[:, _quartile(size)] > 0
    if has_tail.any():
        k_hat[has_tail], sigma[has_tail] = fit_generalised_pareto(excess[has_tail])
    fitted = has_tail & np.isfinite(k_hat)
    p, k, scale = (np.arange(size) + 0.5) / size, k_hat[fitted, None], sigma[fitted, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        curved = scale * np.expm1(-k * np.log1p(-p)) / k
    quantiles = np.where(abs(k) < 1e-12, -scale * np.log1p(-p), curved)
    replaced = np.take_along_axis(ratios, tail, axis=1)
    replaced[fitted] = np.minimum(np.log(threshold[fitted] + quantiles), 0.0)
    np.put_along_axis(ratios, tail, replaced, axis=1)
    weights = np.exp(ratios - ratios.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True), k_hat


def fit_generalised_pareto(excess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(k, sigma), each (N,), of the generalised Pareto distribution for N sets of ascending values >= 0 (N, n).

    Empirical Bayes estimate (Zhang & Stephens 2009), with a prior that pulls k to 0.5 with the weight of 10 observations (Vehtari
    et al. 2024).
    """
    n = excess.shape[1]
    size = 30 + int(np.sqrt(n))
    theta = 1 - np.sqrt(size / (np.arange(1, size + 1) - 0.5))
    theta = theta / (3 * excess[:, _quartile(n), None]) + 1 / excess[:, -1, None]
    k = np.log1p(-theta[..., None] * excess[:, None]).mean(axis=-1)
    profile = n * (np.log(-theta / k) - k - 1)
    weights = np.exp(profile - profile.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    best = (theta * weights).sum(axis=1)
    k_hat = np.log1p(-best[:, None] * excess).mean(axis=1)
    return (n * k_hat + 5) / (n + 10), -k_hat / best


def _quartile(size: int) -> int:
    """The place of the first quartile of `size` ascending values."""
    return max(int(size / 4 + 0.5) - 1, 0)
