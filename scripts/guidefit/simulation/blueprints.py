"""Blueprints of simulated screens: rows with copy numbers, the truth, and each row's noise, before there is any logFC."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from guidefit.base import randomness
from guidefit.screens.covariates import Truth
from guidefit.simulation.designs import NOTEBOOK, Design
from guidefit.simulation.truth import make_truth


@dataclass(frozen=True)
class Blueprint:
    """A simulated data set, or a block of its genes, before its logFC: (row,) codes and copy numbers, the truth, and (row,) noise.

    first_gene, first_sgrna: numbers, in the whole data set, of the gene and the sgRNA with code 0.
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


def draw_for_study(study: str, section: Mapping[str, Any], seed: int, most_rows: int | None = None) -> Iterator[Blueprint]:
    """The blueprint of one seed of a study, in blocks of at most most_rows rows. section: the study's section `simulate`."""
    if section["design"] == "notebook":
        yield draw_notebook(seed)
    else:
        yield from draw_blocks(Design.from_config(section), randomness.generator(study, "design", seed, "data"), most_rows)


_NOTEBOOK_POISSON_MEANS = (1, 0.8, None, 1.5, 2)  # None: always two copies, without a random number


def draw_notebook(seed: int) -> Blueprint:
    """The notebook's experiment, digit for digit: its legacy generator and its order of draws, one number at a time."""
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
    truth = make_truth(d, gamma_g, delta_g, alpha_s, beta_s, np.zeros(d.cell_lines))
    return Blueprint(gene_of_sgrna, sgrna_of_row, cell_line_of_row, cna, truth, noise)


def draw(design: Design, rng: np.random.Generator) -> Blueprint:
    """A whole data set; gene and sgRNA effects are drawn from the design's hyper-parameters."""
    return next(draw_blocks(design, rng, most_rows=None))


def draw_blocks(design: Design, rng: np.random.Generator, most_rows: int | None) -> Iterator[Blueprint]:
    """A data set of any size in blocks of genes of at most most_rows rows each; None: in one block."""
    d = design
    gene_of_sgrna = np.repeat(np.arange(d.genes), d.sgrna_counts)
    first, second = _correlated_normals(d.rho_gene, d.genes, rng)
    gamma_g, delta_g = d.mu_gamma + d.sigma_gamma * first, d.mu_delta + d.sigma_delta * second
    gamma_g += _draw_real_effects(d.effect_share, d.effect_size, d.genes, rng)
    delta_g += _draw_real_effects(d.slope_share, d.slope_size, d.genes, rng)
    first, second = _correlated_normals(d.rho, len(gene_of_sgrna), rng)
    alpha_s = gamma_g[gene_of_sgrna] + d.sigma_alpha * first
    beta_s = delta_g[gene_of_sgrna] + d.sigma_beta * second
    means = _draw_poisson_means(d, rng)
    tau_c = rng.normal(0, d.sigma_line, d.cell_lines) if d.sigma_line else np.zeros(d.cell_lines)
    step = d.genes if most_rows is None else max(1, int(most_rows // (d.sgrna_counts.mean() * d.cell_lines)))
    for start in range(0, d.genes, step):
        genes = slice(start, start + step)
        sgrnas = slice(*np.searchsorted(gene_of_sgrna, [start, start + step]))
        block = replace(d, genes=len(gamma_g[genes]), sgrnas_per_gene=d.sgrna_counts[genes].tolist())
        gene, sgrna_of_row, cell_line_of_row = _rows(block)
        cna = _draw_copy_numbers(block, means[genes], gene[sgrna_of_row], cell_line_of_row, rng)
        noise = _draw_noise(d, len(cna), rng)
        truth = make_truth(d, gamma_g[genes], delta_g[genes], alpha_s[sgrnas], beta_s[sgrnas], tau_c)
        if d.line_effect_share is not None:
            drawn = _draw_real_effects(d.line_effect_share, d.line_effect_size, block.genes * d.cell_lines, rng)
            truth["e_gl"] = np.reshape(drawn, (block.genes, d.cell_lines))
        yield Blueprint(gene, sgrna_of_row, cell_line_of_row, cna, truth, noise, start, sgrnas.start)


def _correlated_normals(rho: float, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of standard normals whose elements correlate by rho."""
    first, second = rng.standard_normal((2, size))
    return first, rho * first + np.sqrt(1 - rho**2) * second


def _draw_real_effects(share: float | None, size: float | None, genes: int, rng: np.random.Generator) -> np.ndarray | float:
    """(gene,) `size` for round(share * genes) of the genes, which are chosen at random, and 0 for the others."""
    if share is None or size is None:
        return 0.0
    return rng.permutation(size * (np.arange(genes) < round(share * genes)))


def _draw_noise(design: Design, size: int, rng: np.random.Generator) -> np.ndarray:
    """(row,) noise: the mean of the replicates' noise, or the difference of two such means."""
    d = design
    if d.outlier_nu is None:
        return d.sigma * np.sqrt(d.arms / d.replicates) * rng.standard_normal(size)
    noise = np.zeros(size)
    for _ in range(d.arms * d.replicates):  # their distribution is symmetric, so that the sign of an arm does not matter
        noise += rng.standard_t(d.outlier_nu, size)
    return noise * (d.sigma / d.replicates)


def _rows(design: Design) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes: gene of each sgRNA; sgRNA and cell line of each row (sgRNAs gene by gene, cell lines in order)."""
    gene_of_sgrna = np.repeat(np.arange(design.genes), design.sgrna_counts)
    sgrna_of_row = np.repeat(np.arange(len(gene_of_sgrna)), design.cell_lines)
    cell_line_of_row = np.tile(np.arange(design.cell_lines), len(gene_of_sgrna))
    return gene_of_sgrna, sgrna_of_row, cell_line_of_row


def _draw_poisson_means(design: Design, rng: np.random.Generator) -> np.ndarray:
    """(gene,) Poisson means of the copies."""
    mean = design.copy_number["mean"]
    if isinstance(mean, Mapping):
        return rng.gamma(mean["shape"], mean["scale"], design.genes)
    return np.broadcast_to(np.asarray(mean, float), design.genes)


def _draw_copy_numbers(
    design: Design, means: np.ndarray, gene: np.ndarray, cell_line: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """(row,) measured copy numbers. means: (gene,) Poisson means; gene, cell_line: (row,) codes."""
    noise, shared = design.copy_number["noise"], design.copy_number["shared"]
    if shared:
        shape = (design.genes, design.cell_lines)
        by_gene = np.maximum(rng.poisson(means[:, None], shape) + rng.normal(0, noise, shape), 0)
        return by_gene[gene, cell_line]
    return np.maximum(rng.poisson(means[gene]) + rng.normal(0, noise, len(gene)), 0)
