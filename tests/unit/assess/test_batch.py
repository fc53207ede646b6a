"""Assessment of batches: tables do not depend on how seeds are split into batches, even where fits of several kinds are mixed."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from guidefit.assess import batch
from guidefit.assess.quantities import Quantities
from guidefit.base import tables
from guidefit.engines import posterior_file, registry
from guidefit.models import declaration
from guidefit.screens import arrays, screen_file
from guidefit.simulation import blueprints, simulated_screen
from guidefit.simulation.truth import truth_table
from helpers.defaults import Covariate, Design, Settings
from helpers.fits import THRESHOLDS

SEEDS = list(range(9))
STOPPED, OF_A_CHAIN = 4, 6  # seeds of the fit that stopped with an error, and of the one whose scales NUTS sampled
SHORT = 7  # a chain with fewer draws than the others
VARIANT = declaration.VARIANTS / "correlated_effects.py"


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Folder of screens and truths, and their fits: seed -> fit."""
    folder = tmp_path_factory.mktemp("batch")
    declared = declaration.declare(VARIANT)
    engine = registry.make_engine(declared, declared.priors, Settings(engine="collapsed", draws=40, prior_draws=300), 1, 1, "here")
    design, covariate = Design(genes=3, sgrnas_per_gene=2, cell_lines=8), Covariate("zscore_within_gene")
    fits = {}
    with screen_file.ScreenWriter(folder / "screen.parquet", folder / "truth.parquet", "study") as writer:
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            table, _ = simulated_screen.simulate(blueprints.draw(design, rng), covariate, "x")
            data = arrays.model_data(table)
            true = {name: each[0] for name, each in engine.structure.prior_draws(data.gene_of_sgrna, 1, rng).items()}
            writer.write(seed, table, truth_table(true, data.coords))
            fits[seed] = engine.fit(data, seed)
            fits[seed].attrs |= {"versions": "pymc 6", "node": "n1", **data.sizes}
    fits[OF_A_CHAIN]["sample_stats"] = xr.DataTree(statistics_of_nuts())
    fits[SHORT]["sample_stats"] = xr.DataTree(statistics_of_nuts().isel(draw=slice(30)))
    fits[SHORT]["posterior"] = xr.DataTree(fits[SHORT]["posterior"].to_dataset().isel(draw=slice(30)))
    return folder, fits


def statistics_of_nuts():
    rng = np.random.default_rng(0)
    values = {name: (("chain", "draw"), rng.random((4, 40)) < 0.01) for name in ("diverging", "reached_max_treedepth")}
    values["energy"] = (("chain", "draw"), rng.normal(size=(4, 40)))
    return xr.Dataset(values, coords={"chain": np.arange(4), "draw": np.arange(40)})


def assess(folder, fits, size):
    """The tables of all seeds in batches of this size."""
    declared, found = declaration.declare(VARIANT), []
    for start in range(0, len(SEEDS), size):
        seeds = SEEDS[start : start + size]
        mine = {seed: fits[seed] for seed in seeds if seed != STOPPED}
        errors = {STOPPED: "no mode"} if STOPPED in seeds else {}
        posterior_file.write_batch(folder / "posterior.nc", mine, errors, seeds)
        inputs = batch.Inputs(
            posterior=folder / "posterior.nc",
            screen=folder / "screen.parquet",
            truth=folder / "truth.parquet",
            loo=None,
            lines=None,
            settings={"engine": "collapsed"},
            thresholds=THRESHOLDS,
            priors=declared.priors,
            n_ranks=100,
            from_prior=True,
            quantities=Quantities(declared, declared.priors),
            warnings=["1 sample failed"],
            unjudged=[],
        )
        found.append(batch.assess_batch("study", "correlated_effects", inputs))
    names = [field.name for field in fields(batch.Assessment)]
    return {name: tables.concatenate([getattr(each, name) for each in found]) for name in names}


def test_numbers_do_not_depend_on_the_batch(fitted):
    singly, in_sevens, at_once = (assess(*fitted, size) for size in (1, 7, 500))
    for name, expected in singly.items():
        for found in (in_sevens, at_once):
            pd.testing.assert_frame_equal(found[name][expected.columns], expected, rtol=1e-9, check_dtype=False)


def test_each_kind_of_fit_has_its_rows(fitted):
    found = assess(*fitted, 500)
    diagnostics = found["diagnostics"].set_index("seed")
    assert diagnostics.index.tolist() == SEEDS
    assert diagnostics.loc[STOPPED, "reasons"] == "error: the sampler stopped: no mode"
    assert diagnostics.loc[OF_A_CHAIN, "method"] == "NUTS over the scales"
    assert diagnostics["r_hat_max"].notna().sum() == diagnostics["divergences"].notna().sum() == 2
    assert (diagnostics["method"] == "importance sampling").sum() == len(SEEDS) - 3
    assert diagnostics["versions"].notna().sum() == len(SEEDS) - 1
    estimates = found["estimates"]
    assert estimates.loc[estimates["ess_bulk"].notna(), "seed"].unique().tolist() == [OF_A_CHAIN, SHORT]
    assert estimates["seed"].unique().tolist() == found["ranks"]["seed"].unique().tolist() == [s for s in SEEDS if s != STOPPED]
    assert estimates[["truth", "rank", "contraction", "mcse_mean"]].notna().all(axis=None)
    assert set(found["ranks"]["variable"]) == {
        *("log_likelihood", "log_prior", "correlation of alpha_s and beta_s"),
        *(f"prior of {name}" for name, prior in declaration.declare(VARIANT).priors.items() if len(prior) > 1),
    }
