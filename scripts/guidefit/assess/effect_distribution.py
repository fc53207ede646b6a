"""Whether a normal distribution of the effects of all genes suits a real screen: calls of genes rely on it.

In most screens many genes have no effect and few have a strong one. A normal distribution that has to hold both is too wide for the
many: it takes their noise for effects, and more than the stated share of the called genes is false. The sign of it is kurtosis.

If gamma_g ~ N(mu, s^2) and the posterior of gamma_g has the variance v_g, its posterior mean has the variance s^2 - v_g over the
genes, so that z_g = (E gamma_g - mu) / sqrt(s^2 - v_g) is standard normal.
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from guidefit.assess import checks
from guidefit.assess.checks import Checks
from guidefit.assess.draws import Draws
from guidefit.models.declaration import Declaration
from guidefit.models.levels import Side, named_sides
from guidefit.models.line_structure import read_structure

FEWEST_GENES = 20  # for the test of kurtosis (Anscombe & Glynn 1983)
LEVEL = 0.001  # of the test: the share of right models that are reported, at most


def normal_side(declared: Declaration) -> Side | None:
    """The intercepts of a variant whose genes have one normal distribution of effects; None for one with classes of genes."""
    if declared.one_line is not None:
        return None
    if declared.structure is None:
        return named_sides(declared.gaussian)[0]
    structure = read_structure(declared.structure, str(declared.path))
    return None if structure.classes else Side(structure.intercept.mean, None, structure.intercept.gene, structure.intercept.sgrna)


def judge(side: Side, posterior: Draws, largest: float, found: Sequence[Checks]) -> None:
    """Add to each fit the check of the kurtosis of its gene effects, where the variant has them and there are enough genes.

    side: see `normal_side`; largest: the excess kurtosis beyond which calls are affected; found: the checks of each fit.
    """
    if side.gene is None or not {side.mean, *side.gene} <= set(posterior.values):
        return
    gene, sd = side.gene
    if len(posterior.labels[gene]) < FEWEST_GENES:
        return
    for fit, checked in enumerate(found):
        z = _standardise(*(posterior.values[name][fit].reshape(posterior.count, -1) for name in (gene, side.mean, sd)))
        if np.isfinite(z).all() and np.ptp(z) > 0:
            kurtosis = float(stats.kurtosis(z))
            is_heavy = kurtosis > largest and stats.kurtosistest(z, alternative="greater").pvalue < LEVEL
            checked.add(checks.EFFECT_KURTOSIS, "warn" if is_heavy else "pass", kurtosis, largest, f"{len(z):,} genes")


def _standardise(gene: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """(gene,) z_g; gene: (draw, gene), mean and sd: (draw, 1). Genes of which the data say hardly anything have no weight: 0."""
    prior, posterior = float((sd**2).mean()), gene.var(axis=0)
    known = prior - posterior
    z = (gene.mean(axis=0) - mean.mean()) / np.sqrt(np.maximum(known, 0.01 * prior))
    return np.where(known > 0.01 * prior, z, 0.0)
