"""Intercepts vary by gene alone; no slope: for a single cell line without copy numbers, in which each sgRNA has one row.

logfc_i ~ Normal(gamma_g, sigma)    gamma_g ~ Normal(mu_gamma, sigma_gamma)
Where each sgRNA has one row, this is sgrna_intercepts with sigma^2 in place of sigma^2 + sigma_alpha^2, which the data do not
separate.
"""

import pymc as pm

from guidefit.screens.arrays import ModelData
from guidefit.models.declaration import Priors
from guidefit.models.parts import effects, prior, rows

PRIORS = {
    "mu_gamma": {"distribution": "Normal", "mu": -1, "sigma": 5},
    "sigma_gamma": {"distribution": "Exponential", "lam": 1},
    "gamma_g": {"distribution": "Normal"},
    "sigma": {"distribution": "Exponential", "lam": 1},
}

GAUSSIAN = {
    "noise": "sigma",
    "intercept": {"mean": "mu_gamma", "gene": ("gamma_g", "sigma_gamma")},
}


def build(data: ModelData, priors: Priors) -> pm.Model:
    with pm.Model(coords=data.coords) as model:
        _, logfc = rows(data)
        gamma_g = effects("gamma_g", priors, prior("mu_gamma", priors), prior("sigma_gamma", priors), "gene")
        pm.Normal("logfc", gamma_g[data.gene_of_row], prior("sigma", priors), observed=logfc, dims="row")
    return model
