"""Estimates of one fit: a row per parameter with its summary, its truth, the rank statistic of the truth, and the contraction."""

from itertools import product

import arviz_stats as azs
import numpy as np
import pandas as pd
import xarray as xr

from guidefit.base import tables
from guidefit.base.arrays import evenly_spaced
from guidefit.base.names import DIM_COLUMNS, KEY, indexed
from guidefit.engines.mixture import HDI_PROB, QUANTILES

COLUMNS = (
    *("study", "variant", "seed", *KEY),
    *("mean", "sd", "q025", "q25", "median", "q75", "q975", "hdi_lower", "hdi_upper"),
    *("mcse_mean", "mcse_sd", "ess_bulk", "ess_tail", "r_hat", "truth", "rank", "n_ranks"),
    *("q05", "q10", "q90", "q95", "contraction"),
)
SUMMARY = ("mean", "sd", *QUANTILES, "hdi_lower", "hdi_upper")
_OF_CHAINS = ("mcse_mean", "mcse_sd", "ess_bulk", "ess_tail", "r_hat")
CONSTANT = 1e-9  # relative sd below which draws differ by rounding only
_SAMPLE = ("chain", "draw")


def estimate(
    posterior: xr.Dataset,
    truth: pd.DataFrame,
    n_ranks: int,
    rng: np.random.Generator,
    summary: xr.Dataset | None = None,
    mcmc: bool = True,
    prior: xr.Dataset | None = None,
) -> pd.DataFrame:
    """One row per variable and coordinate: summary, truth, the truth's rank statistic among thinned draws, and the contraction.

    posterior: dims (chain, draw) and others, see `names`. truth: KEY and truth (on the model's scale; missing where there is no
    counterpart). summary: (statistic, ...) statistics that the engine computes without its draws. mcmc: whether the draws are a
    Markov chain's, so that R-hat, ESS and Monte Carlo errors can be computed from them. prior: its draws, for the contraction,
    1 - posterior / prior variance. A quantity that is constant in the prior and in the posterior (the diagonal of a
    correlation matrix) has no R-hat, ESS, Monte Carlo error or contraction.
    """
    parts = [] if summary is None else [_long(summary, "statistic")]
    if mcmc:
        parts.insert(0, _long(_of_chains(posterior, summary is None), "statistic"))
    keys = list(KEY)
    table = parts[0] if len(parts) == 1 else parts[0].drop(columns=keys).combine_first(parts[1]).assign(**parts[0][keys])
    for name in ("ess_bulk", "ess_tail", "r_hat"):
        table[name] = table.get(name, np.nan)
    constant = find_constant(table, posterior, prior)
    table.loc[constant, [name for name in _OF_CHAINS if name in table]] = np.nan
    least = table["ess_bulk"].min() if mcmc else np.inf
    table = table.merge(rank_statistics(posterior, truth, n_ranks, rng, least), on=keys, how="left", sort=False)
    table["contraction"] = np.nan
    if prior is not None:
        before = _long(prior.var(_SAMPLE).expand_dims(of=["prior_variance"]), "of")
        variance = table[keys].merge(before, on=keys, how="left")["prior_variance"]
        table["contraction"] = 1 - table["sd"] ** 2 / variance.where(~constant)
    return table[[column for column in COLUMNS if column in table]]


def rank_statistics(
    draws: xr.Dataset, truth: pd.DataFrame, n_ranks: int, rng: np.random.Generator, ess: float = np.inf
) -> pd.DataFrame:
    """Rank statistic of each truth among thinned draws: KEY, truth, rank, n_ranks.

    rank: number of n_ranks - 1 evenly spaced pooled draws below the truth, 0..n_ranks - 1, ties broken at random (Talts et al.
    2018). Where the effective sample size `ess` is smaller, only that number of draws is taken: they are about independent.
    """
    pooled = draws.stack(sample=_SAMPLE, create_index=False)
    kept = evenly_spaced(pooled.sizes["sample"], int(min(n_ranks - 1, max(ess if np.isfinite(ess) else n_ranks, 1))))
    table = _long(pooled.isel(sample=kept).assign_coords(sample=kept), "sample")
    numbers = table.drop(columns=list(KEY)).to_numpy()
    table = table[list(KEY)].merge(truth[[*KEY, "truth"]], on=list(KEY), how="left", sort=False)
    value = table["truth"].to_numpy()[:, None]
    ties = (numbers == value).sum(axis=1)
    rank = (numbers < value).sum(axis=1) + rng.integers(0, ties + 1)
    table["rank"] = pd.array(rank, dtype="Int64")
    table.loc[table["truth"].isna(), "rank"] = pd.NA
    return table.assign(n_ranks=len(kept) + 1)


def make_table(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The estimates of several fits in the columns of estimates.csv; no rows where there are no fits."""
    return tables.concatenate(parts, COLUMNS)


def name_of(row: pd.Series) -> str:
    """The name of the parameter of a row of estimates, such as gamma_g[TP53]."""
    coordinate = [str(row[key]) for key in DIM_COLUMNS if pd.notna(row[key])]
    return indexed(str(row["variable"]), *coordinate)


def is_constant(draws: xr.DataArray) -> xr.DataArray:
    """Of each coordinate of (chain, draw, ...): whether all its draws are the same number, up to rounding."""
    values = draws.astype(float)
    spread = values.max(_SAMPLE) - values.min(_SAMPLE)
    size = abs(values.mean(_SAMPLE))
    return (spread <= CONSTANT * size) & np.isfinite(size)


def find_constant(table: pd.DataFrame, posterior: xr.Dataset, prior: xr.Dataset | None) -> np.ndarray:
    """(row of table,) whether the quantity is constant in both prior and posterior."""
    shared = [] if prior is None else [name for name in posterior.data_vars if name in prior]
    both = xr.Dataset({name: is_constant(posterior[name]) & is_constant(prior[name]) for name in shared})  # type: ignore[index]
    if not any(both[name].any() for name in shared):
        return np.zeros(len(table), bool)
    flags = _long(both.astype(float).expand_dims(of=["constant"]), "of")
    return (table[list(KEY)].merge(flags, on=list(KEY), how="left")["constant"] == 1).to_numpy()


def _of_chains(posterior: xr.Dataset, whole: bool) -> xr.Dataset:
    """(statistic, ...) of a Markov chain's draws: R-hat, ESS, Monte Carlo errors, and with `whole` the summary too."""
    parts = {
        "mcse_mean": azs.mcse(posterior, method="mean"),
        "mcse_sd": azs.mcse(posterior, method="sd"),
        "ess_bulk": azs.ess(posterior, method="bulk"),
        "ess_tail": azs.ess(posterior, method="tail"),
        "r_hat": azs.rhat(posterior),
    }
    if whole:
        quantiles = posterior.quantile(list(QUANTILES.values()), dim=_SAMPLE, skipna=False)
        hdi = azs.hdi(posterior, prob=HDI_PROB)
        parts |= {"mean": posterior.mean(_SAMPLE, skipna=False), "sd": posterior.std(_SAMPLE, ddof=1, skipna=False)}
        parts |= {name: quantiles.isel(quantile=i, drop=True) for i, name in enumerate(QUANTILES)}
        parts |= {f"hdi_{end}": hdi.sel(ci_bound=end, drop=True) for end in ("lower", "upper")}
    named = [value.expand_dims(statistic=[name]) for name, value in parts.items()]
    return xr.concat(named, "statistic", coords="minimal", compat="override")


def _long(values: xr.Dataset, wide: str) -> pd.DataFrame:
    """One row per variable and coordinate, one column per entry of the dim `wide`, in the order of the variables."""
    numbers, keys = [], []
    for name, array in values.data_vars.items():
        dims = [str(dim) for dim in array.dims if dim != wide]
        numbers.append(array.transpose(*dims, wide).values.reshape(-1, array.sizes[wide]))
        for place in product(*(array[dim].values.tolist() for dim in dims)):
            at = dict(zip(dims, place, strict=True))
            own = [at.pop(dim, None) for dim in DIM_COLUMNS]
            keys.append((indexed(str(name), *at.values()), *own))
    table = pd.DataFrame(np.concatenate(numbers), columns=values[wide].values)
    columns = {key: pd.array(column, dtype="str") for key, column in zip(KEY, zip(*keys, strict=True), strict=True)}
    return table.assign(**columns)
