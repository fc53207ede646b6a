"""Engine `collapsed`: fits linear Gaussian variants by their scales alone.

Means and effects are integrated out exactly (guidefit.engines.collapsed_posterior). The modes of the scales' posterior are searched
from several starts. The scales are drawn by importance sampling with proposals at all modes, which reports its quality as k-hat.
If k-hat is too high, five times as many draws are taken, and if it is still too high, NUTS samples the scales from the largest
mode.
Means and effects are then drawn given the scales, and summarised by their exact conditional moments.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from guidefit.base.errors import UserError
from guidefit.engines import conditional_locations, importance, mixture, modes
from guidefit.engines.collapsed_batch import CollapsedBatch, has_same_layout
from guidefit.engines.collapsed_posterior import CollapsedPosterior
from guidefit.engines.interface import K_HAT_MAX, FitError, Settings, data_groups
from guidefit.models import structure
from guidefit.models.declaration import Declaration, Priors
from guidefit.models.priors import written
from guidefit.models.structure import Structure
from guidefit.screens import sufficient
from guidefit.screens.arrays import ModelData, model_data
from guidefit.screens.screen_file import iterate_small_screens
from guidefit.screens.sufficient import SufficientStatistics

logger = logging.getLogger("guidefit")

ROWS_KEPT = 2_000_000  # screens with more rows are read in parts, and posterior.nc does not repeat their rows
MOMENTS = 1 << 15  # draws x sgRNAs, about, whose conditional moments are averaged; at least MOMENTS_MIN draws
MOMENTS_MIN = 128
PRIOR_VALUES = 1 << 22  # draws x sgRNAs of the prior that are kept, about, at most
STATISTICS = ("mean", "sd", "mcse_mean", "mcse_sd", *mixture.QUANTILES, "hdi_lower", "hdi_upper")
IMPORTANCE_STATISTICS = ("k_hat", "weighted_draws", "importance_ess", "log_evidence", "log_evidence_se")
MODE_STATISTICS = ("modes", "mass_missed")


@dataclass(frozen=True)
class _ScaleDraws:
    """Weighted draws of the scales, in coordinates z (K, scale) with weights (K,).

    chosen: (chain x draw,) indices of those that the posterior keeps; importance: by name, IMPORTANCE_STATISTICS, NaN where
    importance sampling was not used, and MODE_STATISTICS; sampler: statistics (chain, draw) of the sampler by name.
    """

    z: np.ndarray
    weights: np.ndarray
    chosen: np.ndarray
    importance: dict[str, float]
    sampler: dict[str, np.ndarray]


@dataclass(frozen=True)
class _Prepared:
    """A screen that is ready to be fitted; seed: of the sampler, seconds: that preparing it took."""

    data: ModelData | SufficientStatistics
    statistics: SufficientStatistics
    model: CollapsedPosterior
    seed: int
    seconds: float


class CollapsedEngine:
    """The engine for one variant. rows_kept, k_hat_max: see ROWS_KEPT and interface.K_HAT_MAX."""

    def __init__(
        self,
        structure: Structure,
        priors: Priors,
        settings: Settings,
        prior_seed: int,
        rows_kept: int = ROWS_KEPT,
        k_hat_max: float = K_HAT_MAX,
    ) -> None:
        self.structure, self.priors, self.settings, self.prior_seed = structure, priors, settings, prior_seed
        self.rows_kept, self.k_hat_max = rows_kept, k_hat_max
        self._sizes: dict[str, int] = {}
        self._made: dict[tuple[str, ...], tuple[dict[str, Any], xr.Coordinates]] = {}
        self._prior: tuple[np.ndarray, xr.Dataset] | None = None

    def read(self, path: str | Path, seeds: Iterable[int]) -> Iterator[ModelData | SufficientStatistics]:
        """The rows of one seed after the other, or their sufficient statistics if there are more than `rows_kept`."""
        seeds = list(seeds)
        for seed, table in zip(seeds, iterate_small_screens(path, seeds, self.rows_kept), strict=True):
            data = sufficient.from_parquet(path, seed) if table is None else model_data(table)
            self._sizes = _lengths_of_dims(data)
            yield data

    def fit(self, data: ModelData | SufficientStatistics, seed: int) -> xr.DataTree:
        """Fit one screen. Groups: those of the engine `nuts`, summary (statistic, ...) with Rao-Blackwell moments, and importance.

        Raises UserError where logFC has no noise, FitError where the posterior cannot be sampled.
        """
        (found,) = self.fit_many([data], [seed])
        if isinstance(found, FitError):
            raise found
        return found

    def fit_many(self, data: Sequence[ModelData | SufficientStatistics], seeds: Sequence[int]) -> Iterator[xr.DataTree | FitError]:
        """Fit several screens; each fit, or the error with which it stopped, does not depend on the others.

        Modes of neighbouring screens of one layout are searched together. Raises UserError where logFC has no noise.
        """
        prepared: list[_Prepared] = []
        for each, seed in zip(data, seeds, strict=True):
            started = time.perf_counter()
            statistics = each if isinstance(each, SufficientStatistics) else sufficient.from_arrays(each)
            refuse_noiseless(statistics)
            model = CollapsedPosterior(self.structure, statistics)
            if prepared and not has_same_layout(prepared[0].model, model):
                yield from self._fit_layout(prepared)
                prepared = []
            prepared.append(_Prepared(each, statistics, model, seed, time.perf_counter() - started))
        yield from self._fit_layout(prepared)

    def _fit_layout(self, prepared: Sequence[_Prepared]) -> Iterator[xr.DataTree | FitError]:
        """The fits of screens of one layout."""
        started = time.perf_counter()
        found = self._find_modes(prepared)
        seconds = (time.perf_counter() - started) / len(prepared)
        for screen, found_modes in zip(prepared, found, strict=True):
            self._sizes = _lengths_of_dims(screen.data)
            if isinstance(found_modes, modes.NoModeError):
                error = FitError(self._explain_no_mode(screen.model, found_modes))
                error.__cause__ = found_modes
                yield error
                continue
            yield self._fit_at_modes(screen, found_modes, seconds)

    def _fit_at_modes(self, screen: _Prepared, found_modes: list[modes.Mode], seconds: float) -> xr.DataTree:
        """The fit of one screen; seconds: that the search for its modes took."""
        started = time.perf_counter()
        data, model, rng = screen.data, screen.model, np.random.default_rng(screen.seed)
        drawn = self._draw_scales(model, found_modes, rng, screen.seed)
        scales, _ = self.structure.values(drawn.z[drawn.chosen])
        posterior = scales | conditional_locations.draw(model, scales, rng)
        summary = self._summarise(model, drawn)
        seconds += time.perf_counter() - started

        coords = {"gene": model.genes, "sgrna": model.sgrnas}
        chains = {"chain": range(self.settings.chains), "draw": range(self.settings.draws)}
        shape = (self.settings.chains, self.settings.draws)
        tree = xr.DataTree.from_dict(
            {
                "posterior": self._dataset(posterior, ("chain", "draw"), shape, coords | chains),
                "sample_stats": xr.Dataset(
                    {name: (("chain", "draw"), values) for name, values in drawn.sampler.items()}, self._coordinates(chains)
                ),
                "summary": self._dataset(summary, ("statistic",), (len(STATISTICS),), coords | {"statistic": list(STATISTICS)}),
                "importance": xr.Dataset(drawn.importance),
                "prior": self._prior_draws(screen.statistics),
                **(data_groups(data) if isinstance(data, ModelData) else {}),
            }
        )
        tree.attrs = {"seconds_compile": screen.seconds, "seconds_sampling": seconds}
        return tree

    def graph(self) -> dict[str, Any]:
        """The graph of the model of the screen that was read or fitted last."""
        return self.structure.graph(self.priors, self._sizes)

    def _draw_scales(
        self, model: CollapsedPosterior, found_modes: list[modes.Mode], rng: np.random.Generator, seed: int
    ) -> _ScaleDraws:
        """Draws of the scales by importance sampling, or by NUTS where the settings ask for it or k-hat is too high."""
        of_modes = {"modes": float(len(found_modes)), "mass_missed": 0.0}
        tried = dict.fromkeys(IMPORTANCE_STATISTICS, np.nan)
        if self.settings.scales == "importance":
            for draws in (self.settings.importance_draws, 5 * self.settings.importance_draws):
                found = importance.sample(model.log_density, found_modes, draws, rng)
                if found.k_hat < self.k_hat_max:
                    return self._resample(found, of_modes, rng)
            tried = _importance_statistics(found)
            logger.warning("k-hat %.2f with %d draws: falling back to NUTS on the scales", found.k_hat, len(found.weights))
        from guidefit.engines.compiled_gradient import compile_gradient
        from guidefit.engines.scale_nuts import sample

        largest = max(found_modes, key=lambda mode: mode.share)
        root = np.linalg.cholesky(largest.covariance)
        z, sampler = sample(compile_gradient(model, largest.place, root), largest.place, root, self.settings, seed)
        count = z.shape[0] * z.shape[1]
        z = z.reshape(count, -1)
        of_modes["mass_missed"] = modes.missed_mass(found_modes, z)
        return _ScaleDraws(z, np.full(count, 1 / count), np.arange(count), tried | of_modes, sampler)

    def _find_modes(self, prepared: Sequence[_Prepared]) -> list[list[modes.Mode] | modes.NoModeError]:
        """The modes of the scales' posteriors. The starts of each screen have a random stream of their own."""
        rngs = [np.random.default_rng(np.random.SeedSequence(screen.seed).spawn(1)[0]) for screen in prepared]
        batch = CollapsedBatch([screen.model for screen in prepared])
        return modes.find_modes_of_each(batch.log_density, batch.gradient, len(self.structure.quantiles), rngs)

    def _explain_no_mode(self, model: CollapsedPosterior, error: modes.NoModeError) -> str:
        """Whether the density grows without bound, or a prior keeps a scale from where the data are."""
        names = [list(self.structure.quantiles)[i] for i in error.coordinates]
        scales, _ = self.structure.values(error.place[None])

        def log_likelihood(shrink: float) -> float:
            with np.errstate(all="ignore"):
                return float(model.log_likelihood({n: v * (shrink if n in names else 1.0) for n, v in scales.items()})[0])

        if names and log_likelihood(1e-6) < log_likelihood(1e-3) + 1:
            priors = ", ".join(f"{written(self.priors[name])} of {name}" for name in names)
            return (
                f"prior-data conflict: the data contradict the prior {priors}. They ask for smaller values, of which it has a "
                "probability below 1e-30. Move or widen this prior, or correct the data."
            )
        what = "the scales go" if not names else f"{', '.join(names)} {'goes' if len(names) == 1 else 'go'}"
        return f"the posterior has no mode: its density grows without bound as {what} to 0"

    def _resample(self, found: importance.WeightedDraws, of_modes: dict[str, float], rng: np.random.Generator) -> _ScaleDraws:
        """The weighted draws, and those of them that represent the posterior with equal weights, in random order."""
        chains, draws = self.settings.chains, self.settings.draws
        chosen = rng.permutation(mixture.systematic(found.weights, chains * draws, rng.random()))
        lp = found.log_density[chosen].reshape(chains, draws)
        return _ScaleDraws(found.draws, found.weights, chosen, _importance_statistics(found) | of_modes, {"lp": lp})

    def _summarise(self, model: CollapsedPosterior, drawn: _ScaleDraws) -> dict[str, np.ndarray]:
        """STATISTICS of every variable: name -> (statistic, ...). Those of means and effects average over some of the draws."""
        scales, _ = self.structure.values(drawn.z)
        values = np.stack(list(scales.values()), axis=1)
        of_scales = mixture.summarise(drawn.weights, values, np.zeros_like(values))
        found = {name: np.array([of_scales[s][i] for s in STATISTICS]) for i, name in enumerate(scales)}

        weights, most = drawn.weights, max(MOMENTS_MIN, MOMENTS // len(model.sgrnas))
        if len(weights) > most:
            some = mixture.systematic(weights, most)
            scales, weights = {name: each[some] for name, each in scales.items()}, np.full(most, 1 / most)
        moments = conditional_locations.moments(model, scales)
        means, sds = (np.concatenate([pair[i].reshape(len(weights), -1) for pair in moments.values()], axis=1) for i in (0, 1))
        summarised = mixture.summarise(weights, means, sds)
        table, start = np.array([summarised[s] for s in STATISTICS]), 0
        for name, (each, _) in moments.items():
            shape = each.shape[1:]
            end = start + int(np.prod(shape))
            found[name] = table[:, start:end].reshape(len(STATISTICS), *shape)
            start = end
        return found

    def _prior_draws(self, statistics: SufficientStatistics) -> xr.Dataset:
        """Draws from the prior, made once per design; of a large model fewer, and without the effects of the sgRNAs."""
        gene_of_sgrna = statistics.gene_of_sgrna
        if self._prior is None or not np.array_equal(self._prior[0], gene_of_sgrna):
            draws, coords = self.settings.prior_draws, {"gene": statistics.genes, "sgrna": statistics.sgrnas}
            genes = np.arange(len(statistics.genes))
            large = draws * len(gene_of_sgrna) > PRIOR_VALUES
            if large:
                draws = min(draws, max(250, PRIOR_VALUES // len(genes)))
            drawn = self.structure.prior_draws(genes if large else gene_of_sgrna, draws, np.random.default_rng(self.prior_seed))
            left_out = {side.sgrna[0] for side in self.structure.sides if side and side.sgrna} if large else set()
            kept = {name: values for name, values in drawn.items() if name not in left_out}
            chain = {"chain": range(1), "draw": range(draws)}
            self._prior = gene_of_sgrna, self._dataset(kept, ("chain", "draw"), (1, draws), coords | chain)
        return self._prior[1]

    def _dataset(self, values: dict[str, np.ndarray], lead: tuple[str, ...], shape: tuple[int, ...], coords: Any) -> xr.Dataset:
        """Variables in the order of the priors. lead, shape: names and lengths of their first dims."""
        dims = {effect: dim for side in self.structure.sides if side for effect, dim in side.dims.items()}
        arrays = {}
        for name in filter(values.__contains__, self.priors):
            rest = (dims[name],) if name in dims else ()
            arrays[name] = ((*lead, *rest), values[name].reshape(*shape, *values[name].shape[1:]))
        used = set(lead).union(*(dims for dims, _ in arrays.values()))
        return xr.Dataset(arrays, self._coordinates({name: each for name, each in coords.items() if name in used}))

    def _coordinates(self, labels: dict[str, Any]) -> xr.Coordinates:
        """Coordinates with these labels by dim, made once for neighbouring screens with the same names."""
        dims = tuple(labels)
        if dims not in self._made or self._made[dims][0] != labels:
            self._made[dims] = labels, xr.Coordinates(labels)
        return self._made[dims][1]


def _lengths_of_dims(data: ModelData | SufficientStatistics) -> dict[str, int]:
    sizes = data.sizes
    return {"gene": sizes["genes"], "sgrna": sizes["sgrnas"], "row": sizes["rows"]}


def _importance_statistics(found: importance.WeightedDraws) -> dict[str, float]:
    values = (found.k_hat, len(found.weights), found.ess, found.log_evidence, found.log_evidence_se)
    return dict(zip(IMPORTANCE_STATISTICS, values, strict=True))


def make_engine(
    declared: Declaration, priors: Priors, settings: Settings, threads: int, prior_seed: int, place: str
) -> CollapsedEngine:
    """The engine for a variant that declares its structure; see `registry.make_engine`. Raises UserError where it declares none."""
    return CollapsedEngine(structure.make(declared.gaussian, priors, place), priors, settings, prior_seed)


def refuse_noiseless(statistics: SufficientStatistics) -> None:
    """Raise UserError where every sgRNA's logFC lies on a line to within rounding: the noise then has no proper posterior."""
    spare = statistics.rows - (1 + statistics.varies).sum()
    if spare > 0 and statistics.rss.sum() <= 1e-13 * (statistics.syy + statistics.n * statistics.y_mean**2).sum():
        raise UserError(
            "column logfc: no noise: the values of every sgRNA lie exactly on a line in x, but the model needs scatter around it. "
            "Check whether the values are constant, copied, or computed from x."
        )
