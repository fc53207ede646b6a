"""Assessment of all fits of a batch: the tables that the rule `diagnose` writes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from guidefit.assess import calibration, checks, diagnostics, estimates, fits, identifiability, line_effects
from guidefit.assess.diagnostics import Diagnosis
from guidefit.assess.draws import Parameters
from guidefit.assess.estimates import Estimates, Ranks
from guidefit.assess.fits import Fits
from guidefit.assess.prior_conflict import find_own_priors
from guidefit.assess.quantities import Quantities, place_in_prior
from guidefit.base import randomness
from guidefit.models.declaration import Priors
from guidefit.models.levels import Side
from guidefit.screens import arrays, screen_file


@dataclass(frozen=True)
class Inputs:
    """What a batch's fits are assessed with.

    posterior, screen, truth: files. loo, lines: pointwise LOO of the batch's fits and their predictions by cell line, None
    where the predictive checks were not made.
    settings: how the fits were made (columns of diagnostics.csv). priors: those that the fits were made with. quantities: test
    quantities for calibration, if it is asked for.
    from_prior: whether the truths are draws from these priors.
    warnings: of the import of a real screen, which lower the verdict of every fit.
    unjudged, normal_effects, spare: see `diagnostics.diagnose`.
    """

    posterior: str | Path
    screen: str | Path
    truth: str | Path
    loo: pd.DataFrame | None
    lines: pd.DataFrame | None
    settings: Mapping[str, Any]
    thresholds: Mapping[str, float]
    priors: Priors
    n_ranks: int
    quantities: Quantities | None
    from_prior: bool
    warnings: Sequence[str]
    unjudged: Collection[str]
    normal_effects: Side | None = None
    spare: Collection[str] = ()


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
    parts, errors, seeds = fits.read(inputs.posterior)
    diagnoses = {seed: diagnostics.stopped(error) for seed, error in errors.items()}
    information: dict[int, dict[str, Any]] = {}
    of_estimates = [pd.DataFrame(columns=list(estimates.COLUMNS))]
    ranks = [pd.DataFrame(columns=list(calibration.RANK_COLUMNS))]
    for found in parts:
        rngs = [randomness.generator(study, variant, seed, "ranks") for seed in found.seeds]
        known = screen_file.read_truths(inputs.truth)
        truth = found.posterior.parameters.align(known, found.seeds)
        estimated = estimates.estimate(found, truth, inputs.n_ranks, rngs)
        of_estimates.append(estimated.table(study, variant, found.seeds))
        of_estimates.append(line_effects.estimate(found, known, study, variant))
        made = diagnostics.diagnose(
            *(found, estimated, inputs.thresholds, inputs.priors),
            warnings=inputs.warnings,
            unjudged=inputs.unjudged,
            normal_effects=inputs.normal_effects,
            spare=inputs.spare,
        )
        ranks.append(_assess_with_data(study, variant, inputs, found, estimated, made, rngs))
        diagnoses |= dict(zip(found.seeds, made, strict=True))
        columns = {name: values.tolist() for name, values in found.information.items()}
        information |= {
            seed: {name: values[fit] for name, values in columns.items()} | {"versions": found.versions}
            for fit, seed in enumerate(found.seeds)
        }
    rows: list[dict[str, Any]] = []
    of_checks, directions = [], []
    for seed in seeds:
        ids, diagnosis = {"study": study, "variant": variant, "seed": seed}, diagnoses[seed]
        rows.append(ids | diagnosis.as_row() | dict(inputs.settings) | information.get(seed, {}))
        of_checks += [ids | row for row in diagnosis.checks.rows]
        directions += [ids | each.as_row(number) for number, each in enumerate(diagnosis.directions, 1)]
    return Assessment(
        _by_seed(of_estimates),
        diagnostics.make_table(rows),
        checks.make_table(of_checks),
        identifiability.make_table(directions),
        _by_seed(ranks),
    )


def _by_seed(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Tables of several fits, of which the first is empty, as one in the order of the seeds."""
    filled = [table for table in tables if len(table)]
    if len(filled) < 2:
        return (filled or tables)[0]
    return pd.concat(filled, ignore_index=True).sort_values("seed", kind="stable", ignore_index=True)


def _assess_with_data(
    study: str,
    variant: str,
    inputs: Inputs,
    found: Fits,
    estimated: Estimates,
    diagnoses: list[Diagnosis],
    rngs: list[np.random.Generator],
) -> pd.DataFrame:
    """Add the judgement of predictions to each diagnosis; the rank statistics of the test quantities (RANK_COLUMNS)."""
    loo = dict(list(inputs.loo.groupby("seed"))) if inputs.loo is not None else None
    screens = screen_file.iterate_seeds(inputs.screen, found.seeds) if inputs.quantities is not None else repeat(None)
    own = {name: inputs.priors[name] for name in find_own_priors(inputs.priors, found.prior)} if inputs.from_prior else {}
    ess, truth = estimated.least_ess, estimated.ranks.truth
    # Of each kind of test quantity: its parameters, the seeds and their rank statistics.
    ranked: dict[str, list[tuple[Parameters, int, Ranks]]] = {"in the posterior": [], "in the prior": []}
    for fit, (seed, screen) in enumerate(zip(found.seeds, screens, strict=False)):
        data = arrays.model_data(screen) if screen is not None else None
        mine = loo[seed] if loo is not None else None
        lines = inputs.lines[inputs.lines["seed"] == seed] if inputs.lines is not None else None
        diagnostics.add_predictions(diagnoses[fit], mine, lines, inputs.thresholds)
        if inputs.quantities is None or data is None:
            continue
        made = {"in the posterior": (inputs.quantities(data, found.posterior, fit, truth[fit]), ess[fit])}
        if own:
            places = place_in_prior(own, found.posterior, fit, inputs.n_ranks, rngs[fit])
            made["in the prior"] = places, np.inf
        for kind, ((of_draws, of_truth), size) in made.items():
            if of_draws.values:
                ranks = estimates.rank_statistics(of_draws, of_truth, inputs.n_ranks, [rngs[fit]], size)
                ranked[kind].append((of_draws.parameters, seed, ranks))
    of_ranks = [_table_of_ranks(study, variant, each) for each in ranked.values() if each]
    return _by_seed([pd.DataFrame(columns=list(calibration.RANK_COLUMNS)), *of_ranks])


def _table_of_ranks(study: str, variant: str, ranked: Sequence[tuple[Parameters, int, Ranks]]) -> pd.DataFrame:
    """The rank statistics of test quantities (RANK_COLUMNS) of several fits."""
    parameters, seeds, ranks = zip(*ranked, strict=True)
    ids = estimates.table_of_fits(parameters[0], study, variant, seeds)
    return ids.assign(**Ranks.join(list(ranks)).columns())[list(calibration.RANK_COLUMNS)]
