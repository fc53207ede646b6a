"""For real screens: gene x cell-line effects, lines that respond differently, noise by sgRNA and line, two classes of genes.

logfc_i ~ Normal(k_l (alpha_s + beta_s x_i + e_gl), sigma sqrt(u_s v_l))   a few rows have 100 times the variance
e_gl ~ Normal(0, tau_g)         tau_g ~ HalfStudentT(3, t)
alpha_s ~ Normal(gamma_g, sigma_alpha)    a few guides depart by Normal(0, 2 logFC)    beta_s ~ Normal(delta_g, sigma_beta)
gamma_g ~ Normal(mu_gamma, sigma_gamma)   delta_g ~ Normal(mu_delta, sigma_delta)
Every gene is null or common; mu, sigma_gamma, sigma_delta, sigma_alpha, sigma_beta, t and p differ between the two classes.
u_s, v_l and k_l are log-normal around 1 (k_l with log-mean 0 over the lines). x should be 0 at the diploid copy number.
"""

import pymc as pm

from guidefit.models.declaration import Priors
from guidefit.models.line_parts import build_line_model
from guidefit.screens.arrays import ModelData

PRIORS = {
    "mu_gamma_null": "Normal(0, 0.1)",
    "mu_gamma_common": "Normal(-1, 0.5)",
    "mu_delta_null": "Normal(0, 0.3)",
    "mu_delta_common": "Normal(0, 0.5)",
    "sigma_gamma_null": "HalfNormal(0.1)",
    "sigma_gamma_common": "HalfNormal(0.7)",
    "sigma_delta_null": "HalfNormal(0.2)",
    "sigma_delta_common": "HalfNormal(0.3)",
    "sigma_alpha_null": "HalfNormal(0.3)",
    "sigma_alpha_common": "HalfNormal(1)",
    "sigma_beta_null": "HalfNormal(0.2)",
    "sigma_beta_common": "HalfNormal(0.3)",
    "t_null": "LogNormal(-2.8134, 0.3)",  # median 0.06
    "t_common": "LogNormal(-1.3863, 0.5)",  # median 0.25
    "p_null": "Beta(1, 50)",
    "p_common": "Beta(1, 50)",
    "w_common": "Beta(1, 1)",
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
    "departing_sgrnas": ("p", 2.0),
    "departing_rows": ("p_row", 100.0),
    "classes": ("null", "common"),
    "weight": "w_common",
}


def build(data: ModelData, priors: Priors) -> pm.Model:
    return build_line_model(STRUCTURE, data, priors)
