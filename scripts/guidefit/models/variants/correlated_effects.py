"""varying_effects with correlated sgRNA intercepts and slopes (the notebook's unfinished covariance model).

logfc_i ~ Normal(alpha_s + beta_s x_i, sigma)
(alpha_s, beta_s) ~ MvNormal((gamma_g, delta_g), Sigma), Sigma = diag(sigma_alpha, sigma_beta) P diag(sigma_alpha, sigma_beta)
P ~ LKJ(eta): for two effects P has one correlation rho, and (rho + 1) / 2 ~ Beta(eta, eta).
The code has alpha_s and then beta_s given alpha_s, which is the same density without matrices. The rest as in varying_effects.
"""

import pymc as pm

from guidefit.screens.arrays import ModelData
from guidefit.models.declaration import Priors
from guidefit.models.parts import correlation, effects, effects_given, gene_intercepts_and_slopes, prior, rows

PRIORS = {
    "mu_gamma": {"distribution": "Normal", "mu": -1, "sigma": 5},
    "sigma_gamma": {"distribution": "Exponential", "lam": 1},
    "gamma_g": {"distribution": "Normal"},
    "mu_delta": {"distribution": "Normal", "mu": -1, "sigma": 5},
    "sigma_delta": {"distribution": "Exponential", "lam": 1},
    "delta_g": {"distribution": "Normal"},
    "sigma_alpha": {"distribution": "Exponential", "lam": 0.5},
    "alpha_s": {"distribution": "Normal"},
    "sigma_beta": {"distribution": "Exponential", "lam": 0.5},
    "beta_s": {"distribution": "Normal"},
    "rho": {"distribution": "LKJ", "eta": 2},
    "sigma": {"distribution": "Exponential", "lam": 1},
}

GAUSSIAN = {
    "noise": "sigma",
    "correlation": "rho",
    "intercept": {"mean": "mu_gamma", "gene": ("gamma_g", "sigma_gamma"), "sgrna": ("alpha_s", "sigma_alpha")},
    "slope": {"mean": "mu_delta", "gene": ("delta_g", "sigma_delta"), "sgrna": ("beta_s", "sigma_beta")},
}


def build(data: ModelData, priors: Priors) -> pm.Model:
    gene = data.gene_of_sgrna
    with pm.Model(coords=data.coords) as model:
        x, logfc = rows(data)
        gamma_g, delta_g = gene_intercepts_and_slopes(priors)
        sigma_alpha, sigma_beta = prior("sigma_alpha", priors), prior("sigma_beta", priors)
        rho = correlation("rho", priors)
        alpha_s = effects("alpha_s", priors, gamma_g[gene], sigma_alpha, "sgrna")
        beta_s = effects_given("beta_s", priors, delta_g[gene], sigma_beta, rho, (alpha_s, gamma_g[gene], sigma_alpha), "sgrna")
        mean = alpha_s[data.sgrna_of_row] + beta_s[data.sgrna_of_row] * x
        pm.Normal("logfc", mean, prior("sigma", priors), observed=logfc, dims="row")
    return model
