"""Posterior SBC: the simulator given a draw of the posterior, and whether a wrong refit is found out."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from guidefit.assess import calibration
from guidefit.assess.draws import of_dataset
from guidefit.assess.quantities import Quantities
from guidefit.engines import posterior_file, registry
from guidefit.models import declaration
from guidefit.screens import arrays, screen_file
from guidefit.simulation import blueprints, simulated_screen, simulators
from guidefit.simulation.truth import truth_table
from helpers.defaults import Covariate, Design, Settings
from helpers.fits import rank_all

FOLDER = declaration.VARIANTS


def observed(seed=3, **design):
    """A little screen with its covariate."""
    blueprint = blueprints.draw(Design(**{"genes": 4, "sgrnas_per_gene": 2, "cell_lines": 6} | design), np.random.default_rng(seed))
    table, _ = simulated_screen.simulate(blueprint, Covariate("zscore"), "x")
    return table


def simulator(variant, table, **priors):
    declared = declaration.declare(FOLDER / f"{variant}.py")
    return simulators.ConditionalSimulator(declaration.load(declared.path), declared.priors | priors, arrays.model_data(table))


@pytest.mark.parametrize("variant", ["varying_effects", "cell_line_intercepts", "saturating_effects", "student_t"])
def test_replicates_have_the_mean_and_sd_of_their_parameters(variant):
    table = observed(cell_lines=8)
    data = arrays.model_data(table)
    noncentred = {"distribution": "NoncentredNormal"}  # however it was sampled, the effects are the inputs
    draw = simulator(variant, table, beta_s=noncentred)
    rng = np.random.default_rng(1)
    values = {name: rng.normal(size=8) for name in ("alpha_s", "beta_s", "tau_c")}
    values |= {"gamma_g": np.zeros(4), "delta_g": np.zeros(4), "mu_gamma": 0.0, "mu_delta": 0.0, "kappa": 0.8, "nu": 50.0}
    values |= {f"sigma{name}": 1.0 for name in ("_gamma", "_delta", "_alpha", "_beta", "_line")} | {"sigma": 0.4}
    count = 1500
    sample = np.array([draw(values, seed) for seed in range(count)])
    effect = np.where(data.x > 0, data.x / (1 + data.x / 0.8), data.x) if variant == "saturating_effects" else data.x
    mean = values["alpha_s"][data.sgrna_of_row] + values["beta_s"][data.sgrna_of_row] * effect
    if variant == "cell_line_intercepts":
        mean = mean + values["tau_c"][data.cell_line_of_row]
    sd = 0.4 * (np.sqrt(50 / 48) if variant == "student_t" else 1.0)
    np.testing.assert_allclose(sample.mean(axis=0), mean, atol=5 * sd / np.sqrt(count))
    np.testing.assert_allclose(sample.std(axis=0), sd, rtol=6 / np.sqrt(2 * count))
    assert abs(np.corrcoef(sample[:, :2].T)[0, 1]) < 5 / np.sqrt(count)
    assert np.array_equal(draw(values, 7), sample[7])


def test_truths_from_the_prior_name_their_cell_lines():
    table = observed()
    declared = declaration.declare(FOLDER / "cell_line_intercepts.py")
    prior = simulators.PriorSimulator(declaration.load(declared.path), declared.priors, arrays.model_data(table))
    truth, _ = prior(table["x"].to_numpy(), 1)
    rows = truth_table(truth, screen_file.coords(table), prior.dims)
    of_lines = rows[rows["variable"] == "tau_c"]
    assert of_lines["cell_line"].tolist() == [f"cell_{i}" for i in range(6)]
    assert of_lines["truth"].tolist() == truth["tau_c"].tolist()


def test_one_draw_takes_all_variables_of_one_draw():
    count = np.arange(12.0).reshape(3, 4)
    draws = xr.Dataset({"a": (("chain", "draw"), count), "b": (("chain", "draw", "gene"), count[..., None] + [0, 100])})
    seen = [posterior_file.one_draw(draws, np.random.default_rng(seed)) for seed in range(300)]
    assert {float(each["a"]) for each in seen} == set(range(12))
    assert all(each["b"].values.tolist() == [float(each["a"]), float(each["a"]) + 100] for each in seen)


def test_observed_and_replicated_rows_stand_together():
    table = observed()
    both = simulated_screen.append_replicate(table, np.arange(float(len(table))))
    one, other = (both[both["replicated"] == which].reset_index(drop=True) for which in (False, True))
    pd.testing.assert_frame_equal(one.drop(columns="replicated"), table, check_categorical=False)
    pd.testing.assert_frame_equal(
        other[["gene", "sgrna", "cell_line", "cna", "x"]], one[["gene", "sgrna", "cell_line", "cna", "x"]]
    )
    assert other["logfc"].tolist() == list(range(len(table)))
    data = arrays.model_data(both)
    assert data.sgrnas == arrays.model_data(table).sgrnas
    assert data.sizes["cell_lines"] == 6


def test_a_layout_has_its_covariate_made_anew(tmp_path):
    table = observed()
    with screen_file.ScreenWriter(tmp_path / "screen.parquet", tmp_path / "truth.parquet", "real") as writer:
        writer.write_rows(None, table.assign(batch="b"))
    again = simulated_screen.read_layout(tmp_path / "screen.parquet", Covariate("log2"))
    assert list(again.columns) == ["gene", "sgrna", "cell_line", "cna", "x", "logfc"]
    np.testing.assert_allclose(again["x"], np.log2(table["cna"] + 1))
    np.testing.assert_array_equal(again["logfc"], table["logfc"])


def verdicts(refit, seeds=150):
    """calibration.csv of truths from the posterior of correlated_genes; refit: observed and replicated rows -> the data to fit."""
    declared = declaration.declare(FOLDER / "correlated_genes.py")
    settings = Settings(engine="collapsed", draws=50, prior_draws=2)
    table = observed()
    first = registry.make_engine(declared, declared.priors, replace(settings, draws=1000), 1, 1, "first")
    draws = first.fit(arrays.model_data(table), 1)["posterior"].to_dataset()
    draw, again = simulator("correlated_genes", table), registry.make_engine(declared, declared.priors, settings, 1, 1, "again")
    quantities = Quantities(declared, declared.priors)
    found = []
    for seed in range(seeds):
        rng = np.random.default_rng([seed, 5])
        values = {name: each.values for name, each in posterior_file.one_draw(draws, rng).data_vars.items()}
        data = arrays.model_data(refit(simulated_screen.append_replicate(table, draw(values, seed))))
        fitted = again.fit(data, seed)["posterior"].to_dataset()
        truth = truth_table(values, data.coords)
        found.append(rank_all(quantities, data, of_dataset(fitted), truth, rng).assign(variant="v", seed=seed))
    ranks = pd.concat(found, ignore_index=True)
    failed = ranks[["variant", "seed"]].drop_duplicates().assign(failed=False)
    table = calibration.calibrate(calibration.spread_ranks(ranks, failed, np.random.default_rng(0)), failed, 0.01)
    return table[table["fits"] == "all"]


@pytest.mark.slow
def test_the_refit_to_both_is_calibrated():
    found = verdicts(lambda both: both)
    assert (found["verdict"] == "pass").all(), found.sort_values("p_value").head().to_string()
    assert {"rho_gene", "log_likelihood"} <= set(found["variable"])


@pytest.mark.slow
def test_a_refit_to_the_replicate_alone_is_found_out():
    """Truths then come from a posterior that knows more than the one they are ranked in, which shrinks them to other places."""
    found = verdicts(lambda both: both[both["replicated"]])
    assert (found["verdict"] == "fail").any()
