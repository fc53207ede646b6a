"""varying_effects with an intercept of each cell line: what normalisation left of batch effects and of a screen's quality.

logfc_i ~ Normal(alpha_s + beta_s x_i + tau_c, sigma), tau_c ~ Normal(0, sigma_line), the rest as in varying_effects.
The mean of the tau_c and that of the alpha_s trade places within the prior of the tau_c: set `adaptation: low_rank`, which follows
that ridge (1,600 effective draws of 4,000 where `diag` has 40).
"""

import pymc as pm

from guidefit.screens.arrays import ModelData
from guidefit.models.declaration import Priors
from guidefit.models.parts import effects, prior, rows, sgrna_effects

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
    "sigma_line": {"distribution": "Exponential", "lam": 1},
    "tau_c": {"distribution": "Normal"},
}


def build(data: ModelData, priors: Priors) -> pm.Model:
    with pm.Model(coords=data.coords) as model:
        x, logfc = rows(data)
        alpha_s, beta_s = sgrna_effects(data, priors)
        tau_c = effects("tau_c", priors, 0.0, prior("sigma_line", priors), "cell_line")
        mean = alpha_s[data.sgrna_of_row] + beta_s[data.sgrna_of_row] * x + tau_c[data.cell_line_of_row]
        pm.Normal("logfc", mean, prior("sigma", priors), observed=logfc, dims="row")
    return model
