"""Sufficient statistics of a linear Gaussian model: six sums per sgRNA, exact, from one pass over the rows of a screen."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from guidefit.base import parquet
from guidefit.base.errors import UserError
from guidefit.screens.arrays import ModelData
from guidefit.screens.screen_file import row_groups_of_seed


@dataclass(frozen=True)
class SufficientStatistics:
    """Rows summed by sgRNA.

    genes, sgrnas: names; gene_of_sgrna: (sgrna,) codes; cell_lines: their number; n: (sgrna,) rows; x_mean, y_mean: means of x
    and logFC; sxx, sxy, syy: centred sums of squares and products, all (sgrna,) float64.
    Raises UserError where a sum is not finite, because the screen has a missing or infinite value.
    """

    genes: list[str]
    sgrnas: list[str]
    gene_of_sgrna: np.ndarray
    cell_lines: int
    n: np.ndarray
    x_mean: np.ndarray
    y_mean: np.ndarray
    sxx: np.ndarray
    sxy: np.ndarray
    syy: np.ndarray

    def __post_init__(self) -> None:
        """Refuse sums that are not finite."""
        broken = ~np.isfinite([self.x_mean, self.y_mean, self.sxx, self.sxy, self.syy]).all(axis=0)
        if broken.any():
            named = ", ".join(np.array(self.sgrnas)[broken][:5])
            raise UserError(
                f"columns x, logfc: missing or infinite values, or values too large to square, in {broken.sum()} sgRNA(s) "
                f"({named}). Remove these rows from the screen."
            )

    @property
    def rows(self) -> int:
        """Number of rows of the screen."""
        return int(self.n.sum())

    @property
    def sizes(self) -> dict[str, int]:
        """Numbers of rows, genes, sgrnas and cell_lines."""
        return {"rows": self.rows, "genes": len(self.genes), "sgrnas": len(self.sgrnas), "cell_lines": self.cell_lines}

    def digest(self) -> str:
        """Checksum of the names and of all sums."""
        names = "\x1f".join([*self.genes, *self.sgrnas]).encode()
        arrays = (self.gene_of_sgrna, self.n, self.x_mean, self.y_mean, self.sxx, self.sxy, self.syy)
        return hashlib.sha256(names + b"".join(a.tobytes() for a in arrays)).hexdigest()

    @cached_property
    def varies(self) -> np.ndarray:
        """(sgrna,) whether x varies, beyond rounding, so that the rows carry information about its slope."""
        return self.sxx > 1e-24 * self.n * np.maximum(self.x_mean**2, np.finfo(float).tiny)

    @cached_property
    def ols(self) -> np.ndarray:
        """(2, sgrna) least-squares intercept (at x = 0) and slope; slope 0 where x does not vary."""
        slope = np.divide(self.sxy, self.sxx, out=np.zeros_like(self.sxy), where=self.varies)
        return np.stack([self.y_mean - slope * self.x_mean, slope])

    @cached_property
    def rss(self) -> np.ndarray:
        """(sgrna,) residual sum of squares of the least-squares line."""
        return np.maximum(self.syy - self.ols[1] * np.where(self.varies, self.sxy, 0.0), 0.0)

    @cached_property
    def information(self) -> np.ndarray:
        """(3, sgrna) the matrix A = [[n, Sx], [Sx, Sxx]] of uncentred sums, as A11, A12, A22."""
        return np.stack([self.n, self.n * self.x_mean, self._sxx + self.n * self.x_mean**2])

    @cached_property
    def determinant(self) -> np.ndarray:
        """(sgrna,) |A| = n Sxx_centred, free of cancellation."""
        return self.n * self._sxx

    def without_slope(self) -> "SufficientStatistics":
        """For a model without x: as if x were 0 in all rows, which leaves the slope to its prior."""
        zero = np.zeros_like(self.x_mean)
        return replace(self, x_mean=zero, sxx=zero, sxy=zero)

    @property
    def _sxx(self) -> np.ndarray:
        return np.where(self.varies, self.sxx, 0.0)


def from_arrays(data: ModelData) -> SufficientStatistics:
    """Statistics of a screen's arrays."""
    sums = _sums(data.sgrna_of_row, data.x, data.logfc, len(data.sgrnas))
    return SufficientStatistics(data.genes, data.sgrnas, data.gene_of_sgrna, len(data.cell_lines), *sums)


def from_parquet(path: str | Path, seed: int, batch_rows: int = 1 << 20) -> SufficientStatistics:
    """Statistics of one seed's screen in a file, in one pass that holds batch_rows rows at a time."""
    genes, sgrnas = _Names(), _Names()
    cell_lines: set[str] = set()
    gene_of: list[int] = []
    total: list[np.ndarray] | None = None
    columns = ["gene", "sgrna", "cell_line", "x", "logfc"]
    with parquet.opened(path, columns[:3]) as file:
        for batch in file.iter_batches(batch_rows, row_groups_of_seed(file, seed), columns):
            gene_codes, _ = genes.codes(batch["gene"])
            sgrna_codes, new = sgrnas.codes(batch["sgrna"])
            gene_of += gene_codes[new].tolist()
            lines = batch["cell_line"]
            seen = np.flatnonzero(np.bincount(lines.indices.to_numpy(), minlength=len(lines.dictionary)))
            cell_lines.update(lines.dictionary.take(pa.array(seen)).to_pylist())
            part = _sums(sgrna_codes, batch["x"].to_numpy(), batch["logfc"].to_numpy(), len(sgrnas))
            total = part if total is None else _merge([_padded(sums, len(sgrnas)) for sums in total], part)
    if total is None:
        raise ValueError(f"{path}: no rows of seed {seed}")
    return SufficientStatistics(list(genes), list(sgrnas), np.array(gene_of), len(cell_lines), *total)


class _Names(dict[str, int]):
    """Names and their codes, in order of first appearance over all batches of a file."""

    def codes(self, column: pa.DictionaryArray) -> tuple[np.ndarray, np.ndarray]:
        """(row,) codes of a batch's column, and the rows where its new names appear first, in the order of their codes."""
        local, names = column.indices.to_numpy(), column.dictionary.to_pylist()
        first = np.full(len(names), -1)
        first[local[::-1]] = np.arange(len(local))[::-1]  # the last one written, the first one in the column, stays
        used = np.flatnonzero(first >= 0)
        used = used[np.argsort(first[used])]
        before = len(self)
        translate = np.full(len(names), -1)
        translate[used] = [self.setdefault(names[i], len(self)) for i in used]
        return translate[local], first[used[translate[used] >= before]]


def _sums(codes: np.ndarray, x: np.ndarray, y: np.ndarray, size: int) -> list[np.ndarray]:
    """n, x_mean, y_mean, sxx, sxy, syy by code, in two passes over rows in memory."""
    n = np.bincount(codes, minlength=size).astype(float)
    at_least_one = np.maximum(n, 1)
    x_mean, y_mean = np.bincount(codes, x, size) / at_least_one, np.bincount(codes, y, size) / at_least_one
    dx, dy = x - x_mean[codes], y - y_mean[codes]
    return [
        n,
        x_mean,
        y_mean,
        np.bincount(codes, dx * dx, size),
        np.bincount(codes, dx * dy, size),
        np.bincount(codes, dy * dy, size),
    ]


def _padded(sums: np.ndarray, size: int) -> np.ndarray:
    return np.concatenate([sums, np.zeros(size - len(sums))])


def _merge(one: Iterable[np.ndarray], other: Iterable[np.ndarray]) -> list[np.ndarray]:
    """Centred sums of two parts of the rows together (Chan, Golub & LeVeque 1983)."""
    n1, x1, y1, sxx1, sxy1, syy1 = one
    n2, x2, y2, sxx2, sxy2, syy2 = other
    n = n1 + n2
    share = n2 / np.maximum(n, 1)
    dx, dy, weight = x2 - x1, y2 - y1, n1 * share
    return [
        n,
        x1 + dx * share,
        y1 + dy * share,
        sxx1 + sxx2 + dx * dx * weight,
        sxy1 + sxy2 + dx * dy * weight,
        syy1 + syy2 + dy * dy * weight,
    ]
