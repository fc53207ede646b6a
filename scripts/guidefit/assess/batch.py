"""Assessment of all fits of a batch: the tables that the rule `diagnose` writes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from guidefit.assess import calibration, checks, diagnostics, estimates, identifiability
from guidefit.assess.diagnostics import Diagnosis
from guidefit.assess.quantities import Quantities
from guidefit.base import randomness, tables
from guidefit.engines import posterior_file
from guidefit.models.declaration import Priors
from guidefit.screens import arrays, screen_file


@dataclass(frozen=True)
class Inputs:
    """What a batch's fits are assessed with.

    posterior, screen, truth: files. loo: pointwise LOO of the batch's fits, None where the predictive checks were not made.
    settings: how the fits were made (columns of diagnostics.csv). priors: those that the fits were made with. quantities: test
    quantities for calibration, if it is asked for.
    warnings: of the import of a real screen, which lower the verdict of every fit.
    unjudged: see `diagnostics.diagnose`.
    """

    posterior: str | Path
    screen: str | Path
    truth: str | Path
    loo: pd.DataFrame | None
    settings: Mapping[str, Any]
    thresholds: Mapping[str, float]
    priors: Priors
    n_ranks: int
    quantities: Quantities | None
    warnings: Sequence[str]
    unjudged: Collection[str]


@dataclass(frozen=True)
class Assessment:
    """Tables of the fits of a batch, in the columns of the study's tables of the same names; ranks: calibration.RANK_COLUMNS."""

    estimates: pd.DataFrame
    diagnostics: pd.DataFrame
    checks: pd.DataFrame
    identifiability: pd.DataFrame
    ranks: pd.DataFrame


def assess_batch(study: str, variant: str, inputs: Inputs) -> Assessment:
    """Assess every fit of a batch; a fit that stopped with an error has a row of diagnostics and a check, and no estimates."""
    found: dict[str, list[Any]] = {"estimates": [], "diagnostics": [], "checks": [], "directions": [], "ranks": []}
    for seed, fit, error in posterior_file.read_batch(inputs.posterior):
        ids = {"study": study, "variant": variant, "seed": seed}
        diagnosis = diagnostics.stopped(error) if fit is None else _assess_fit(ids, fit, inputs, found)
        found["diagnostics"].append(ids | diagnosis.as_row() | dict(inputs.settings) | _information(fit))
        found["checks"] += [ids | row for row in diagnosis.checks.rows]
        found["directions"] += [ids | each.as_row(number) for number, each in enumerate(diagnosis.directions, 1)]
    return Assessment(
        estimates.make_table(found["estimates"]),
        diagnostics.make_table(found["diagnostics"]),
        checks.make_table(found["checks"]),
        identifiability.make_table(found["directions"]),
        tables.concatenate(found["ranks"], calibration.RANK_COLUMNS),
    )


def _assess_fit(ids: dict[str, Any], fit: xr.DataTree, inputs: Inputs, found: dict[str, list[Any]]) -> Diagnosis:
    """The diagnosis of one fit; its estimates and the rank statistics of its test quantities are added to `found`."""
    rng = randomness.generator(ids["study"], ids["variant"], ids["seed"], "ranks")
    draws, prior = (posterior_file.reported(fit[group].to_dataset()) for group in ("posterior", "prior"))
    truth = screen_file.read_truth(inputs.truth, ids["seed"])
    known = fit["summary"].to_dataset() if "summary" in fit.children else None
    table = estimates.estimate(draws, truth, inputs.n_ranks, rng, known, diagnostics.is_mcmc(fit), prior)
    loo = inputs.loo[inputs.loo["seed"] == ids["seed"]] if inputs.loo is not None else None
    with_data = loo is not None or inputs.quantities is not None
    data = arrays.model_data(screen_file.read_seed(inputs.screen, ids["seed"])) if with_data else None
    found["estimates"].append(table.assign(**ids))
    if inputs.quantities is not None and data is not None:
        found["ranks"] += _rank_quantities(ids, inputs.quantities, data, draws, truth, inputs.n_ranks, rng, table["ess_bulk"].min())
    return diagnostics.diagnose(fit, table, loo, data, inputs.thresholds, inputs.priors, inputs.warnings, inputs.unjudged)


def _information(fit: xr.DataTree | None) -> dict[str, Any]:
    """What the posterior file says of a fit: run times, the machine, the size of the data, versions of packages."""
    if fit is None:
        return {}
    return {str(name): value.item() for name, value in fit["fit_info"].data_vars.items()} | {"versions": fit.attrs["versions"]}


def _rank_quantities(
    ids: dict[str, Any],
    quantities: Quantities,
    data: arrays.ModelData,
    draws: xr.Dataset,
    truth: pd.DataFrame,
    n_ranks: int,
    rng: np.random.Generator,
    ess: float,
) -> list[pd.DataFrame]:
    of_draws, of_truth = quantities(data, draws, truth)
    if not of_draws.data_vars:
        return []
    return [estimates.rank_statistics(of_draws, of_truth, n_ranks, rng, ess).assign(**ids)]
