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

MAX_PARAMETERS = 200


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
        text = " ".join(f"{'+' if loading > 0 else '-'} {variable}" for variable, loading in moving)
        return text.removeprefix("+ ")

    def as_row(self, number: int) -> dict[str, Any]:
        """This direction as a row of identifiability.csv; loadings below 0.05 are left out."""
        loadings = "; ".join(f"{name} {loading:+.2f}" for name, loading in self.loadings.items() if abs(loading) >= 0.05)
        figures = {"contraction": self.contraction, "mcse": self.mcse, "share": self.share, "sd": self.sd}
        return {"direction": number, "name": self.name, **figures, "loadings": loadings}


def unlearnt_directions(
    posterior: xr.Dataset, prior: xr.Dataset, max_contraction: float = 0.3, min_share: float = 0.1
) -> tuple[float, list[Direction]]:
    """The least contraction of any direction that counts (where none does: of any single parameter), and the directions
    whose contraction is not surely (by two Monte Carlo standard errors) above max_contraction.

    posterior: dims (chain, draw, ...), prior: the same variables. Location parameters are those that take negative values in the
    prior; variables by sgRNA are left out of the eigenproblem (each has its own data) and join as loadings. With more than
    MAX_PARAMETERS parameters the first ones of each variable are taken. (Formula: generalised Rayleigh quotient.)
    """
    locations = [str(n) for n in posterior.data_vars if n in prior and float(prior[n].min()) < 0 and posterior[n].dtype.kind == "f"]
    core_names = [n for n in locations if "sgrna" not in posterior[n].dims and n != "rho"]
    if not core_names:
        return np.nan, []
    per_variable = max(1, MAX_PARAMETERS // len(core_names))
    names, after = draw_matrix(posterior[core_names], per_variable)
    _, before = draw_matrix(prior[core_names], per_variable)
    if len(after) <= len(names) or len(before) <= len(names):
        return np.nan, []
    after_cov, before_cov = np.atleast_2d(np.cov(after.T)), np.atleast_2d(np.cov(before.T))
    ratios, vectors = scipy.linalg.eigh(after_cov, before_cov)

    all_names, all_after = draw_matrix(posterior[locations], per_variable)
    _, all_before = draw_matrix(prior[locations], per_variable)
    prior_variance = all_before.var(axis=0)
    centred = all_after - all_after.mean(axis=0)
    counted, found = [], []
    for ratio, vector in zip(ratios[::-1], vectors.T[::-1], strict=True):
        score = (after - after.mean(axis=0)) @ vector
        moved = centred.T @ score / len(score) / score.std()  # what one sd of the combination moves each parameter
        share = float(np.max(moved**2 / prior_variance))
        if share < min_share:
            continue
        contraction = float(1 - ratio)
        counted.append(contraction)
        ess = float(az.ess(score.reshape(posterior.sizes["chain"], -1)))
        mcse = float(ratio) * float(np.sqrt(2 / ess + 2 / len(before)))
        if contraction - 2 * mcse < max_contraction:
            first = next(i for i, name in enumerate(all_names) if name in names and abs(moved[i]) >= 0.9 * abs(moved).max())
            loadings = dict(zip(all_names, (moved / moved[first]).tolist(), strict=True))
            ordered = dict(sorted(loadings.items(), key=lambda item: item[0] != all_names[first]))
            found.append(Direction(contraction, mcse, share, float(abs(moved[first])), ordered))
    least = min(counted) if counted else float(np.min(1 - after_cov.diagonal() / before_cov.diagonal()))
    return least, found


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
        names += [
            f"{variable}[{', '.join(map(str, label))}]" if dims else str(variable) for label, _ in zip(labels, flat.T, strict=False)
        ]
    return names, np.concatenate(columns, axis=1)
