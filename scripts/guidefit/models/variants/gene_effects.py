"""Intercept and slope vary by gene; all sgRNAs of a gene have the same effects.

logfc_i ~ Normal(gamma_g + delta_g x_i, sigma)
gamma_g ~ Normal(mu_gamma, sigma_gamma)   delta_g ~ Normal(mu_delta, sigma_delta)
"""

import pymc as pm

from guidefit.screens.arrays import ModelData
from guidefit.models.declaration import Priors
from guidefit.models.parts import gene_intercepts_and_slopes, prior, rows

PRIORS = {
    "mu_gamma": {"distribution": "Normal", "mu": -1, "sigma": 5},
    "sigma_gamma": {"distribution": "Exponential", "lam": 1},
    "gamma_g": {"distribution": "Normal"},
    "mu_delta": {"distribution": "Normal", "mu": -1, "sigma": 5},
    "sigma_delta": {"distribution": "Exponential", "lam": 1},
    "delta_g": {"distribution": "Normal"},
    "sigma": {"distribution": "Exponential", "lam": 1},
}

GAUSSIAN = {
    "noise": "sigma",
    "intercept": {"mean": "mu_gamma", "gene": ("gamma_g", "sigma_gamma")},
    "slope": {"mean": "mu_delta", "gene": ("delta_g", "sigma_delta")},
}


def build(data: ModelData, priors: Priors) -> pm.Model:
    with pm.Model(coords=data.coords) as model:
        x, logfc = rows(data)
        gamma_g, delta_g = gene_intercepts_and_slopes(priors)
        mean = gamma_g[data.gene_of_row] + delta_g[data.gene_of_row] * x
        pm.Normal("logfc", mean, prior("sigma", priors), observed=logfc, dims="row")
    return model
