"""Which directions and scales of a model the data carry no information about.

Location parameters whose sum alone enters the likelihood (alpha and mu_gamma in global_intercept) keep their prior along their
difference, even if the sampler works perfectly. The certificate finds combinations of location parameters whose posterior variance
is still the prior's: generalised eigenvalues of the posterior covariance against the prior covariance.

In every hierarchical model some combinations keep their prior: mu_gamma minus the mean of the gamma_g, given sigma_gamma. They
are not a defect, since they move no parameter far within its own prior. A direction therefore counts only where its movement also
makes up a large part of the prior variance of some parameter (`share`). Scale parameters are judged one by one.
"""

from dataclasses import dataclass
from itertools import product
from typing import Any

import arviz_stats as azs
import numpy as np
import pandas as pd
import scipy.linalg
import scipy.special
import xarray as xr

from guidefit.base.names import indexed

COLUMNS = ("study", "variant", "seed", "direction", "name", "contraction", "mcse", "share", "sd", "loadings")
MAX_PARAMETERS = 200
MIN_DRAWS = 8  # for each parameter: the covariance of fewer has directions that are small or large by chance
DEPENDENT = 1e-10  # share of a parameter's prior variance that other parameters leave unexplained where it is their combination
CONSTANT = 1e-9  # relative range below which draws differ by rounding only


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

    def as_row(self, number: int) -> dict[str, Any]:
        """This direction as a row of identifiability.csv; loadings below 0.05 are left out."""
        loadings = "; ".join(f"{name} {loading:+.2f}" for name, loading in self.loadings.items() if abs(loading) >= 0.05)
        figures = {"contraction": self.contraction, "mcse": self.mcse, "share": self.share, "sd": self.sd}
        return {"direction": number, "name": self.name, **figures, "loadings": loadings}


def find_unidentified_directions(
    posterior: xr.Dataset, prior: xr.Dataset, max_contraction: float, min_share: float = 1 / 3
) -> tuple[float, list[Direction]]:
    """The smallest contraction of any direction that counts, and the directions that the data carry no information about.

    Where no direction counts, the smallest contraction of any single parameter is returned; NaN where there is no location or where
    there are too few draws. A direction is unidentified where its contraction is not reliably (by two Monte Carlo standard errors)
    above max_contraction.

    posterior: dims (chain, draw, ...), prior: the same variables. Location parameters are those that take negative values in the
    prior. Variables by sgRNA, or by gene and cell line, are left out of the eigenproblem (each has its own data) and join as
    loadings. With more than
    MAX_PARAMETERS parameters, or too few draws for them, the first ones of each variable are taken. Quantities that are constant in
    the prior, not finite, or linear combinations of earlier ones are left out too. (Formula: generalised Rayleigh quotient.)
    """
    draws = _location_draws(posterior, prior)
    if draws is None:
        return np.nan, []
    ratios, vectors = scipy.linalg.eigh(draws.after_cov, draws.before_cov)
    vectors = vectors[:, ratios > 1e-12]  # parameters that never moved are the sampler's failure, which R-hat reports
    identified, unidentified = [], []
    for vector in vectors.T:
        candidate = draws.direction(vector)
        if _keeps_prior(candidate, max_contraction):
            unidentified.append(vector)
        else:
            identified.append(candidate)
    found = [draws.direction(vector) for vector in _by_movement(unidentified, draws)]
    counted = [candidate for candidate in found + identified if candidate.share >= min_share]
    singly = 1 - draws.after_cov.diagonal() / draws.before_cov.diagonal()
    least = min((candidate.contraction for candidate in counted), default=float(singly.min()))
    return least, [candidate for candidate in counted if _keeps_prior(candidate, max_contraction)]


def _keeps_prior(candidate: Direction, max_contraction: float) -> bool:
    # A posterior that is much wider than the prior was not kept: the scales above turned out larger than expected.
    wider = candidate.contraction + 2 * candidate.mcse < -max_contraction
    return candidate.contraction - 2 * candidate.mcse < max_contraction and not wider


def make_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The unidentified directions of several fits in the columns of identifiability.csv."""
    return pd.DataFrame(rows, columns=list(COLUMNS))


@dataclass(frozen=True)
class _LocationDraws:
    """Draws of the location parameters.

    names, core (draw, C), after_cov, before_cov (C, C): of the eigenproblem, posterior draws centred.
    all_names, everything (draw, P): of all locations, posterior draws centred, with the sds of their priors (P,).
    chains: number of chains of the posterior; prior_draws: number of draws of the prior.
    """

    names: list[str]
    core: np.ndarray
    after_cov: np.ndarray
    before_cov: np.ndarray
    all_names: list[str]
    everything: np.ndarray
    prior_sd: np.ndarray
    chains: int
    prior_draws: int

    def direction(self, vector: np.ndarray) -> Direction:
        """What the data say about the combination core @ vector."""
        ratio = float((vector @ self.after_cov @ vector) / (vector @ self.before_cov @ vector))
        score = self.core @ vector
        moved = moved_by(self.everything, score)
        is_core = np.array([name in self.names for name in self.all_names])
        first = int(np.flatnonzero(is_core & (abs(moved) >= 0.9 * abs(moved[is_core]).max()))[0])
        loadings = dict(zip(self.all_names, (moved / moved[first]).tolist(), strict=True))
        ordered = dict(sorted(loadings.items(), key=lambda item: item[0] != self.all_names[first]))
        mcse = ratio * _relative_error(score, self.chains, self.prior_draws)
        share = float(np.max((moved / self.prior_sd) ** 2))
        return Direction(1 - ratio, mcse, share, float(abs(moved[first])), ordered)


def _location_draws(posterior: xr.Dataset, prior: xr.Dataset) -> _LocationDraws | None:
    """The draws of the eigenproblem; None where there is no location parameter, or too few draws for the covariances."""
    locations = [name for name in _real_variables(posterior, prior) if float(prior[name].min()) < 0]
    core_names = [n for n in locations if not _has_own_data(posterior[n]) and not n.startswith("rho")]
    if not core_names:
        return None
    chains = posterior.sizes["chain"]
    draws = min(chains * posterior.sizes["draw"], prior.sizes["chain"] * prior.sizes["draw"])
    per_variable = max(1, min(MAX_PARAMETERS, draws // MIN_DRAWS) // len(core_names))
    names, after, before = _moving(posterior[core_names], prior[core_names], per_variable)
    kept = independent_columns(before)
    names, after, before = [names[i] for i in kept], after[:, kept], before[:, kept]
    if not names or len(after) <= len(names) or len(before) <= len(names):
        return None
    all_names, all_after, all_before = _moving(posterior[locations], prior[locations], per_variable)
    return _LocationDraws(
        names,
        after - after.mean(axis=0),
        np.atleast_2d(np.cov(after.T)),
        np.atleast_2d(np.cov(before.T)),
        all_names,
        all_after - all_after.mean(axis=0),
        all_before.std(axis=0),
        chains,
        len(before),
    )


def _has_own_data(variable: xr.DataArray) -> bool:
    """Whether each coordinate of a variable has data of its own: by sgRNA, or by gene and cell line."""
    return "sgrna" in variable.dims or {"gene", "cell_line"} <= set(variable.dims)


def _real_variables(posterior: xr.Dataset, prior: xr.Dataset) -> list[str]:
    return [str(name) for name in posterior.data_vars if name in prior and posterior[name].dtype.kind == "f"]


def _moving(posterior: xr.Dataset, prior: xr.Dataset, per_variable: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names, posterior draws (draw, P) and prior draws of the parameters that are finite and not constant in the prior."""
    names, after = draw_matrix(posterior, per_variable)
    _, before = draw_matrix(prior, per_variable)
    finite = np.isfinite(after).all(axis=0) & np.isfinite(before).all(axis=0)
    spread = before.max(axis=0) - before.min(axis=0)
    kept = np.flatnonzero(finite & (spread > CONSTANT * abs(before).max(axis=0)))
    return [names[i] for i in kept], after[:, kept], before[:, kept]


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
    posterior: xr.Dataset, prior: xr.Dataset, max_contraction: float, kept_from: float
) -> tuple[float, list[Direction]]:
    """The smallest contraction of any scale parameter, and the scales that keep their prior: contraction below max_contraction.

    Scale parameters are those that are never negative in the prior. The contraction is that of the probit of the prior's
    distribution function, on which every prior is standard normal, so that a scale that the data push towards 0 has contracted.
    A contraction below kept_from belongs to a posterior that is wider than the prior, which it did not keep. Variables by sgRNA are
    left out: each has few data. Returns NaN where there is no scale.
    """
    scales = [n for n in _real_variables(posterior, prior) if float(prior[n].min()) >= 0 and "sgrna" not in posterior[n].dims]
    if not scales:
        return np.nan, []
    names, after, before = _moving(posterior[scales], prior[scales], MAX_PARAMETERS)
    found = []
    for name, mine, of_prior in zip(names, after.T, before.T, strict=True):
        z, reference = _probit(mine, of_prior), _probit(of_prior, of_prior)
        ratio = float(z.var() / reference.var())
        mcse = ratio * _relative_error(z, posterior.sizes["chain"], len(of_prior)) if ratio > 0 else 0.0
        share = float(mine.var() / of_prior.var())
        found.append(Direction(1 - ratio, mcse, share, float(mine.std()), {name: 1.0}))
    least = min((scale.contraction for scale in found), default=np.nan)
    return least, [scale for scale in found if kept_from <= scale.contraction < max_contraction]


def _probit(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Normal scores of `values` (n,) in the empirical distribution of `reference` (m,)."""
    ordered = np.sort(reference)
    below = (np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right")) / 2
    return scipy.special.ndtri((below + 0.5) / (len(ordered) + 1))


def _relative_error(score: np.ndarray, chains: int, prior_draws: int) -> float:
    """Monte Carlo standard error of the ratio of two variances, relative to the ratio; score: (draw,) pooled over the chains."""
    ess = float(azs.ess(score.reshape(chains, -1)))
    return float(np.sqrt(2 / ess + 2 / prior_draws))


def moved_by(parameters: np.ndarray, score: np.ndarray) -> np.ndarray:
    """What one sd of the score moves each parameter. Shapes (draw, parameter), (draw,), both centred -> (parameter,)."""
    return np.asarray(parameters.T @ score / len(score) / score.std())


def _by_movement(vectors: list[np.ndarray], draws: _LocationDraws) -> list[np.ndarray]:
    """Another basis of the space of these combinations of draws.core: the one that moves the parameters most comes first.

    Combinations that all keep their prior share one eigenvalue, and come out of an eigenproblem in an arbitrary mixture.
    """
    if not vectors:
        return []
    scaled = np.column_stack([vector / (draws.core @ vector).std() for vector in vectors])
    movement = np.column_stack([moved_by(draws.everything, draws.core @ vector) / draws.prior_sd for vector in scaled.T])
    _, _, rotation = np.linalg.svd(movement, full_matrices=False)
    return list((scaled @ rotation.T).T)


def draw_matrix(draws: xr.Dataset, per_variable: int | None = None) -> tuple[list[str], np.ndarray]:
    """Names of single parameters, such as gamma_g[TP53], and their pooled draws as a matrix (draw, parameter).

    per_variable: the largest number of parameters of one variable; the first ones are taken.
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
