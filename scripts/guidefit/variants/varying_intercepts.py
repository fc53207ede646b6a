"""Intercepts vary by gene and sgRNA; all share one slope.

logfc_i ~ Normal(alpha_s + beta x_i, sigma)
alpha_s ~ Normal(gamma_g, sigma_alpha)    gamma_g ~ Normal(mu_gamma, sigma_gamma)
"""

import pymc as pm

from guidefit.screen import ModelData
from guidefit.variants import Priors
from guidefit.variants.parts import prior, rows

PRIORS = {
    "mu_gamma": {"distribution": "Normal", "mu": -1, "sigma": 5},
    "sigma_gamma": {"distribution": "Exponential", "lam": 1},
    "sigma_alpha": {"distribution": "Exponential", "lam": 1},
    "beta": {"distribution": "Normal", "mu": -1, "sigma": 5},
    "sigma": {"distribution": "Exponential", "lam": 1},
}


def build(data: ModelData, priors: Priors) -> pm.Model:
    with pm.Model(coords=data.coords) as model:
        x, logfc = rows(data)
        gamma_g = pm.Normal("gamma_g", prior("mu_gamma", priors), prior("sigma_gamma", priors), dims="gene")
        alpha_s = pm.Normal("alpha_s", gamma_g[data.gene_of_sgrna], prior("sigma_alpha", priors), dims="sgrna")
        mean = alpha_s[data.sgrna_of_row] + prior("beta", priors) * x
        pm.Normal("logfc", mean, prior("sigma", priors), observed=logfc, dims="row")
    return model
