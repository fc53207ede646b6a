"""NUTS over the few scales of a collapsed model, by nutpie, in coordinates in which the posterior is roughly a standard normal."""

from typing import Any

import nutpie
import numpy as np
from nutpie.compiled_pyfunc import from_pyfunc

from guidefit.engines.interface import FitError, Settings, canonical_stats
from guidefit.engines.modes import Gradient


def sample(
    gradient: Gradient, mode: np.ndarray, covariance: np.ndarray, settings: Settings, threads: int, seed: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Draws z (chain, draw, scale), and the sampler's statistics (chain, draw) by name. Raises FitError.

    gradient: value and gradient of the log density; mode (scale,), covariance (scale, scale): where the chains start, and the
    coordinates u in which they move, z = mode + L u with the Cholesky factor L of the covariance.
    """
    root = np.linalg.cholesky(covariance)
    dim = len(mode)

    def log_density(u: np.ndarray) -> tuple[float, np.ndarray]:
        with np.errstate(all="ignore"):
            (value,), (slope,) = gradient((mode + root @ u)[None])
        return float(value), root.T @ slope

    model = from_pyfunc(
        dim,
        lambda: log_density,
        lambda *_: lambda u: {"z": mode + root @ u},
        [np.dtype("float64")],
        [(dim,)],
        ["z"],
        make_initial_point_fn=lambda seed: np.random.default_rng(seed).standard_normal(dim),
    )
    try:
        trace = nutpie.sample(
            model,
            draws=settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=min(threads, settings.chains),
            seed=seed,
            target_accept=settings.target_accept,
            maxdepth=settings.max_treedepth,
            save_warmup=False,
            progress_bar=False,
        )
    except Exception as error:
        raise FitError(f"{type(error).__name__}: {error}") from error
    stats: Any = canonical_stats(trace["sample_stats"].to_dataset())
    return trace["posterior"]["z"].values, {name: stats[name].values for name in stats.data_vars}
