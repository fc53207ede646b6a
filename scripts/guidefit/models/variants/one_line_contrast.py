"""For a contrast of two arms in one cell line: genes without a difference, and genes that respond in either direction.

logfc_i ~ Normal(gamma_g + f(x_g), sigma_c)    gamma_g ~ Normal(mu_gamma_c, sigma_gamma_c)
This is one_line with other classes: a gene is null or responding, and the responding ones are depleted or enriched. Most genes do
not respond to a drug. One normal distribution of the effects of all genes, as gene_intercepts has, is then too wide for them: it
takes noise for effects, and more than the stated share of the called genes is false. Copy numbers change the arms of a contrast
alike, so that there is usually no curve f.
"""

import pymc as pm

from guidefit.models.declaration import Priors
from guidefit.models.one_line_parts import build_one_line
from guidefit.screens.arrays import ModelData

PRIORS = {
    "mu_gamma_null": "Normal(0, 0.1)",
    "mu_gamma_responding": "Normal(0, 0.5)",
    "sigma_gamma_null": "HalfNormal(0.1)",
    "sigma_gamma_responding": "HalfNormal(0.8)",
    "sigma_null": "HalfNormal(0.7)",
    "sigma_responding": "HalfNormal(1.2)",
    "w_responding": "Beta(1, 1)",
    "b_all": "Normal(0, 0.5)",
    "b_75": "Normal(0, 0.5)",
    "b_95": "Normal(0, 0.5)",
    "b_99": "Normal(0, 0.5)",
}

ONE_LINE = {
    "gene": "gamma_g",
    "mean": "mu_gamma",
    "sd": "sigma_gamma",
    "noise": "sigma",
    "classes": ("null", "responding"),
    "weight": "w_responding",
    "curve": ("b_all", "b_75", "b_95", "b_99"),
}


def build(data: ModelData, priors: Priors) -> pm.Model:
    return build_one_line(ONE_LINE, data, priors)
