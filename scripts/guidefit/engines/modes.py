"""Modes of a density in a few dimensions, searched from several starts, so that no large part of its mass is overlooked.

Sampling that begins at one mode may never reach another, and its diagnostics do not show it: every draw agrees with every
other. The search therefore also climbs from points of the standard normal prior of the coordinates. Each mode's share of the mass
is approximated by Laplace's method, p(m) (2 pi)^(d/2) |C|^(1/2) with the inverse C of the negative Hessian at m (Tierney & Kadane
1986).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from guidefit.engines import climb
from guidefit.engines.climb import LOWEST, Gradients

LogDensity = Callable[[np.ndarray], np.ndarray]  # (K, dim) -> (K,)
Gradient = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # (K, dim) -> (K,), (K, dim)
LogDensities = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (P, dim) points of the densities (P,) -> (P,)

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
    """The modes of one density; see `find_modes_of_each`. Raises NoModeError."""
    (found,) = find_modes_of_each(lambda z, _: log_density(z), lambda z, _: gradient(z), dim, [rng])
    if isinstance(found, NoModeError):
        raise found
    return found


def find_mode(gradient: Gradient, dim: int) -> Mode:
    """The mode that a climb from the origin reaches. Raises NoModeError."""
    (found,) = _find_first_modes(lambda z, _: gradient(z), 1, dim)
    if isinstance(found, NoModeError):
        raise found
    return found


def find_modes_of_each(
    log_densities: LogDensities, gradients: Gradients, dim: int, rngs: Sequence[np.random.Generator]
) -> list[list[Mode] | NoModeError]:
    """The modes of several densities, each with its random stream; a density's modes do not depend on the others.

    They are those that hold more than a negligible share of the mass; first the one reached from the origin, if it is one of them.
    STARTS further climbs begin at draws from a standard normal. A climb ends early where it enters the central 95 % of the first
    mode. NoModeError: the density is highest at the bound of a coordinate.
    """
    first = _find_first_modes(gradients, len(rngs), dim)
    known = {number: mode for number, mode in enumerate(first) if isinstance(mode, Mode)}
    if not known:
        return [mode for mode in first if isinstance(mode, NoModeError)]
    starts = _draw_starts(log_densities, dim, {number: rngs[number] for number in known})
    which = np.repeat(np.array(list(known)), STARTS)
    places, inverses = _arrays_of(known, len(rngs), dim)
    is_maximum = np.array([isinstance(mode, Mode) and mode.is_maximum for mode in first])

    def enters_first_mode(points: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        deviation = points - places[numbers]
        return is_maximum[numbers] & (_squared_distances(deviation, inverses[numbers]) < _central_95_percent(dim))

    covariances = np.repeat(np.array([mode.covariance for mode in known.values()]), STARTS, axis=0)
    ends = climb.climb(gradients, which, starts, covariances, enters_first_mode)
    found: list[list[Mode] | NoModeError] = []
    for number, mode in enumerate(first):
        if isinstance(mode, NoModeError):
            found.append(mode)
            continue
        mine = np.flatnonzero((which == number) & ~ends.left & np.isfinite(ends.values))

        def density(z: np.ndarray, number: int = number) -> np.ndarray:
            return log_densities(z, np.full(len(z), number))

        def slopes(z: np.ndarray, number: int = number) -> tuple[np.ndarray, np.ndarray]:
            return gradients(z, np.full(len(z), number))

        try:
            modes = _add_modes([mode], ends.places[mine], ends.values[mine], density, slopes)
            found.append(_with_shares([mode for mode in modes if mode.is_maximum] or modes[:1]))
        except NoModeError as error:
            found.append(error)
    return found


def _find_first_modes(gradients: Gradients, count: int, dim: int) -> list[Mode | NoModeError]:
    """The modes that climbs from the origin reach."""
    numbers = np.arange(count)
    unit = np.repeat(np.eye(dim)[None], count, axis=0)
    ends = climb.climb(gradients, numbers, np.zeros((count, dim)), unit, is_scaled=False)
    good = np.isfinite(ends.values) & (ends.places >= LOWEST + 1).all(axis=1)
    modes = iter(_modes_at(gradients, numbers[good], ends.places[good], ends.values[good]))
    return [next(modes) if good[i] else NoModeError(ends.places[i]) for i in range(count)]


def _add_modes(
    found: list[Mode], places: np.ndarray, values: np.ndarray, log_density: LogDensity, gradient: Gradient
) -> list[Mode]:
    """The known modes of a density and those among the ends of climbs, places (K, dim) with log densities (K,)."""
    for place, value in zip(places, values, strict=True):
        if _is_known(place, found):
            continue
        if (place < LOWEST + 1).any():
            if min(value, _checked(log_density, place)) > max(mode.log_density for mode in found):
                raise NoModeError(place)
            continue
        (mode,) = _modes_at(lambda z, _: gradient(z), np.zeros(1, int), place[None], np.array([value]))
        _, (slope,) = gradient(place[None])
        if mode.is_maximum and slope @ mode.covariance @ slope < _DECREMENT:
            found.append(mode)
    return found


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


def _draw_starts(log_densities: LogDensities, dim: int, rngs: Mapping[int, np.random.Generator]) -> np.ndarray:
    """(density x STARTS, dim) points of a standard normal, each the densest of _TRIED, from which a climb takes few steps."""
    points = np.concatenate([rng.standard_normal((STARTS, _TRIED, dim)) for rng in rngs.values()])
    which = np.repeat(np.array(list(rngs)), STARTS * _TRIED)
    with np.errstate(all="ignore"):
        values = log_densities(points.reshape(-1, dim), which).reshape(-1, _TRIED)
    return points[np.arange(len(points)), np.where(np.isfinite(values), values, -np.inf).argmax(axis=1)]


def _central_95_percent(dim: int) -> float:
    """About the 95 % quantile of chi-squared with dim degrees of freedom."""
    return dim + 2.3 * float(np.sqrt(2 * dim))


def _is_known(place: np.ndarray, found: Sequence[Mode]) -> bool:
    """Whether a place lies in the central 95 % of a normal distribution at one of the modes."""
    return any(mode.is_maximum and mode.distances(place[None])[0] < _central_95_percent(len(place)) for mode in found)


def _arrays_of(known: Mapping[int, Mode], count: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Places (count, dim) and inverse covariances (count, dim, dim) of modes by number; 0 for the other numbers."""
    places, inverses = np.zeros((count, dim)), np.zeros((count, dim, dim))
    for number, mode in known.items():
        places[number], inverses[number] = mode.place, np.linalg.inv(mode.covariance)
    return places, inverses


def _squared_distances(deviation: np.ndarray, inverses: np.ndarray) -> np.ndarray:
    """(P,) squared Mahalanobis lengths of vectors (P, dim), for inverse covariances (P, dim, dim)."""
    return np.asarray((deviation * (inverses * deviation[:, None]).sum(axis=2)).sum(axis=1))


def _modes_at(gradients: Gradients, which: np.ndarray, places: np.ndarray, values: np.ndarray) -> list[Mode]:
    """The modes at places (P, dim) of the densities which (P,), with log densities (P,).

    Hessians by central differences of the gradient; the covariances' eigenvalues are at most 10.
    """
    step, dim = 1e-5, places.shape[1]
    if not len(places):
        return []
    around = places[:, None] + step * np.concatenate([np.eye(dim), -np.eye(dim)])
    _, slopes = gradients(around.reshape(-1, dim), np.repeat(which, 2 * dim))
    slopes = slopes.reshape(-1, 2 * dim, dim)
    found = []
    for place, value, slope in zip(places, values, slopes, strict=True):
        columns = (slope[:dim] - slope[dim:]) / (2 * step)
        eigenvalues, vectors = np.linalg.eigh(-0.5 * (columns + columns.T))
        covariance = (vectors / np.maximum(eigenvalues, 0.1)) @ vectors.T
        found.append(Mode(place, covariance, float(value), bool(eigenvalues.min() > 0)))
    return found


def _with_shares(found: list[Mode]) -> list[Mode]:
    masses = np.array([mode.log_mass for mode in found])
    shares = np.exp(masses - masses.max())
    kept = np.flatnonzero(shares > _NEGLIGIBLE * shares.sum())
    total = float(shares[kept].sum())
    return [Mode(m.place, m.covariance, m.log_density, m.is_maximum, float(shares[i]) / total) for i in kept for m in [found[i]]]
