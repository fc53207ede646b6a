"""Modes of a density in a few dimensions, searched from several starts, so that no large part of its mass is overlooked.

Sampling that begins at one mode may never reach another, and its diagnostics do not show it: every draw agrees with every
other. The search therefore also climbs from points of the standard normal prior of the coordinates. Each mode's share of the mass
is approximated by Laplace's method, p(m) (2 pi)^(d/2) |C|^(1/2) with the inverse C of the negative Hessian at m (Tierney & Kadane
1986).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

LogDensity = Callable[[np.ndarray], np.ndarray]  # (K, dim) -> (K,)
Gradient = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # (K, dim) -> (K,), (K, dim)

LOWEST = -12.0  # bound of a coordinate: a standard normal prior has a probability of less than 1e-32 below it
STARTS = 6  # further starts
_TRIED = 16  # points of the prior, of which the densest becomes a start
_NEGLIGIBLE = 1e-3  # smallest share of the mass of a mode that is kept
_DECREMENT = 0.01  # a climb has reached a mode if a Newton step would raise the log density by less than half of this


class NoModeError(RuntimeError):
    """The density has no mode within bounds: it still grows where some coordinates reach their lower bound."""

    def __init__(self, place: np.ndarray) -> None:
        self.place = place
        self.coordinates = [i for i, value in enumerate(place) if value < LOWEST + 1]
        super().__init__(f"the density grows as coordinates {self.coordinates} go to their lower bound")


@dataclass(frozen=True)
class Mode:
    """A mode: its place (dim,), the inverse of the negative Hessian there (dim, dim), and its share of the mass of all modes.

    is_maximum: whether the density falls in every direction; a climb that starts in a plane of symmetry may end at a saddle.
    """

    place: np.ndarray
    covariance: np.ndarray
    log_density: float
    is_maximum: bool
    share: float = 1.0

    @property
    def log_mass(self) -> float:
        """Log of the mass by Laplace's method, without the constant that depends on the dimension alone."""
        return self.log_density + 0.5 * float(np.linalg.slogdet(self.covariance)[1])

    def distances(self, points: np.ndarray) -> np.ndarray:
        """(K,) squared Mahalanobis distances of points (K, dim)."""
        deviation = points - self.place
        return np.einsum("ki,ij,kj->k", deviation, np.linalg.inv(self.covariance), deviation)


def find_modes(log_density: LogDensity, gradient: Gradient, dim: int, rng: np.random.Generator) -> list[Mode]:
    """The modes that hold more than a negligible share of the mass; first the one reached from the origin, if it is one of them.

    STARTS further climbs begin at draws from a standard normal. A climb ends early where it enters the central 95 % of a known
    mode. Raises NoModeError where the density is highest at the bound of a coordinate.
    """
    found = [find_mode(gradient, dim)]
    for start in _draw_starts(log_density, dim, rng):
        approached = _approach(gradient, start, found)
        if approached is None:
            continue
        place, value = _climb(gradient, approached)
        if not np.isfinite(value) or _is_known(place, found):
            continue
        if (place < LOWEST + 1).any():
            if min(value, _checked(log_density, place)) > max(mode.log_density for mode in found):
                raise NoModeError(place)
            continue
        mode = _mode_at(gradient, place, value)
        _, (slope,) = gradient(place[None])
        if mode.is_maximum and slope @ mode.covariance @ slope < _DECREMENT:
            found.append(mode)
    return _with_shares([mode for mode in found if mode.is_maximum] or found[:1])


def find_mode(gradient: Gradient, dim: int) -> Mode:
    """The mode that a climb from the origin reaches. Raises NoModeError."""
    place, value = _climb(gradient, np.zeros(dim))
    if (place < LOWEST + 1).any() or not np.isfinite(value):
        raise NoModeError(place)
    return _mode_at(gradient, place, value)


def nearest(modes: Sequence[Mode], points: np.ndarray) -> np.ndarray:
    """(K,) index of the mode that each point (K, dim) belongs to: the largest of the normal densities at the modes, by share."""
    scores = [np.log(mode.share) - 0.5 * (np.linalg.slogdet(mode.covariance)[1] + mode.distances(points)) for mode in modes]
    return np.argmax(scores, axis=0)


def missed_mass(modes: Sequence[Mode], points: np.ndarray) -> float:
    """Share of the mass in modes that equally weighted draws (K, dim) hardly visit: a tenth of what the mode's share asks for."""
    visited = np.bincount(nearest(modes, points), minlength=len(modes)) / len(points)
    return float(sum(mode.share for mode, share in zip(modes, visited, strict=True) if share < mode.share / 10))


def _checked(log_density: LogDensity, place: np.ndarray) -> float:
    """The log density at a place, computed without its gradient: far from all data rounding gives either of them any value."""
    with np.errstate(all="ignore"):
        return float(np.nan_to_num(log_density(place[None])[0], nan=-np.inf))


def _draw_starts(log_density: LogDensity, dim: int, rng: np.random.Generator) -> np.ndarray:
    """(STARTS, dim) points of a standard normal, each the densest of _TRIED, from which a climb takes few steps."""
    points = rng.standard_normal((STARTS, _TRIED, dim))
    with np.errstate(all="ignore"):
        values = log_density(points.reshape(-1, dim)).reshape(STARTS, _TRIED)
    return points[np.arange(STARTS), np.where(np.isfinite(values), values, -np.inf).argmax(axis=1)]


def _is_known(place: np.ndarray, found: Sequence[Mode]) -> bool:
    """Whether a place lies in the central 95 % of a normal distribution at one of the modes."""
    dim = len(place)
    within = dim + 2.3 * np.sqrt(2 * dim)  # about the 95 % quantile of chi-squared with dim degrees of freedom
    return any(mode.is_maximum and mode.distances(place[None])[0] < within for mode in found)


class _LeftTheClimb(Exception):
    """The climb entered a known mode, or went below the bound of a coordinate."""


def _approach(gradient: Gradient, start: np.ndarray, found: Sequence[Mode]) -> np.ndarray | None:
    """Where a climb from a start ends (dim,), or None where it enters a known mode.

    It climbs in coordinates in which the density at the first mode is round, and that mode is one step away.
    """
    root = np.linalg.cholesky(found[0].covariance) * np.sqrt(found[0].distances(start[None])[0])
    objective = _negated(gradient)
    place = start

    def whitened(u: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal place
        place = start + root @ u
        if (place < LOWEST).any() or _is_known(place, found):
            raise _LeftTheClimb
        value, slope = objective(place)
        return value, root.T @ slope

    try:
        return start + root @ minimize(whitened, np.zeros(len(start)), jac=True, method="L-BFGS-B", options={"maxiter": 100}).x
    except _LeftTheClimb:
        return None if _is_known(place, found) else np.maximum(place, LOWEST)


def _climb(gradient: Gradient, start: np.ndarray) -> tuple[np.ndarray, float]:
    """Where a climb within bounds ends (dim,), and the log density there."""
    found = minimize(
        _negated(gradient),
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(LOWEST, None)] * len(start),
        options={"maxcor": 20, "ftol": 1e-9, "gtol": 1e-4, "maxiter": 500},
    )
    return found.x, -float(found.fun) if found.fun < 1e200 else -np.inf


def _negated(gradient: Gradient) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
        with np.errstate(all="ignore"):
            (value,), (slope,) = gradient(x[None])
        return (-float(value), -slope) if np.isfinite(value) and np.isfinite(slope).all() else (1e200, np.zeros(len(x)))

    return objective


def _mode_at(gradient: Gradient, place: np.ndarray, value: float) -> Mode:
    """The mode at a place, its Hessian by central differences of the gradient; the covariance's eigenvalues are at most 10."""
    step, dim = 1e-5, len(place)
    _, slopes = gradient(place + step * np.concatenate([np.eye(dim), -np.eye(dim)]))
    columns = (slopes[:dim] - slopes[dim:]) / (2 * step)
    hessian = -0.5 * (columns + columns.T)
    values, vectors = np.linalg.eigh(hessian)
    return Mode(place, (vectors / np.maximum(values, 0.1)) @ vectors.T, value, bool(values.min() > 0))


def _with_shares(found: list[Mode]) -> list[Mode]:
    masses = np.array([mode.log_mass for mode in found])
    shares = np.exp(masses - masses.max())
    kept = np.flatnonzero(shares > _NEGLIGIBLE * shares.sum())
    total = float(shares[kept].sum())
    return [Mode(m.place, m.covariance, m.log_density, m.is_maximum, float(shares[i]) / total) for i in kept for m in [found[i]]]
