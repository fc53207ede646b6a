"""Simulated screens with a known truth.

A design makes three things: the rows with their copy numbers, the truth of every parameter, and each row's noise.
LogFC is then alpha_s + beta_s * effect + noise, where the effect is the copy number itself, the covariate x, or a curve of one of
these, and where each cell line may have an intercept tau_c.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from guidefit.models import responses
from guidefit.screens.covariates import Covariate, Line, Truth, push_forward
from guidefit.base.names import indexed
from guidefit.base.tables import concatenate

BLOCK_ROWS = 2_000_000  # larger screens are simulated some genes at a time


@dataclass(frozen=True)
class Design:
    """A general design, with the keys of the config's `simulate`.

    copy_number: `mean` (Poisson mean: one number, one per gene, or {shape, scale} of the gamma distribution it is drawn from
    per gene), `noise` (sd of the measured copy number), `shared` (one copy number per gene and cell line, as in nature, or
    one per row). outlier_nu: degrees of freedom of Student-t noise; None is normal noise. kappa, ratio: parameter of the curve that
    the slopes multiply, saturating or piecewise (guidefit.models.responses); None is no curve.
    """

    genes: int
    sgrnas_per_gene: int | list[int]
    cell_lines: int
    mu_gamma: float
    sigma_gamma: float
    sigma_alpha: float
    mu_delta: float
    sigma_delta: float
    sigma_beta: float
    sigma: float
    rho: float
    rho_gene: float
    sigma_line: float
    copy_number: Mapping[str, Any]
    outlier_nu: float | None
    kappa: float | None
    ratio: float | None

    @property
    def sgrna_counts(self) -> np.ndarray:
        """(gene,) number of sgRNAs of each gene."""
        return np.broadcast_to(np.asarray(self.sgrnas_per_gene), self.genes)


@dataclass(frozen=True)
class Blueprint:
    """A simulated data set, or some of its genes, before its logFC: (row,) codes and copy numbers, the truth, and (row,) noise.

    first_gene, first_sgrna: numbers of those that have code 0 here.
    """

    gene_of_sgrna: np.ndarray
    sgrna_of_row: np.ndarray
    cell_line_of_row: np.ndarray
    cna: np.ndarray
    truth: Truth
    noise: np.ndarray
    first_gene: int = 0
    first_sgrna: int = 0

    @property
    def gene_of_row(self) -> np.ndarray:
        """(row,) gene codes."""
        return self.gene_of_sgrna[self.sgrna_of_row]


NOTEBOOK = Design(
    genes=5,
    sgrnas_per_gene=[1, 2, 3, 4, 5],
    cell_lines=20,
    mu_gamma=-0.5,
    sigma_gamma=0.5,
    sigma_alpha=0.2,
    mu_delta=-1.0,
    sigma_delta=1.0,
    sigma_beta=0.2,
    sigma=0.3,
    rho=0.0,
    rho_gene=0.0,
    sigma_line=0.0,
    copy_number={"noise": 0.1, "shared": False},  # the means are below
    outlier_nu=None,
    kappa=None,
    ratio=None,
)
_NOTEBOOK_POISSON_MEANS = (1, 0.8, None, 1.5, 2)  # None: always two copies, no draw


def notebook(seed: int) -> Blueprint:
    """The notebook's experiment, digit for digit: its legacy generator, its order of draws, one number at a time."""
    d = NOTEBOOK
    rng = np.random.RandomState(seed)
    gamma_g = rng.normal(d.mu_gamma, d.sigma_gamma, d.genes)
    delta_g = rng.normal(d.mu_delta, d.sigma_delta, d.genes)
    gene_of_sgrna, sgrna_of_row, cell_line_of_row = _rows(d)
    effects = [(rng.normal(gamma_g[g], d.sigma_alpha), rng.normal(delta_g[g], d.sigma_beta)) for g in gene_of_sgrna]
    alpha_s, beta_s = np.array(effects).T
    cna = np.empty(len(sgrna_of_row))
    for row, gene in enumerate(gene_of_sgrna[sgrna_of_row]):
        mean = _NOTEBOOK_POISSON_MEANS[gene]
        copies = 2 if mean is None else rng.poisson(mean)
        cna[row] = max(copies + rng.normal(0, 0.1), 0)
    noise = rng.normal(0, d.sigma, len(cna))
    truth = _truth(d, gamma_g, delta_g, alpha_s, beta_s, np.zeros(d.cell_lines))
    return Blueprint(gene_of_sgrna, sgrna_of_row, cell_line_of_row, cna, truth, noise)


def general(design: Design, rng: np.random.Generator) -> Blueprint:
    """A data set in one vectorised pass; gene and sgRNA effects are drawn from the design's hyper-parameters."""
    return next(blocks(design, rng, most_rows=None))


def blocks(design: Design, rng: np.random.Generator, most_rows: int | None) -> Iterator[Blueprint]:
    """A data set of any size, some genes at a time: as many as have at most most_rows rows together; None: all at once."""
    d = design
    gene_of_sgrna = np.repeat(np.arange(d.genes), d.sgrna_counts)
    first, second = _correlated(d.rho_gene, d.genes, rng)
    gamma_g, delta_g = d.mu_gamma + d.sigma_gamma * first, d.mu_delta + d.sigma_delta * second
    first, second = _correlated(d.rho, len(gene_of_sgrna), rng)
    alpha_s = gamma_g[gene_of_sgrna] + d.sigma_alpha * first
    beta_s = delta_g[gene_of_sgrna] + d.sigma_beta * second
    means = _copy_number_means(d, rng)
    tau_c = rng.normal(0, d.sigma_line, d.cell_lines) if d.sigma_line else np.zeros(d.cell_lines)
    step = d.genes if most_rows is None else max(1, int(most_rows // (d.sgrna_counts.mean() * d.cell_lines)))
    for start in range(0, d.genes, step):
        genes = slice(start, start + step)
        sgrnas = slice(*np.searchsorted(gene_of_sgrna, [start, start + step]))
        part = replace(d, genes=len(gamma_g[genes]), sgrnas_per_gene=d.sgrna_counts[genes].tolist())
        gene, sgrna_of_row, cell_line_of_row = _rows(part)
        cna = _copy_number(part, means[genes], gene[sgrna_of_row], cell_line_of_row, rng)
        size = len(cna)
        noise = d.sigma * (rng.standard_normal(size) if d.outlier_nu is None else rng.standard_t(d.outlier_nu, size))
        truth = _truth(d, gamma_g[genes], delta_g[genes], alpha_s[sgrnas], beta_s[sgrnas], tau_c)
        yield Blueprint(gene, sgrna_of_row, cell_line_of_row, cna, truth, noise, start, sgrnas.start)


def _correlated(rho: float, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of standard normals that correlate by rho."""
    first, second = rng.standard_normal((2, size))
    return first, rho * first + np.sqrt(1 - rho**2) * second


def _rows(design: Design) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes: gene of each sgRNA; sgRNA and cell line of each row (sgRNAs gene by gene, cell lines in order)."""
    gene_of_sgrna = np.repeat(np.arange(design.genes), design.sgrna_counts)
    sgrna_of_row = np.repeat(np.arange(len(gene_of_sgrna)), design.cell_lines)
    cell_line_of_row = np.tile(np.arange(design.cell_lines), len(gene_of_sgrna))
    return gene_of_sgrna, sgrna_of_row, cell_line_of_row


def _copy_number_means(design: Design, rng: np.random.Generator) -> np.ndarray:
    """(gene,) Poisson means of the copies."""
    mean = design.copy_number["mean"]
    if isinstance(mean, Mapping):
        return rng.gamma(mean["shape"], mean["scale"], design.genes)
    return np.broadcast_to(np.asarray(mean, float), design.genes)


def _copy_number(
    design: Design, means: np.ndarray, gene: np.ndarray, cell_line: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    noise, shared = design.copy_number["noise"], design.copy_number["shared"]
    if shared:
        shape = (design.genes, design.cell_lines)
        by_gene = np.maximum(rng.poisson(means[:, None], shape) + rng.normal(0, noise, shape), 0)
        return by_gene[gene, cell_line]
    return np.maximum(rng.poisson(means[gene]) + rng.normal(0, noise, len(gene)), 0)


HYPER = (
    *("mu_gamma", "sigma_gamma", "mu_delta", "sigma_delta", "rho_gene"),
    *("sigma_alpha", "sigma_beta", "rho", "sigma_line", "sigma"),
)


def _truth(
    d: Design, gamma_g: np.ndarray, delta_g: np.ndarray, alpha_s: np.ndarray, beta_s: np.ndarray, tau_c: np.ndarray
) -> Truth:
    truth: Truth = {name: getattr(d, name) for name in HYPER}
    if d.outlier_nu is not None:
        truth["nu"] = d.outlier_nu
    if d.kappa is not None:
        truth["kappa"] = d.kappa
    else:
        truth["ratio"] = 1.0 if d.ratio is None else d.ratio  # without a curve gains act as losses do
    return truth | {"gamma_g": gamma_g, "delta_g": delta_g, "alpha_s": alpha_s, "beta_s": beta_s, "tau_c": tau_c}


def logfc(blueprint: Blueprint, effect: np.ndarray) -> np.ndarray:
    """(row,) logFC of the blueprint's truth where `effect` (row,) is what the slopes multiply: cna, or x."""
    sgrna, truth = blueprint.sgrna_of_row, blueprint.truth
    alpha_s, beta_s, tau_c = (np.asarray(truth[name]) for name in ("alpha_s", "beta_s", "tau_c"))
    effect = responses.saturating(effect, truth["kappa"]) if "kappa" in truth else responses.piecewise(effect, truth["ratio"])
    return alpha_s[sgrna] + beta_s[sgrna] * effect + tau_c[blueprint.cell_line_of_row] + blueprint.noise


def covariate_table(blueprint: Blueprint, covariate: Covariate) -> tuple[pd.DataFrame, Line | None]:
    """The rows as a table (gene, sgrna, cell_line as categories; cna, x), still without logFC, and the covariate's line."""
    fitted = covariate.fit(blueprint.cna, blueprint.gene_of_row)
    table = pd.DataFrame(
        {
            "gene": _labels("gene", blueprint.gene_of_row, blueprint.first_gene),
            "sgrna": _labels("sgRNA", blueprint.sgrna_of_row, blueprint.first_sgrna),
            "cell_line": _labels("cell", blueprint.cell_line_of_row),
            "cna": blueprint.cna,
            "x": fitted.x(blueprint.cna, blueprint.gene_of_row),
        }
    )
    return table, fitted.line


def on_layout(path: str | Path, covariate: Covariate) -> pd.DataFrame:
    """The rows of another study's screen (gene, sgrna, cell_line, cna, x, logfc), with x made anew from its copy numbers."""
    table = pd.read_parquet(path, columns=["gene", "sgrna", "cell_line", "cna", "logfc"])
    gene, _ = pd.factorize(table["gene"])
    cna = table["cna"].to_numpy()
    table.insert(4, "x", covariate.fit(cna, gene).x(cna, gene))
    return table


def with_replicate(observed: pd.DataFrame, logfc: np.ndarray) -> pd.DataFrame:
    """The observed rows and, after them, the same rows with a simulated logFC; the column `replicated` tells them apart."""
    parts = [observed.assign(replicated=False), observed.assign(logfc=logfc, replicated=True)]
    return pd.concat(parts, ignore_index=True)


def _labels(prefix: str, codes: np.ndarray, first: int = 0) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, [f"{prefix}_{first + i}" for i in range(codes.max() + 1)])


def simulate(blueprint: Blueprint, covariate: Covariate, effect_on: str) -> tuple[pd.DataFrame, Truth]:
    """A screen (gene, sgrna, cell_line, cna, x, logfc) and its truth on the scale of x.

    effect_on: "cna" (slopes multiply the raw copy number, as in the notebook) or "x" (what the model sees: truths carry over).
    """
    table, line = covariate_table(blueprint, covariate)
    if effect_on == "x":
        table["logfc"] = logfc(blueprint, table["x"].to_numpy())
        return table, dict(blueprint.truth)
    table["logfc"] = logfc(blueprint, blueprint.cna)
    return table, push_forward(blueprint.truth, line, blueprint.gene_of_sgrna)


def join(truths: list[Truth]) -> Truth:
    """The truth of a data set from those of its blocks: effects of genes and sgRNAs in a row, the rest as in the first."""
    own = [name for name, dim in DIMS.items() if dim in ("gene", "sgrna") and name in truths[0]]
    effects = {name: np.concatenate([np.atleast_1d(truth[name]) for truth in truths]) for name in own}
    return truths[0] | effects


DIMS = {"gamma_g": "gene", "delta_g": "gene", "alpha_s": "sgrna", "beta_s": "sgrna", "tau_c": "cell_line"}


def truth_table(truth: Truth, coords: Mapping[str, list[str]], dims: Mapping[str, str] = DIMS) -> pd.DataFrame:
    """Truth in long form: variable, gene, sgrna (missing where the variable has no such dim), truth (NaN: no counterpart).

    coords: names by dim; dims: the one dim of each variable that has any. Coordinates of other dims than gene and sgrna stand in
    the variable's name.
    """
    parts = []
    for name, value in truth.items():
        part = pd.DataFrame({"variable": name, "gene": None, "sgrna": None, "truth": np.atleast_1d(np.asarray(value, float))})
        dim = dims.get(name)
        if dim in ("gene", "sgrna"):
            part[dim] = coords[dim]
        elif dim:
            part["variable"] = [indexed(name, each) for each in coords[dim]]
        parts.append(part)
    types = {"variable": "str", "gene": "str", "sgrna": "str", "truth": "float64"}
    return concatenate(parts, list(types)).astype(types)
