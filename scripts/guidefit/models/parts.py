"""The parts that variants are written with."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pymc as pm
from pymc.distributions.transforms import Interval

from guidefit.base.errors import UserError
from guidefit.screens.arrays import ModelData
from guidefit.models.declaration import Priors
from guidefit.models.distributions import FROM_PYMC
from guidefit.models.priors import EXAMPLE, parameters_of

# For draws from the prior and for predictions, optimised compilation takes longer than it saves: predictive checks of 300 rows take
# 7.8 s with it and 2.7 s without, of 10,000 rows 21 s and 16 s. The numbers are the same.
QUICK = {"mode": "FAST_COMPILE"}

Build = Callable[[ModelData, Priors], pm.Model]


def centred(priors: Priors) -> Priors:
    """The same priors with every effect in the centred parametrisation."""
    return {name: {"distribution": "Normal"} if p["distribution"] == "NoncentredNormal" else p for name, p in priors.items()}


def prior(name: str, priors: Priors) -> Any:
    """The scalar random variable `name` with its prior from `priors`. Call it, like all parts, within a model's context.

    Raises UserError for a prior without parameters, for which PyMC would use default values.
    """
    parameters = dict(priors[name])
    if set(parameters) == {"distribution"}:
        raise UserError(_explain_empty(name, parameters["distribution"]))
    distribution = getattr(pm, parameters.pop("distribution"))
    # PyTensor stores Python numbers, and computes their logarithms, with the least precision that holds them.
    return distribution(name, **{key: np.float64(value) for key, value in parameters.items()})


def _explain_empty(name: str, distribution: str) -> str:
    if distribution not in FROM_PYMC:
        return f"prior of {name}: {distribution} is possible for effects only. Use a distribution of numbers, as in {EXAMPLE}."
    return (
        f"prior of {name}: {distribution} has no parameters, and PyMC would use default values. It takes "
        f"{parameters_of(distribution)}: give them."
    )


def correlation(name: str, priors: Priors) -> Any:
    """The correlation `name` of two effects: their 2 x 2 matrix P ~ LKJ(eta), that is (rho + 1) / 2 ~ Beta(eta, eta)."""
    parameters = priors[name]
    if set(parameters) != {"distribution", "eta"} or parameters["distribution"] != "LKJ":
        raise UserError(f"prior of {name}: {parameters} is not possible. It must be {{distribution: LKJ, eta: a positive number}}.")
    return pm.CustomDist(name, np.float64(parameters["eta"]), dist=_lkj_of_two, default_transform=Interval(-1, 1))


def _lkj_of_two(eta: Any, size: Any) -> Any:
    return np.float64(2) * pm.Beta.dist(eta, eta, size=size) - 1


def effects_given(name: str, priors: Priors, mean: Any, sd: Any, rho: Any, other: Any, dim: str) -> Any:
    """Normal(mean, sd) effects along a dim that correlate by rho with other effects. other: (effects, their mean, their sd).

    Both together have the density of a bivariate normal, but the sampler handles no matrix.
    """
    other_effects, other_mean, other_sd = other
    conditional_mean = mean + rho * sd / other_sd * (other_effects - other_mean)
    return effects(name, priors, conditional_mean, sd * pm.math.sqrt(1 - rho**2), dim)


def rows(data: ModelData) -> tuple[Any, Any]:
    """(x, logfc) as data containers of the model. A compiled model is fitted to another seed's data by replacing their values."""
    return pm.Data("x", data.x, dims="row"), pm.Data("y", data.logfc, dims="row")


def effects(name: str, priors: Priors, mean: Any, sd: Any, dim: str) -> Any:
    """Normal(mean, sd) effects along a dim, in the parametrisation of `priors[name]`: Normal (centred) or NoncentredNormal.

    The model is the same. The centred parametrisation suits effects about which the data carry much information, the non-centred
    one those about which they carry little (Betancourt & Girolami 2015). The standardised effects of the latter have the same name
    with an underscore in front.
    """
    distribution = priors[name]["distribution"]
    if distribution == "Normal":
        return pm.Normal(name, mean, sd, dims=dim)
    if distribution == "NoncentredNormal":
        return pm.Deterministic(name, mean + sd * pm.Normal(f"_{name}", 0.0, 1.0, dims=dim), dims=dim)
    raise UserError(f"prior of {name}: {distribution} is not possible for effects. Use Normal or NoncentredNormal.")


def gene_intercepts_and_slopes(priors: Priors) -> tuple[Any, Any]:
    """Intercept gamma_g and slope delta_g of each gene around their hyper-means."""
    gamma_g = effects("gamma_g", priors, prior("mu_gamma", priors), prior("sigma_gamma", priors), "gene")
    delta_g = effects("delta_g", priors, prior("mu_delta", priors), prior("sigma_delta", priors), "gene")
    return gamma_g, delta_g


def sgrna_effects(data: ModelData, priors: Priors) -> tuple[Any, Any]:
    """Intercept alpha_s and slope beta_s of each sgRNA around those of its gene, which vary around their hyper-means."""
    return sgrna_effects_of(*gene_intercepts_and_slopes(priors), data, priors)


def sgrna_effects_of(gamma_g: Any, delta_g: Any, data: ModelData, priors: Priors) -> tuple[Any, Any]:
    """Intercept alpha_s and slope beta_s of each sgRNA around those of its gene."""
    gene = data.gene_of_sgrna
    alpha_s = effects("alpha_s", priors, gamma_g[gene], prior("sigma_alpha", priors), "sgrna")
    beta_s = effects("beta_s", priors, delta_g[gene], prior("sigma_beta", priors), "sgrna")
    return alpha_s, beta_s


gene_effects = gene_intercepts_and_slopes  # former name, for variants that were written for earlier versions
