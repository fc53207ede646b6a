"""varying_effects with a response to copy number that levels off for amplifications.

logfc_i ~ Normal(alpha_s + beta_s f(x_i; kappa), sigma), f(x; kappa) = x for x <= 0, x / (1 + x / kappa) for x > 0
f has slope 1 at 0 and approaches kappa, which is in units of x. x should be 0 at the diploid copy number.
kappa ~ Gamma(2, 1), the rest as in varying_effects.
"""

import pymc as pm

from guidefit.models import responses
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
    "kappa": {"distribution": "Gamma", "alpha": 2, "beta": 1},
}

RESPONSE = ("saturating", "kappa")


def build(data: ModelData, priors: Priors) -> pm.Model:
    with pm.Model(coords=data.coords) as model:
        x, logfc = rows(data)
        alpha_s, beta_s = sgrna_effects(data, priors)
        effect = responses.saturating_curve(x, prior("kappa", priors))
        mean = alpha_s[data.sgrna_of_row] + beta_s[data.sgrna_of_row] * effect
        pm.Normal("logfc", mean, prior("sigma", priors), observed=logfc, dims="row")
    return model
