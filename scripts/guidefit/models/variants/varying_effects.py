"""Intercept and slope vary by gene, and by sgRNA within a gene (the notebook's model 6).

logfc_i ~ Normal(alpha_s + beta_s x_i, sigma)
alpha_s ~ Normal(gamma_g, sigma_alpha)    beta_s ~ Normal(delta_g, sigma_beta)
gamma_g ~ Normal(mu_gamma, sigma_gamma)   delta_g ~ Normal(mu_delta, sigma_delta)
"""

import pymc as pm

from guidefit.screens.arrays import ModelData
from guidefit.models.declaration import Priors
from guidefit.models.parts import prior, rows, sgrna_effects

PRIORS = {
    "mu_gamma": {"distribution": "Normal", "mu": -1, "sigma": 5},
    "sigma_gamma": {"distribution": "Exponential", "lam": 1},
    "gamma_g": {"distribution": "Normal"},
    "mu_delta": {"distribution": "Normal", "mu": -1, "sigma": 5},
    "sigma_delta": {"distribution": "Exponential", "lam": 1},
    "delta_g": {"distribution": "Normal"},
    "sigma_alpha": {"distribution": "Exponential", "lam": 1},
    "alpha_s": {"distribution": "Normal"},
    "sigma_beta": {"distribution": "Exponential", "lam": 1},
    "beta_s": {"distribution": "Normal"},
    "sigma": {"distribution": "Exponential", "lam": 1},
}

GAUSSIAN = {
    "noise": "sigma",
    "intercept": {"mean": "mu_gamma", "gene": ("gamma_g", "sigma_gamma"), "sgrna": ("alpha_s", "sigma_alpha")},
    "slope": {"mean": "mu_delta", "gene": ("delta_g", "sigma_delta"), "sgrna": ("beta_s", "sigma_beta")},
}


def build(data: ModelData, priors: Priors) -> pm.Model:
    with pm.Model(coords=data.coords) as model:
        x, logfc = rows(data)
        alpha_s, beta_s = sgrna_effects(data, priors)
        mean = alpha_s[data.sgrna_of_row] + beta_s[data.sgrna_of_row] * x
        pm.Normal("logfc", mean, prior("sigma", priors), observed=logfc, dims="row")
    return model
