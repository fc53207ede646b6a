"""Which directions and scales of a model the data carry no information about.

Location parameters whose sum alone enters the likelihood (alpha and mu_gamma in global_intercept) keep their prior along their
difference, even if the sampler works perfectly. The certificate finds combinations of location parameters whose posterior variance
is still the prior's: generalised eigenvalues of the posterior covariance against the prior covariance.

In every hierarchical model some combinations keep their prior: mu_gamma minus the mean of the gamma_g, given sigma_gamma. They
are not a defect, since they move no parameter far within its own prior. A direction therefore counts only where its movement also
makes up a large part of the prior variance of some parameter (`share`). Scale parameters are judged one by one.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.linalg
import scipy.special

from guidefit.assess.chain_statistics import ess_bulk
from guidefit.assess.draws import CONSTANT, Draws

COLUMNS = ("study", "variant", "seed", "direction", "name", "contraction", "mcse", "share", "sd", "loadings")
MAX_PARAMETERS = 200
MIN_DRAWS = 8  # for each parameter: the covariance of fewer has directions that are small or large by chance
DEPENDENT = 1e-10  # share of a parameter's prior variance that other parameters leave unexplained where it is their combination


@dataclass(frozen=True)
class Direction:
    """A combination of location parameters, or one scale parameter, and the information that the data carry about it.

    contraction: 1 - posterior variance / prior variance of the combination (about 0: no information); mcse: its Monte Carlo
    standard error, large where the sampler hardly moved along the direction.
    loadings: parameter -> how far it moves when the first one moves by 1; sd: posterior sd of that movement of the first.
    share: largest part of any parameter's prior variance that this movement makes up.
    """

    contraction: float
    mcse: float
    share: float
    sd: float
    loadings: dict[str, float]

    @property
    def name(self) -> str:
        """Such as "alpha - mu_gamma - gamma_g - alpha_s": variables that move at least half as far as the first, with sign."""
        signs: dict[str, list[float]] = {}
        for parameter, loading in self.loadings.items():
            signs.setdefault(parameter.split("[")[0], []).append(loading)
        mean = {variable: float(np.mean(values)) for variable, values in signs.items()}
        moving = [(variable, loading) for variable, loading in mean.items() if abs(loading) >= 0.5]
        moving = moving or [(name, loading) for name, loading in self.loadings.items() if abs(loading) >= 0.5]
        text = " ".join(f"{'+' if loading > 0 else '-'} {variable}" for variable, loading in moving)
        return text.removeprefix("+ ")

    @property
    def moving(self) -> set[str]:
        """The variables any of whose parameters moves at least half as far as the first."""
        return {name.split("[")[0] for name, loading in self.loadings.items() if abs(loading) >= 0.5}

    def as_row(self, number: int) -> dict[str, Any]:
        """This direction as a row of identifiability.csv; loadings below 0.05 are left out."""
        loadings = "; ".join(f"{name} {loading:+.2f}" for name, loading in self.loadings.items() if abs(loading) >= 0.05)
        figures = {"contraction": self.contraction, "mcse": self.mcse, "share": self.share, "sd": self.sd}
        return {"direction": number, "name": self.name, **figures, "loadings": loadings}


@dataclass(frozen=True)
class Certificate:
    """What the data of one fit carry no information about.

    least, least_scale: smallest contraction of a direction that counts, and of a scale; NaN where there is none.
    directions, scales: those that are not identified.
    """

    least: float
    directions: list[Direction]
    least_scale: float
    scales: list[Direction]


def certify(posterior: Draws, prior: Draws, contraction_pass: float, contraction_fail: float) -> list[Certificate]:
    """The certificate of each fit; contraction_pass, contraction_fail: thresholds of the config."""
    directions = find_unidentified_directions(posterior, prior, contraction_pass)
    scales = find_unidentified_scales(posterior, prior, contraction_fail, -contraction_pass)
    return [Certificate(*of_locations, *of_scales) for of_locations, of_scales in zip(directions, scales, strict=True)]


def find_unidentified_directions(
    posterior: Draws, prior: Draws, max_contraction: float, min_share: float = 1 / 3
) -> list[tuple[float, list[Direction]]]:
    """Of each fit the smallest contraction of any direction that counts, and the directions without information in the data.

    Where no direction counts, the smallest contraction of any single parameter is returned; NaN where there is no location or where
    there are too few draws. A direction is unidentified where its contraction is not reliably (by two Monte Carlo standard errors)
    above max_contraction.

    Location parameters are those that take negative values in the prior. Variables by sgRNA, or by gene and cell line, are left out
    of the eigenproblem (each has its own data) and join as loadings. With more than MAX_PARAMETERS parameters, or too few draws for
    them, the first ones of each variable are taken. Quantities that are constant in the prior, not finite, or linear combinations
    of earlier ones are left out too. (Formula: generalised Rayleigh quotient.)
    """
    locations = [name for name in _real_variables(posterior, prior) if float(prior.values[name].min()) < 0]
    core = [name for name in of_core(posterior, prior) if name in locations]
    if not core:
        return [(np.nan, []) for _ in range(len(posterior))]
    most = most_parameters(posterior, prior, len(core))
    names, before = prior.names(locations, most), prior.matrix(0, locations, most)
    in_core = np.isin(names, prior.names(core, most))
    of_prior: dict[bytes, _PriorLocations | None] = {}
    found: list[tuple[float, list[Direction]]] = []
    for fit in range(len(posterior)):
        after = posterior.matrix(fit, locations, most)
        finite = np.isfinite(after).all(axis=0)
        if (key := finite.tobytes()) not in of_prior:
            of_prior[key] = _prior_locations(names, before, in_core, finite)
        shared = of_prior[key]
        if shared is None or len(after) <= len(shared.core):
            found.append((np.nan, []))
        else:
            found.append(_LocationDraws(shared, after[:, shared.kept], posterior.chains).judge(max_contraction, min_share))
    return found


def _keeps_prior(movement: "_Movement", max_contraction: float) -> np.ndarray:
    # A posterior that is much wider than the prior was not kept: the scales above turned out larger than expected.
    error = 2 * movement.mcse
    return (movement.contraction - error < max_contraction) & ~(movement.contraction + error < -max_contraction)


def make_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The unidentified directions of several fits in the columns of identifiability.csv."""
    return pd.DataFrame(rows, columns=list(COLUMNS))


@dataclass(frozen=True)
class _PriorLocations:
    """The location parameters that are finite and not constant in the prior.

    names: (P,); kept: (P,) their places among all locations; core: (C,) places among them of those of the eigenproblem.
    covariance: (C, C) of the prior; sd: (P,) of the prior; draws: number of draws of the prior.
    """

    names: list[str]
    kept: np.ndarray
    core: np.ndarray
    covariance: np.ndarray
    sd: np.ndarray
    draws: int


def _prior_locations(names: list[str], before: np.ndarray, in_core: np.ndarray, finite: np.ndarray) -> _PriorLocations | None:
    """The locations of draws (draw, P) of the prior; None where there is none without data of its own, or too few draws.

    in_core: (P,) whether a location has no data of its own; finite: (P,) whether its posterior draws are finite.
    """
    kept = np.flatnonzero(finite & is_moving(before))
    before = before[:, kept]
    core = np.flatnonzero(in_core[kept])
    core = core[independent_columns(before[:, core])]
    if not len(core) or len(before) <= len(core):
        return None
    covariance = np.atleast_2d(np.cov(before[:, core].T))
    return _PriorLocations([names[i] for i in kept], kept, core, covariance, before.std(axis=0), len(before))


@dataclass(frozen=True)
class _Movement:
    """Of V combinations of the locations: contraction, mcse, share (V,) as in Direction, and moved (P, V) by one sd of each."""

    contraction: np.ndarray
    mcse: np.ndarray
    share: np.ndarray
    moved: np.ndarray


class _LocationDraws:
    """Posterior draws of the location parameters of one fit.

    everything: (draw, P) centred; core: (draw, C) those of the eigenproblem; covariance: (C, C).
    """

    def __init__(self, prior: _PriorLocations, after: np.ndarray, chains: int) -> None:
        self.prior, self.chains = prior, chains
        self.everything = after - after.mean(axis=0)
        self.core = self.everything[:, prior.core]
        self.covariance = np.atleast_2d(np.cov(after[:, prior.core].T))

    def judge(self, max_contraction: float, min_share: float) -> tuple[float, list[Direction]]:
        """The smallest contraction and the unidentified directions: see `find_unidentified_directions`."""
        ratios, vectors = scipy.linalg.eigh(self.covariance, self.prior.covariance)
        vectors = vectors[:, ratios > 1e-12]  # parameters that never moved are the sampler's failure, which R-hat reports
        movement = self._move(vectors)
        keeps = _keeps_prior(movement, max_contraction)
        counted = movement.contraction[~keeps & (movement.share >= min_share)].tolist()
        found: list[Direction] = []
        if keeps.any():
            movement = self._move(self._by_movement(vectors[:, keeps]))
            counts = movement.share >= min_share
            counted += movement.contraction[counts].tolist()
            found = [
                self._direction(movement, i) for i in np.flatnonzero(counts & _keeps_prior(movement, max_contraction)).tolist()
            ]
        singly = 1 - self.covariance.diagonal() / self.prior.covariance.diagonal()
        return min(counted, default=float(singly.min())), found

    def _move(self, vectors: np.ndarray) -> _Movement:
        """How the combinations core @ vectors (C, V) move, and what the data say about them."""
        if not vectors.size:
            none = np.empty(0)
            return _Movement(none, none, none, np.empty((len(self.prior.names), 0)))
        after, before = (np.einsum("cv,cd,dv->v", vectors, each, vectors) for each in (self.covariance, self.prior.covariance))
        ratio, scores = after / before, self.core @ vectors
        moved = moved_by(self.everything, scores)
        mcse = ratio * relative_error(scores.T, self.chains, self.prior.draws)
        return _Movement(1 - ratio, mcse, np.max((moved / self.prior.sd[:, None]) ** 2, axis=0), moved)

    def _direction(self, movement: _Movement, number: int) -> Direction:
        names, moved = self.prior.names, movement.moved[:, number]
        of_core = abs(moved[self.prior.core])
        first = int(self.prior.core[np.flatnonzero(of_core >= 0.9 * of_core.max())[0]])
        loadings = dict(zip(names, (moved / moved[first]).tolist(), strict=True))
        ordered = dict(sorted(loadings.items(), key=lambda item: item[0] != names[first]))
        contraction, mcse, share = (float(each[number]) for each in (movement.contraction, movement.mcse, movement.share))
        return Direction(contraction, mcse, share, float(abs(moved[first])), ordered)

    def _by_movement(self, vectors: np.ndarray) -> np.ndarray:
        """Another basis (C, V) of the space of these combinations: the one that moves the parameters most comes first.

        Combinations that all keep their prior share one eigenvalue, and come out of an eigenproblem in an arbitrary mixture.
        """
        scaled = vectors / (self.core @ vectors).std(axis=0)
        movement = moved_by(self.everything, self.core @ scaled) / self.prior.sd[:, None]
        _, _, rotation = np.linalg.svd(movement, full_matrices=False)
        return np.asarray(scaled @ rotation.T)


def _has_own_data(dims: set[str]) -> bool:
    """Whether each coordinate of a variable has data of its own: by sgRNA, or by gene and cell line."""
    return "sgrna" in dims or {"gene", "cell_line"} <= dims


def of_core(posterior: Draws, prior: Draws) -> list[str]:
    """The variables of the eigenproblem, scales included."""
    names = _real_variables(posterior, prior)
    return [name for name in names if not _has_own_data(posterior.dims(name)) and not name.startswith("rho")]


def most_parameters(posterior: Draws, prior: Draws, variables: int) -> int:
    """How many parameters of each variable are taken, so that there are MIN_DRAWS for each parameter, MAX_PARAMETERS at most."""
    return max(1, min(MAX_PARAMETERS, min(posterior.count, prior.count) // MIN_DRAWS) // variables)


def _real_variables(posterior: Draws, prior: Draws) -> list[str]:
    return [name for name, values in posterior.values.items() if name in prior.values and values.dtype.kind == "f"]


def is_moving(before: np.ndarray) -> np.ndarray:
    """(P,) whether draws (draw, P) of the prior are finite and not constant."""
    finite = np.isfinite(before).all(axis=0)
    low, high = before.min(axis=0), before.max(axis=0)
    return finite & (np.where(finite, high, 0) - np.where(finite, low, 0) > CONSTANT * np.maximum(abs(low), abs(high)))


def independent_columns(draws: np.ndarray) -> list[int]:
    """Indices of the columns of (draw, P) that are not a linear combination of columns before them, constants included."""
    correlation = np.atleast_2d(np.corrcoef(draws.T)) if draws.shape[1] else np.empty((0, 0))
    kept: list[int] = []
    for column in range(len(correlation)):
        along = correlation[kept, column]
        residual = 1 - along @ np.linalg.solve(correlation[np.ix_(kept, kept)], along) if kept else 1.0
        if residual > DEPENDENT:
            kept.append(column)
    return kept


def find_unidentified_scales(
    posterior: Draws, prior: Draws, max_contraction: float, kept_from: float
) -> list[tuple[float, list[Direction]]]:
    """Of each fit the smallest contraction of any scale, and the scales that keep their prior: contraction below max_contraction.

    Scale parameters are those that are never negative in the prior. The contraction is that of the probit of the prior's
    distribution function, on which every prior is standard normal, so that a scale that the data push towards 0 has contracted.
    A contraction below kept_from belongs to a posterior that is wider than the prior, which it did not keep. Variables by sgRNA are
    left out, because each of them has few data. The contraction is NaN where there is no scale.
    """
    scales = [name for name in _real_variables(posterior, prior) if float(prior.values[name].min()) >= 0]
    scales = [name for name in scales if "sgrna" not in posterior.dims(name)]
    if not scales:
        return [(np.nan, []) for _ in range(len(posterior))]
    names, before = prior.names(scales, MAX_PARAMETERS), prior.matrix(0, scales, MAX_PARAMETERS)
    kept = np.flatnonzero(is_moving(before))
    names, before = [names[i] for i in kept], before[:, kept]
    found = []
    for fit in range(len(posterior)):
        after = posterior.matrix(fit, scales, MAX_PARAMETERS)[:, kept]
        finite = np.flatnonzero(np.isfinite(after).all(axis=0))
        contraction, mcse = _scale_contraction(after[:, finite], before[:, finite], posterior.chains)
        share, sd = after.var(axis=0)[finite] / before.var(axis=0)[finite], after.std(axis=0)[finite]
        unidentified = np.flatnonzero((kept_from <= contraction) & (contraction < max_contraction))
        directions = [
            Direction(float(contraction[i]), float(mcse[i]), float(share[i]), float(sd[i]), {names[finite[i]]: 1.0})
            for i in unidentified
        ]
        found.append((float(contraction.min()) if len(finite) else np.nan, directions))
    return found


def _scale_contraction(after: np.ndarray, before: np.ndarray, chains: int) -> tuple[np.ndarray, np.ndarray]:
    """(P,) contraction and its Monte Carlo standard error of draws (draw, P) of the posterior and of the prior."""
    if not after.shape[1]:
        return np.empty(0), np.empty(0)
    z = np.stack([_probit(mine, of_prior) for mine, of_prior in zip(after.T, before.T, strict=True)])
    reference = np.stack([_probit(of_prior, of_prior) for of_prior in before.T])
    ratio = z.var(axis=1) / reference.var(axis=1)
    error = np.zeros_like(ratio)
    moving = ratio > 0
    if moving.any():
        error[moving] = ratio[moving] * relative_error(z[moving], chains, len(before))
    return 1 - ratio, error


def _probit(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Normal scores of `values` (n,) in the empirical distribution of `reference` (m,)."""
    ordered = np.sort(reference)
    below = (np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right")) / 2
    return scipy.special.ndtri((below + 0.5) / (len(ordered) + 1))


def relative_error(scores: np.ndarray, chains: int, prior_draws: int) -> np.ndarray:
    """(V,) Monte Carlo standard errors of ratios of two variances, relative to the ratios; scores: (V, draw), chain after chain."""
    ess = ess_bulk(scores.reshape(len(scores), chains, -1))
    return np.asarray(np.sqrt(2 / ess + 2 / prior_draws))


def moved_by(parameters: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(parameter, score) what one sd of each score moves each parameter, from centred (draw, parameter) and (draw, score)."""
    return np.asarray(parameters.T @ scores / len(scores) / scores.std(axis=0))
