"""Intercepts vary by gene, and by sgRNA within a gene; no slope: for screens without copy numbers.

logfc_i ~ Normal(alpha_s, sigma)
alpha_s ~ Normal(gamma_g, sigma_alpha)    gamma_g ~ Normal(mu_gamma, sigma_gamma)
"""

import pymc as pm

from guidefit.screens.arrays import ModelData
from guidefit.models.declaration import Priors
from guidefit.models.parts import effects, prior, rows

PRIORS = {
    "mu_gamma": {"distribution": "Normal", "mu": -1, "sigma": 5},
    "sigma_gamma": {"distribution": "Exponential", "lam": 1},
    "gamma_g": {"distribution": "Normal"},
    "sigma_alpha": {"distribution": "Exponential", "lam": 1},
    "alpha_s": {"distribution": "Normal"},
    "sigma": {"distribution": "Exponential", "lam": 1},
}

GAUSSIAN = {
    "noise": "sigma",
    "intercept": {"mean": "mu_gamma", "gene": ("gamma_g", "sigma_gamma"), "sgrna": ("alpha_s", "sigma_alpha")},
}


def build(data: ModelData, priors: Priors) -> pm.Model:
    with pm.Model(coords=data.coords) as model:
        _, logfc = rows(data)
        gamma_g = effects("gamma_g", priors, prior("mu_gamma", priors), prior("sigma_gamma", priors), "gene")
        alpha_s = effects("alpha_s", priors, gamma_g[data.gene_of_sgrna], prior("sigma_alpha", priors), "sgrna")
        pm.Normal("logfc", alpha_s[data.sgrna_of_row], prior("sigma", priors), observed=logfc, dims="row")
    return model
