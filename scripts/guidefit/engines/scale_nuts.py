"""NUTS over the few scales of a collapsed model, by nutpie, in coordinates in which the posterior is roughly a standard normal."""

from typing import Any

import nutpie
import numpy as np
from nutpie.compiled_pyfunc import from_pyfunc

from guidefit.engines.compiled_gradient import LogDensity
from guidefit.engines.interface import FitError, Settings, canonical_stats


def sample(
    log_density: LogDensity, mode: np.ndarray, root: np.ndarray, settings: Settings, seed: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Draws z (chain, draw, scale), and the sampler's statistics (chain, draw) by name. Raises FitError.

    log_density: value and gradient of the log density by the coordinates u in which the chains move, z = mode + root u; mode
    (scale,): where they start; root (scale, scale): the Cholesky factor of a covariance.
    """
    dim = len(mode)
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
            cores=1,  # the chains would wait for each other: Python runs one of their evaluations at a time
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
