"""Effects by gene and cell line of simulated screens: truth, estimates from moments, and calls."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from guidefit.assess import calls, fits, line_effects, recovery
from guidefit.simulation import blueprints, simulated_screen
from guidefit.simulation.truth import truth_table
from helpers.defaults import Covariate, Design

DESIGN = Design(genes=6, sgrnas_per_gene=2, cell_lines=5, line_effect_share=0.2, line_effect_size=-1.0)
COORDS = {
    "gene": [f"gene_{i}" for i in range(6)],
    "sgrna": [f"sgRNA_{i}" for i in range(12)],
    "cell_line": [f"cell_{i}" for i in range(5)],
}


def test_a_share_of_the_pairs_has_the_effect_in_all_guides():
    with_effects = blueprints.draw(DESIGN, np.random.default_rng(1))
    effect = with_effects.truth["e_gl"]
    assert effect.shape == (6, 5)
    assert (effect == -1).sum() == 6
    without = blueprints.draw(
        Design(genes=6, sgrnas_per_gene=2, cell_lines=5), np.random.default_rng(1)
    )  # the same random numbers but for those of the effects
    difference = simulated_screen.compute_logfc(with_effects, with_effects.cna) - simulated_screen.compute_logfc(
        without, without.cna
    )
    np.testing.assert_allclose(difference, effect[with_effects.gene_of_row, with_effects.cell_line_of_row], atol=1e-12)


@pytest.mark.parametrize("effect_on", ["cna", "x"])
def test_the_truth_has_a_row_for_each_pair(effect_on):
    blueprint = blueprints.draw(DESIGN, np.random.default_rng(1))
    _, truth = simulated_screen.simulate(blueprint, Covariate("zscore_within_gene"), effect_on)
    table = truth_table(truth, COORDS).query("variable == 'e_gl'")
    assert len(table) == 30
    found = table.pivot(index="gene", columns="cell_line", values="truth").loc[COORDS["gene"], COORDS["cell_line"]]
    np.testing.assert_array_equal(found.to_numpy(), blueprint.truth["e_gl"])
    assert table["sgrna"].isna().all()


def test_blocks_have_the_share_of_a_whole_screen():
    blocks = list(blueprints.draw_blocks(DESIGN, np.random.default_rng(1), most_rows=20))
    assert len(blocks) == 3
    assert sum(int((block.truth["e_gl"] == -1).sum()) for block in blocks) == 6


def make_fits(rng, seeds, sd):
    """Moments that are the truth plus noise of the sd that they state; lines of some genes have no rows."""
    truth = np.where(np.arange(30).reshape(6, 5) % 5 == 0, -1.0, 0.0)
    mean = truth + sd * rng.standard_normal((seeds, 6, 5))
    mean[:, 0, 1] = np.nan
    dims = ("seed", "gene", "cell_line")
    moments = xr.Dataset(
        {"e_gl_mean": (dims, mean), "e_gl_sd": (dims, np.full(mean.shape, sd)), "effect": (dims, mean)},
        coords={"seed": range(seeds), "gene": COORDS["gene"][::-1], "cell_line": COORDS["cell_line"]},
    ).sel(gene=COORDS["gene"])
    table = truth_table({"e_gl": moments["e_gl_mean"][0].copy(data=truth[::-1]).values}, COORDS)
    known = pd.concat([table.assign(seed=seed) for seed in range(seeds)])
    return fits.Fits(list(range(seeds)), None, None, None, {}, {}, {}, "", moments), known


def test_estimates_are_normal_with_the_moments_and_belong_to_their_pairs():
    found, known = make_fits(np.random.default_rng(2), seeds=40, sd=0.1)
    table = line_effects.estimate(found, known, "s", "gene_by_line")
    assert len(table) == 40 * 29
    recovered = recovery.recover(table).set_index("variable").loc["e_gl"]
    assert recovered["bias"] == pytest.approx(0, abs=4 * recovered["bias_mcse"])
    assert recovered["coverage_95"] == pytest.approx(0.95, abs=4 * recovered["coverage_95_mcse"])
    assert recovered["width_95"] == pytest.approx(2 * 1.96 * 0.1, rel=1e-3)
    counts = calls.count_calls(table, smallest=0.3, rate=0.05)
    assert counts["right"].sum() / counts["real"].sum() > 0.99
    assert (counts["genes"] == 29).all()
    wrong = (counts["called"] - counts["right"]) / counts["called"]
    assert wrong.mean() < 0.05


def test_nothing_is_estimated_without_a_truth_or_moments():
    found, known = make_fits(np.random.default_rng(2), seeds=2, sd=0.1)
    assert line_effects.estimate(found, known[:0], "s", "v").empty
    without = fits.Fits([0], None, None, None, {}, {}, {}, "")
    assert list(line_effects.estimate(without, known, "s", "v").columns) == list(line_effects.COLUMNS)
