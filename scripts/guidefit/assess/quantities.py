"""Test quantities of calibration beyond the parameters (Modrák et al. 2023)."""

import numpy as np
import pandas as pd
import xarray as xr

from guidefit.base.names import DIM_COLUMNS
from guidefit.models import structure
from guidefit.models.declaration import Declaration, Priors
from guidefit.models.structure import Structure
from guidefit.screens import sufficient
from guidefit.screens.arrays import ModelData
from guidefit.screens.sufficient import SufficientStatistics


class Quantities:
    """Test quantities beyond the parameters, for a variant that declares its Gaussian structure; none for others."""

    def __init__(self, declared: Declaration, priors: Priors) -> None:
        self.structure = structure.make(declared.gaussian, priors, declared.path.stem) if declared.gaussian else None

    def __call__(self, data: ModelData, draws: xr.Dataset, truth: pd.DataFrame) -> tuple[xr.Dataset, pd.DataFrame]:
        """The quantities of each draw (chain, draw), and of the truth as rows: KEY and truth."""
        known = truth[truth["variable"].isin(list(draws.data_vars)) & truth["truth"].notna()]
        # the truth may belong to another variant, which need not have all variables of this one
        if self.structure is None or set(map(str, draws.data_vars)) != set(known["variable"]):
            return draws[[]], truth.head(0)
        sizes = draws.sizes["chain"], draws.sizes["draw"]
        flat = {str(n): v.transpose("chain", "draw", ...).values.reshape(-1, *v.shape[2:]) for n, v in draws.data_vars.items()}
        true = {str(name): rows["truth"].to_numpy()[None] for name, rows in known.groupby("variable", sort=False)}
        true = {name: each if flat[name].ndim > 1 else each[:, 0] for name, each in true.items()}
        statistics = sufficient.from_arrays(data)
        of_draws = derived(self.structure, statistics, flat)
        of_truth = derived(self.structure, statistics, true)
        rows = pd.DataFrame({"variable": list(of_truth), "truth": [float(each[0]) for each in of_truth.values()]})
        named = {name: (("chain", "draw"), each.reshape(sizes)) for name, each in of_draws.items()}
        return xr.Dataset(named), rows.assign(**dict.fromkeys(DIM_COLUMNS)).astype(dict.fromkeys(DIM_COLUMNS, "str"))


def derived(model: Structure, statistics: SufficientStatistics, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Joint log-likelihood (K,), and the identified sum (K,) where the variant adds a constant to the mean; by name.

    values: all variables, name -> (K, ...); the truth has K = 1.
    """
    intercept, slope = model.predictor(values, statistics.gene_of_sgrna)
    # per sgRNA: departures of its line from the least-squares one, weighted by [[n, sum x], [sum x, sum x^2]]
    high, steep = statistics.ols[0] - intercept, statistics.ols[1] - slope
    n, sum_x, sum_xx = statistics.information
    squares = statistics.rss.sum() + (n * high**2 + 2 * sum_x * high * steep + sum_xx * steep**2).sum(axis=1)
    sigma = values[model.noise]
    found = {"log_likelihood": -statistics.rows * (np.log(sigma) + 0.5 * np.log(2 * np.pi)) - squares / (2 * sigma**2)}
    side = model.intercept
    if side.added:
        found[f"{side.added} + {side.mean}"] = values[side.added] + values[side.mean]
    return found
