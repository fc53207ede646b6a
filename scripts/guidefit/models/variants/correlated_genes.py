"""varying_effects with correlated gene intercepts and slopes: genes with stronger effects may also respond more to copy number.

logfc_i ~ Normal(alpha_s + beta_s x_i, sigma)
(gamma_g, delta_g) ~ MvNormal((mu_gamma, mu_delta), T), T = diag(sigma_gamma, sigma_delta) P diag(sigma_gamma, sigma_delta)
P ~ LKJ(eta): for two effects P has one correlation rho_gene, and (rho_gene + 1) / 2 ~ Beta(eta, eta).
The code has gamma_g and then delta_g given gamma_g, which is the same density without matrices. The rest as in varying_effects.
"""

import pymc as pm

from guidefit.screens.arrays import ModelData
from guidefit.models.declaration import Priors
from guidefit.models.parts import correlation, effects, effects_given, prior, rows, sgrna_effects_of

PRIORS = {
    "mu_gamma": {"distribution": "Normal", "mu": -1, "sigma": 5},
    "sigma_gamma": {"distribution": "Exponential", "lam": 1},
    "gamma_g": {"distribution": "Normal"},
    "mu_delta": {"distribution": "Normal", "mu": -1, "sigma": 5},
    "sigma_delta": {"distribution": "Exponential", "lam": 1},
    "delta_g": {"distribution": "Normal"},
    "rho_gene": {"distribution": "LKJ", "eta": 2},
    "sigma_alpha": {"distribution": "Exponential", "lam": 1},
    "alpha_s": {"distribution": "Normal"},
    "sigma_beta": {"distribution": "Exponential", "lam": 1},
    "beta_s": {"distribution": "Normal"},
    "sigma": {"distribution": "Exponential", "lam": 1},
}

GAUSSIAN = {
    "noise": "sigma",
    "gene_correlation": "rho_gene",
    "intercept": {"mean": "mu_gamma", "gene": ("gamma_g", "sigma_gamma"), "sgrna": ("alpha_s", "sigma_alpha")},
    "slope": {"mean": "mu_delta", "gene": ("delta_g", "sigma_delta"), "sgrna": ("beta_s", "sigma_beta")},
}


def build(data: ModelData, priors: Priors) -> pm.Model:
    with pm.Model(coords=data.coords) as model:
        x, logfc = rows(data)
        mu_gamma, sigma_gamma = prior("mu_gamma", priors), prior("sigma_gamma", priors)
        rho_gene = correlation("rho_gene", priors)
        gamma_g = effects("gamma_g", priors, mu_gamma, sigma_gamma, "gene")
        mu_delta, sigma_delta = prior("mu_delta", priors), prior("sigma_delta", priors)
        delta_g = effects_given("delta_g", priors, mu_delta, sigma_delta, rho_gene, (gamma_g, mu_gamma, sigma_gamma), "gene")
        alpha_s, beta_s = sgrna_effects_of(gamma_g, delta_g, data, priors)
        mean = alpha_s[data.sgrna_of_row] + beta_s[data.sgrna_of_row] * x
        pm.Normal("logfc", mean, prior("sigma", priors), observed=logfc, dims="row")
    return model
