"""The moments that the engine `gibbs` keeps of a variant with effects by gene and cell line, computed from draws of all parameters.

For fits of the engine `nuts`, which has draws of every e_gl. The model is that of `guidefit.models.line_structure`.
"""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import special, stats

from guidefit.effects.draws import pool
from guidefit.models.line_structure import DEGREES, LineStructure


def moments_of_draws(structure: LineStructure, posterior: xr.Dataset, data: xr.Dataset, dependent_below: float) -> xr.Dataset:
    """The moments of a fit, as `guidefit.engines.gibbs_draws.Draws` gives them.

    posterior: draws (chain, draw, ...); data: group constant_data of the fit; dependent_below: effect below which a gene counts as
    a dependency where there are no classes.
    """
    draws = {name: pool(posterior[name]).values.astype(float) for name in (*structure.roles, *structure.dims) if name in posterior}
    found = _of_cells(structure, draws, data, dependent_below)
    if structure.classes:
        classes, departs = _of_classes(structure, draws, data["gene_of_sgrna"].values)
        found[f"p_{structure.classes[1]}"] = ("gene", classes)
        if structure.departing_sgrnas:
            found["p_departs"] = ("sgrna", departs)
    coords = {dim: posterior[dim].values for dim in ("gene", "sgrna", "cell_line")}
    return xr.Dataset(found, coords=coords)


def _of_cells(structure: LineStructure, draws: dict[str, np.ndarray], data: xr.Dataset, dependent_below: float) -> dict[str, Any]:
    """(dims, values) of the moments by gene and cell line, NaN in lines without rows of the gene; see `gibbs_genes.add_moments`."""
    gamma, e, tau = draws[structure.intercept.gene[0]], draws[structure.gene_by_line[0]], draws[structure.gene_by_line[1]]
    _, genes, lines = e.shape
    k = draws[structure.multiplier[0]] if structure.multiplier else np.ones((len(e), lines))
    weight = k**2 / draws[structure.line_noise[0]]
    precision = 1 / (draws[structure.noise][:, None] ** 2 * draws[structure.sgrna_noise[0]])
    gene, line, guide, x = _rows(data)
    means = structure.by_class(structure.intercept.mean)
    null = draws[means[0]] if structure.classes else np.zeros(len(e))
    halfway = (draws[means[-1]] - null) / 2 if structure.classes else np.full(len(e), dependent_below)
    slope = np.zeros_like(gamma)
    if structure.slope.gene[0] in draws:
        slope = draws[structure.slope.gene[0]] - draws[structure.by_class(structure.slope.mean)[0]][:, None]
    name = structure.gene_by_line[0]
    names = (f"{name}_mean", f"{name}_sd", "effect", "effect_sd", "p_dependent", "p_negative", "information")
    found = {each: np.full((genes, lines), np.nan) for each in names}
    for (g, c), mine in pd.Series(x).groupby([gene, line]).indices.items():
        effect = gamma[:, g] - null + e[:, g, c] + slope[:, g] * x[mine].mean()
        informed = tau[:, g] ** 2 * weight[:, c] * precision[:, guide[mine]].sum(axis=1)
        own = e[:, g, c]
        values = (own.mean(), own.std(), effect.mean(), effect.std(), (effect < halfway).mean(), (effect < 0).mean())
        for each, value in zip(names, (*values, (informed / (1 + informed)).mean()), strict=True):
            found[each][g, c] = value
    return {each: (("gene", "cell_line"), table) for each, table in found.items()}


def _rows(data: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(row,) codes of gene, cell line and sgRNA, and x."""
    guide = data["sgrna_of_row"].values
    return data["gene_of_sgrna"].values[guide], data["cell_line_of_row"].values, guide, data["x"].values


def _of_classes(structure: LineStructure, draws: dict[str, np.ndarray], gene_of_sgrna: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(gene,) probability of the second class, and (sgrna,) probability that a guide departs, averaged over the draws.

    Given a draw, log P(class c) = log w_c + log N(gamma; mu_c, sigma_gamma_c^2) + log N(delta; ...) + log half-t(tau; t_c)
    + sum over the guides of log[(1 - p_c) N(alpha; gamma, sigma_alpha_c^2) + p_c N(alpha; gamma, sigma_alpha_c^2 + omega^2)]
    + log N(beta; delta, sigma_beta_c^2), up to a constant.
    """
    gamma, tau = draws[structure.intercept.gene[0]], draws[structure.gene_by_line[1]]
    deviation = draws[structure.intercept.sgrna[0]] - gamma[:, gene_of_sgrna]
    second = draws[structure.weight or ""][:, None]
    omega = structure.departing_sgrnas[1] if structure.departing_sgrnas else 0.0
    membership = np.zeros((gene_of_sgrna.max() + 1, len(gene_of_sgrna)))
    membership[gene_of_sgrna, np.arange(len(gene_of_sgrna))] = 1
    of_classes, flags = [], []
    for number, weight in enumerate((1 - second, second)):

        def hyper(name: str, number: int = number) -> np.ndarray:
            return draws[structure.by_class(name)[number]][:, None]

        spread = hyper(structure.intercept.sgrna[1])
        guides, flag = stats.norm.logpdf(deviation, 0, spread), np.zeros_like(deviation)
        if structure.departing_sgrnas:
            share = hyper(structure.departing_sgrnas[0])
            departing = np.log(share) + stats.norm.logpdf(deviation, 0, np.hypot(spread, omega))
            guides = np.logaddexp(np.log1p(-share) + guides, departing)
            flag = np.exp(departing - guides)
        scale = hyper(structure.gene_by_line[2])
        own = np.log(weight) + stats.norm.logpdf(gamma, hyper(structure.intercept.mean), hyper(structure.intercept.gene[1]))
        own += stats.t.logpdf(tau / scale, DEGREES) - np.log(scale)
        if structure.slope.gene[0] in draws:
            delta, beta = draws[structure.slope.gene[0]], draws[structure.slope.sgrna[0]]
            own += stats.norm.logpdf(delta, hyper(structure.slope.mean), hyper(structure.slope.gene[1]))
            guides = guides + stats.norm.logpdf(beta, delta[:, gene_of_sgrna], hyper(structure.slope.sgrna[1]))
        of_classes.append(own + guides @ membership.T)
        flags.append(flag)
    p_second = special.expit(of_classes[1] - of_classes[0])
    of_guides = p_second[:, gene_of_sgrna]
    return p_second.mean(axis=0), ((1 - of_guides) * flags[0] + of_guides * flags[1]).mean(axis=0)
