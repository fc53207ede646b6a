"""Updates of the hyper-parameters in the engine `gibbs`, given the genes, guides and lines."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import special

from guidefit.engines.gibbs_lines import LEAST_LOG_V, ScaleTerms, scale_density
from guidefit.models.line_structure import DEGREES, MEAN_SD, LineStructure

MOST_Y = 7.0  # of `from_spread`: beyond, the spread or its complement is lost to rounding
LEAST_LOG_SCALE = -25.0  # priors of scales end here: a chain that starts far away could else go on to 0


@dataclass
class Hyper:
    """The hyper-parameters of a chain. K classes, L lines.

    mu: (K, 2) of gamma, delta; spread: (K, 4) sds of gamma, delta, alpha, beta; log_t: (K,) scales of tau; w: (K,) weights; p: (K,)
    shares of departing guides; mean_lam: log sigma^2; s_u, s_v, s_k; log_odds_row: of p_row; log_k, log_v: (L,).
    """

    mu: np.ndarray
    spread: np.ndarray
    log_t: np.ndarray
    w: np.ndarray
    p: np.ndarray
    mean_lam: float
    s_u: float
    s_v: float
    s_k: float
    log_odds_row: float
    log_k: np.ndarray
    log_v: np.ndarray


@dataclass(frozen=True)
class HyperPriors:
    """Priors of the hyper-parameters: (mean, sd), HalfNormal scales, or (alpha, beta); arrays with K classes first."""

    mu: np.ndarray
    spread: np.ndarray
    log_t: np.ndarray
    p: np.ndarray
    w: np.ndarray
    log_sigma: tuple[float, float]
    s_u: float
    s_v: float
    s_k: float
    p_row: tuple[float, float]


def read_priors(structure: LineStructure, parameters: Mapping[str, tuple[float, ...]]) -> HyperPriors:
    """The priors by role. parameters: by name, from `line_structure.prior_parameters`. Roles that are absent get any numbers."""

    def of(name: str) -> list[tuple[float, ...]]:
        return [parameters[each] for each in structure.by_class(name)]

    sides, classes = (structure.intercept, structure.slope), max(1, len(structure.classes))
    return HyperPriors(
        mu=np.array([of(side.mean) for side in sides]).swapaxes(0, 1),
        spread=np.array([of(name) for name in structure.spreads])[..., 0].T,
        log_t=np.array(of(structure.gene_by_line[2])),
        p=np.array(of(structure.departing_sgrnas[0]) if structure.departing_sgrnas else [(1.0, 1.0)] * classes),
        w=np.array(parameters[structure.weight] if structure.weight else (1.0, 1.0)),
        log_sigma=(parameters[structure.noise][0], parameters[structure.noise][1]),
        s_u=parameters[structure.sgrna_noise[1]][0],
        s_v=parameters[structure.line_noise[1]][0],
        s_k=parameters[structure.multiplier[1]][0] if structure.multiplier else 0.0,
        p_row=(parameters[structure.departing_rows[0]][0], parameters[structure.departing_rows[0]][1])
        if structure.departing_rows
        else (1.0, 1.0),
    )


def start(priors: HyperPriors, lines: int, rng: np.random.Generator) -> Hyper:
    """A starting point around the middle of the priors."""
    classes = len(priors.mu)
    share = priors.p[:, 0] / priors.p.sum(axis=1)
    return Hyper(
        mu=priors.mu[..., 0] + 0.2 * priors.mu[..., 1] * rng.standard_normal((classes, 2)),
        spread=np.array([to_spread(-0.5 + 0.3 * rng.standard_normal(4), scale) for scale in priors.spread]),
        log_t=priors.log_t[:, 0] + 0.2 * rng.standard_normal(classes),
        w=np.full(classes, 1 / classes),
        p=share,
        mean_lam=2 * priors.log_sigma[0] + 0.3 * rng.standard_normal(),
        s_u=0.5 * priors.s_u,
        s_v=0.5 * priors.s_v,
        s_k=0.5 * priors.s_k,
        log_odds_row=math.log(priors.p_row[0] / priors.p_row[1]),
        log_k=0.5 * priors.s_k * rng.standard_normal(lines),
        log_v=0.5 * priors.s_v * rng.standard_normal(lines),
    )


def to_spread(y: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The spreads whose HalfNormal(scale) probability is Phi(y): 2 Phi(s / scale) - 1 = Phi(y)."""
    lower = special.ndtri(0.5 + 0.5 * special.ndtr(np.minimum(y, 0)))
    return scale * np.where(y < 0, lower, -special.ndtri(0.5 * special.ndtr(-np.maximum(y, 0))))


def from_spread(spread: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The y of spreads: the inverse of `to_spread`."""
    ratio = spread / scale
    return np.where(ratio < 0.67, special.ndtri(special.erf(ratio / math.sqrt(2))), -special.ndtri(2 * special.ndtr(-ratio)))


def slice_step(log_density: Callable[[float], float], x: float, width: float, rng: np.random.Generator) -> float:
    """One step of slice sampling with stepping out and shrinkage (Neal 2003). Raises FloatingPointError where it cannot move."""
    level = log_density(x) + math.log(rng.random())
    if not math.isfinite(level):
        raise FloatingPointError("a log density is not finite")
    low = x - width * rng.random()
    high = low + width
    while log_density(low) > level:
        low -= width
    while log_density(high) > level:
        high += width
    while True:
        new = low + (high - low) * rng.random()
        if log_density(new) >= level:
            return new
        low, high = (new, high) if new < x else (low, new)


def slice_scale(now: float, count: float, squares: float, scale: float, rng: np.random.Generator) -> float:
    """A scale s ~ HalfNormal(scale) given `count` deviations N(0, s^2) with this sum of squares: a slice step on log s."""

    def log_density(log_s: float) -> float:
        if log_s < LEAST_LOG_SCALE:
            return -math.inf
        return (1 - count) * log_s - 0.5 * squares * math.exp(-2 * log_s) - 0.5 * math.exp(2 * log_s) / scale**2

    return math.exp(slice_step(log_density, math.log(now), 2 / math.sqrt(2 * count + 1) + 0.05, rng))


def update_tau_scale(log_t: float, log_tau: np.ndarray, prior: np.ndarray, rng: np.random.Generator) -> float:
    """log t of a class given its genes' log tau: prior N, and -n m - 2 sum log(1 + tau^2 exp(-2 m) / 3) for 3 df."""
    squares = np.exp(2 * log_tau) / DEGREES

    def log_density(m: float) -> float:
        tails = 0.5 * (DEGREES + 1) * float(np.log1p(squares * math.exp(-2 * m)).sum())
        return -len(log_tau) * m - tails - 0.5 * ((m - prior[0]) / prior[1]) ** 2

    return slice_step(log_density, log_t, 0.1 + 1 / math.sqrt(len(log_tau) + 1), rng)


def draw_tau_shift(log_t: float, linear: float, square: float, prior: np.ndarray, rng: np.random.Generator) -> float:
    """q by which log t of a class, its genes' log tau and the log of their effects e change at once (interweaving).

    With f = exp(q) the likelihood is exp(f linear - f^2 square / 2), see `gibbs_genes.sum_effects`; only log t has another prior.
    """

    def log_density(q: float) -> float:
        if q > 50:
            return -math.inf
        factor = math.exp(q)
        return factor * linear - 0.5 * factor * factor * square - 0.5 * ((log_t + q - prior[0]) / prior[1]) ** 2

    return slice_step(log_density, 0.0, 0.05 + 1 / math.sqrt(square + 1 / prior[1] ** 2), rng)


def update_departing_spread(
    now: float, narrow: np.ndarray, wide: np.ndarray, omega2: float, scale: float, rng: np.random.Generator
) -> float:
    """sigma_alpha given t = alpha - gamma of guides that do not depart (narrow) and that do (wide, with variance s^2 + omega^2)."""
    squares, wide_squares, count = float((narrow**2).sum()), float((wide**2).sum()), len(narrow)

    def log_density(log_s: float) -> float:
        if log_s < LEAST_LOG_SCALE:
            return -math.inf
        variance = math.exp(2 * log_s)
        total = (1 - count) * log_s - 0.5 * squares / variance - 0.5 * variance / scale**2
        return total - 0.5 * (len(wide) * math.log(variance + omega2) + wide_squares / (variance + omega2))

    return math.exp(slice_step(log_density, math.log(now), 2 / math.sqrt(2 * count + 1) + 0.05, rng))


def update_given_locations(
    hyper: Hyper, priors: HyperPriors, phi: np.ndarray, deviation: np.ndarray, departs: np.ndarray, members: list[np.ndarray],
    guides: list[np.ndarray], omega2: float, rng: np.random.Generator,
) -> None:  # fmt: skip
    """Hyper-means and spreads of each class given the locations just drawn.

    phi: (gene, 2); deviation: (guide, 2) of alpha and beta from their gene; members, guides: indices of each class.
    """
    for c, (mine, own) in enumerate(zip(members, guides, strict=True)):
        for q in range(2):
            mean, sd = priors.mu[c, q]
            precision = len(mine) / hyper.spread[c, q] ** 2 + 1 / sd**2
            centre = (phi[mine, q].sum() / hyper.spread[c, q] ** 2 + mean / sd**2) / precision
            hyper.mu[c, q] = centre + rng.standard_normal() / math.sqrt(precision)
            squares = float(((phi[mine, q] - hyper.mu[c, q]) ** 2).sum())
            hyper.spread[c, q] = slice_scale(hyper.spread[c, q], len(mine), squares, priors.spread[c, q], rng)
        t, flagged = deviation[own, 0], departs[own] > 0
        hyper.spread[c, 2] = update_departing_spread(hyper.spread[c, 2], t[~flagged], t[flagged], omega2, priors.spread[c, 2], rng)
        squares = float((deviation[own, 1] ** 2).sum())
        hyper.spread[c, 3] = slice_scale(hyper.spread[c, 3], len(own), squares, priors.spread[c, 3], rng)


def scale_terms(hyper: Hyper, priors: HyperPriors, flagged: np.ndarray, spread: np.ndarray, omega2: float) -> ScaleTerms:
    """What the scale move needs. flagged: t = alpha - gamma of the guides that depart; spread: their sigma_alpha."""
    return ScaleTerms(
        hyper.mu.copy(),
        priors.mu[..., 0].copy(),
        priors.mu[..., 1].copy(),
        hyper.spread.copy(),
        priors.spread,
        hyper.log_t.copy(),
        priors.log_t[:, 0].copy(),
        priors.log_t[:, 1].copy(),
        flagged,
        spread,
        omega2,
    )


def draw_scale_shift(terms: ScaleTerms, mean_log_k: float, rng: np.random.Generator) -> float:
    """The scale move's q by a slice step: `gibbs_lines.scale_density`, and the prior of the mean of log k."""

    def log_density(q: float) -> float:
        return float(scale_density(terms, q)) - 0.5 * ((mean_log_k + q) / MEAN_SD) ** 2

    return slice_step(log_density, 0.0, 2 * MEAN_SD, rng)


def draw_noise_shift(hyper: Hyper, priors: HyperPriors, rng: np.random.Generator) -> float:
    """The noise move's q: log v += q, and lam and its mean log sigma^2 -= q, which leaves the likelihood as it is: q is normal."""
    mean, sd = 2 * priors.log_sigma[0], 2 * priors.log_sigma[1]
    precision = len(hyper.log_v) / hyper.s_v**2 + 1 / sd**2
    centre = (-hyper.log_v.sum() / hyper.s_v**2 + (hyper.mean_lam - mean) / sd**2) / precision
    return float(centre + rng.standard_normal() / math.sqrt(precision))


def draw_spread_factor(
    now: float, scale: float, log_likelihood: Callable[[float], float], count: int, rng: np.random.Generator
) -> float:
    """The factor by which a spread s ~ HalfNormal(scale) and its `count` deviations change at once, by a slice step on its log.

    Interweaving (Yu and Meng 2011): given the deviations alone s can hardly move where the data say little about each of them.
    log_likelihood: of the deviations times a factor.
    """
    lowest = LEAST_LOG_SCALE - math.log(now)

    def log_density(q: float) -> float:
        if q < lowest:
            return -math.inf
        factor = math.exp(q)
        return log_likelihood(factor) + q - 0.5 * (now * factor / scale) ** 2

    return math.exp(slice_step(log_density, 0.0, 0.1 + 2 / math.sqrt(count), rng))


def log_likelihood_of_noise(log_variance: np.ndarray, rows: np.ndarray, squares: np.ndarray) -> float:
    """log density of normal residuals: `rows` of them for each log variance, with these sums of squares; up to a constant."""
    return -0.5 * float((rows * log_variance + squares * np.exp(np.minimum(-log_variance, 700.0))).sum())


def move_guide_noise(
    hyper: Hyper, scale: float, lam: np.ndarray, rows: np.ndarray, squares: np.ndarray, rng: np.random.Generator
) -> None:
    """s_u with the deviations of lam from their mean. rows, squares: (guide,) of each guide's residuals."""
    deviation = lam - hyper.mean_lam

    def log_likelihood(factor: float) -> float:
        return log_likelihood_of_noise(hyper.mean_lam + factor * deviation, rows, squares)

    factor = draw_spread_factor(hyper.s_u, scale, log_likelihood, len(lam), rng)
    lam[:] = hyper.mean_lam + factor * deviation
    hyper.s_u *= factor


def move_lines(hyper: Hyper, priors: HyperPriors, sums: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> None:
    """s_k with the deviations of log k from their mean, where there are multipliers, then s_v with log v.

    sums: (line, 3) A, B, C of `gibbs_genes.sum_lines`; rows: (line,).
    """
    A, B, C = sums.T
    if priors.s_k > 0:
        inverse_v, mean = np.exp(-hyper.log_v), hyper.log_k.mean()
        deviation = hyper.log_k - mean

        def log_likelihood(factor: float) -> float:
            k = np.exp(np.minimum(mean + factor * deviation, 300.0))
            return float(((B * k - 0.5 * C * k * k) * inverse_v).sum())

        factor = draw_spread_factor(hyper.s_k, priors.s_k, log_likelihood, len(rows), rng)
        hyper.log_k[:] = mean + factor * deviation
        hyper.s_k *= factor
    k, log_v = np.exp(hyper.log_k), hyper.log_v.copy()
    squares = np.maximum(A - 2 * k * B + k * k * C, 1e-30)

    def log_likelihood_of_v(factor: float) -> float:
        new = factor * log_v
        return log_likelihood_of_noise(new, rows, squares) if new.min() > LEAST_LOG_V else -math.inf

    factor = draw_spread_factor(hyper.s_v, priors.s_v, log_likelihood_of_v, len(rows), rng)
    hyper.log_v[:] = factor * log_v
    hyper.s_v *= factor


def update_guide_noise(hyper: Hyper, priors: HyperPriors, lam: np.ndarray, rng: np.random.Generator) -> None:
    """log sigma^2 and s_u given lam ~ N(log sigma^2, s_u^2)."""
    mean, sd = 2 * priors.log_sigma[0], 2 * priors.log_sigma[1]
    for _ in range(2):
        precision = len(lam) / hyper.s_u**2 + 1 / sd**2
        centre = (lam.sum() / hyper.s_u**2 + mean / sd**2) / precision
        hyper.mean_lam = float(centre + rng.standard_normal() / math.sqrt(precision))
        hyper.s_u = slice_scale(hyper.s_u, len(lam), float(((lam - hyper.mean_lam) ** 2).sum()), priors.s_u, rng)
