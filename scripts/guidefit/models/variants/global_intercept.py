"""varying_effects with an additional intercept for all rows: not identifiable, a negative control (the notebook's model 6_2).

logfc_i ~ Normal(alpha + alpha_s + beta_s x_i, sigma), alpha ~ Normal(0, 3), the rest as in varying_effects.
The likelihood is the same for alpha + c, mu_gamma - c, gamma_g - c, alpha_s - c with any c.
"""

import pymc as pm

from guidefit.screens.arrays import ModelData
from guidefit.models.declaration import Priors
from guidefit.models.parts import prior, rows, sgrna_effects

PRIORS = {
    "alpha": {"distribution": "Normal", "mu": 0, "sigma": 3},
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
    "intercept": {"mean": "mu_gamma", "added": "alpha", "gene": ("gamma_g", "sigma_gamma"), "sgrna": ("alpha_s", "sigma_alpha")},
    "slope": {"mean": "mu_delta", "gene": ("delta_g", "sigma_delta"), "sgrna": ("beta_s", "sigma_beta")},
}


def build(data: ModelData, priors: Priors) -> pm.Model:
    with pm.Model(coords=data.coords) as model:
        x, logfc = rows(data)
        alpha = prior("alpha", priors)
        alpha_s, beta_s = sgrna_effects(data, priors)
        mean = alpha + alpha_s[data.sgrna_of_row] + beta_s[data.sgrna_of_row] * x
        pm.Normal("logfc", mean, prior("sigma", priors), observed=logfc, dims="row")
    return model
