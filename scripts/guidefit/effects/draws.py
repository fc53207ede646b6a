"""Posterior draws of the effects of genes and sgRNAs, separated from what copy number adds, in logFC.

The expected logFC of an sgRNA is intercept + slope f(x), where f is the identity unless the variant has a response curve. Its
effect at the diploid copy number is intercept + slope f(x_diploid). The copy-number part of a row is slope (f(x) - f(x_diploid)).

A variant with effects by gene and cell line (STRUCTURE) distinguishes the artefact of cutting amplified regions, which all genes
share, from what a gene's slope has beyond it, which is biology. Its copy-number part is that of the shared slope, the mean slope of
the genes or of the first of two classes, times the multiplier of the cell line. Its intercepts and slopes are those of a line with
multiplier 1, and its intercepts are relative to the mean of the first of two classes.

A variant of one cell line (ONE_LINE) has a curve of x that all genes share, and no slopes; its effects are relative to the mean of
the first of its two classes too.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from guidefit.base.arrays import evenly_spaced
from guidefit.effects.contents import ScreenContents
from guidefit.effects.one_line import OneLine
from guidefit.models.declaration import Declaration
from guidefit.models.levels import Level, Side, evaluate_side, named_sides
from guidefit.models.line_structure import LineStructure, read_structure
from guidefit.models.responses import CURVES

CURVE_DRAWS = 100  # draws of a curve's parameter that the copy-number part of every row averages


def pool[D: (xr.Dataset, xr.DataArray)](draws: D) -> D:
    """Draws (sample, ...) of all chains, from draws (chain, draw, ...)."""
    return draws.stack(sample=("chain", "draw"), create_index=False).transpose("sample", ...)


class EffectDraws:
    """Draws of the intercepts and slopes of the genes and sgRNAs of one fit.

    draws: the reported posterior; declared: the variant's file, which names its levels; contents: those of the fitted screen;
    one_line: of a variant of one cell line.
    """

    def __init__(self, draws: xr.Dataset, declared: Declaration, contents: ScreenContents, one_line: OneLine | None = None) -> None:
        names = {"gene": contents.genes["gene"], "sgrna": contents.sgrnas["sgrna"]}
        draws = draws.sel({dim: each.tolist() for dim, each in names.items() if dim in draws.dims})
        self._draws = pool(draws)
        self._intercept_side, self._slope_side = named_sides(declared.gaussian)
        self._null_mean: np.ndarray | float = 0.0
        self._shared_slope: pd.Series | None = None
        if declared.structure:
            self._read_structure(read_structure(declared.structure, str(declared.path)))
        self._one_line = one_line
        if self._one_line:
            self._null_mean = self._one_line.null_mean[:, None]
        self._gene_of_sgrna = contents.gene_of_sgrna
        self._curve: Callable[[Any, Any], Any] | None = None
        self._parameter = np.ones(1)
        if declared.response:
            curve, parameter = declared.response
            self._curve, self._parameter = CURVES[curve], np.asarray(self._draws[parameter].values, dtype=float)

    def _read_structure(self, structure: LineStructure) -> None:
        self._intercept_side, self._slope_side = (
            Side(each.mean, None, each.gene, each.sgrna) for each in (structure.intercept, structure.slope)
        )
        if structure.classes:
            self._null_mean = np.asarray(self._draws[structure.by_class(structure.intercept.mean)[0]].values, dtype=float)[:, None]
        self._shared_slope = shared_slope(structure, self._draws)

    def intercepts(self, level: Level) -> np.ndarray:
        """(draw, gene) or (draw, sgrna) intercepts, logFC; see `evaluate_side`."""
        return evaluate_side(self._intercept_side, self._draws, level, self._gene_of_sgrna) - self._null_mean

    def slopes(self, level: Level) -> np.ndarray:
        """(draw, gene) or (draw, sgrna) slopes on f(x), logFC per unit of x; see `evaluate_side`."""
        return evaluate_side(self._slope_side, self._draws, level, self._gene_of_sgrna)

    @property
    def _sides(self) -> list[Side]:
        return [side for side in (self._intercept_side, self._slope_side) if side]

    @property
    def is_known(self) -> bool:
        """Whether the posterior has any variable that is read here; a user's own variant may name all of them differently."""
        return self.has("gene") or self.has("sgrna") or any(side.mean in self._draws for side in self._sides)

    def has(self, level: Level) -> bool:
        """Whether genes, or the sgRNAs of a gene, differ in this variant."""
        return any(side.effect(level) in self._draws for side in self._sides)

    @property
    def sgrna_sd(self) -> float | None:
        """Posterior mean of the sd of the sgRNAs' intercepts around their gene's (sigma_alpha), where the variant has it."""
        names = self._intercept_side.sgrna
        return float(self._draws[names[1]].mean()) if names and names[1] in self._draws else None

    def response(self, x: np.ndarray) -> np.ndarray:
        """f(x) in every draw: (draw, ...) for x (...), or (1, ...) where f is the identity."""
        return self._curve(x[None], self._parameter.reshape(-1, *([1] * x.ndim))) if self._curve else x[None]

    def at_diploid(self, level: Level, x_diploid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(draw, gene or sgrna) effects at the diploid copy number, and slopes. x_diploid: (gene or sgrna,)."""
        slope = self.slopes(level)
        effect = self.intercepts(level) + slope * self.response(x_diploid)
        return effect, np.broadcast_to(slope, effect.shape)

    def fitted_line(self, gene: int, x: np.ndarray) -> np.ndarray:
        """(draw, point) fitted logFC of a gene, by its code, at x (point,)."""
        intercept, slope = (
            values[:, [gene if values.shape[1] > 1 else 0]]
            for values in (self.intercepts("gene") + self._null_mean, self.slopes("gene"))
        )
        return intercept + slope * self.response(x) + (self._one_line.curve(x) if self._one_line else 0.0)

    def second_class(self, genes: list[str]) -> tuple[str, np.ndarray] | None:
        """The name of the second class and (gene,) the probability that a gene belongs to it, for a variant of one cell line."""
        return self._one_line.second_class(genes) if self._one_line else None

    @cached_property
    def _sgrna_slopes(self) -> np.ndarray:
        slopes = self.slopes("sgrna")
        return np.broadcast_to(slopes, (len(slopes), len(self._gene_of_sgrna)))

    @cached_property
    def _mean_sgrna_slopes(self) -> np.ndarray:
        return self._sgrna_slopes.mean(axis=0)

    def copy_number_part(self, sgrna: np.ndarray, cell_line: pd.Categorical, x: np.ndarray, x_diploid: np.ndarray) -> np.ndarray:
        """(row,) posterior mean of slope (f(x) - f(x_diploid)).

        sgrna: (row,) codes; cell_line: (row,) names. With a response curve the mean is taken over CURVE_DRAWS draws at most.
        """
        if self._one_line:
            return (self._one_line.curve(x) - self._one_line.curve(x_diploid)).mean(axis=0)
        if self._shared_slope is not None:
            slope = self._shared_slope.loc[cell_line.categories.astype(str)].to_numpy()
            return slope[cell_line.codes] * (x - x_diploid)
        if not self._curve:
            return self._mean_sgrna_slopes[sgrna] * (x - x_diploid)
        chosen = evenly_spaced(len(self._sgrna_slopes), CURVE_DRAWS)
        total = np.zeros(len(x))
        for i in chosen:
            parameter = self._parameter[i]
            total += self._sgrna_slopes[i][sgrna] * (self._curve(x, parameter) - self._curve(x_diploid, parameter))
        return total / len(chosen)


def shared_slope(structure: LineStructure, draws: xr.Dataset) -> pd.Series:
    """cell_line -> posterior mean of the slope on x that all genes share there, 0 in a screen without copy numbers.

    It is the mean slope of the genes, or of the first of two classes, times the multiplier of the line. draws: (sample, ...).
    """
    slope, lines = structure.by_class(structure.slope.mean)[0], draws["cell_line"].values.astype(str)
    factor = draws[structure.multiplier[0]] if structure.multiplier else xr.ones_like(draws[structure.line_noise[0]])
    found = (draws[slope] * factor).mean("sample").values if slope in draws else 0.0
    return pd.Series(found, lines, float)


def summarise(draws: np.ndarray, name: str) -> pd.DataFrame:
    """Posterior mean, sd and 95 % interval by column of (draw, column): {name}, {name}_sd, {name}_q025, {name}_q975."""
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    found = {name: draws.mean(axis=0), f"{name}_sd": draws.std(axis=0, ddof=1), f"{name}_q025": low, f"{name}_q975": high}
    return pd.DataFrame(found)
