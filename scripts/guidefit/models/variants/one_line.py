"""For a screen of one cell line: two classes of genes, and a curve of copy number that all genes share, read across genes.

logfc_i ~ Normal(gamma_g + f(x_g), sigma_c)    gamma_g ~ Normal(mu_gamma_c, sigma_gamma_c)
A gene belongs to class c, null or common, with probability w_c; the class is summed out.
f(x) = b_all x + hinges at the 75, 95 and 99 % quantiles of x (guidefit.models.shared_curve), 0 at the diploid copy number.
One line does not separate effects of the line from those of genes, slopes of genes, and noise of sgRNAs from their differences:
the model has none of these. Rows are taken as they are, replicates too. Without copy numbers there is no curve.
"""

import pymc as pm

from guidefit.models.declaration import Priors
from guidefit.models.one_line_parts import build_one_line
from guidefit.screens.arrays import ModelData

PRIORS = {
    "mu_gamma_null": "Normal(0, 0.1)",
    "mu_gamma_common": "Normal(-1.5, 1)",
    "sigma_gamma_null": "HalfNormal(0.1)",
    "sigma_gamma_common": "HalfNormal(0.8)",
    "sigma_null": "HalfNormal(0.7)",
    "sigma_common": "HalfNormal(1.2)",
    "w_common": "Beta(1, 1)",
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
    "classes": ("null", "common"),
    "weight": "w_common",
    "curve": ("b_all", "b_75", "b_95", "b_99"),
}


def build(data: ModelData, priors: Priors) -> pm.Model:
    return build_one_line(ONE_LINE, data, priors)
