"""varying_effects with Student-t noise, for the outliers of real screens.

logfc_i ~ StudentT(nu, alpha_s + beta_s x_i, sigma), nu ~ Gamma(2, 0.1) (Juarez & Steel 2010), the rest as in varying_effects.
sigma is the scale of the t distribution, not its standard deviation.
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
    "nu": {"distribution": "Gamma", "alpha": 2, "beta": 0.1},
}


def build(data: ModelData, priors: Priors) -> pm.Model:
    with pm.Model(coords=data.coords) as model:
        x, logfc = rows(data)
        alpha_s, beta_s = sgrna_effects(data, priors)
        mean = alpha_s[data.sgrna_of_row] + beta_s[data.sgrna_of_row] * x
        pm.StudentT("logfc", nu=prior("nu", priors), mu=mean, sigma=prior("sigma", priors), observed=logfc, dims="row")
    return model
