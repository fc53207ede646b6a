"""Adaptive importance sampling of a density in a few dimensions, with k-hat as its diagnostic.

The first proposals are multivariate t distributions, one at each mode of the density. Each further round of proposals is fitted to
the weighted draws of the rounds before it. Every draw is weighted against the mixture of all proposals (deterministic mixture:
Owen & Zhou 2000; adaptive: Cornuet et al. 2012), the weights are Pareto-smoothed, and the k-hat of their tail says whether they
can be used (Vehtari, Simpson, Gelman, Yao & Gabry 2024).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from guidefit.engines import pareto
from guidefit.engines.modes import LogDensity, Mode, nearest

_NU = 5.0  # degrees of freedom of the proposals
_ROUNDS = (0.25, 0.25, 0.5)  # shares of the draws
_LEAST_MASS = 0.02  # of draws to which a proposal is fitted
_LEAST_SHARE = 0.2  # of the draws of a round, before the shares of all its proposals are scaled to sum to 1


@dataclass(frozen=True)
class WeightedDraws:
    """Draws with their weights.

    draws: (K, dim), log_density: (K,) at the draws; weights: (K,), Pareto-smoothed, sum 1; k_hat: shape of their tail; ess: 1 / sum
    of squared weights; log_evidence: log of the integral of the density; log_evidence_se: its Monte Carlo standard error (delta
    method).
    """

    draws: np.ndarray
    log_density: np.ndarray
    weights: np.ndarray
    k_hat: float
    ess: float
    log_evidence: float
    log_evidence_se: float


@dataclass(frozen=True)
class _Proposal:
    """A multivariate t distribution with _NU degrees of freedom; root: Cholesky factor of its scale matrix."""

    mean: np.ndarray
    root: np.ndarray

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        normal = rng.standard_normal((count, len(self.mean)))
        return self.mean + (normal / np.sqrt(rng.chisquare(_NU, (count, 1)) / _NU)) @ self.root.T

    def log_density(self, x: np.ndarray) -> np.ndarray:
        d = len(self.mean)
        standard = np.linalg.inv(self.root) @ (x - self.mean).T
        constant = gammaln((_NU + d) / 2) - gammaln(_NU / 2) - d / 2 * np.log(_NU * np.pi) - np.log(self.root.diagonal()).sum()
        return constant - (_NU + d) / 2 * np.log1p((standard**2).sum(axis=0) / _NU)


def sample(log_density: LogDensity, modes: Sequence[Mode], draws: int, rng: np.random.Generator) -> WeightedDraws:
    """About `draws` weighted draws from a density. modes: where the first proposals lie, which cover all of them."""
    proposals = [_Proposal(mode.place, np.linalg.cholesky(mode.covariance)) for mode in modes]
    counts = [round(draws * _ROUNDS[0] * share) for share in _shares([mode.share for mode in modes])]
    points = np.concatenate([each.draw(count, rng) for each, count in zip(proposals, counts, strict=True)])
    values = _quietly(log_density, points)
    for share in (*_ROUNDS[1:], None):
        shares = np.array(counts) / len(points)
        ratios = values - _log_mixture([p.log_density(points) for p in proposals], shares)
        weights, k_hat = pareto.smooth(ratios)
        if share is None:
            break
        for proposal, part in _fit_to_modes(points, weights, modes):
            count = round(draws * share * part)
            fresh = proposal.draw(count, rng)
            points, values = np.concatenate([points, fresh]), np.concatenate([values, _quietly(log_density, fresh)])
            proposals.append(proposal)
            counts.append(count)
    plain = np.exp(ratios - ratios.max())
    log_evidence = float(ratios.max() + np.log(plain.mean()))
    se = float(plain.std() / plain.mean() / np.sqrt(len(plain)))
    return WeightedDraws(points, values, weights, float(k_hat), float(1 / (weights**2).sum()), log_evidence, se)


def _shares(masses: Sequence[float]) -> list[float]:
    """Shares of the draws of a round, sum 1, for proposals that stand for these masses."""
    least = [max(mass, _LEAST_SHARE) for mass in masses]
    return [share / sum(least) for share in least]


def _fit_to_modes(points: np.ndarray, weights: np.ndarray, modes: Sequence[Mode]) -> list[tuple[_Proposal, float]]:
    """Proposals for the next round, fitted to the draws that belong to each mode, with their shares of the draws."""
    found = []
    for number, mode in enumerate(modes):
        part = np.ones(len(points), bool) if len(modes) == 1 else nearest(modes, points) == number
        mass = float(weights[part].sum()) if len(modes) > 1 else 1.0
        if mass > _LEAST_MASS:
            fitted = _fit(points[part], weights[part] / mass, 1e-3 * mode.covariance)
            found += [(proposal, mass * share) for proposal, share in fitted]
    return list(zip([proposal for proposal, _ in found], _shares([mass for _, mass in found]), strict=True))


def _fit(points: np.ndarray, weights: np.ndarray, ridge: np.ndarray) -> list[tuple[_Proposal, float]]:
    """At most two proposals for the draws around one mode, with the masses (sum 1) that they stand for.

    The draws are split in two along the direction in which they are most skewed: a posterior of scales often has one long tail,
    which a single symmetric proposal misses or covers at the cost of many useless draws. ridge: added to the covariance, so that
    few effective draws do not make a proposal degenerate.
    """
    mean = weights @ points
    deviation = points - mean
    root = np.linalg.cholesky((deviation * weights[:, None]).T @ deviation + ridge)
    standard = deviation @ np.linalg.inv(root).T
    score = standard @ (weights @ standard**3)
    in_tail = score > 0.8 * np.sqrt(weights @ score**2)
    found = []
    for part in (in_tail, ~in_tail):
        mass = weights[part].sum()
        if mass > _LEAST_MASS:
            shares = weights[part] / mass
            centre = shares @ points[part]
            deviation = points[part] - centre
            covariance = (deviation * shares[:, None]).T @ deviation + 0.05 * root @ root.T
            found.append((_Proposal(centre, np.linalg.cholesky(covariance)), float(mass)))
    return found


def _log_mixture(log_densities: list[np.ndarray], shares: np.ndarray) -> np.ndarray:
    parts = np.array(log_densities)
    largest = parts.max(axis=0)
    return largest + np.log(shares @ np.exp(parts - largest))


def _quietly(log_density: LogDensity, points: np.ndarray) -> np.ndarray:
    """The log density; minus infinity where it is not finite, because of overflow or underflow."""
    with np.errstate(all="ignore"):
        values = log_density(points)
    return np.where(np.isfinite(values), values, -np.inf)
