"""Designs of simulated screens."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Design:
    """A general design: numbers of genes, sgRNAs and cell lines, hyper-parameters, and how copy numbers are drawn.

    copy_number: `mean` (Poisson mean of the copies: one number, one per gene, or {shape, scale} of the gamma distribution from
    which each gene's mean is drawn), `noise` (sd of the measured copy number), `shared` (one copy number per gene and cell
    line, or one per row). outlier_nu: degrees of freedom of Student-t noise; None is normal noise. replicates, arms: a row is
    the mean of its replicates, or the difference of the means of two arms. effect_share, effect_size: share of the genes to
    whose intercepts the size is added, None for no genes; slope_share, slope_size: the same for slopes; line_effect_share,
    line_effect_size: share of the pairs of gene and cell line to whose rows the size is added. kappa, ratio: parameter of the
    curve that the slopes multiply, saturating or piecewise linear (guidefit.models.responses); None means no curve.
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
    replicates: int
    arms: int
    effect_share: float | None
    effect_size: float | None
    slope_share: float | None
    slope_size: float | None
    line_effect_share: float | None
    line_effect_size: float | None
    copy_number: Mapping[str, Any]
    outlier_nu: float | None
    kappa: float | None
    ratio: float | None

    @staticmethod
    def from_config(section: Mapping[str, Any]) -> "Design":
        """The design that a study's section `simulate` describes; its other keys are left out."""
        names = {each.name for each in fields(Design)}
        return Design(**{name: value for name, value in section.items() if name in names})

    @property
    def sgrna_counts(self) -> np.ndarray:
        """(gene,) number of sgRNAs of each gene."""
        return np.broadcast_to(np.asarray(self.sgrnas_per_gene), self.genes)


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
    replicates=1,
    arms=1,
    effect_share=None,
    effect_size=None,
    slope_share=None,
    slope_size=None,
    line_effect_share=None,
    line_effect_size=None,
    copy_number={"noise": 0.1, "shared": False},  # the means are below
    outlier_nu=None,
    kappa=None,
    ratio=None,
)
"""The design of the notebook's experiment, whose copy numbers are drawn in a way of their own (see `blueprints`)."""
