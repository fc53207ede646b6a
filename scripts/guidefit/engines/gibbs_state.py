"""What the kernels of the engine `gibbs` read and change: the state of a chain, and the hyper-parameters."""

from typing import NamedTuple

import numpy as np

from guidefit.engines.gibbs_blocks import Layout
from guidefit.engines.gibbs_compile import apart

MOMENTS = 7  # rows of gibbs_genes.add_moments


class State(NamedTuple):
    """The state of a chain by gene, guide, cell, row and line, with scratch that the kernels share; see `make_state`."""

    precision: np.ndarray
    lam: np.ndarray
    departs: np.ndarray
    theta: np.ndarray
    log_tau: np.ndarray
    centre: np.ndarray
    width: np.ndarray
    accepted: np.ndarray
    switching: np.ndarray
    class_of: np.ndarray
    class_probability: np.ndarray
    phi: np.ndarray
    J: np.ndarray
    h: np.ndarray
    R: np.ndarray
    e: np.ndarray
    flags_of_cell: np.ndarray
    flagged: np.ndarray
    square: np.ndarray
    squares: np.ndarray
    weight: np.ndarray
    k: np.ndarray
    inverse_k: np.ndarray
    inverse_v: np.ndarray


class KernelHyper(NamedTuple):
    """The hyper-parameters as the kernels take them.

    omega2, factor: squared sd of departing guides (0: none depart), variance of flagged rows in units of the others' (1: none).
    base: mu_gamma and mu_delta that effects are relative to, and the effect below which a gene is called dependent.
    """

    log_w: np.ndarray
    log_t: np.ndarray
    mu: np.ndarray
    spread: np.ndarray
    log_p: np.ndarray
    omega2: float
    factor: float
    base: np.ndarray
    mean_lam: float
    s_u: float


def make_state(layout: Layout, classes: int) -> State:
    """A state of the right shapes."""
    d, genes, guides, lines = layout.blocks, len(layout.blocks.guide_start) - 1, len(layout.sgrna), len(layout.rows_of_line)
    cells, rows = len(d.line), len(d.y)
    single = np.float32
    state = State(
        precision=np.ones(guides),
        lam=np.zeros(guides),
        departs=np.zeros(guides, np.int64),
        theta=np.zeros(2 * guides),
        log_tau=np.zeros(genes),
        centre=np.zeros(genes),
        width=np.full(genes, 0.5),
        accepted=np.zeros(genes),
        switching=np.full(genes, 0.25),
        class_of=np.zeros(genes, np.int64),
        class_probability=np.ones((genes, classes)),
        phi=np.zeros((genes, 2)),
        J=np.zeros(int(d.matrix_start[-1])),
        h=np.zeros(2 * guides),
        R=np.zeros(cells, single),
        e=np.zeros(cells, single),
        flags_of_cell=np.zeros(cells, np.uint8),
        flagged=np.zeros(rows, np.uint8),
        square=np.zeros(rows, single),
        squares=np.zeros(guides),
        weight=np.ones(lines, single),
        k=np.ones(lines, single),
        inverse_k=np.ones(lines, single),
        inverse_v=np.ones(lines, single),
    )
    return State(*map(apart, state))
