"""Posterior draws of a variant with effects by gene and cell line, as what `guidefit.assess.row_kernels` takes of each."""

from collections.abc import Iterator, Mapping

import numpy as np
import scipy.special
import scipy.stats

from guidefit.assess.row_kernels import RowState
from guidefit.models.line_prior import class_matrix
from guidefit.models.line_structure import DEGREES, LineStructure


def read_states(
    structure: LineStructure, draws: Mapping[str, np.ndarray], gene_of_sgrna: np.ndarray, rng: np.random.Generator
) -> Iterator[RowState]:
    """One RowState per draw. structure: that of the screen, without slopes if it has no copy numbers.

    draws: name -> (draw, ...) of every variable but e_gl. Classes and departing guides are not among them: they are drawn here,
    exactly, because given its locations they do not depend on the data.
    """
    for number in range(len(draws[structure.noise])):
        values = {name: each[number].astype(float) for name, each in draws.items()}
        classes = class_matrix(structure, values)
        yield _state(structure, values, classes, *draw_labels(structure, values, classes, gene_of_sgrna, rng), gene_of_sgrna)


def draw_labels(
    structure: LineStructure,
    values: Mapping[str, np.ndarray],
    classes: np.ndarray,
    gene_of_sgrna: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Class of each gene and whether each guide departs, given one draw; classes: (class, 9) of `line_prior.class_matrix`.

    Flags are summed out for the class: P(c) is proportional to w_c f_c(tau) N(gamma) N(delta) times, over the gene's guides,
    [(1 - p_c) N(alpha; gamma, sigma_alpha^2) + p_c N(alpha; gamma, sigma_alpha^2 + omega^2)] N(beta).
    """
    normal = scipy.stats.norm.logpdf
    intercept, slope = structure.intercept, structure.slope
    gamma, alpha, tau = values[intercept.gene[0]], values[intercept.sgrna[0]], values[structure.gene_by_line[1]]
    omega = structure.departing_sgrnas[1] if structure.departing_sgrnas else 0.0
    terms, odds = np.empty((len(classes), len(gamma))), np.full((len(classes), len(alpha)), -np.inf)
    for c, (w, mu_gamma, mu_delta, sigma_gamma, sigma_delta, sigma_alpha, sigma_beta, t, p) in enumerate(classes):
        of_guides = normal(alpha, gamma[gene_of_sgrna], sigma_alpha)
        if omega:
            usual = np.log1p(-p) + of_guides
            departs = np.log(p) + normal(alpha, gamma[gene_of_sgrna], np.hypot(sigma_alpha, omega))
            of_guides, odds[c] = np.logaddexp(usual, departs), departs - usual
        terms[c] = np.log(w) + normal(gamma, mu_gamma, sigma_gamma) + scipy.stats.t.logpdf(tau / t, DEGREES) - np.log(t)
        if structure.has_slope:
            delta, beta = values[slope.gene[0]], values[slope.sgrna[0]]
            terms[c] += normal(delta, mu_delta, sigma_delta)
            of_guides = of_guides + normal(beta, delta[gene_of_sgrna], sigma_beta)
        terms[c] += np.bincount(gene_of_sgrna, of_guides, len(gamma))
    probability = np.exp(terms - np.logaddexp.reduce(terms, axis=0))
    class_of = (rng.random(len(gamma)) > probability[0]).astype(int) if len(classes) > 1 else np.zeros(len(gamma), int)
    own = odds[class_of[gene_of_sgrna], np.arange(len(alpha))]
    return class_of, rng.random(len(alpha)) < scipy.special.expit(own)


def _state(
    structure: LineStructure,
    values: Mapping[str, np.ndarray],
    classes: np.ndarray,
    class_of: np.ndarray,
    departs: np.ndarray,
    gene_of_sgrna: np.ndarray,
) -> RowState:
    _, mu_gamma, mu_delta, sigma_gamma, sigma_delta, sigma_alpha, sigma_beta, _, _ = classes[class_of].T
    omega = structure.departing_sgrnas[1] if structure.departing_sgrnas else 0.0
    share, factor = structure.departing_rows or ("", 1.0)
    alpha = values[structure.intercept.sgrna[0]]
    zero_of_genes, zero_of_guides = np.zeros(len(class_of)), np.zeros(len(alpha))
    spread = np.sqrt(sigma_alpha[gene_of_sgrna] ** 2 + departs * omega**2)
    lines = values[structure.line_noise[0]]
    return RowState(
        mean=np.stack([mu_gamma, mu_delta], axis=1),
        gene_root=np.stack([sigma_gamma, zero_of_genes, sigma_delta], axis=1),
        guide_root=np.stack([spread, zero_of_guides, sigma_beta[gene_of_sgrna]], axis=1),
        tau2=values[structure.gene_by_line[1]] ** 2,
        alpha=alpha,
        beta=values[structure.slope.sgrna[0]] if structure.has_slope else zero_of_guides,
        noise=values[structure.noise] ** 2 * values[structure.sgrna_noise[0]],
        k=values[structure.multiplier[0]] if structure.multiplier else np.ones(len(lines)),
        line_noise=lines,
        share=float(values[share]) if share else 0.0,
        factor=float(factor),
    )
