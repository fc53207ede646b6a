"""Simulation-based calibration: are the ranks of truths drawn from the prior uniform among the posterior's draws?

Talts et al. 2018; truths drawn from a posterior, whose data are then fitted along: Säilynoja, Schmitt, Bürkner & Vehtari 2025; test
quantities beyond the parameters: Modrák et al. 2023; bands and p-values of the ECDF: Säilynoja, Bürkner & Vehtari 2022.
"""

from functools import cache

import numpy as np
import pandas as pd
import scipy.stats
import xarray as xr

from guidefit.assess import diagnostics
from guidefit.models import structure
from guidefit.screens import sufficient
from guidefit.screens.arrays import ModelData
from guidefit.models.structure import Structure
from guidefit.screens.sufficient import SufficientStatistics
from guidefit.models.declaration import Declaration, Priors

COLUMNS = (
    *("study", "variant", "fits", "variable", "gene", "sgrna", "n", "failed", "failed_share"),
    *("distance", "mean_rank", "p_value", "p_holm", "verdict"),
)
POINTS = 100
SIMULATIONS = 4000
TAIL = 0.01


RANK_COLUMNS = ("study", "variant", "seed", "variable", "gene", "sgrna", "truth", "rank", "n_ranks")


class Quantities:
    """Test quantities beyond the parameters, for a variant that declares its Gaussian structure; none for others."""

    def __init__(self, declared: Declaration, priors: Priors) -> None:
        self.structure = structure.make(declared.gaussian, priors, declared.path.stem) if declared.gaussian else None

    def __call__(self, data: ModelData, draws: xr.Dataset, truth: pd.DataFrame) -> tuple[xr.Dataset, pd.DataFrame]:
        """The quantities of each draw (chain, draw), and of the truth as rows: variable, gene, sgrna, truth."""
        known = truth[truth["variable"].isin(list(draws.data_vars)) & truth["truth"].notna()]
        # the truth may be another variant's, which need not have all variables of this one
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
        return xr.Dataset(named), rows.assign(gene=None, sgrna=None).astype({"gene": "str", "sgrna": "str"})


def derived(model: Structure, statistics: SufficientStatistics, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Joint log-likelihood, and the identified sum where a constant is added to the mean: (K,) by name.

    values: all variables, name -> (K, ...); the truth has K = 1.
    """
    intercept, slope = model.predictor(values, statistics.gene_of_sgrna)
    one, two = statistics.ols[0] - intercept, statistics.ols[1] - slope
    a, b, c = statistics.information
    squares = statistics.rss.sum() + (a * one**2 + 2 * b * one * two + c * two**2).sum(axis=1)
    sigma = values[model.noise]
    found = {"log_likelihood": -statistics.rows * (np.log(sigma) + 0.5 * np.log(2 * np.pi)) - squares / (2 * sigma**2)}
    side = model.intercept
    if side.added:
        found[f"{side.added} + {side.mean}"] = values[side.added] + values[side.mean]
    return found


def ranks(estimates: list[str], quantities: list[str]) -> pd.DataFrame:
    """The ranks of all fits (RANK_COLUMNS) from files of estimates and of test quantities."""
    parts = [pd.read_parquet(path, columns=list(RANK_COLUMNS)) for path in (*estimates, *quantities)]
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def spread(table: pd.DataFrame, failed: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The ranks with `u`, each spread evenly over its n-th of the line (0, 1): exactly uniform where the ranks are; and `failed`.

    failed: variant, seed of all fits and whether each failed.
    """
    known = table.dropna(subset=["rank"]).merge(failed, on=["variant", "seed"], how="left")
    return known.assign(u=(known["rank"].astype(float) + rng.random(len(known))) / known["n_ranks"])


def calibrate(spread: pd.DataFrame, failed: pd.DataFrame, level: float) -> pd.DataFrame:
    """One row per variant, set of fits (all, or without those that failed), variable and coordinate; columns COLUMNS but study.

    spread: of that name. failed: variant, seed of all fits and whether each failed; fits that stopped with an error have no ranks,
    and count among the failed. p_value: of the largest departure of the ECDF from its pointwise bands;
    p_holm: corrected over the variables and coordinates of a variant; verdict: fail where it is below `level`.
    distance: largest difference of the ECDF from the uniform's; mean_rank: 0.5 where estimates are neither high nor low.
    """
    found = []
    for variant, rows in spread.groupby("variant", sort=False):
        fits = failed[failed["variant"] == variant]
        for name, chosen in (("all", rows), ("without failed", rows[~rows["failed"]])):
            part = []
            for (variable, gene, sgrna), mine in chosen.groupby(["variable", "gene", "sgrna"], sort=False, dropna=False):
                u = mine["u"].to_numpy()
                row = {"variant": variant, "fits": name, "variable": variable, "gene": gene, "sgrna": sgrna, "n": len(u)}
                row |= {"failed": int(fits["failed"].sum()), "failed_share": float(fits["failed"].mean())}
                difference = ecdf_difference(u)["difference"]
                part.append(row | {"distance": abs(difference).max(), "mean_rank": u.mean(), "p_value": p_value(u)})
            table = pd.DataFrame(part)
            if len(table):
                table["p_holm"] = diagnostics.holm(table["p_value"].to_numpy())
                table["verdict"] = np.where(table["p_holm"] < level, "fail", "pass")
            found.append(table)
    return pd.concat(found, ignore_index=True).reindex(columns=[c for c in COLUMNS if c != "study"])


def ecdf_difference(u: np.ndarray, prob: float = 0.95) -> pd.DataFrame:
    """ECDF of u (n,) minus the uniform's at evenly spaced points, with its simultaneous band: u, difference, lower, upper."""
    return diagnostics.pit_band(u, prob, POINTS).rename(columns={"pit": "u"})


def p_value(u: np.ndarray) -> float:
    """How often uniform values depart as far anywhere: of the least two-sided binomial probability over the points.

    By simulation; below the probability TAIL, where simulations are few, in proportion to the least probability, as for the least
    of any number of small probabilities.
    """
    null, least = _null(len(u)), _least(u[None])[0]
    edge = null[int(TAIL * SIMULATIONS) - 1]
    if least < edge:
        return float(TAIL * least / edge)
    return float((1 + (null <= least).sum()) / (1 + SIMULATIONS))


def _least(u: np.ndarray) -> np.ndarray:
    """(K,) least two-sided pointwise probability of K samples (K, n)."""
    n, points = u.shape[1], diagnostics.ecdf_points(u.shape[1], POINTS)
    counts = np.stack([(u <= point).sum(axis=1) for point in points], axis=1)
    both = np.minimum(scipy.stats.binom.cdf(counts, n, points), scipy.stats.binom.sf(counts - 1, n, points))
    return 2 * both.min(axis=1)


@cache
def _null(n: int) -> np.ndarray:
    rng = np.random.default_rng(n)
    return np.sort(np.concatenate([_least(rng.random((100, n))) for _ in range(SIMULATIONS // 100)]))
