"""Engine `collapsed`: linear Gaussian variants by their scales alone, with exact draws and moments of all means and effects.

The scales are drawn by importance sampling, which judges itself by its k-hat; where that is too high, again with five times as
many draws, and then by NUTS. Means and effects are integrated out (guidefit.engines.collapsed_posterior), and drawn given the
scales.
"""

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from guidefit.engines import importance, mixture
from guidefit.screens import sufficient
from guidefit.engines.collapsed_posterior import CollapsedPosterior
from guidefit.base.errors import UserError
from guidefit.engines.interface import FitError, Settings, data_groups
from guidefit.screens.arrays import ModelData, model_data
from guidefit.screens.screen_file import count_rows, read_seed
from guidefit.models.structure import Structure
from guidefit.screens.sufficient import SufficientStatistics
from guidefit.models import structure
from guidefit.models.declaration import Declaration, Priors

logger = logging.getLogger("guidefit")

K_HAT_MAX = 0.7  # Vehtari et al. 2024
ROWS_KEPT = 2_000_000  # screens with more rows are only ever read as a stream, and posterior.nc does not repeat them
MOMENTS = 1 << 15  # draws x sgRNAs, about: the larger the model, the fewer draws' conditional moments are averaged, 128 at least
PRIOR_VALUES = 1 << 22  # draws x sgRNAs of the prior that are kept, about, at most
STATISTICS = ("mean", "sd", "mcse_mean", "mcse_sd", *mixture.QUANTILES, "hdi_lower", "hdi_upper")


@dataclass(frozen=True)
class _ScaleDraws:
    """Weighted draws z (K, scale); chosen: which of them the posterior keeps, chain by chain; what is known of their quality."""

    z: np.ndarray
    weights: np.ndarray
    chosen: np.ndarray
    figures: dict[str, float]
    stats: dict[str, np.ndarray]  # (chain, draw)


class CollapsedEngine:
    """The engine."""

    def __init__(self, structure: Structure, priors: Priors, settings: Settings, threads: int, prior_seed: int) -> None:
        self.structure, self.priors, self.settings, self.threads, self.prior_seed = structure, priors, settings, threads, prior_seed
        self._sizes: dict[str, int] = {}
        self._prior: tuple[np.ndarray, xr.Dataset] | None = None

    def read(self, path: str | Path, seed: int) -> ModelData | SufficientStatistics:
        """One seed's rows, or their sums where they are many."""
        if count_rows(path, seed) > ROWS_KEPT:
            return sufficient.from_parquet(path, seed)
        return model_data(read_seed(path, seed))

    def fit(self, data: ModelData | SufficientStatistics, seed: int) -> xr.DataTree:
        """Fit one screen. Groups: those of `nuts`, and summary (statistic, ...) with Rao-Blackwell moments, and importance.

        Raises UserError where logFC has no noise, FitError where the posterior cannot be sampled.
        """
        started = time.perf_counter()
        statistics = data if isinstance(data, SufficientStatistics) else sufficient.from_arrays(data)
        refuse_noiseless(statistics)
        model = CollapsedPosterior(self.structure, statistics)
        self._sizes = {"gene": len(model.genes), "sgrna": len(model.sgrnas), "row": statistics.rows}
        ready = time.perf_counter()
        rng = np.random.default_rng(seed)
        drawn = self._draw_scales(model, rng, seed)
        kept, _ = self.structure.values(drawn.z[drawn.chosen])
        posterior = kept | model.draw(kept, rng)
        summary = self._summarise(model, drawn)
        sampled = time.perf_counter()

        coords = {"gene": model.genes, "sgrna": model.sgrnas}
        chains = {"chain": np.arange(self.settings.chains), "draw": np.arange(self.settings.draws)}
        shape = (self.settings.chains, self.settings.draws)
        tree = xr.DataTree.from_dict(
            {
                "posterior": self._dataset(posterior, ("chain", "draw"), shape, coords | chains),
                "sample_stats": xr.Dataset({name: (("chain", "draw"), each) for name, each in drawn.stats.items()}, coords=chains),
                "summary": self._dataset(summary, ("statistic",), (len(STATISTICS),), coords | {"statistic": list(STATISTICS)}),
                "importance": xr.Dataset(drawn.figures),
                "prior": self._prior_draws(statistics),
                **(data_groups(data) if isinstance(data, ModelData) else {}),
            }
        )
        tree.attrs = {"seconds_compile": ready - started, "seconds_sampling": sampled - ready}
        return tree

    def graph(self) -> dict[str, Any]:
        """The graph of the model that was fitted last."""
        return self.structure.graph(self.priors, self._sizes)

    def _draw_scales(self, model: CollapsedPosterior, rng: np.random.Generator, seed: int) -> _ScaleDraws:
        s = self.settings
        try:
            mode, covariance = importance.find_mode(model.gradient, len(self.structure.quantiles))
        except importance.Collapse as error:
            names = ", ".join(np.array(list(self.structure.quantiles))[error.coordinates]) or "the scales"
            raise FitError(f"the posterior has no mode: it grows without bound as {names} go(es) to 0") from error
        figures = dict.fromkeys(("k_hat", "weighted_draws", "importance_ess", "log_evidence", "log_evidence_se"), np.nan)
        if s.scales == "importance":
            for draws in (s.importance_draws, 5 * s.importance_draws):
                found = importance.sample(model.log_density, mode, covariance, draws, rng)
                figures = {
                    "k_hat": found.k_hat,
                    "weighted_draws": len(found.weights),
                    "importance_ess": found.ess,
                    "log_evidence": found.log_evidence,
                    "log_evidence_se": found.log_evidence_se,
                }
                if found.k_hat < K_HAT_MAX:
                    chosen = rng.permutation(mixture.systematic(found.weights, s.chains * s.draws, rng.random()))
                    lp = found.log_density[chosen].reshape(s.chains, s.draws)
                    return _ScaleDraws(found.draws, found.weights, chosen, figures, {"lp": lp})
            logger.warning("k-hat %.2f with %d draws: going over to NUTS on the scales", found.k_hat, len(found.weights))
        from guidefit.engines.scale_nuts import sample

        z, stats = sample(model.gradient, mode, covariance, s, self.threads, seed)
        count = s.chains * s.draws
        return _ScaleDraws(z.reshape(count, -1), np.full(count, 1 / count), np.arange(count), figures, stats)

    def _summarise(self, model: CollapsedPosterior, drawn: _ScaleDraws) -> dict[str, np.ndarray]:
        """Statistics of every variable: name -> (statistic, ...)."""
        scales, _ = self.structure.values(drawn.z)
        values = np.stack(list(scales.values()), axis=1)
        of_scales = mixture.summarise(drawn.weights, values, np.zeros_like(values))
        found = {name: np.array([of_scales[s][i] for s in STATISTICS]) for i, name in enumerate(scales)}

        weights, most = drawn.weights, max(128, MOMENTS // len(model.sgrnas))
        if len(weights) > most:
            some = mixture.systematic(weights, most)
            scales, weights = {name: each[some] for name, each in scales.items()}, np.full(most, 1 / most)
        for name, (means, sds) in model.moments(scales).items():
            flat = mixture.summarise(weights, means.reshape(len(weights), -1), sds.reshape(len(weights), -1))
            found[name] = np.array([flat[s] for s in STATISTICS]).reshape(len(STATISTICS), *means.shape[1:])
        return found

    def _prior_draws(self, statistics: SufficientStatistics) -> xr.Dataset:
        """Draws from the prior, once per layout; of a large model fewer, and without the sgRNAs' effects."""
        layout = statistics.gene_of_sgrna
        if self._prior is None or not np.array_equal(self._prior[0], layout):
            draws, coords = self.settings.prior_draws, {"gene": statistics.genes, "sgrna": statistics.sgrnas}
            genes = np.arange(len(statistics.genes))
            large = draws * len(layout) > PRIOR_VALUES
            if large:
                draws = min(draws, max(250, PRIOR_VALUES // len(genes)))
            drawn = self.structure.prior_draws(genes if large else layout, draws, np.random.default_rng(self.prior_seed))
            effects = {side.sgrna[0] for side in self.structure.sides if side and side.sgrna} if large else set()
            kept = {name: values for name, values in drawn.items() if name not in effects}
            chain = {"chain": [0], "draw": np.arange(draws)}
            self._prior = layout, self._dataset(kept, ("chain", "draw"), (1, draws), coords | chain)
        return self._prior[1]

    def _dataset(self, values: dict[str, np.ndarray], lead: tuple[str, ...], shape: tuple[int, ...], coords: Any) -> xr.Dataset:
        """Variables in the order of the priors; the first dims are `lead`, with these lengths."""
        dims = {effect: dim for side in self.structure.sides if side for effect, dim in side.dims.items()}
        arrays = {}
        for name in filter(values.__contains__, self.priors):
            rest = (dims[name],) if name in dims else ()
            arrays[name] = ((*lead, *rest), values[name].reshape(*shape, *values[name].shape[1:]))
        used = set(lead).union(*(dims for dims, _ in arrays.values()))
        return xr.Dataset(arrays, coords={name: each for name, each in coords.items() if name in used})


def make_engine(
    declared: Declaration, priors: Priors, settings: Settings, threads: int, prior_seed: int, place: str
) -> CollapsedEngine:
    """The engine for a variant that declares its structure; see `registry.make_engine`. Raises UserError where it declares none."""
    return CollapsedEngine(structure.make(declared.gaussian, priors, place), priors, settings, threads, prior_seed)


def refuse_noiseless(statistics: SufficientStatistics) -> None:
    """Raise UserError where every sgRNA's logFC lies on a line to within rounding: the noise then has no proper posterior."""
    spare = statistics.rows - (1 + statistics.varies).sum()
    if spare > 0 and statistics.rss.sum() <= 1e-13 * (statistics.syy + statistics.n * statistics.y_mean**2).sum():
        raise UserError(
            "column logfc: no noise: every sgRNA's values lie exactly on a line in x, so no model with noise can be fitted. "
            "Are the values constant, copied, or computed from x?"
        )
