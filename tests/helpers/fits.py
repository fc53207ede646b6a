"""Thresholds of verdicts, truths, and fits of independent draws, for tests of fits."""

import numpy as np
import pandas as pd
import xarray as xr

from guidefit.assess import diagnostics, draws, estimates, fits, predicted_lines
from guidefit.base.names import DIM_COLUMNS, KEY
from guidefit.screens.arrays import ModelData

THRESHOLDS = {
    "r_hat_pass": 1.01,
    "r_hat_fail": 1.05,
    "ess_per_chain_pass": 100,
    "ess_per_chain_fail": 25,
    "unmixed_share_max": 0.01,
    "divergence_rate_fail": 0.001,
    "max_treedepth_rate_fail": 0.1,
    "e_bfmi_pass": 0.3,
    "e_bfmi_fail": 0.2,
    "contraction_pass": 0.3,
    "contraction_fail": 0.1,
    "band_prob": 0.99,
    "loo_pit_distance_max": 0.05,
    "pareto_k_share_max": 0.01,
    "line_median_max": 0.2,
    "prior_conflict_level": 0.001,
    "effect_kurtosis_max": 1.0,
    "prior_sensitivity_max": 0.05,
    "calibration_level": 0.01,
    "failed_share_max": 0.05,
}


def truth(**values):
    rows = [(variable, None, None, None, value) for variable, value in values.items()]
    return pd.DataFrame(rows, columns=[*KEY, "truth"]).astype(dict.fromkeys(DIM_COLUMNS, "str") | {"truth": float})


LINES = [f"cell_{i}" for i in range(40)]
ROWS = np.repeat([0, 1, 2], 40), np.zeros(120), np.zeros(120), LINES, np.tile(np.arange(40), 3)
DATA = ModelData(["a", "b"], ["u", "v", "w"], np.array([0, 0, 1]), *ROWS)


def make_fit(rng, draws=1000, shift=0.0, divergences=0, deep=0):
    """A fit of independent draws; shift moves one chain of mu_gamma."""
    mu = rng.normal(size=(4, draws))
    mu[0] += shift
    posterior = xr.Dataset(
        {
            "mu_gamma": (("chain", "draw"), mu),
            "gamma_g": (("chain", "draw", "gene"), rng.normal(size=(4, draws, 2))),
            "alpha_s": (("chain", "draw", "sgrna"), rng.normal(size=(4, draws, 3))),
            "sigma": (("chain", "draw"), np.exp(0.1 * rng.normal(size=(4, draws)))),
        },
        coords={"gene": ["a", "b"], "sgrna": ["u", "v", "w"], "chain": range(4), "draw": range(draws)},
    )
    flags = np.zeros(4 * draws, bool)
    stats = xr.Dataset(
        {
            "diverging": (("chain", "draw"), np.where(np.arange(4 * draws) < divergences, True, flags).reshape(4, draws)),
            "reached_max_treedepth": (("chain", "draw"), np.where(np.arange(4 * draws) < deep, True, flags).reshape(4, draws)),
            "energy": (("chain", "draw"), rng.normal(size=(4, draws))),
        }
    )
    prior = posterior.isel(chain=[0]).map(lambda v: v * 5 if v.name != "sigma" else v**5)
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats, "prior": prior})


def estimate(tree, known=None, n_ranks=100, rng=None):
    """A fit (groups of one seed) as arrays, and its estimates; known: its truth as a table."""
    found = fits.of_tree(tree, [1])
    rng = rng or np.random.default_rng(0)
    aligned = found.posterior.parameters.align((truth() if known is None else known).assign(seed=1), [1])
    return found, estimates.estimate(found, aligned, n_ranks, [rng])


def table_of(found, estimated):
    """The estimates of one fit as a table without ids."""
    return estimated.table("study", "variant", found.seeds).drop(columns=["study", "variant", "seed"])


def estimates_of(tree):
    """The estimates of a fit as a table."""
    return table_of(*estimate(tree))


def diagnose(tree, loo=None, known=None, warnings=(), unjudged=(), spare=(), **changes):
    """The diagnosis of a fit with the data DATA; changes: other thresholds."""
    limits = THRESHOLDS | changes
    (found,) = diagnostics.diagnose(*estimate(tree, known), limits, {}, warnings, unjudged, spare=spare)
    lines = predicted_lines.make_table([]) if loo is not None else None
    diagnostics.add_predictions(found, loo, lines, limits)
    return found


def rank(dataset, known, n_ranks=100, rng=None, ess=np.inf):
    """Rank statistics of a truth (a table) among draws (chain, draw, ...) of one fit: KEY, truth, rank, n_ranks."""
    flat = draws.of_dataset(dataset)
    aligned = flat.parameters.align(known.assign(seed=1), [1])
    ranks = estimates.rank_statistics(flat, aligned, n_ranks, [rng or np.random.default_rng(0)], ess)
    return estimates.table_of_fits(flat.parameters, "", "", [1]).assign(**ranks.columns())


def rank_all(quantities, data, flat, known, rng, *others):
    """The same for the parameters of a fit (Draws) and for the test quantities of calibration; others: further ones."""
    aligned = flat.parameters.align(known.assign(seed=1), [1])
    found = []
    for each, true in ((flat, aligned), quantities(data, flat, 0, aligned[0]), *others):
        ranks = estimates.rank_statistics(each, true, 100, [rng])
        found.append(estimates.table_of_fits(each.parameters, "", "", [1]).assign(**ranks.columns()))
    return pd.concat(found, ignore_index=True)
