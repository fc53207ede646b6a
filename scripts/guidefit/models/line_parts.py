"""The PyMC model of a variant with effects by gene and cell line, in which classes of genes and departures are summed out."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from guidefit.models import line_prior
from guidefit.models.declaration import Priors
from guidefit.models.line_structure import DEGREES, MEAN_SD, LineStructure, read_structure
from guidefit.models.parts import prior, rows
from guidefit.screens.arrays import ModelData

_START_LOG_TAU = -2.0


def build_line_model(declared: Mapping[str, Any], data: ModelData, priors: Priors) -> pm.Model:
    """The model that a variant's STRUCTURE declares (guidefit.models.line_structure), with the priors of its hyper-parameters.

    A screen without copy numbers has no slopes.
    """
    structure = read_structure(declared, "STRUCTURE")
    if not data.has_covariate:
        for name in structure.roles:
            priors.get(name)  # those of slopes are known, although this screen does not need them
        structure = structure.without_slope()
    gene, sgrna, line = data.gene_of_row, data.sgrna_of_row, data.cell_line_of_row
    with pm.Model(coords=data.coords) as model:
        x, logfc = rows(data)
        hyper = {name: prior(name, priors) for name in structure.roles}
        alpha, beta, tau = _gene_parameters(structure, hyper, data)
        standard = pm.Normal(f"_{structure.gene_by_line[0]}", 0.0, 1.0, dims=("gene", "cell_line"))
        e = pm.Deterministic(structure.gene_by_line[0], tau[:, None] * standard, dims=("gene", "cell_line"))
        u = pm.LogNormal(structure.sgrna_noise[0], 0.0, hyper[structure.sgrna_noise[1]], dims="sgrna")
        v = pm.LogNormal(structure.line_noise[0], 0.0, hyper[structure.line_noise[1]], dims="cell_line")
        k = _multiplier(structure, hyper, len(data.cell_lines))
        effect = alpha[sgrna] + e[gene, line]
        if beta is not None:
            effect += beta[sgrna] * x
        mean = k[line] * effect
        sd = hyper[structure.noise] * pt.sqrt(u[sgrna] * v[line])
        if structure.departing_rows:
            share, factor = structure.departing_rows
            weights = pt.stack([1 - hyper[share], hyper[share]])
            sds = sd[:, None] * np.array([1.0, np.sqrt(factor)])
            pm.NormalMixture("logfc", weights, mean[:, None], sds, observed=logfc, dims="row")
        else:
            pm.Normal("logfc", mean, sd, observed=logfc, dims="row")
    return model


def _multiplier(structure: LineStructure, hyper: Mapping[str, Any], lines: int) -> Any:
    """k_l by cell line: log k_l = m + d_l with d ~ ZeroSumNormal(s_k)."""
    if not structure.multiplier:
        return pt.ones(lines)
    name, scale = structure.multiplier
    deviation = pm.ZeroSumNormal(f"_log_{name}", hyper[scale], dims="cell_line")
    return pm.Deterministic(name, pt.exp(pm.Normal(f"_mean_log_{name}", 0.0, MEAN_SD) + deviation), dims="cell_line")


def _gene_parameters(structure: LineStructure, hyper: Mapping[str, Any], data: ModelData) -> tuple[Any, Any, Any]:
    """alpha (sgrna,), beta (sgrna,; None without slopes) and tau (gene,), with the gene's gamma and delta as further variables.

    One vector (gamma, log tau, alpha, and with slopes delta, beta) has the joint density in which the gene's class and its guides'
    flags are summed out, because the class is shared by all of them.
    """
    gene_of_sgrna, genes, sgrnas = data.gene_of_sgrna, len(data.genes), len(data.sgrnas)
    omega = structure.departing_sgrnas[1] if structure.departing_sgrnas else 0.0
    columns = _class_columns(structure, hyper)
    slopes = [genes, sgrnas] if structure.has_slope else [0, 0]
    ends = np.cumsum([genes, genes, sgrnas, *slopes])

    def logp(value: Any, *flat: Any) -> Any:
        classes = [flat[i : i + 9] for i in range(0, len(flat), 9)]
        return pt.logsumexp(pt.stack([_log_density(value, ends, each, omega, gene_of_sgrna) for each in classes]), axis=0)

    def random(*flat: Any, rng: np.random.Generator, size: Any) -> np.ndarray:
        matrix = np.array([float(np.asarray(each).flat[0]) for each in flat]).reshape(-1, 9)
        drawn = line_prior.draw_genes(matrix, omega, gene_of_sgrna, genes, rng)
        of_slopes = [drawn.delta, drawn.beta] if structure.has_slope else []
        return np.concatenate([drawn.gamma, np.log(drawn.tau), drawn.alpha, *of_slopes])

    def support_point(rv: Any, size: Any, *flat: Any) -> Any:
        start = np.zeros(size_of_all)
        start[ends[0] : ends[1]] = _START_LOG_TAU
        return pt.as_tensor(start)

    flat = [each for column in columns for each in column]
    size_of_all = int(ends[-1])
    vector = pm.CustomDist("_genes", *flat, logp=logp, random=random, support_point=support_point, shape=(size_of_all,))
    gamma, log_tau, alpha, delta, beta = _split(vector, ends)
    pm.Deterministic(structure.intercept.gene[0], gamma, dims="gene")
    tau = pm.Deterministic(structure.gene_by_line[1], pt.exp(log_tau), dims="gene")
    alpha = pm.Deterministic(structure.intercept.sgrna[0], alpha, dims="sgrna")
    if not structure.has_slope:
        return alpha, None, tau
    pm.Deterministic(structure.slope.gene[0], delta, dims="gene")
    return alpha, pm.Deterministic(structure.slope.sgrna[0], beta, dims="sgrna"), tau


def _split(vector: Any, ends: np.ndarray) -> list[Any]:
    """gamma, log tau, alpha, delta and beta of the vector of all genes; the last two are empty without slopes."""
    return [vector[int(start) : int(end)] for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _class_columns(structure: LineStructure, hyper: Mapping[str, Any]) -> list[list[Any]]:
    """The nine hyper-parameters of each class, in the order of `line_prior.draw_genes`."""
    classes = structure.classes or ("",)
    weights = [1 - hyper[structure.weight], hyper[structure.weight]] if structure.weight else [pt.constant(1.0)]
    names = (structure.intercept.mean, structure.slope.mean, *structure.spreads, structure.gene_by_line[2])
    share = structure.departing_sgrnas
    found = []
    for number, _ in enumerate(classes):
        shares = hyper[structure.by_class(share[0])[number]] if share else pt.constant(0.0)
        of_class = (hyper.get(structure.by_class(name)[number], pt.constant(0.0)) for name in names)  # 0: without slopes
        found.append([weights[number], *of_class, shares])
    return found


def _log_density(value: Any, ends: np.ndarray, hyper: Any, omega: float, gene_of_sgrna: np.ndarray) -> Any:
    """(gene,) log density of a gene's parameters and its membership in a class with these hyper-parameters, flags summed out."""
    weight, mu_gamma, mu_delta, sigma_gamma, sigma_delta, sigma_alpha, sigma_beta, t, p = hyper
    gamma, log_tau, alpha, delta, beta = _split(value, ends)
    has_slope = ends[-1] > ends[2]
    guides = _normal(alpha, gamma[gene_of_sgrna], sigma_alpha)
    if omega:
        wide = _normal(alpha, gamma[gene_of_sgrna], pt.sqrt(sigma_alpha**2 + omega**2))
        guides = pt.logaddexp(pt.log1p(-p) + guides, pt.log(p) + wide)
    if has_slope:
        guides += _normal(beta, delta[gene_of_sgrna], sigma_beta)
    of_guides = pt.inc_subtensor(pt.zeros_like(gamma)[gene_of_sgrna], guides)
    own = pt.log(weight) + _normal(gamma, mu_gamma, sigma_gamma)
    if has_slope:
        own += _normal(delta, mu_delta, sigma_delta)
    return own + _half_t(log_tau, t) + of_guides


def _half_t(log_tau: Any, t: Any) -> Any:
    """Log density of log tau where tau is half-Student-t with scale t."""
    constant = np.log(2) + _log_t_constant()
    q = log_tau - pt.log(t)
    return constant + q - 0.5 * (DEGREES + 1) * pt.log1p(pt.exp(2 * q) / DEGREES)


def _log_t_constant() -> float:
    from scipy import special

    return float(special.gammaln((DEGREES + 1) / 2) - special.gammaln(DEGREES / 2) - 0.5 * np.log(DEGREES * np.pi))


def _normal(value: Any, mean: Any, sd: Any) -> Any:
    return -0.5 * ((value - mean) / sd) ** 2 - pt.log(sd) - 0.5 * np.log(2 * np.pi)
