"""The truth of a simulated screen: the value of every parameter that its data were made from."""

from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd

from guidefit.base.names import DIM_COLUMNS, KEY, indexed
from guidefit.screens.covariates import Truth
from guidefit.simulation.designs import Design

DIMS = {
    "gamma_g": ("gene",),
    "delta_g": ("gene",),
    "alpha_s": ("sgrna",),
    "beta_s": ("sgrna",),
    "tau_c": ("cell_line",),
    "e_gl": ("gene", "cell_line"),
}
HYPER_PARAMETERS = (
    *("mu_gamma", "sigma_gamma", "mu_delta", "sigma_delta", "rho_gene"),
    *("sigma_alpha", "sigma_beta", "rho", "sigma_line", "sigma"),
)


def make_truth(
    design: Design, gamma_g: np.ndarray, delta_g: np.ndarray, alpha_s: np.ndarray, beta_s: np.ndarray, tau_c: np.ndarray
) -> Truth:
    """The truth of a design and of the effects drawn from it: (gene,), (sgrna,) and (cell_line,) arrays.

    NaN marks hyper-parameters without a counterpart: those of genes of which a share has a real effect, since these do not follow a
    normal distribution; those of the mean or the difference of Student-t noise, which does not follow one.
    """
    truth: Truth = {name: getattr(design, name) for name in HYPER_PARAMETERS}
    truth["sigma"] = design.sigma * np.sqrt(design.arms / design.replicates)
    if design.outlier_nu is not None:
        is_single = design.arms * design.replicates == 1
        truth |= {"sigma": design.sigma, "nu": design.outlier_nu} if is_single else {"sigma": np.nan, "nu": np.nan}
    if design.effect_share is not None:
        truth |= dict.fromkeys(["mu_gamma", "sigma_gamma", "rho_gene"], np.nan)
    if design.slope_share is not None:
        truth |= dict.fromkeys(["mu_delta", "sigma_delta", "rho_gene"], np.nan)
    if design.kappa is not None:
        truth["kappa"] = design.kappa
    else:
        truth["ratio"] = 1.0 if design.ratio is None else design.ratio  # without a curve, gains act as losses do
    return truth | {"gamma_g": gamma_g, "delta_g": delta_g, "alpha_s": alpha_s, "beta_s": beta_s, "tau_c": tau_c}


def join_blocks(truths: list[Truth]) -> Truth:
    """The truth of a data set from those of its blocks: effects of genes and sgRNAs in order, the rest from the first block."""
    own = [name for name, dims in DIMS.items() if dims[0] in ("gene", "sgrna") and name in truths[0]]
    effects = {name: np.concatenate([np.atleast_1d(truth[name]) for truth in truths]) for name in own}
    return truths[0] | effects


def join_coords(coords: list[dict[str, list[str]]]) -> dict[str, list[str]]:
    """The names of a data set by dim from those of its blocks, each name once, in order."""
    return {dim: list(dict.fromkeys(name for block in coords for name in block[dim])) for dim in coords[0]}


def truth_table(truth: Truth, coords: Mapping[str, list[str]], dims: Mapping[str, tuple[str, ...]] = DIMS) -> pd.DataFrame:
    """Truth in long form: variable, gene, sgrna, cell_line (missing if the variable has no such dim), truth (NaN: no counterpart).

    coords: names by dim; dims: the dims of each variable that has any. Coordinates of other dims are part of the name of the
    variable, as in eta[batch].
    """
    columns: dict[str, list[str | None]] = {key: [] for key in KEY}
    for name, value in truth.items():
        own, count = dims.get(name, ()), np.size(value)
        labels = dict(zip(own, zip(*product(*(coords[dim] for dim in own)), strict=True), strict=True))
        others = [labels[dim] for dim in own if dim not in DIM_COLUMNS]
        columns["variable"] += [indexed(name, *each) for each in zip(*others, strict=True)] if others else [name] * count
        for column in DIM_COLUMNS:
            columns[column] += labels.get(column, [None] * count)
    table = {key: pd.array(names, dtype="str") for key, names in columns.items()}
    values = np.concatenate([np.ravel(np.asarray(value, float)) for value in truth.values()])
    return pd.DataFrame(table | {"truth": values})
