"""The levels of a variant: overall mean, gene and sgRNA, and the intercepts and slopes that each has in draws of its variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

SIDES = ("intercept", "slope")

Level = Literal["gene", "sgrna"]


@dataclass(frozen=True)
class Side:
    """Names of the variables of the intercepts or of the slopes: mean -> gene -> sgRNA. A level that is None does not vary.

    mean: the hyper-mean; added: a further constant with its own prior, added to all rows; gene, sgrna: (effect, its scale) or None.
    """

    mean: str
    added: str | None
    gene: tuple[str, str] | None
    sgrna: tuple[str, str] | None

    @property
    def constants(self) -> list[str]:
        """Names of the mean and of the added constant, if any."""
        return [self.mean, self.added] if self.added else [self.mean]

    @property
    def dims(self) -> dict[str, str]:
        """The dim of each effect: gene or sgrna."""
        levels = {"gene": self.gene, "sgrna": self.sgrna}
        return {level[0]: dim for dim, level in levels.items() if level}

    def effect(self, level: Level) -> str | None:
        """The name of the effect of a level, None where the level does not vary."""
        names = self.gene if level == "gene" else self.sgrna
        return names[0] if names else None


Sides = tuple[Side, Side | None]

CONVENTION: Sides = (
    Side("mu_gamma", None, ("gamma_g", "sigma_gamma"), ("alpha_s", "sigma_alpha")),
    Side("mu_delta", None, ("delta_g", "sigma_delta"), ("beta_s", "sigma_beta")),
)
"""The names that a variant without `GAUSSIAN` is read by."""


def named_sides(gaussian: Mapping[str, Any] | None) -> Sides:
    """The sides that a variant's `GAUSSIAN` names, or the convention where it has none."""
    if not gaussian:
        return CONVENTION
    intercept, slope = (gaussian.get(name) for name in SIDES)
    return make_side(intercept or {}), make_side(slope) if slope else None


def make_side(declared: Mapping[str, Any]) -> Side:
    """One side of a variant's `GAUSSIAN`."""
    gene, sgrna = ((names[0], names[1]) if (names := declared.get(level)) else None for level in ("gene", "sgrna"))
    return Side(declared.get("mean", ""), declared.get("added"), gene, sgrna)


def evaluate_side(side: Side | None, draws: Mapping[Any, Any], level: Level, gene_of_sgrna: np.ndarray) -> np.ndarray:
    """Intercepts or slopes of all genes or of all sgRNAs, in logFC or in logFC per unit of x.

    draws: variable -> (draw, ...) values; gene_of_sgrna: (sgrna,) gene codes. An sgRNA without an effect of its own has its gene's,
    a gene without one the mean. Returns (draw, gene) or (draw, sgrna); (draw, 1) where all genes are alike; (1, 1) zero where the
    side is None or none of its variables is in the draws.
    """
    if side is None:
        return np.zeros((1, 1))
    gene, sgrna = side.effect("gene"), side.effect("sgrna")
    if level == "sgrna" and sgrna in draws:
        found = _values(draws, sgrna)
    elif gene in draws:
        found = _values(draws, gene)
        found = found[:, gene_of_sgrna] if level == "sgrna" else found
    elif side.mean in draws:
        found = _values(draws, side.mean)[:, None]
    else:
        return np.zeros((1, 1))
    return found + _values(draws, side.added)[:, None] if side.added else found


def _values(draws: Mapping[Any, Any], name: str | None) -> np.ndarray:
    assert name is not None
    return np.asarray(draws[name], dtype=float)
