"""The PyMC model of a variant of one cell line, in which the classes of genes are summed out."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from guidefit.models.declaration import Priors
from guidefit.models.one_line import read_one_line, sum_genes
from guidefit.models.parts import prior, rows
from guidefit.screens.arrays import ModelData


def build_one_line(declared: Mapping[str, Any], data: ModelData, priors: Priors) -> pm.Model:
    """The model that a variant's ONE_LINE declares (guidefit.models.one_line): the reference that the engine `gibbs` is tested by.

    The rows of a gene share its class, so that their joint density is no product over rows: logfc is one vector. Its density is
    that of effects and rows together, with the class summed out, less that of the effects.
    """
    structure, _ = read_one_line(declared, priors, "ONE_LINE")
    gene, genes, basis = data.gene_of_row, len(data.genes), sum_genes(data).basis
    with pm.Model(coords=data.coords) as model:
        _, logfc = rows(data)
        names = [structure.by_class(each) for each in (structure.mean, structure.sd, structure.noise)]
        mu, sd, noise = (pt.stack([prior(name, priors) for name in of_classes]) for of_classes in names)
        second = prior(structure.weight, priors)
        weights = pt.stack([1 - second, second])
        curve = sum(prior(name, priors) * column for name, column in zip(structure.curve, basis.T, strict=False))
        for name in structure.curve[basis.shape[1] :]:
            priors.get(name)  # known, although this screen does not need it
        gamma = pm.NormalMixture(structure.gene, weights, mu, sd, dims="gene")

        def logp(value: Any, gamma: Any, level: Any, weights: Any, mu: Any, sd: Any, noise: Any, zero: Any) -> Any:
            effects, both = [], []
            for c in range(2):
                of_rows = pm.logp(pm.Normal.dist(level[gene], noise[c]), value)
                effects.append(pt.log(weights[c]) + pm.logp(pm.Normal.dist(mu[c], sd[c]), gamma))
                both.append(effects[c] + pt.inc_subtensor(pt.zeros(genes)[gene], of_rows))
            return (pt.logsumexp(pt.stack(both), axis=0) - pt.logsumexp(pt.stack(effects), axis=0)).sum()

        def random(
            gamma: Any, level: Any, weights: Any, mu: Any, sd: Any, noise: Any, zero: Any, rng: np.random.Generator, size: Any
        ) -> np.ndarray:
            one, two = (np.log(w / s) - 0.5 * ((gamma - m) / s) ** 2 for w, m, s in zip(weights, mu, sd, strict=True))
            c = (rng.random(genes) < 1 / (1 + np.exp(one - two))).astype(int)
            return level[gene] + noise[c][gene] * rng.standard_normal(len(gene))

        parameters = (gamma, gamma + curve, weights, mu, sd, noise, np.zeros(len(gene)))
        shapes = "(g),(g),(c),(c),(c),(c),(r)->(r)"
        pm.CustomDist("logfc", *parameters, logp=logp, random=random, signature=shapes, observed=logfc, dims="row")
    return model
