from dataclasses import replace

import numpy as np
import pytest

from guidefit.base import randomness
from guidefit.simulation import blueprints, simulated_screen, truth
from guidefit.simulation.truth import truth_table
from helpers.defaults import Covariate, Design

FIRST_ROWS = [  # cna, z-score within the gene, logFC of the notebook's first five rows
    (2.016189, 1.133899, 1.556512),
    (0.113033, -0.930018, -0.484596),
    (1.848434, 0.951974, 1.482701),
    (0.000000, -1.052599, -1.162076),
    (0.970350, -0.000282, 0.441627),
]


def test_notebook_digit_for_digit():
    blueprint = blueprints.draw_notebook(103)
    table, _ = simulated_screen.simulate(blueprint, Covariate("zscore_within_gene"), "cna")
    np.testing.assert_allclose(table[["cna", "x", "logfc"]].head(), FIRST_ROWS, atol=5e-7)
    assert table["sgrna"].astype(str).tolist()[:20] == ["sgRNA_0"] * 20
    assert table["cell_line"].astype(str).tolist()[:2] == ["cell_0", "cell_1"]
    np.testing.assert_allclose(blueprint.truth["gamma_g"], [-1.124639, -0.630166, -0.308103, -0.692731, -1.042568], atol=5e-7)
    np.testing.assert_allclose(blueprint.truth["delta_g"], [1.327219, -0.569207, -0.567684, -1.980011, -1.631965], atol=5e-7)
    assert np.bincount(blueprint.gene_of_sgrna).tolist() == [1, 2, 3, 4, 5]
    assert len(table) == 300


def test_notebook_of_another_seed_differs():
    assert not np.array_equal(blueprints.draw_notebook(1).cna, blueprints.draw_notebook(2).cna)


def general(seed=1, **settings):
    return blueprints.draw(Design(**settings), np.random.default_rng(seed))


def test_general_layout():
    blueprint = general(genes=3, sgrnas_per_gene=[2, 1, 4], cell_lines=6)
    assert blueprint.gene_of_sgrna.tolist() == [0, 0, 1, 2, 2, 2, 2]
    assert len(blueprint.cna) == 7 * 6
    assert (blueprint.cna >= 0).all()


@pytest.mark.parametrize("shared", [True, False])
def test_copy_number_is_shared_by_the_sgrnas_of_a_gene_or_not(shared):
    copy_number = {"mean": 2, "noise": 0.1, "shared": shared}
    blueprint = general(genes=2, sgrnas_per_gene=3, cell_lines=50, copy_number=copy_number)
    by_sgrna = blueprint.cna.reshape(6, 50)
    assert np.array_equal(by_sgrna[0], by_sgrna[1]) == shared
    assert not np.array_equal(by_sgrna[0], by_sgrna[3])


@pytest.mark.parametrize("mean", [3.0, [3.0] * 400, {"shape": 9.0, "scale": 1 / 3}])
def test_copy_number_mean(mean):
    blueprint = general(genes=400, sgrnas_per_gene=1, cell_lines=50, copy_number={"mean": mean, "noise": 0.0, "shared": True})
    # sd of the mean: rows are Poisson(3) (plus the gamma's variance of 1, shared by 50 rows)
    assert blueprint.cna.mean() == pytest.approx(3, abs=5 * np.sqrt(3 / 20000 + 1 / 400))


def test_effects_have_the_designs_moments():
    d = Design(genes=2000, sgrnas_per_gene=5, cell_lines=2, rho=0.6, sigma_alpha=0.4, sigma_beta=0.3)
    truth = blueprints.draw(d, np.random.default_rng(3)).truth
    gene = np.repeat(np.arange(2000), 5)
    alpha, beta = truth["alpha_s"] - truth["gamma_g"][gene], truth["beta_s"] - truth["delta_g"][gene]
    n = len(alpha)
    assert alpha.std() == pytest.approx(0.4, abs=4 * 0.4 / np.sqrt(2 * n))
    assert beta.std() == pytest.approx(0.3, abs=4 * 0.3 / np.sqrt(2 * n))
    assert np.corrcoef(alpha, beta)[0, 1] == pytest.approx(0.6, abs=4 * (1 - 0.36) / np.sqrt(n))
    assert truth["gamma_g"].mean() == pytest.approx(-0.5, abs=4 * 0.5 / np.sqrt(2000))


def test_gene_effects_correlate_as_the_design_says():
    truth = general(genes=20_000, sgrnas_per_gene=1, cell_lines=2, rho_gene=-0.4).truth
    assert np.corrcoef(truth["gamma_g"], truth["delta_g"])[0, 1] == pytest.approx(-0.4, abs=4 * (1 - 0.16) / np.sqrt(20_000))


def test_rows_of_a_cell_line_share_its_intercept():
    with_lines, without = general(cell_lines=400, sigma_line=0.7), general(cell_lines=400)
    tau_c = with_lines.truth["tau_c"]
    assert tau_c.std() == pytest.approx(0.7, abs=4 * 0.7 / np.sqrt(2 * 400))
    same_without = replace(with_lines, truth=without.truth)
    logfc, logfc_without = (simulated_screen.compute_logfc(each, with_lines.cna) for each in (with_lines, same_without))
    np.testing.assert_allclose(logfc - logfc_without, tau_c[with_lines.cell_line_of_row], atol=1e-12)
    assert not without.truth["tau_c"].any()


def test_blocks_share_the_cell_lines_and_are_the_whole_data_sets_truth():
    parts = list(blueprints.draw_blocks(Design(genes=6, sigma_line=0.5, rho_gene=0.3), np.random.default_rng(1), most_rows=120))
    assert len(parts) == 3
    joined, whole = truth.join_blocks([part.truth for part in parts]), general(1, genes=6, sigma_line=0.5, rho_gene=0.3).truth
    assert joined.keys() == whole.keys()
    for name, value in whole.items():
        assert np.array_equal(joined[name], value), name


@pytest.mark.parametrize("parameter", ["kappa", "ratio"])
def test_slopes_multiply_the_curve(parameter):
    blueprint = general(**{parameter: 0.6})
    table, truth = simulated_screen.simulate(blueprint, Covariate("centred"), "x")
    x, s = table["x"].to_numpy(), blueprint.sgrna_of_row
    gains = x / (1 + x / 0.6) if parameter == "kappa" else 0.6 * x
    expected = truth["alpha_s"][s] + truth["beta_s"][s] * np.where(x > 0, gains, x) + blueprint.noise
    np.testing.assert_allclose(table["logfc"], expected, atol=1e-12)
    assert truth[parameter] == 0.6


def test_outliers_have_heavier_tails():
    normal, heavy = general(cell_lines=5000).noise, general(cell_lines=5000, outlier_nu=3).noise
    assert np.abs(heavy).max() > 3 * np.abs(normal).max()
    assert general(outlier_nu=3).truth["nu"] == 3


@pytest.mark.parametrize("effect_on", ["cna", "x"])
def test_logfc_is_the_truth_of_its_scale_plus_noise(effect_on):
    blueprint = general(genes=4, sgrnas_per_gene=2)
    table, truth = simulated_screen.simulate(blueprint, Covariate("zscore_within_gene"), effect_on)
    s = blueprint.sgrna_of_row
    again = truth["alpha_s"][s] + truth["beta_s"][s] * table["x"] + blueprint.noise
    np.testing.assert_allclose(table["logfc"], again, atol=1e-12)
    assert np.isnan(truth["mu_gamma"]) == (effect_on == "cna")


def test_truth_table():
    blueprint = general(genes=2, sgrnas_per_gene=[1, 2])
    coords = {"gene": ["a", "b"], "sgrna": ["u", "v", "w"], "cell_line": [f"line {i}" for i in range(20)]}
    table = truth_table(blueprint.truth, coords)
    assert table.loc[table["variable"] == "tau_c", "cell_line"].tolist()[:2] == ["line 0", "line 1"]
    assert table.loc[table["variable"] == "gamma_g", "gene"].tolist() == ["a", "b"]
    assert table.loc[table["variable"] == "beta_s", "sgrna"].tolist() == ["u", "v", "w"]
    assert table.loc[table["variable"] == "sigma", ["gene", "sgrna", "cell_line"]].isna().all(axis=None)


def test_streams_depend_on_each_key_and_on_nothing_else():
    keys = [
        ("s", "v", 1, "data"),
        ("t", "v", 1, "data"),
        ("s", "w", 1, "data"),
        ("s", "v", 2, "data"),
        ("s", "v", 1, "ranks"),
        ("sv", "", 1, "data"),
    ]
    first = [randomness.generator(*key).random() for key in keys]
    assert len(set(first)) == len(keys)
    assert first == [randomness.generator(*key).random() for key in keys]
    assert all(0 <= randomness.integer(*key) < 2**31 for key in keys)


@pytest.mark.parametrize(("replicates", "arms"), [(1, 1), (4, 1), (3, 2)])
@pytest.mark.parametrize("outlier_nu", [None, 8.0])
def test_noise_of_the_mean_of_replicates_and_of_the_difference_of_arms(replicates, arms, outlier_nu):
    blueprint = general(cell_lines=4000, sigma=0.5, replicates=replicates, arms=arms, outlier_nu=outlier_nu)
    expected = 0.5 * np.sqrt(arms / replicates) * (1 if outlier_nu is None else np.sqrt(8 / 6))
    n = len(blueprint.noise)
    assert blueprint.noise.std() == pytest.approx(
        expected, rel=5 * 1.2 / np.sqrt(2 * n)
    )  # 1.2: root of (kurtosis - 1) / 2, at most
    if outlier_nu is None:
        assert blueprint.truth["sigma"] == pytest.approx(expected)
        assert "nu" not in blueprint.truth
    elif replicates * arms == 1:
        assert (blueprint.truth["sigma"], blueprint.truth["nu"]) == (0.5, 8)
    else:
        assert np.isnan([blueprint.truth["sigma"], blueprint.truth["nu"]]).all()


def test_a_share_of_the_genes_has_a_real_effect():
    settings = {"genes": 30, "mu_gamma": 0.1, "sigma_gamma": 0, "mu_delta": -0.2, "sigma_delta": 0.0, "sigma_alpha": 0.0}
    truth = general(effect_share=0.2, effect_size=-1.5, **settings).truth
    assert sorted(truth["gamma_g"].round(12)) == [-1.4] * 6 + [0.1] * 24
    assert (truth["delta_g"] == -0.2).all()
    np.testing.assert_allclose(truth["alpha_s"], np.repeat(truth["gamma_g"], 3))
    assert np.isnan([truth[name] for name in ("mu_gamma", "sigma_gamma", "rho_gene")]).all()
    assert truth["mu_delta"] == -0.2

    truth = general(slope_share=0.5, slope_size=-0.3, **settings).truth
    assert sorted(truth["delta_g"].round(12)) == [-0.5] * 15 + [-0.2] * 15
    assert np.isnan([truth[name] for name in ("mu_delta", "sigma_delta", "rho_gene")]).all()
    assert truth["mu_gamma"] == 0.1
    of_seeds = [
        np.flatnonzero(general(seed, slope_share=0.5, slope_size=-0.3, **settings).truth["delta_g"] < -0.4) for seed in (1, 2)
    ]
    assert not np.array_equal(*of_seeds)


def test_real_effects_come_through_every_covariate():
    for name in ("zscore", "zscore_within_gene", "log2"):
        _, known = simulated_screen.simulate(general(genes=10, effect_share=0.3, effect_size=-1.0), Covariate(name), "cna")
        assert np.isnan(known["mu_gamma"])
        assert np.isfinite(known["gamma_g"]).all() == (name != "log2")
        assert np.isfinite(known["mu_delta"]) == (name == "zscore")
