"""gene_classes with one class of genes, and no departing guides: without classes they describe the population, not single guides.

logfc_i ~ Normal(k_l (alpha_s + beta_s x_i + e_gl), sigma sqrt(u_s v_l))   a few rows have 100 times the variance
e_gl ~ Normal(0, tau_g)         tau_g ~ HalfStudentT(3, t)
alpha_s ~ Normal(gamma_g, sigma_alpha)    beta_s ~ Normal(delta_g, sigma_beta)
gamma_g ~ Normal(mu_gamma, sigma_gamma)   delta_g ~ Normal(mu_delta, sigma_delta)
u_s, v_l and k_l are log-normal around 1 (k_l with log-mean 0 over the lines). x should be 0 at the diploid copy number.
"""

import pymc as pm

from guidefit.models.declaration import Priors
from guidefit.models.line_parts import build_line_model
from guidefit.screens.arrays import ModelData

PRIORS = {
    "mu_gamma": "Normal(0, 1)",
    "mu_delta": "Normal(0, 0.5)",
    "sigma_gamma": "HalfNormal(1)",
    "sigma_delta": "HalfNormal(0.3)",
    "sigma_alpha": "HalfNormal(0.5)",
    "sigma_beta": "HalfNormal(0.3)",
    "t": "LogNormal(-1.8971, 1)",  # median 0.15
    "sigma": "LogNormal(-0.9163, 1)",  # median 0.4
    "s_u": "HalfNormal(1)",
    "s_v": "HalfNormal(1)",
    "s_k": "HalfNormal(0.5)",
    "p_row": "Beta(1, 1000)",
}

STRUCTURE = {
    "intercept": {"mean": "mu_gamma", "gene": ("gamma_g", "sigma_gamma"), "sgrna": ("alpha_s", "sigma_alpha")},
    "slope": {"mean": "mu_delta", "gene": ("delta_g", "sigma_delta"), "sgrna": ("beta_s", "sigma_beta")},
    "gene_by_line": ("e_gl", "tau_g", "t"),
    "noise": {"scale": "sigma", "sgrna": ("u_s", "s_u"), "cell_line": ("v_l", "s_v")},
    "multiplier": ("k_l", "s_k"),
    "departing_rows": ("p_row", 100.0),
}


def build(data: ModelData, priors: Priors) -> pm.Model:
    return build_line_model(STRUCTURE, data, priors)
