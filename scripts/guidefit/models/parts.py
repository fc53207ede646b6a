"""Pieces that variants are written with."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pymc as pm
from pymc.distributions.transforms import Interval

from guidefit.base.errors import UserError
from guidefit.screens.arrays import ModelData
from guidefit.models.declaration import Priors

# For draws from the prior and predictions: compiling them well takes longer than they do (a check of 300 rows 7.8 s against 2.7 s,
# of 10,000 rows 21 s against 16 s), and the numbers are the same.
QUICK = {"mode": "FAST_COMPILE"}


Build = Callable[[ModelData, Priors], pm.Model]


def prior(name: str, priors: Priors) -> Any:
    """The scalar random variable `name` with its prior from `priors`; inside a model's context."""
    parameters = dict(priors[name])
    distribution = getattr(pm, parameters.pop("distribution"))
    # Python's own numbers would be taken in the least precision that holds them, and so would their logarithms.
    return distribution(name, **{key: np.float64(value) for key, value in parameters.items()})


def correlation(name: str, priors: Priors) -> Any:
    """The correlation `name` of two effects, P ~ LKJ(eta) of their 2 x 2 matrix P: (rho + 1) / 2 ~ Beta(eta, eta)."""
    parameters = priors[name]
    if set(parameters) != {"distribution", "eta"} or parameters["distribution"] != "LKJ":
        raise UserError(f"prior of {name} must be {{distribution: LKJ, eta: a positive number}}.")
    return pm.CustomDist(name, np.float64(parameters["eta"]), dist=_lkj_of_two, default_transform=Interval(-1, 1))


def _lkj_of_two(eta: Any, size: Any) -> Any:
    return np.float64(2) * pm.Beta.dist(eta, eta, size=size) - 1


def effects_given(name: str, priors: Priors, mean: Any, sd: Any, rho: Any, other: Any, dim: str) -> Any:
    """Normal(mean, sd) effects along a dim that correlate by rho with others, given those. other: (effects, their mean and sd).

    The same density as that of a bivariate normal of the two, without a matrix in every step.
    """
    given, its_mean, its_sd = other
    return effects(name, priors, mean + rho * sd / its_sd * (given - its_mean), sd * pm.math.sqrt(1 - rho**2), dim)


def rows(data: ModelData) -> tuple[Any, Any]:
    """(x, logfc) as the model's data containers: a compiled model is fitted to other data by swapping these two."""
    return pm.Data("x", data.x, dims="row"), pm.Data("y", data.logfc, dims="row")


def effects(name: str, priors: Priors, mean: Any, sd: Any, dim: str) -> Any:
    """Normal(mean, sd) effects along a dim, sampled as `priors[name]` says: Normal (centred) or NoncentredNormal.

    The model is the same. Centred sampling suits effects that the data know well, non-centred those they hardly know
    (Betancourt & Girolami 2015); the standardised effects then bear the name with an underscore before it.
    """
    distribution = priors[name]["distribution"]
    if distribution == "Normal":
        return pm.Normal(name, mean, sd, dims=dim)
    if distribution == "NoncentredNormal":
        return pm.Deterministic(name, mean + sd * pm.Normal(f"_{name}", 0.0, 1.0, dims=dim), dims=dim)
    raise UserError(f"prior of {name}: {distribution} is not possible here. Use Normal or NoncentredNormal.")


def gene_effects(priors: Priors) -> tuple[Any, Any]:
    """Intercept gamma_g and slope delta_g of each gene around their hyper-means."""
    gamma_g = effects("gamma_g", priors, prior("mu_gamma", priors), prior("sigma_gamma", priors), "gene")
    delta_g = effects("delta_g", priors, prior("mu_delta", priors), prior("sigma_delta", priors), "gene")
    return gamma_g, delta_g


def sgrna_effects(data: ModelData, priors: Priors) -> tuple[Any, Any]:
    """Intercept alpha_s and slope beta_s of each sgRNA around those of its gene, and these around their hyper-means."""
    return sgrna_effects_of(*gene_effects(priors), data, priors)


def sgrna_effects_of(gamma_g: Any, delta_g: Any, data: ModelData, priors: Priors) -> tuple[Any, Any]:
    """Intercept alpha_s and slope beta_s of each sgRNA around those of its gene."""
    gene = data.gene_of_sgrna
    alpha_s = effects("alpha_s", priors, gamma_g[gene], prior("sigma_alpha", priors), "sgrna")
    beta_s = effects("beta_s", priors, delta_g[gene], prior("sigma_beta", priors), "sgrna")
    return alpha_s, beta_s
