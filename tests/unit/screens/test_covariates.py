from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guidefit.screens import covariates
from guidefit.screens.covariates import Line
from guidefit.simulation import blueprints, simulated_screen
from helpers.defaults import Covariate, Design

EXACT = ["raw", "centred", "zscore", "zscore_within_gene"]
GLOBAL = ["raw", "centred", "zscore"]


def blueprint(seed=0, rho=0.4, **more):
    design = Design(genes=4, sgrnas_per_gene=[1, 2, 3, 4], cell_lines=30, rho=rho, rho_gene=-0.3, **more)
    return blueprints.draw(design, np.random.default_rng(seed))


def transform(covariate, b):
    fitted = covariate.fit(b.cna, b.gene_of_row)
    return fitted.x(b.cna, b.gene_of_row), fitted.line


def pushed(b, name):
    x, line = transform(Covariate(name), b)
    return x, covariates.push_forward(b.truth, line, b.gene_of_sgrna)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), name=st.sampled_from(EXACT))
def test_pushed_effects_predict_the_same_logfc(seed, name):
    b = blueprint(seed)
    x, truth = pushed(b, name)
    s, g = b.sgrna_of_row, b.gene_of_row
    for intercept, slope, to_row in (("alpha_s", "beta_s", s), ("gamma_g", "delta_g", g)):
        before = b.truth[intercept][to_row] + b.truth[slope][to_row] * b.cna
        np.testing.assert_allclose(truth[intercept][to_row] + truth[slope][to_row] * x, before, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", GLOBAL)
def test_pushed_hyperparameters_are_the_linear_map_of_the_distribution(name):
    b = blueprint(sigma_line=0.5)
    x, truth = pushed(b, name)
    scale = 1 / np.polyfit(b.cna, x, 1)[0]
    shift = -np.polyfit(b.cna, x, 1)[1] * scale
    to_x = np.array([[1, shift], [0, scale]])
    t = b.truth
    covariance = t["rho"] * t["sigma_alpha"] * t["sigma_beta"]
    sgrna = to_x @ np.array([[t["sigma_alpha"] ** 2, covariance], [covariance, t["sigma_beta"] ** 2]]) @ to_x.T
    cross = t["rho_gene"] * t["sigma_gamma"] * t["sigma_delta"]
    gene = to_x @ np.array([[t["sigma_gamma"] ** 2, cross], [cross, t["sigma_delta"] ** 2]]) @ to_x.T
    mean = to_x @ [t["mu_gamma"], t["mu_delta"]]
    sd_alpha, sd_beta = np.sqrt(np.diag(sgrna))
    expected = {
        "mu_gamma": mean[0],
        "mu_delta": mean[1],
        "sigma_gamma": np.sqrt(gene[0, 0]),
        "sigma_delta": np.sqrt(gene[1, 1]),
        "sigma_alpha": sd_alpha,
        "sigma_beta": sd_beta,
        "rho": sgrna[0, 1] / (sd_alpha * sd_beta),
        "rho_gene": gene[0, 1] / np.sqrt(gene[0, 0] * gene[1, 1]),
        "sigma": t["sigma"],
        "sigma_line": t["sigma_line"],
        "ratio": 1.0,
    }
    for variable, value in expected.items():
        assert truth[variable] == pytest.approx(value, abs=1e-12), variable


def test_within_a_gene_hyperparameters_have_no_counterpart():
    b = blueprint(sigma_line=0.5)
    _, truth = pushed(b, "zscore_within_gene")
    none = {name for name, value in truth.items() if np.ndim(value) == 0 and np.isnan(value)}
    assert none == {"mu_gamma", "sigma_gamma", "mu_delta", "sigma_delta", "sigma_alpha", "sigma_beta", "rho", "rho_gene"}
    assert truth["sigma"] == 0.3
    assert np.array_equal(truth["tau_c"], b.truth["tau_c"])


@pytest.mark.parametrize("curve", [{"kappa": 1.5}, {"ratio": 0.4}], ids=["kappa", "ratio"])
def test_a_curve_of_the_copy_number_is_one_of_x_where_zero_stays_and_genes_share_the_scale(curve):
    b = blueprint(**curve)
    scaled = covariates.push_forward(b.truth, Line(np.zeros(4), np.full(4, 2.5)), b.gene_of_sgrna)
    assert not any(np.isnan(value).any() for value in scaled.values())
    at_x = replace(b, truth=scaled)
    np.testing.assert_allclose(
        simulated_screen.compute_logfc(at_x, b.cna / 2.5), simulated_screen.compute_logfc(b, b.cna), atol=1e-12
    )
    for name in ("centred", "zscore_within_gene"):
        _, truth = pushed(b, name)
        known = {variable for variable, value in truth.items() if not np.isnan(value).any()}
        assert known == {"sigma", "sigma_line", "tau_c"}


@pytest.mark.parametrize("name", ["log2", "log2_diploid", "saturating", "winsorised"])
def test_curved_covariates_have_no_counterpart_at_all(name):
    _, truth = pushed(blueprint(), name)
    assert all(np.isnan(value).all() for value in truth.values())


def test_winsorised_without_extremes_is_the_copy_number():
    b = blueprint()
    x, line = transform(Covariate("winsorised", (0.0, 1.0)), b)
    assert np.array_equal(x, b.cna)
    truth = covariates.push_forward(b.truth, line, b.gene_of_sgrna)
    assert all(truth[name] is value for name, value in b.truth.items())


def test_definitions():
    b = blueprint()
    gene = b.gene_of_row
    x = {name: transform(Covariate(name), b)[0] for name in covariates.NAMES}
    assert np.array_equal(x["raw"], b.cna)
    np.testing.assert_allclose(x["log2"], np.log2(b.cna + 1))
    np.testing.assert_allclose(x["centred"], b.cna - b.cna.mean())
    np.testing.assert_allclose([x["zscore"].mean(), x["zscore"].std()], [0, 1], atol=1e-12)
    for g in range(4):
        np.testing.assert_allclose(
            [x["zscore_within_gene"][gene == g].mean(), x["zscore_within_gene"][gene == g].std()], [0, 1], atol=1e-12
        )
    assert x["winsorised"].max() == pytest.approx(np.quantile(b.cna, 0.99))
    np.testing.assert_allclose(x["log2_diploid"], np.log2((b.cna + 1) / 3))
    np.testing.assert_allclose(x["saturating"], np.tanh(np.log(b.cna.clip(1e-300) / 2) / 2))
    with pytest.raises(ValueError, match="unknown covariate"):
        transform(Covariate("cube"), b)


@pytest.mark.parametrize("name", covariates.NAMES)
def test_x_of_the_diploid_copy_number(name):
    b = blueprint()
    fitted = Covariate(name, diploid=2.0).fit(b.cna, b.gene_of_row)
    x = fitted.x(np.append(b.cna, 2.0), np.append(b.gene_of_row, 1))
    assert x[-1] == pytest.approx(np.interp(2.0, np.sort(b.cna[b.gene_of_row == 1]), np.sort(x[:-1][b.gene_of_row == 1])), abs=0.05)
    if name in ("log2_diploid", "saturating"):
        assert x[-1] == 0


def test_a_line_is_global_only_if_all_genes_share_it():
    assert Line(np.zeros(3), np.ones(3)).is_global
    assert not Line(np.arange(3.0), np.ones(3)).is_global
