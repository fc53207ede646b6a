"""Estimates of the fits of a batch: of each parameter a summary, its truth, the truth's rank statistic, and the contraction."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from guidefit.assess import chain_statistics
from guidefit.assess.draws import Draws, Parameters
from guidefit.assess.fits import Fits
from guidefit.base.arrays import evenly_spaced
from guidefit.base.names import KEY
from guidefit.engines.mixture import HDI_PROB, QUANTILES

COLUMNS = (
    *("study", "variant", "seed", *KEY),
    *("mean", "sd", "q025", "q25", "median", "q75", "q975", "hdi_lower", "hdi_upper"),
    *("mcse_mean", "mcse_sd", "ess_bulk", "ess_tail", "r_hat", "truth", "rank", "n_ranks"),
    *("q05", "q10", "q90", "q95", "contraction"),
)
SUMMARY = ("mean", "sd", *QUANTILES, "hdi_lower", "hdi_upper")


@dataclass(frozen=True)
class Ranks:
    """Rank statistics of the truths of several fits.

    truth, rank: (seed, P), NaN and -1 where a truth is not known; n_ranks: (seed,) the rank is one of 0..n_ranks - 1.
    """

    truth: np.ndarray
    rank: np.ndarray
    n_ranks: np.ndarray

    @classmethod
    def join(cls, parts: Sequence["Ranks"]) -> "Ranks":
        """Those of several fits in order."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("truth", "rank", "n_ranks")))

    def columns(self) -> dict[str, object]:
        """Columns (seed x P,) of a table: truth, rank, n_ranks."""
        rank = pd.array(self.rank.ravel(), dtype="Int64")
        rank[self.rank.ravel() < 0] = pd.NA
        return {"truth": self.truth.ravel(), "rank": rank, "n_ranks": np.repeat(self.n_ranks, self.truth.shape[1])}


@dataclass(frozen=True)
class Estimates:
    """Estimates of fits with the same parameters.

    statistics: name -> (seed, P), SUMMARY, those of chains, and the contraction; is_constant: (seed, P), whether the quantity is
    constant in the prior and in the posterior (the diagonal of a correlation matrix); ranks: of the truths.
    """

    parameters: Parameters
    statistics: dict[str, np.ndarray]
    is_constant: np.ndarray
    ranks: Ranks

    @property
    def least_ess(self) -> np.ndarray:
        """(seed,) the smallest bulk ESS of a fit, NaN where there is none."""
        return least_ess(self.statistics["ess_bulk"])

    def table(self, study: str, variant: str, seeds: Sequence[int]) -> pd.DataFrame:
        """One row per fit and parameter, with COLUMNS."""
        ids = table_of_fits(self.parameters, study, variant, seeds)
        columns = {name: values.ravel() for name, values in self.statistics.items()} | self.ranks.columns()
        return ids.assign(**columns)[[column for column in COLUMNS if column in ids or column in columns]]


def estimate(fits: Fits, truth: np.ndarray, n_ranks: int, rngs: Sequence[np.random.Generator]) -> Estimates:
    """Estimates of every fit. truth: (seed, P), NaN where it is not known; rngs: a stream for each fit, for ties of ranks.

    The contraction is 1 - posterior / prior variance. A quantity that is constant in the prior and in the posterior has no R-hat,
    ESS, Monte Carlo error or contraction, and fits without a Markov chain have no R-hat and ESS.
    """
    is_constant = find_constant(fits.posterior, fits.prior)
    shape = is_constant.shape
    statistics = {name: values.copy() for name, values in (fits.summary or {}).items()}
    statistics |= {name: np.full(shape, np.nan) for name in (*SUMMARY, *chain_statistics.STATISTICS) if name not in statistics}
    chains = [fit for fit in range(shape[0]) if fits.is_mcmc(fit)]
    if chains:
        for name, values in _of_chains(fits.posterior, chains, fits.summary is None).items():
            # Where chains give no Monte Carlo error, that of the engine's own summary remains.
            statistics[name][chains] = np.where(np.isnan(values), statistics[name][chains], values)
    for name in chain_statistics.STATISTICS:
        statistics[name][is_constant] = np.nan
    ess = np.full(shape[0], np.inf)
    ess[chains] = least_ess(statistics["ess_bulk"][chains])
    variance = np.where(is_constant, np.nan, _prior_variance(fits.posterior, fits.prior))
    with np.errstate(invalid="ignore", divide="ignore"):
        statistics["contraction"] = 1 - statistics["sd"] ** 2 / variance
    ranks = rank_statistics(fits.posterior, truth, n_ranks, rngs, ess)
    return Estimates(fits.posterior.parameters, statistics, is_constant, ranks)


def least_ess(ess: np.ndarray) -> np.ndarray:
    """(seed,) the smallest of (seed, P) that is known; NaN where none is."""
    least = np.where(np.isnan(ess), np.inf, ess).min(axis=1, initial=np.inf)
    return np.where(np.isfinite(least), least, np.nan)


def rank_statistics(
    draws: Draws, truth: np.ndarray, n_ranks: int, rngs: Sequence[np.random.Generator], ess: np.ndarray | float = np.inf
) -> Ranks:
    """Rank statistics of truths (seed, P); ess: (seed,) effective sample sizes of the fits.

    The rank is the number of n_ranks - 1 evenly spaced pooled draws below the truth, 0..n_ranks - 1, ties broken at random (Talts
    et al. 2018). Where the effective sample size is smaller, only that number of draws is taken: they are about independent.
    """
    rank, counts = np.full(truth.shape, -1), np.empty(len(truth), int)
    for fit, (known, size) in enumerate(zip(truth, np.broadcast_to(ess, len(truth)), strict=True)):
        most = min(n_ranks - 1, max(size if np.isfinite(size) else n_ranks, 1))
        kept = evenly_spaced(draws.count, int(most))
        numbers = draws.matrix(fit, kept=kept)
        ties, below = (numbers == known).sum(axis=0), (numbers < known).sum(axis=0)
        rank[fit] = np.where(np.isnan(known), -1, below + rngs[fit].integers(0, ties + 1))
        counts[fit] = len(kept) + 1
    return Ranks(truth, rank, counts)


def table_of_fits(parameters: Parameters, study: str, variant: str, seeds: Sequence[int]) -> pd.DataFrame:
    """study, variant, seed and KEY of the parameters of each fit, one fit after the other."""
    keys = parameters.keys.iloc[np.tile(np.arange(len(parameters)), len(seeds))].reset_index(drop=True)
    ids = {"study": study, "variant": variant, "seed": np.repeat(np.asarray(seeds, dtype=np.int64), len(parameters))}
    return keys.assign(**ids)[[*ids, *KEY]]


def find_constant(posterior: Draws, prior: Draws) -> np.ndarray:
    """(seed, P) whether the quantity is constant in both prior and posterior."""
    of_prior, of_posterior = prior.is_constant(), posterior.is_constant()
    parts = [
        after & of_prior[name] if name in of_prior and of_prior[name].any() else np.zeros_like(after)
        for name, after in of_posterior.items()
    ]
    return np.concatenate(parts, axis=1)


def _prior_variance(posterior: Draws, prior: Draws) -> np.ndarray:
    """(P,) variance of each of the posterior's parameters in the prior, NaN where the prior does not have it."""
    parts = []
    for name, labels in posterior.labels.items():
        known = dict.fromkeys(map(tuple, (each.values() for each in prior.labels.get(name, []))))
        known = dict(zip(known, np.nanvar(prior.values[name], axis=(1, 2))[0].tolist(), strict=True)) if known else known
        parts += [known.get(tuple(each.values()), np.nan) for each in labels]
    return np.array(parts)


def _of_chains(posterior: Draws, chosen: list[int], whole: bool) -> dict[str, np.ndarray]:
    """statistic -> (chosen fit, P) of a Markov chain's draws: R-hat, ESS, Monte Carlo errors, and with `whole` the summary too."""
    parts = []
    for values in posterior.values.values():
        draws = np.ascontiguousarray(np.moveaxis(values[chosen], 3, 1))  # (fit, K, chain, draw)
        series = draws.reshape(-1, *draws.shape[2:]).astype(float, copy=False)
        found = chain_statistics.summarise_chains(series) | (_summary(series) if whole else {})
        parts.append({name: each.reshape(draws.shape[:2]) for name, each in found.items()})
    return {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}


def _summary(draws: np.ndarray) -> dict[str, np.ndarray]:
    """SUMMARY of draws (n, chain, draw): statistic -> (n,)."""
    ordered = np.sort(draws.reshape(len(draws), draws.shape[1] * draws.shape[2]), axis=1)
    found = {"mean": draws.mean(axis=(1, 2)), "sd": draws.std(axis=(1, 2), ddof=1)}
    found |= dict(zip(QUANTILES, np.quantile(ordered, list(QUANTILES.values()), axis=1), strict=True))
    # the narrowest interval between draws that holds HDI_PROB of them
    inside = min(int(HDI_PROB * ordered.shape[1]), ordered.shape[1] - 1)
    first = np.argmin(ordered[:, inside:] - ordered[:, : ordered.shape[1] - inside], axis=1)
    rows = np.arange(len(ordered))
    return found | {"hdi_lower": ordered[rows, first], "hdi_upper": ordered[rows, first + inside]}
