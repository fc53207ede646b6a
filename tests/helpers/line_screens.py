"""Small screens for variants with effects by gene and cell line, drawn from their own prior."""

from dataclasses import replace

import numpy as np

from guidefit.models import declaration, line_prior, line_structure
from guidefit.screens.arrays import ModelData


def declared(variant):
    """(declaration, structure, parameters of the priors) of a built-in variant."""
    found = declaration.declare(declaration.VARIANTS / f"{variant}.py")
    structure = line_structure.read_structure(found.structure, variant)
    return found, structure, line_structure.prior_parameters(structure, found.priors, variant)


def layout(rng, genes=12, lines=8, most_guides=4, keep=0.9, x_by_row=0.0):
    """An unbalanced screen without logFC. x_by_row: sd of x between the sgRNAs of a gene in a line."""
    gene_of_sgrna = np.repeat(np.arange(genes), rng.integers(1, most_guides + 1, genes))
    guides = len(gene_of_sgrna)
    sgrna, line = np.repeat(np.arange(guides), lines), np.tile(np.arange(lines), guides)
    amplified = rng.random((genes, lines)) < 0.2
    x = np.where(amplified, rng.normal(0.8, 0.5, (genes, lines)), 0.15 * rng.standard_normal((genes, lines)))
    x = x[gene_of_sgrna[sgrna], line] + x_by_row * rng.standard_normal(len(sgrna))
    kept = rng.random(len(sgrna)) < keep
    kept[:: lines + 1] = True
    kept[::lines] = True
    names = [[f"{kind}{i}" for i in range(count)] for kind, count in (("gene_", genes), ("sg_", guides), ("line_", lines))]
    return ModelData(names[0], names[1], gene_of_sgrna, sgrna[kept], x[kept], np.zeros(kept.sum()), names[2], line[kept])


def screen(variant, rng, copies=True, **sizes):
    """(screen, parameters by name, classes and flags) drawn from the variant's prior; copies: whether x is known."""
    _, structure, parameters = declared(variant)
    data = layout(rng, **sizes)
    if not copies:
        data, structure = replace(data, x=0 * data.x), structure.without_slope()
    values, of_genes = line_prior.draw_all(structure, parameters, data, rng)
    return replace(data, logfc=line_prior.draw_logfc(structure, values, data, rng)), values, of_genes
