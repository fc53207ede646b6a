"""Posterior predictive checks by cell line, in which effects of genes in lines are new: what else do the lines differ in?

Where lines respond weakly or strongly and a model does not say so, effects by gene and line take it up. Predictions with new ones
then have the same median of essential genes in all lines, which the data have not.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from guidefit.base.arrays import evenly_spaced
from guidefit.screens.arrays import ModelData

MEAN, SD, ESSENTIAL = "mean", "sd", "median_essential"
STATISTICS = {MEAN: "mean of logFC", SD: "standard deviation of logFC", ESSENTIAL: "median logFC of essential genes"}
TYPES = {
    "variant": "str",
    "seed": "int64",
    "statistic": "str",
    "cell_line": "str",
    **dict.fromkeys(("observed", "predicted", "predicted_sd", "low", "high"), "float64"),
}
ESSENTIAL_ROWS = 100_000  # rows, about, at most, of essential genes whose predicted values are held


@dataclass(frozen=True)
class _Values:
    """Of each predicted data set and of the data, the last: sums and sums of squares (set, line)."""

    sums: np.ndarray
    squares: np.ndarray


class PredictedLines:
    """Collects predictions part by part of the rows. essential: genes known to be essential, if any."""

    def __init__(self, data: ModelData, draws: int, essential: Collection[str]) -> None:
        self._data, lines = data, len(data.cell_lines)
        self._sums = _Values(np.zeros((draws + 1, lines)), np.zeros((draws + 1, lines)))
        self._is_essential = _rows_of_essential(data, essential)
        self._parts: list[np.ndarray] = []
        self._lines: list[np.ndarray] = []

    def add(self, places: np.ndarray, predicted: np.ndarray) -> None:
        """Add the rows at these places of the screen: predicted (draw, row)."""
        line, lines = self._data.cell_line_of_row[places], len(self._data.cell_lines)
        centre = self._data.logfc.mean()
        for number, values in enumerate((*predicted, self._data.logfc[places])):
            self._sums.sums[number] += np.bincount(line, values - centre, lines)
            self._sums.squares[number] += np.bincount(line, (values - centre) ** 2, lines)
        kept = self._is_essential[places]
        if kept.any():
            self._parts.append(np.vstack([predicted[:, kept], self._data.logfc[places][kept]]).astype(np.float32))
            self._lines.append(line[kept])

    def table(self) -> pd.DataFrame:
        """One row per statistic and cell line, in the columns TYPES without variant and seed."""
        n = np.bincount(self._data.cell_line_of_row, minlength=len(self._data.cell_lines))
        mean = self._sums.sums / np.maximum(n, 1)
        found = {MEAN: mean + self._data.logfc.mean(), SD: np.sqrt(np.maximum(self._sums.squares / np.maximum(n, 1) - mean**2, 0))}
        if self._parts:
            found[ESSENTIAL] = self._medians()
        return pd.concat([self._summarise(name, values) for name, values in found.items()], ignore_index=True)

    def _medians(self) -> np.ndarray:
        """(set, line) medians of the rows of essential genes; NaN in lines without such rows."""
        values, line = np.concatenate(self._parts, axis=1), np.concatenate(self._lines)
        found = np.full((len(values), len(self._data.cell_lines)), np.nan)
        for number in np.unique(line):
            found[:, number] = np.median(values[:, line == number], axis=1)
        return found

    def _summarise(self, name: str, values: np.ndarray) -> pd.DataFrame:
        known = np.isfinite(values[-1])
        predicted, observed = values[:-1, known], values[-1, known]
        low, high = np.quantile(predicted, [0.025, 0.975], axis=0)
        lines = np.array(self._data.cell_lines, dtype=object)[known]
        columns = {"observed": observed, "predicted": predicted.mean(axis=0), "predicted_sd": predicted.std(axis=0, ddof=1)}
        return pd.DataFrame({"statistic": name, "cell_line": lines, **columns, "low": low, "high": high})


def make_table(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The tables of several fits, with variant and seed, as one table with fixed types."""
    empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in TYPES.items()})
    return pd.concat([empty, *parts], ignore_index=True)[list(TYPES)].astype(TYPES) if parts else empty


def _rows_of_essential(data: ModelData, essential: Collection[str]) -> np.ndarray:
    """(row,) whether a row is of an essential gene whose predictions are held."""
    genes = np.flatnonzero(np.isin(data.genes, list(essential)))
    rows = np.bincount(data.gene_of_row, minlength=len(data.genes))[genes].sum()
    if len(genes) and rows > ESSENTIAL_ROWS:
        genes = genes[evenly_spaced(len(genes), max(1, int(len(genes) * ESSENTIAL_ROWS / rows)))]
    return np.isin(data.gene_of_row, genes)
