"""Pieces that variants are written with."""

from typing import Any

import pymc as pm

from guidefit.screen import ModelData
from guidefit.variants import Priors


def prior(name: str, priors: Priors) -> Any:
    """The scalar random variable `name` with its prior from `priors`; inside a model's context."""
    parameters = dict(priors[name])
    return getattr(pm, parameters.pop("distribution"))(name, **parameters)


def rows(data: ModelData) -> tuple[Any, Any]:
    """(x, logfc) as the model's data containers: a compiled model is fitted to other data by swapping these two."""
    return pm.Data("x", data.x, dims="row"), pm.Data("y", data.logfc, dims="row")


def gene_effects(priors: Priors) -> tuple[Any, Any]:
    """Intercept gamma_g and slope delta_g of each gene around their hyper-means."""
    gamma_g = pm.Normal("gamma_g", prior("mu_gamma", priors), prior("sigma_gamma", priors), dims="gene")
    delta_g = pm.Normal("delta_g", prior("mu_delta", priors), prior("sigma_delta", priors), dims="gene")
    return gamma_g, delta_g


def sgrna_effects(data: ModelData, priors: Priors) -> tuple[Any, Any]:
    """Intercept alpha_s and slope beta_s of each sgRNA around those of its gene."""
    gamma_g, delta_g = gene_effects(priors)
    gene = data.gene_of_sgrna
    alpha_s = pm.Normal("alpha_s", gamma_g[gene], prior("sigma_alpha", priors), dims="sgrna")
    beta_s = pm.Normal("beta_s", delta_g[gene], prior("sigma_beta", priors), dims="sgrna")
    return alpha_s, beta_s
