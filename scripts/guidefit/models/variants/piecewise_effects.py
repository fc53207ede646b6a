"""varying_effects with slopes that are `ratio` times as steep for gains as for losses.

logfc_i ~ Normal(alpha_s + beta_s f(x_i; ratio), sigma), f(x; ratio) = x for x <= 0, ratio x for x > 0
x should be 0 at the diploid copy number. ratio ~ LogNormal(0, 0.5), the rest as in varying_effects.
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
    "ratio": {"distribution": "LogNormal", "mu": 0, "sigma": 0.5},
}

RESPONSE = ("piecewise", "ratio")


def build(data: ModelData, priors: Priors) -> pm.Model:
    with pm.Model(coords=data.coords) as model:
        x, logfc = rows(data)
        alpha_s, beta_s = sgrna_effects(data, priors)
        effect = responses.piecewise_curve(x, prior("ratio", priors))
        mean = alpha_s[data.sgrna_of_row] + beta_s[data.sgrna_of_row] * effect
        pm.Normal("logfc", mean, prior("sigma", priors), observed=logfc, dims="row")
    return model
