"""Posterior draws of a linear Gaussian variant, as what `guidefit.assess.row_kernels` takes of each."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from guidefit.assess.row_kernels import RowState
from guidefit.models.structure import Structure
from guidefit.screens.arrays import ModelData


def read_states(structure: Structure, draws: Mapping[str, np.ndarray], data: ModelData) -> Iterator[RowState]:
    """One RowState per draw, given its hyper-means and scales. draws: name -> (draw, ...) of every variable."""
    genes, guides, lines = len(data.genes), len(data.sgrnas), len(data.cell_lines)
    intercepts, slopes = structure.predictor(draws, data.gene_of_sgrna)
    for number in range(len(draws[structure.noise])):
        values = {name: np.asarray(each[number], float) for name, each in draws.items() if each.ndim == 1}
        levels = [float(sum(values[name] for name in side.constants)) if side else 0.0 for side in structure.sides]
        yield RowState(
            mean=np.tile(levels, (genes, 1)),
            gene_root=_root(*structure.gene_scales(values), genes),
            guide_root=_root(*structure.sgrna_scales(values), guides),
            tau2=np.zeros(genes),
            alpha=_of_all(intercepts, number, guides),
            beta=_of_all(slopes, number, guides),
            noise=np.full(guides, values[structure.noise] ** 2),
            k=np.ones(lines),
            line_noise=np.ones(lines),
            share=0.0,
            factor=1.0,
        )


def draw_logfc(structure: Structure, draws: Mapping[str, np.ndarray], data: ModelData, rng: np.random.Generator) -> np.ndarray:
    """(draw, row) logFC of the rows of a screen in K draws of all variables."""
    intercepts, slopes = (
        np.broadcast_to(each, (len(each), len(data.sgrnas))) for each in structure.predictor(draws, data.gene_of_sgrna)
    )
    mean = intercepts[:, data.sgrna_of_row] + slopes[:, data.sgrna_of_row] * data.x
    sigma = np.asarray(draws[structure.noise])[:, None]
    return mean + sigma * rng.standard_normal((len(sigma), len(data.x)))


def _root(first: Any, second: Any, correlation: Any, count: int) -> np.ndarray:
    """(count, 3) lower triangular root of the covariance of two effects with these sds."""
    return np.tile([first, correlation * second, np.sqrt(1 - correlation**2) * second], (count, 1))


def _of_all(effects: np.ndarray, number: int, count: int) -> np.ndarray:
    """(count,) effects of a draw, which may be the same for all draws or for all sgRNAs."""
    return np.ascontiguousarray(np.broadcast_to(effects[min(number, len(effects) - 1)], count), float)
