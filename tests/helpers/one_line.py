"""Screens of one cell line drawn from the variant one_line."""

import numpy as np
import pandas as pd

from guidefit.models import one_line
from guidefit.screens import arrays

HYPER = {"mu_gamma_null": 0.0, "mu_gamma_common": -1.2, "sigma_gamma_null": 0.08, "sigma_gamma_common": 0.5}
HYPER |= {"sigma_null": 0.3, "sigma_common": 0.6, "w_common": 0.2}
CURVE = np.array([-0.3, 0.0, 0.0, 0.25])


def screen(rng, genes=200, guides=4, copies=True, curve=CURVE, hyper=HYPER, spread=0.12):
    """(table of rows, true effects (gene,), true classes (gene,)). guides: rows of each gene, a number or one for each.

    spread: sd of most x.
    """
    second = rng.random(genes) < hyper["w_common"]

    def of(name):
        return np.where(second, hyper[f"{name}_common"], hyper[f"{name}_null"])

    gamma = of("mu_gamma") + of("sigma_gamma") * rng.standard_normal(genes)
    x = np.where(rng.random(genes) < 0.1, rng.exponential(0.8, genes), spread * rng.standard_normal(genes)) * copies
    basis = one_line.curve_basis(x, one_line.find_knots(x))
    f = basis @ curve[: basis.shape[1]] if copies else 0 * x
    gene = np.repeat(np.arange(genes), guides)
    logfc = (gamma + f)[gene] + of("sigma")[gene] * rng.standard_normal(len(gene))
    names = {"gene": [f"g{i}" for i in gene], "sgrna": [f"s{i}" for i in range(len(gene))], "cell_line": "A"}
    return pd.DataFrame({**names, "x": x[gene], "cna": 2 ** (x[gene] + 1) - 1, "logfc": logfc}), gamma, second


def data(*given, **sizes):
    """(screen as arrays, true effects, true classes)."""
    table, gamma, second = screen(*given, **sizes)
    return arrays.model_data(table), gamma, second


def contrast(rng, genes, guides=4, toxic=0.0):
    """(table of rows, sign of each gene's true effect) of a drug against a control, from counts of two replicates.

    One gene in 25 is enriched, two are depleted, by 0.34 logFC or more; toxic: share of guides that are depleted by 3 on their own.
    """
    sign = rng.permutation(np.resize(np.repeat([-1, 1, 0], [2, 1, 22]), genes))
    gene = np.repeat(np.arange(genes), guides)
    of_guide = (sign * rng.uniform(0.4, 2.0, genes))[gene] * rng.uniform(0.85, 1.15, len(gene))
    change = 2 ** (of_guide - 3.0 * (rng.random(len(gene)) < toxic))
    logfc = np.zeros(len(gene))
    for _ in range(2):
        mean = 300 * rng.lognormal(0, 0.6, len(gene))
        drug, control = (rng.negative_binomial(25, 25 / (25 + each)) for each in (mean * change, mean))
        logfc += np.log2((drug + 1) / (control + 1)) / 2
    names = {"gene": [f"g{i}" for i in gene], "sgrna": [f"s{i}" for i in range(len(gene))], "cell_line": "A"}
    table = pd.DataFrame({**names, "x": 0.0, "x_diploid": 0.0, "cna": np.nan, "logfc": logfc - np.median(logfc)})
    return table, pd.Series(sign, [f"g{i}" for i in range(genes)])
