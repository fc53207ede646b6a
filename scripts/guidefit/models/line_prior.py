"""Draws of all parameters of a variant with effects by gene and cell line from its prior, and logFC given them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from guidefit.models.line_structure import DEGREES, MEAN_SD, LineStructure
from guidefit.screens.arrays import ModelData

Values = dict[str, np.ndarray]


@dataclass(frozen=True)
class GeneDraw:
    """One draw of the genes' parameters: gamma, delta, tau, second_class (gene,); alpha, beta, departs (sgrna,)."""

    gamma: np.ndarray
    delta: np.ndarray
    tau: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray
    second_class: np.ndarray
    departs: np.ndarray


def draw_hyper(structure: LineStructure, parameters: Mapping[str, tuple[float, ...]], rng: np.random.Generator) -> dict[str, float]:
    """One draw of all hyper-parameters. parameters: of their priors, from `line_structure.prior_parameters`."""
    drawers: dict[str, Callable[..., float]] = {
        "Normal": lambda mu, sigma: rng.normal(mu, sigma),
        "LogNormal": lambda mu, sigma: np.exp(rng.normal(mu, sigma)),
        "HalfNormal": lambda sigma: abs(rng.normal(0, sigma)),
        "Beta": rng.beta,
    }
    return {name: float(drawers[kind](*parameters[name])) for name, kind in structure.roles.items()}


def draw_genes(hyper: np.ndarray, omega: float, gene_of_sgrna: np.ndarray, genes: int, rng: np.random.Generator) -> GeneDraw:
    """One draw of the genes' and sgRNAs' parameters given hyper-parameters, (class, 9): weight, mu_gamma, mu_delta, sigma_gamma,
    sigma_delta, sigma_alpha, sigma_beta, t, p."""
    second = rng.random(genes) < hyper[-1, 0] if len(hyper) > 1 else np.zeros(genes, bool)
    of_gene = hyper[second.astype(int)].T
    _, mu_gamma, mu_delta, sigma_gamma, sigma_delta, _, _, t, _ = of_gene
    gamma, delta = mu_gamma + sigma_gamma * rng.standard_normal(genes), mu_delta + sigma_delta * rng.standard_normal(genes)
    tau = t * abs(rng.standard_t(DEGREES, genes))
    _, _, _, _, _, sigma_alpha, sigma_beta, _, p = of_gene[:, gene_of_sgrna]
    departs = rng.random(len(gene_of_sgrna)) < p
    spread = np.sqrt(sigma_alpha**2 + departs * omega**2)
    alpha = gamma[gene_of_sgrna] + spread * rng.standard_normal(len(gene_of_sgrna))
    beta = delta[gene_of_sgrna] + sigma_beta * rng.standard_normal(len(gene_of_sgrna))
    return GeneDraw(gamma, delta, tau, alpha, beta, second, departs)


def class_matrix(structure: LineStructure, hyper: Mapping[str, float]) -> np.ndarray:
    """The hyper-parameters of the classes as the (class, 9) array that `draw_genes` takes."""
    weight = hyper[structure.weight] if structure.weight else 1.0
    names = (structure.intercept.mean, structure.slope.mean, *structure.spreads, structure.gene_by_line[2])
    columns = [[1 - weight, weight] if structure.weight else [1.0]]
    columns += [[hyper.get(each, 0.0) for each in structure.by_class(name)] for name in names]  # 0: without slope
    share = structure.departing_sgrnas
    columns.append([hyper[each] for each in structure.by_class(share[0])] if share else [0.0] * max(1, len(structure.classes)))
    return np.array(columns).T


def draw_all(
    structure: LineStructure,
    parameters: Mapping[str, tuple[float, ...]],
    data: ModelData,
    rng: np.random.Generator,
    cells: bool = True,
) -> tuple[Values, GeneDraw]:
    """One draw of every parameter from the prior, by name, and the classes and flags that belong to it.

    cells: whether to draw the effects by gene and cell line too.
    """
    hyper = draw_hyper(structure, parameters, rng)
    omega = structure.departing_sgrnas[1] if structure.departing_sgrnas else 0.0
    of_genes = draw_genes(class_matrix(structure, hyper), omega, data.gene_of_sgrna, len(data.genes), rng)
    lines, sgrnas = len(data.cell_lines), len(data.sgrnas)
    values: Values = {name: np.asarray(value) for name, value in hyper.items()}
    pairs = ((of_genes.gamma, of_genes.alpha), (of_genes.delta, of_genes.beta))
    for side, (gene, sgrna) in zip(structure.sides, pairs, strict=False):
        values |= {side.gene[0]: gene, side.sgrna[0]: sgrna}
    effect, sd, _ = structure.gene_by_line
    values[sd] = of_genes.tau
    if cells:
        values[effect] = of_genes.tau[:, None] * rng.standard_normal((len(data.genes), lines))
    for (factor, scale), size in ((structure.sgrna_noise, sgrnas), (structure.line_noise, lines)):
        values[factor] = np.exp(hyper[scale] * rng.standard_normal(size))
    if structure.multiplier:
        factor, scale = structure.multiplier
        deviation = hyper[scale] * rng.standard_normal(lines)
        values[factor] = np.exp(deviation - deviation.mean() + MEAN_SD * rng.standard_normal())
    return values, of_genes


def draw_logfc(structure: LineStructure, values: Mapping[str, np.ndarray], data: ModelData, rng: np.random.Generator) -> np.ndarray:
    """(row,) logFC of the rows of a screen given all parameters by name."""
    gene, sgrna, line = data.gene_of_row, data.sgrna_of_row, data.cell_line_of_row
    k = values[structure.multiplier[0]] if structure.multiplier else np.ones(len(data.cell_lines))
    effect = values[structure.intercept.sgrna[0]][sgrna] + values[structure.gene_by_line[0]][gene, line]
    if structure.has_slope:
        effect = effect + values[structure.slope.sgrna[0]][sgrna] * data.x
    variance = values[structure.noise] ** 2 * values[structure.sgrna_noise[0]][sgrna] * values[structure.line_noise[0]][line]
    if structure.departing_rows:
        share, factor = structure.departing_rows
        variance = variance * np.where(rng.random(len(data.x)) < values[share], factor, 1.0)
    return k[line] * effect + np.sqrt(variance) * rng.standard_normal(len(data.x))
