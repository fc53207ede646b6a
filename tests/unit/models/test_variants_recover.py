"""Variants that only NUTS can fit recover what a design of theirs has, and what the reference does to the same data."""

import numpy as np
import pandas as pd
import pytest

from guidefit.engines import registry
from guidefit.models import declaration
from guidefit.screens import arrays, screen_file
from guidefit.simulation import blueprints, simulated_screen
from guidefit.simulation.truth import truth_table
from helpers.defaults import Covariate, Design, Settings
from helpers.fits import estimate, table_of

pytestmark = pytest.mark.slow

FOLDER = declaration.VARIANTS
SEEDS = range(6)
CASES = {"saturating_effects": ("kappa", 1.5), "piecewise_effects": ("ratio", 0.5), "cell_line_intercepts": ("sigma_line", 0.5)}


def engine(variant, **settings):
    declared = declaration.declare(FOLDER / f"{variant}.py")
    full = Settings(draws=300, tune=500, chains=2, prior_draws=500, **settings)
    return registry.make_engine(declared, declared.priors, full, 2, prior_seed=1, place=variant)


def fitted(model, parameter, value):
    """The estimates of every seed, with z = (estimate - truth) / sd."""
    parts = []
    for seed in SEEDS:
        design = Design(genes=10, sgrnas_per_gene=3, cell_lines=30, **{parameter: value})
        table, truth = simulated_screen.simulate(blueprints.draw(design, np.random.default_rng(seed)), Covariate("centred"), "x")
        fit = model.fit(arrays.model_data(table), seed)
        known = truth_table(truth, screen_file.coords(table))
        parts.append(table_of(*estimate(fit, known)).assign(seed=seed))
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(z=(rows["mean"] - rows["truth"]) / rows["sd"])


@pytest.mark.parametrize(("variant", "parameter", "value"), [(name, *case) for name, case in CASES.items()], ids=list(CASES))
def test_recovers_its_own_parameter_and_all_others(variant, parameter, value):
    rows = fitted(engine(variant, adaptation="low_rank"), parameter, value)
    assert rows["truth"].notna().all()
    assert rows["r_hat"].max() < 1.05
    own = rows[rows["variable"] == parameter]
    assert (own["contraction"] > 0.9).all()
    assert abs(own["z"].mean()) < 4 / np.sqrt(len(SEEDS))
    # parameters of one fit are correlated: count every data set as ten independent values
    count = 10 * len(SEEDS)
    assert np.sqrt((rows["z"] ** 2).mean()) < 1 + 4 / np.sqrt(2 * count)
    covered = rows["truth"].between(rows["q025"], rows["q975"]).mean()
    assert abs(covered - 0.95) < 4 * np.sqrt(0.95 * 0.05 / count)

    reference = fitted(engine("varying_effects", engine="collapsed"), parameter, value)
    noise = (reference["variable"] == "sigma") & (reference["mean"] > reference["truth"] + 4 * reference["sd"])
    assert noise.sum() == len(SEEDS)  # what the reference leaves out, it takes for noise
