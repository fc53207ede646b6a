"""Posterior draws of a variant of one cell line, and its rows predicted from the other rows of their gene, given each draw.

The class and the effect of a gene are integrated out: given the hyper-parameters, a row y of a gene whose other rows have the class
terms p_g(c) (guidefit.models.one_line) has the density

    sum_c P(c) N(y; m_c + f, v_c + s_c^2),    P(c) proportional to w_c p_g(c),    m_c, v_c: moments of gamma_g in class c
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from scipy import special, stats

from guidefit.assess.row_kernels import SortedRows
from guidefit.models.one_line import GeneSums, OneLineStructure, log_class_terms, sum_genes
from guidefit.screens.arrays import ModelData


class OneLineState(NamedTuple):
    """One draw. mu, sd, noise, weights: (class,); curve: (gene,) f at the gene's x."""

    mu: np.ndarray
    sd: np.ndarray
    noise: np.ndarray
    weights: np.ndarray
    curve: np.ndarray


def read_states(structure: OneLineStructure, draws: Mapping[str, np.ndarray], data: ModelData) -> Iterator[OneLineState]:
    """One state per draw. draws: name -> (draw, ...) of every variable."""
    basis = sum_genes(data).basis
    of_class = [
        np.stack([draws[each] for each in structure.by_class(name)], axis=1).astype(float)
        for name in (structure.mean, structure.sd, structure.noise)
    ]
    second = draws[structure.weight].astype(float)
    coefficients = [draws[name] for name in structure.curve[: basis.shape[1]]]
    curve = np.stack(coefficients, axis=1) @ basis.T if coefficients else np.zeros((len(second), len(basis)))
    for number, w in enumerate(second):
        mu, sd, noise = (each[number] for each in of_class)
        yield OneLineState(mu, sd, noise, np.array([1 - w, w]), curve[number])


def leave_rows_out(
    d: SortedRows,
    lo: int,
    hi: int,
    s: OneLineState,
    log_density: np.ndarray,
    lower: np.ndarray,
    log_own: np.ndarray,
    made: np.ndarray,
    fresh: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Predict every row of genes lo to hi from the other rows of its gene; the arguments are those of the kernel of this name."""
    first = d.row_start[lo : hi + 1]
    rows, gene = slice(first[0], first[-1]), np.repeat(np.arange(hi - lo), np.diff(first))
    y = d.y[rows] - s.curve[lo:hi][gene]
    n = np.diff(first).astype(float)[gene]
    mean = np.bincount(gene, y)[gene] / n
    squares = np.bincount(gene, (y - mean) ** 2)[gene]
    others = np.maximum(n - 1, 1)
    without = (n * mean - y) / others
    terms, of_gene, noise = _predict(s, n - 1, without, np.maximum(squares - (y - mean) * (y - without), 0.0))
    spread = np.sqrt(of_gene[1] + noise**2)
    log_density[:] = special.logsumexp(terms + stats.norm.logpdf(y, of_gene[0], spread), axis=0)
    lower[:] = (np.exp(terms) * stats.norm.cdf(y, of_gene[0], spread)).sum(axis=0)
    terms, of_gene, _ = _predict(s, n, mean, squares)
    log_own[:] = special.logsumexp(terms + stats.norm.logpdf(y, of_gene[0], np.sqrt(of_gene[1] + noise**2)), axis=0)
    start = first[:-1] - first[0]  # one class and one effect for all rows of a gene
    c = (rng.random(hi - lo) < np.exp(terms[1, start])).astype(int)
    centre, variance = (each[c, start] for each in of_gene)
    effect = centre + np.sqrt(variance) * rng.standard_normal(hi - lo)
    made[:] = (effect + s.curve[lo:hi])[gene] + s.noise[c][gene] * rng.standard_normal(len(gene))
    fresh[:] = made


def _predict(s: OneLineState, n: np.ndarray, mean: np.ndarray, squares: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(class, row) log probability of each class given n rows, (2, class, row) moments of gamma, and (class, 1) noise.

    Without rows the class has its weight, and gamma its prior moments.
    """
    noise, some = s.noise[:, None], np.maximum(n, 1)
    terms = np.log(s.weights)[:, None] + np.where(
        n > 0, log_class_terms(GeneSums(some, mean, squares, np.zeros((0, 0))), mean, s.mu, s.sd, s.noise), 0.0
    )
    variance = noise**2 / some
    shrunk = np.where(n > 0, s.sd[:, None] ** 2 / (s.sd[:, None] ** 2 + variance), 0.0)
    centre = s.mu[:, None] + shrunk * (mean - s.mu[:, None])
    moments = np.stack([centre, np.where(n > 0, shrunk * variance, s.sd[:, None] ** 2)])
    return terms - special.logsumexp(terms, axis=0), moments, noise


def draw_logfc(
    structure: OneLineStructure, parameters: Mapping[str, tuple[float, ...]], data: ModelData, rng: np.random.Generator
) -> np.ndarray:
    """(row,) logFC of the rows of a screen drawn from the prior."""
    sums, genes = sum_genes(data), len(data.genes)
    c = (rng.random(genes) < rng.beta(parameters[structure.weight][0], parameters[structure.weight][1])).astype(int)
    mu = np.array([rng.normal(parameters[name][0], parameters[name][1]) for name in structure.by_class(structure.mean)])
    spread, noise = (
        abs(np.array([rng.normal(0, parameters[name][0]) for name in structure.by_class(each)]))
        for each in (structure.sd, structure.noise)
    )
    given = [parameters[name] for name in structure.curve[: sums.basis.shape[1]]]
    coefficients = np.array([rng.normal(mean, sd) for mean, sd in given])
    level = mu[c] + spread[c] * rng.standard_normal(genes) + sums.basis @ coefficients
    return level[data.gene_of_row] + noise[c][data.gene_of_row] * rng.standard_normal(len(data.x))
