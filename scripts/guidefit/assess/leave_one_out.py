"""PSIS-LOO and LOO-PIT of rows from densities given some posterior draws, and the table of pointwise LOO."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import logsumexp

from guidefit.engines import pareto
from guidefit.screens.arrays import ModelData

KEPT_DRAWS = 200
LOO_TYPES = {
    "variant": "str",
    "seed": "int64",
    "row": "int64",
    **dict.fromkeys(("gene", "sgrna", "cell_line"), "str"),
    **dict.fromkeys(("elpd_i", "mcse", "pareto_k", "pit", "p", "good_k", "n_samples"), "float64"),
}


@dataclass(frozen=True)
class PredictiveChecks:
    """What the predictive checks of one fit give.

    draws: groups prior_predictive and posterior_predictive (sample, row) and observed_data (row) of logfc, with the rows' genes; of
    a large screen for some rows only.
    loo: (row,) elpd_i, its Monte Carlo standard error mcse, pareto_k, pit; attributes elpd, se, p, good_k, n_samples.
    lines: rows of `predicted_lines.PredictedLines.table`, where they were made.
    """

    draws: xr.DataTree
    loo: xr.Dataset
    lines: pd.DataFrame | None = None


Checker = Callable[[ModelData, xr.DataTree, int], PredictiveChecks]
"""Checks the predictions of one fit: its screen, its groups, and a seed."""


@dataclass(frozen=True)
class RowDensities:
    """Of some rows given each of S posterior draws, all (row, S).

    log_density: log p(y_i | all other rows, draw); lower: the probability of a smaller value; log_own: log density of a new value
    at y_i given all rows.
    """

    log_density: np.ndarray
    lower: np.ndarray
    log_own: np.ndarray


@dataclass(frozen=True)
class RowLoo:
    """(row,) elpd_i, its Monte Carlo standard error, k-hat and LOO-PIT, and lppd_i, which also uses the row itself."""

    elpd_i: np.ndarray
    mcse: np.ndarray
    pareto_k: np.ndarray
    pit: np.ndarray
    lppd_i: np.ndarray


def weigh(rows: RowDensities) -> RowLoo:
    """Leave each row out of the posterior of what the draws hold, too: weights 1 / p(y_i | other rows, draw), Pareto-smoothed.

    elpd_i = log sum_s w_s p_s and LOO-PIT = sum_s w_s P_s. The variance of elpd_i is sum_s w_s^2 (p_s / exp(elpd_i) - 1)^2 by the
    delta method (Vehtari et al. 2024), where the draws are taken as independent.
    """
    weights, k_hat = pareto.smooth(-rows.log_density)
    elpd_i = logsumexp(rows.log_density, b=weights, axis=1)
    variance = (weights**2 * np.expm1(rows.log_density - elpd_i[:, None]) ** 2).sum(axis=1)
    pit = np.clip((weights * rows.lower).sum(axis=1), 0, 1)
    lppd_i = logsumexp(rows.log_own, axis=1) - np.log(rows.log_own.shape[1])
    return RowLoo(elpd_i, np.sqrt(variance), k_hat, pit, lppd_i)


def join(parts: Sequence[RowLoo], order: np.ndarray, draws: int) -> xr.Dataset:
    """`PredictiveChecks.loo` from parts whose rows, one after the other, are those of `order`; draws: the number of draws used."""
    found = {}
    for name in ("elpd_i", "mcse", "pareto_k", "pit", "lppd_i"):
        values = np.empty(len(order))
        values[order] = np.concatenate([getattr(part, name) for part in parts])
        found[name] = ("row", values)
    table = xr.Dataset(found, coords={"row": np.arange(len(order))})
    elpd = float(table["elpd_i"].sum())
    attrs = {
        "elpd": elpd,
        "se": float(np.sqrt(len(order)) * table["elpd_i"].std(ddof=1)),
        "p": float(table["lppd_i"].sum()) - elpd,
        "good_k": float(pareto.good_k(draws)),
        "n_samples": float(draws),
    }
    return table.drop_vars("lppd_i").assign_attrs(attrs)


def predicted_draws(prior: xr.DataArray, posterior: xr.DataArray, data: ModelData, kept: np.ndarray) -> xr.DataTree:
    """`PredictiveChecks.draws` from predictions (sample, row) for the rows at the places `kept` of the screen."""
    genes = ("row", np.array(data.genes)[data.gene_of_row[kept]])
    groups = {
        "prior_predictive": prior,
        "posterior_predictive": posterior,
        "observed_data": xr.DataArray(data.logfc[kept], dims="row"),
    }
    return xr.DataTree.from_dict(
        {name: xr.Dataset({"logfc": each}).assign_coords(row=kept, gene=genes) for name, each in groups.items()}
    )


def loo_table(loo: xr.Dataset | None, data: ModelData | None = None, **ids: Any) -> pd.DataFrame:
    """Pointwise LOO of one fit as rows in the columns LOO_TYPES: ids are variant and seed; p, good_k, n_samples repeat in each row.

    data: the screen of the fit. Without a fit the table has no rows.
    """
    if loo is None or data is None:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in LOO_TYPES.items()})
    whole: dict[str, Any] = {name: loo.attrs[name] for name in ("p", "good_k", "n_samples")}
    codes = {"gene": (data.genes, data.gene_of_row), "sgrna": (data.sgrnas, data.sgrna_of_row)}
    codes["cell_line"] = data.cell_lines, data.cell_line_of_row
    names = {name: np.array(each)[code] for name, (each, code) in codes.items()}
    table = loo[["elpd_i", "mcse", "pareto_k", "pit"]].to_dataframe().reset_index().assign(**ids, **whole, **names)
    return table[list(LOO_TYPES)].astype(LOO_TYPES)
