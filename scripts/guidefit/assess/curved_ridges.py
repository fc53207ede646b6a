"""Products and ratios of parameters that the data know without knowing their factors: ridges that are straight in logarithms.

Where a factor k multiplies gene effects gamma_g, the likelihood is the same for k c and gamma_g / c. The ridge is a hyperbola, so
that no linear combination keeps its prior, and `guidefit.assess.identifiability` finds nothing. In log k and log |gamma_g| it is a
straight line. The eigenproblem is therefore repeated in logarithms of all parameters that keep their sign in the posterior draws.

The logarithm of a normal prior is not normal, so that the contraction along a ridge lies around 0, between about -1 and 0.5. The
movement along the ridge must hence also make up most of the posterior variance of at least two variables: what the data say about
either of them is then hardly more than their product or ratio. Two scales whose sum of squares alone is known, such as sigma_gamma
and sigma_alpha with one sgRNA per gene, are found as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from guidefit.assess.draws import Draws
from guidefit.assess.identifiability import (
    Direction,
    independent_columns,
    is_moving,
    most_parameters,
    moved_by,
    of_core,
    relative_error,
)

MAX_CONTRACTION = 0.5
MIN_EXPLAINED = 2 / 3  # of a variable's posterior variance in logarithms, by the movement along the ridge
MIN_SD = 0.1  # of that movement: about 10 % of the parameter


@dataclass(frozen=True)
class CurvedRidge(Direction):
    """A direction in logarithms of parameters; loadings: those of the logarithms.

    explained: variable -> share of its variance; of_scales: whether all of these variables are scales.
    """

    explained: dict[str, float]
    of_scales: bool

    @property
    def name(self) -> str:
        """Such as "log k - log mu_gamma - log gamma_g"."""
        signs = self._signs()
        return " ".join(f"{'+' if sign > 0 else '-'} log {variable}" for variable, sign in signs.items()).removeprefix("+ ")

    @property
    def known(self) -> str:
        """What the data know of these variables, such as "k x mu_gamma, k x gamma_g"."""
        (first, sign), *others = self._signs().items()
        return ", ".join(f"{first} {'x' if sign * other < 0 else '/'} {variable}" for variable, other in others)

    def _signs(self) -> dict[str, float]:
        """The variables that move along the ridge and the signs of their loadings; first, +1, the one the others move against."""
        signs = {
            variable: float(np.sign(np.sum([v for name, v in self.loadings.items() if name.split("[")[0] == variable])))
            for variable in self.explained
        }
        alone = min(signs, key=lambda variable: sum(signs[variable] == sign for sign in signs.values()))
        return {variable: signs[variable] * signs[alone] for variable in dict.fromkeys([alone, *signs])}


def find_curved_ridges(posterior: Draws, prior: Draws, max_contraction: float = MAX_CONTRACTION) -> list[list[CurvedRidge]]:
    """The curved ridges of each fit, most often none.

    Parameters are those of `identifiability.find_unidentified_directions`, scales included, that have one sign in all posterior
    draws. A direction counts where its contraction is not reliably (by two Monte Carlo standard errors) above max_contraction.
    """
    names = of_core(posterior, prior)
    scales = {name for name in names if float(prior.values[name].min()) >= 0}
    if not names:
        return [[] for _ in range(len(posterior))]
    most = most_parameters(posterior, prior, len(names))
    labels, before = prior.names(names, most), prior.matrix(0, names, most).astype(float)
    usable = is_moving(before) & (before != 0).all(axis=0)
    found = []
    for fit in range(len(posterior)):
        after = posterior.matrix(fit, names, most).astype(float)
        one_sign = (after > 0).all(axis=0) | (after < 0).all(axis=0)
        kept = np.flatnonzero(usable & np.isfinite(after).all(axis=0) & one_sign)
        logs, of_prior = np.log(abs(after[:, kept])), np.log(abs(before[:, kept]))
        independent = independent_columns(of_prior)
        chosen = [labels[i] for i in kept[independent]]
        logs, of_prior = logs[:, independent], of_prior[:, independent]
        found.append(_ridges(chosen, logs, of_prior, posterior.chains, max_contraction, scales) if len(chosen) > 1 else [])
    return found


def _ridges(
    names: Sequence[str], logs: np.ndarray, of_prior: np.ndarray, chains: int, max_contraction: float, scales: set[str]
) -> list[CurvedRidge]:
    """The ridges of one fit from logarithms (draw, P) of the posterior and of the prior."""
    if min(len(logs), len(of_prior)) <= len(names):
        return []
    logs = logs - logs.mean(axis=0)
    after, before = np.cov(logs.T), np.cov(of_prior.T)
    ratios, vectors = scipy.linalg.eigh(after, before)
    vectors = vectors[:, ratios > max((1 - max_contraction) / 2, 1e-12)]
    if not vectors.size:
        return []
    # Combinations that keep their prior share one eigenvalue: in this basis the one that moves the parameters most comes first.
    scaled = vectors / (logs @ vectors).std(axis=0)
    spread = logs.std(axis=0)
    _, _, rotation = np.linalg.svd(moved_by(logs, logs @ scaled) / spread[:, None], full_matrices=False)
    basis = scaled @ rotation.T
    scores = logs @ basis
    ratio = np.einsum("pv,pq,qv->v", basis, after, basis) / np.einsum("pv,pq,qv->v", basis, before, basis)
    mcse = ratio * relative_error(scores.T, chains, len(of_prior))
    moved = moved_by(logs, scores)
    found = []
    for number in np.flatnonzero(1 - ratio - 2 * mcse < max_contraction).tolist():
        shares = (moved[:, number] / spread) ** 2
        share = float(np.max(moved[:, number] ** 2 / before.diagonal()))
        ridge = _describe(names, moved[:, number], shares, share, scales, float(1 - ratio[number]), float(mcse[number]))
        if ridge is not None:
            found.append(ridge)
    return found


def _describe(
    names: Sequence[str], moved: np.ndarray, shares: np.ndarray, share: float, scales: set[str], *figures: float
) -> CurvedRidge | None:
    """The ridge along which the logarithms move by `moved` (P,), which explains `shares` (P,) of their variances; None if none."""
    variables = np.array([name.split("[")[0] for name in names])
    of_each = {variable: float(np.median(shares[variables == variable])) for variable in dict.fromkeys(variables.tolist())}
    explained = {variable: value for variable, value in of_each.items() if value >= MIN_EXPLAINED}
    if len(explained) < 2:
        return None
    on_ridge = np.flatnonzero(np.isin(variables, list(explained)))
    first = int(on_ridge[np.argmax(shares[on_ridge])])
    if abs(moved[first]) < MIN_SD:
        return None
    loadings: dict[str, Any] = dict(zip(names, (moved / moved[first]).tolist(), strict=True))
    others = sorted(on_ridge.tolist(), key=lambda i: (i != first, variables[i] == variables[first], -shares[i]))
    ordered = {names[i]: loadings[names[i]] for i in others} | loadings
    contraction, mcse = figures
    return CurvedRidge(contraction, mcse, share, float(abs(moved[first])), ordered, explained, set(explained) <= scales)
