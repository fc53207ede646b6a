"""Climbs to the modes of densities in a few dimensions, many at once.

Each climb makes BFGS steps with backtracking (Nocedal & Wright 2006, chapters 3 and 6) within a lower bound of the coordinates. All
climbs that are still under way are evaluated together, each in its own place, so that a climb does not depend on the others.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# (P, dim) points and (P,) numbers of the densities that they belong to -> (P,) log densities and (P, dim) gradients
Gradients = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

LOWEST = -12.0  # bound of a coordinate: a standard normal prior has a probability of less than 1e-32 below it
_LONGEST = 2.0  # step: the prior has sd 1
_LEAST_RISE = 1e-4  # of what the gradient promises, for a step to be made
_SHORTEST = 1e-10  # share of a step to which backtracking goes
_EVALUATIONS = 1_000


@dataclass(frozen=True)
class Climbs:
    """Where climbs ended: places (P, dim), log densities (P,), minus infinity where a climb could not begin, and whether each was
    left before its end (P,).
    """

    places: np.ndarray
    values: np.ndarray
    left: np.ndarray


def climb(
    gradients: Gradients,
    which: np.ndarray,
    starts: np.ndarray,
    covariances: np.ndarray,
    is_to_leave: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
    is_scaled: bool = True,
) -> Climbs:
    """Climb from starts (P, dim) in the densities which (P,).

    covariances: (P, dim, dim) first guesses of the inverse of the negative Hessian. is_scaled: whether they have the right size; if
    not, the first step, which is then at most 1 long, gives it. is_to_leave: points (P, dim), which -> (P,) climbs to stop.
    """
    x, inverse = np.maximum(starts, LOWEST), covariances.copy()
    value, slope = evaluate(gradients, x, which)
    left = is_to_leave(x, which) if is_to_leave else np.zeros(len(x), bool)
    going = np.isfinite(value) & ~left & ~_is_flat(x, slope)
    scaled = np.full(len(x), is_scaled)
    share, direction = np.ones(len(x)), _directions(x, slope, inverse)
    share = np.minimum(share, np.where(scaled, _LONGEST, 1.0) / np.maximum(_norm(direction), 1e-300))
    for _ in range(_EVALUATIONS):
        at = np.flatnonzero(going)
        if not len(at):
            break
        points = np.maximum(x[at] + share[at, None] * direction[at], LOWEST)
        if is_to_leave:
            stop = is_to_leave(points, which[at])
            left[at[stop]], going[at[stop]] = True, False
            at, points = at[~stop], points[~stop]
            if not len(at):
                break
        new_value, new_slope = evaluate(gradients, points, which[at])
        step = points - x[at]
        rise = new_value - value[at]
        accepted = rise >= _LEAST_RISE * (slope[at] * step).sum(axis=1)

        back = at[~accepted]
        share[back] *= 0.3
        going[back] = share[back] > _SHORTEST

        on, step, rise = at[accepted], step[accepted], rise[accepted]
        bend = slope[on] - new_slope[accepted]
        inverse[on] = _update(inverse[on], step, bend, scaled[on])
        scaled[on] = True
        x[on], value[on], slope[on] = points[accepted], new_value[accepted], new_slope[accepted]
        going[on] = ~_is_flat(x[on], slope[on]) & (rise > 1e-9 + 1e-13 * abs(value[on]))
        direction[on] = _directions(x[on], slope[on], inverse[on])
        share[on] = np.minimum(1, _LONGEST / np.maximum(_norm(direction[on]), 1e-300))
    return Climbs(x, value, left)


def evaluate(gradients: Gradients, points: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log densities (P,) and gradients (P, dim); minus infinity and 0 where one of them is not finite."""
    with np.errstate(all="ignore"):
        values, slopes = gradients(points, which)
    good = np.isfinite(values) & np.isfinite(slopes).all(axis=1)
    return np.where(good, values, -np.inf), np.where(good[:, None], slopes, 0.0)


def _free_slopes(x: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """The gradient without the coordinates that would leave their bound."""
    return np.where((x <= LOWEST) & (slope < 0), 0.0, slope)


def _is_flat(x: np.ndarray, slope: np.ndarray) -> np.ndarray:
    return abs(_free_slopes(x, slope)).max(axis=1) < 1e-4


def _directions(x: np.ndarray, slope: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    free = _free_slopes(x, slope)
    return np.where(free == 0, 0.0, (inverse * free[:, None]).sum(axis=2))


def _norm(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt((vectors**2).sum(axis=1))


def _update(inverse: np.ndarray, step: np.ndarray, bend: np.ndarray, scaled: np.ndarray) -> np.ndarray:
    """The BFGS update (P, dim, dim); none where the density does not bend down along the step."""
    curvature = (step * bend).sum(axis=1)
    bends = curvature > 1e-10 * _norm(step) * _norm(bend)
    curvature = np.where(bends, curvature, 1.0)
    size = np.where(bends & ~scaled, curvature / np.maximum((bend**2).sum(axis=1), 1e-300), 1.0)
    inverse = inverse * size[:, None, None]
    moved = (inverse * bend[:, None]).sum(axis=2)
    outer = step[:, :, None] * moved[:, None]
    squared = step[:, :, None] * step[:, None] * (1 + (bend * moved).sum(axis=1) / curvature)[:, None, None]
    return np.where(bends[:, None, None], inverse + (squared - outer - outer.swapaxes(1, 2)) / curvature[:, None, None], inverse)
