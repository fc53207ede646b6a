"""Which directions of a model the data say nothing about.

Location parameters that can trade places in the likelihood (alpha against mu_gamma in global_intercept) keep their prior along
that trade, however well the sampler did. The certificate looks for combinations of location parameters whose posterior variance
is still the prior's: generalised eigenvalues of the posterior covariance against the prior covariance.

In every hierarchical model some combinations keep their prior: mu_gamma minus the mean of the gamma_g, given sigma_gamma. They
are no defect, since they move no parameter far within its own prior. A direction therefore counts only where its movement also
makes up a good part of the prior variance of some parameter (`share`).
"""

from dataclasses import dataclass
from itertools import product
from typing import Any

import arviz as az
import numpy as np
import scipy.linalg
import xarray as xr

from guidefit.base.names import indexed

MAX_PARAMETERS = 200
MIN_DRAWS = 8  # for each parameter: the covariance of fewer has directions that are small or large by chance


@dataclass(frozen=True)
class Direction:
    """A combination of location parameters and what the data say about it.

    contraction: 1 - posterior variance / prior variance of the combination (about 0: the data say nothing); mcse: its Monte
    Carlo standard error, large where the sampler hardly moved along the direction.
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

    def as_row(self, number: int) -> dict[str, Any]:
        """This direction as a row of identifiability.csv; loadings below 0.05 are left out."""
        loadings = "; ".join(f"{name} {loading:+.2f}" for name, loading in self.loadings.items() if abs(loading) >= 0.05)
        figures = {"contraction": self.contraction, "mcse": self.mcse, "share": self.share, "sd": self.sd}
        return {"direction": number, "name": self.name, **figures, "loadings": loadings}


def unlearnt_directions(
    posterior: xr.Dataset, prior: xr.Dataset, max_contraction: float = 0.3, min_share: float = 1 / 3
) -> tuple[float, list[Direction]]:
    """The least contraction of any direction that counts (where none does: of any single parameter), and the directions
    whose contraction is not surely (by two Monte Carlo standard errors) above max_contraction.

    posterior: dims (chain, draw, ...), prior: the same variables. Location parameters are those that take negative values in the
    prior; variables by sgRNA are left out of the eigenproblem (each has its own data) and join as loadings. With more than
    MAX_PARAMETERS parameters, or too few draws for them, the first ones of each variable are taken. (Formula: generalised Rayleigh
    quotient.)
    """
    locations = [str(n) for n in posterior.data_vars if n in prior and float(prior[n].min()) < 0 and posterior[n].dtype.kind == "f"]
    core_names = [n for n in locations if "sgrna" not in posterior[n].dims and not n.startswith("rho")]
    if not core_names:
        return np.nan, []
    draws = min(posterior.sizes["chain"] * posterior.sizes["draw"], prior.sizes["chain"] * prior.sizes["draw"])
    per_variable = max(1, min(MAX_PARAMETERS, draws // MIN_DRAWS) // len(core_names))
    names, after = draw_matrix(posterior[core_names], per_variable)
    _, before = draw_matrix(prior[core_names], per_variable)
    if len(after) <= len(names) or len(before) <= len(names):
        return np.nan, []
    after_cov, before_cov = np.atleast_2d(np.cov(after.T)), np.atleast_2d(np.cov(before.T))
    after = after - after.mean(axis=0)
    ratios, vectors = scipy.linalg.eigh(after_cov, before_cov)
    vectors = vectors[:, ratios > 1e-12]  # parameters that never moved are the sampler's failure, which R-hat reports

    all_names, all_after = draw_matrix(posterior[locations], per_variable)
    _, all_before = draw_matrix(prior[locations], per_variable)
    prior_sd = all_before.std(axis=0)
    all_after = all_after - all_after.mean(axis=0)

    def direction(vector: np.ndarray) -> Direction:
        ratio = float((vector @ after_cov @ vector) / (vector @ before_cov @ vector))
        score = after @ vector
        ess = float(az.ess(score.reshape(posterior.sizes["chain"], -1)))
        moved = moved_by(all_after, score)
        core = np.array([name in names for name in all_names])
        first = int(np.flatnonzero(core & (abs(moved) >= 0.9 * abs(moved[core]).max()))[0])
        loadings = dict(zip(all_names, (moved / moved[first]).tolist(), strict=True))
        ordered = dict(sorted(loadings.items(), key=lambda item: item[0] != all_names[first]))
        mcse = ratio * float(np.sqrt(2 / ess + 2 / len(before)))
        share = float(np.max((moved / prior_sd) ** 2))
        return Direction(1 - ratio, mcse, share, float(abs(moved[first])), ordered)

    def is_unlearnt(candidate: Direction) -> bool:
        # A posterior much wider than the prior is no prior that was kept: the scales above turned out larger than expected.
        wider = candidate.contraction + 2 * candidate.mcse < -max_contraction
        return candidate.contraction - 2 * candidate.mcse < max_contraction and not wider

    learnt, unlearnt = [], []
    for vector in vectors.T:
        candidate = direction(vector)
        if is_unlearnt(candidate):
            unlearnt.append(vector)
        else:
            learnt.append(candidate)
    found = [direction(vector) for vector in by_movement(unlearnt, after, all_after, prior_sd)]
    counted = [candidate for candidate in found + learnt if candidate.share >= min_share]
    singly = 1 - after_cov.diagonal() / before_cov.diagonal()
    least = min((candidate.contraction for candidate in counted), default=float(singly.min()))
    return least, [candidate for candidate in counted if is_unlearnt(candidate)]


def moved_by(parameters: np.ndarray, score: np.ndarray) -> np.ndarray:
    """What one sd of the score moves each parameter. Shapes (draw, parameter), (draw,), both centred -> (parameter,)."""
    return np.asarray(parameters.T @ score / len(score) / score.std())


def by_movement(vectors: list[np.ndarray], core: np.ndarray, parameters: np.ndarray, prior_sd: np.ndarray) -> list[np.ndarray]:
    """The space of these combinations of `core`, spanned anew: the one that moves the parameters most comes first.

    Combinations that all keep their prior share one eigenvalue, and come out of an eigenproblem in any mixture.
    """
    if not vectors:
        return []
    scaled = np.column_stack([vector / (core @ vector).std() for vector in vectors])
    movement = np.column_stack([moved_by(parameters, core @ vector) / prior_sd for vector in scaled.T])
    _, _, rotation = np.linalg.svd(movement, full_matrices=False)
    return list((scaled @ rotation.T).T)


def draw_matrix(draws: xr.Dataset, per_variable: int | None = None) -> tuple[list[str], np.ndarray]:
    """Names of single parameters, such as gamma_g[TP53], and their pooled draws as a matrix (draw, parameter).

    per_variable: of each variable at most so many, the first ones.
    """
    names: list[str] = []
    columns = []
    for variable, array in draws.data_vars.items():
        dims = [dim for dim in array.dims if dim not in ("chain", "draw")]
        values = array.transpose("chain", "draw", *dims).values
        flat = values.reshape(values.shape[0] * values.shape[1], -1)[:, :per_variable]
        labels = product(*(array[dim].values for dim in dims))
        columns.append(flat)
        names += [indexed(str(variable), *label) for label, _ in zip(labels, flat.T, strict=False)]
    return names, np.concatenate(columns, axis=1)
