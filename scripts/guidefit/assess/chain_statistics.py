"""Convergence of Markov chains: R-hat, effective sample sizes and Monte Carlo errors of many quantities at once.

Formulas: Vehtari, Gelman, Simpson, Carpenter & Bürkner 2021. ArviZ has the same for one quantity after the other.

All functions take draws (n, chain, draw) of n quantities and return (n,) statistics: NaN where a draw is NaN, with fewer than four
draws, and for R-hat with one chain.
"""

import numpy as np
import scipy.fft
from scipy.special import ndtri
from scipy.stats import rankdata

TAIL_PROBS = (0.11, 0.89)  # of the quantiles whose effective sample sizes make the tail ESS; those of ArviZ
STATISTICS = ("mcse_mean", "mcse_sd", "ess_bulk", "ess_tail", "r_hat")
FEWEST = 4  # draws of a chain
_CHUNK = 1 << 21  # draws of several quantities that are held at a time


def summarise_chains(draws: np.ndarray) -> dict[str, np.ndarray]:
    """STATISTICS by name."""
    width = max(1, _CHUNK // (draws.shape[1] * draws.shape[2]))
    parts = [_summarise(draws[start : start + width]) for start in range(0, max(len(draws), 1), width)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def ess_bulk(draws: np.ndarray) -> np.ndarray:
    """Effective sample size for the bulk: that of the normal scores of the draws' ranks, of chains that are split in halves."""
    with np.errstate(all="ignore"):
        return _known(draws, _ess(_normal_scores(_split(draws))))


def energy_information(energy: np.ndarray) -> np.ndarray:
    """(n, chain) E-BFMI, the estimated fraction of missing information (Betancourt 2016), from energies (n, chain, draw)."""
    return np.square(np.diff(energy, axis=-1)).mean(axis=-1) / energy.var(axis=-1, ddof=1)


def _summarise(draws: np.ndarray) -> dict[str, np.ndarray]:
    if draws.shape[2] < FEWEST:
        return dict.fromkeys(STATISTICS, np.full(len(draws), np.nan))
    with np.errstate(all="ignore"):  # what is constant or infinite has statistics that are NaN
        scores = _normal_scores(_split(draws))
        mean = draws.mean(axis=(1, 2), keepdims=True)
        squares = np.square(draws - mean)
        variance = squares.mean(axis=(1, 2))
        variance_of_squares = np.square(squares).mean(axis=(1, 2)) - variance**2
        low, high = np.quantile(draws, TAIL_PROBS, axis=(1, 2), keepdims=True)
        found = {
            "mcse_mean": draws.std(axis=(1, 2), ddof=1) / np.sqrt(_ess(_split(draws))),
            "mcse_sd": np.sqrt(variance_of_squares / _ess(_split(squares)) / variance / 4),
            "ess_bulk": _ess(scores),
            "ess_tail": np.minimum(*(_ess(_split((draws <= limit).astype(float))) for limit in (low, high))),
        }
        found = {name: _known(draws, values) for name, values in found.items()}
        return found | {"r_hat": _known(draws, _largest_r_hat(draws, scores), min_chains=2)}


def _known(draws: np.ndarray, values: np.ndarray, min_chains: int = 1) -> np.ndarray:
    """The statistics, NaN where the draws have none."""
    _, chains, count = draws.shape
    enough = chains >= min_chains and count >= FEWEST
    return np.where(np.isnan(draws).any(axis=(1, 2)) | (not enough), np.nan, values)


def _split(draws: np.ndarray) -> np.ndarray:
    """(n, 2 chain, draw // 2) the halves of each chain; the middle draw of an odd number is left out."""
    half = draws.shape[2] // 2
    return np.concatenate([draws[..., :half], draws[..., draws.shape[2] - half :]], axis=1)


def _normal_scores(draws: np.ndarray) -> np.ndarray:
    """Normal scores of the ranks among all draws of a quantity; tied draws share their mean rank."""
    flat = draws.reshape(len(draws), draws.shape[1] * draws.shape[2])
    ranks = rankdata(flat, axis=1) if flat.size else flat
    return np.asarray(ndtri((ranks - 3 / 8) / (flat.shape[1] + 1 / 4)).reshape(draws.shape))


def _largest_r_hat(draws: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The larger one of R-hat of the normal scores and of those of the distances from the median."""
    halves = _split(draws)
    bulk = _r_hat(scores)
    tail = _r_hat(_normal_scores(abs(halves - np.median(halves, axis=(1, 2), keepdims=True))))
    return np.where(tail > bulk, tail, bulk)


def _r_hat(draws: np.ndarray) -> np.ndarray:
    """sqrt((B / W + n - 1) / n), with n draws a chain, B = n var(chain means) and W = mean(chain variances)."""
    count = draws.shape[2]
    between = count * draws.mean(axis=2).var(axis=1, ddof=1)
    within = draws.var(axis=2, ddof=1).mean(axis=1)
    return np.asarray(np.sqrt((between / within + count - 1) / count))


def _ess(draws: np.ndarray) -> np.ndarray:
    """Effective sample size from autocorrelations up to the lag where they are noise (Geyer 1992).

    With rho_t the autocorrelation at lag t over all chains, S_k = rho_2k + rho_2k+1, and m the first k with S_k <= 0:
    tau = -1 + 2 sum_(k < m) min_(j <= k) S_j + rho_2m, and ESS = chains x draws / tau, at most log10(chains x draws) as many.
    """
    chains, count = draws.shape[1:]
    size = chains * count
    if count < 2:
        return np.full(len(draws), np.nan)
    autocovariance = _autocovariance(draws).mean(axis=1)
    within = autocovariance[:, :1] * count / (count - 1)
    total = autocovariance[:, :1] + (draws.mean(axis=2).var(axis=1, ddof=1)[:, None] if chains > 1 else 0)
    rho = 1 - (within - autocovariance) / total
    rho[:, 0] = 1
    last = max(0, (count - 1) // 2 - 1)  # of the pairs that are used
    even, odd = rho[:, : 2 * last + 1 : 2], rho[:, 1 : 2 * last + 2 : 2]
    pairs = even + odd
    ends = np.append(~(pairs[:, :-1] > 0), np.ones((len(draws), 1), bool), axis=1)
    m = ends.argmax(axis=1)
    rows = np.arange(len(draws))
    sums = np.cumsum(np.minimum.accumulate(pairs, axis=1), axis=1)
    before = np.where(m > 0, sums[rows, np.maximum(m - 1, 0)], 0)
    final = even[rows, m]
    tau = -1 + 2 * before + np.where((pairs[rows, m] >= 0) | (final > 0), final, 0)
    found = size / np.maximum(tau, 1 / np.log10(size))
    found = np.where(np.isnan(rho[:, 1]), np.nan, found)
    return np.where(np.ptp(draws, axis=(1, 2)) < np.finfo(float).resolution, size, found)


def _autocovariance(draws: np.ndarray) -> np.ndarray:
    """(n, chain, lag) from the Fourier transform of each chain."""
    count = draws.shape[2]
    length = scipy.fft.next_fast_len(2 * count)
    transformed = scipy.fft.rfft(draws - draws.mean(axis=2, keepdims=True), n=length, axis=2)
    power = np.square(transformed.real) + np.square(transformed.imag)
    return np.asarray(scipy.fft.irfft(power, n=length, axis=2)[..., :count] / count)
