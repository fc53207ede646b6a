"""What the fit of a variant of one cell line (ONE_LINE) says: the curve of copy number that genes share, and classes of genes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from guidefit.models.one_line import curve_basis, find_knots

MOST_DRAWS = 200  # of which the curve of many rows is averaged


class OneLine:
    """declared: the variant's ONE_LINE; fit: its groups of one seed."""

    def __init__(self, declared: Mapping[str, Any], fit: xr.DataTree) -> None:
        draws = fit["posterior"].to_dataset()

        def flat(name: str) -> np.ndarray:
            return np.asarray(draws[name].values, dtype=float).ravel()

        first, self._second = declared["classes"]
        self.null_mean = flat(f"{declared['mean']}_{first}")
        names = [name for name in declared["curve"] if name in draws]
        self._coefficients = np.stack([flat(name) for name in names], axis=1) if names else np.zeros((1, 0))
        self._knots = _knots(fit["constant_data"].to_dataset()) if names else None
        self._p_second = fit["moments"][f"p_{self._second}"].to_series()

    def curve(self, x: np.ndarray) -> np.ndarray:
        """(draw, point) f(x), of MOST_DRAWS draws at most where there are many points; 0 without a curve."""
        if self._knots is None:
            return np.zeros((1, len(x)))
        few = len(x) * len(self._coefficients) <= 1 << 24
        chosen = self._coefficients if few else self._coefficients[:: -(-len(self._coefficients) // MOST_DRAWS)]
        return chosen @ curve_basis(x, self._knots).T

    def second_class(self, genes: list[str]) -> tuple[str, np.ndarray]:
        """The name of the second class, and (gene,) its probability."""
        return self._second, self._p_second.loc[genes].to_numpy()


def _knots(data: xr.Dataset) -> np.ndarray | None:
    """The knots of the curve, from the rows that were fitted."""
    gene = data["gene_of_sgrna"].values[data["sgrna_of_row"].values]
    return find_knots(pd.Series(data["x"].values).groupby(gene).mean().to_numpy())
