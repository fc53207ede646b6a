"""The engine `collapsed`: it agrees with `nuts`, it is calibrated, and it treats odd screens exactly or refuses them."""

from dataclasses import replace

import arviz as az
import numpy as np
import pytest
import xarray as xr
from scipy import stats

from guidefit.assess import fits as assessed
from guidefit.base.errors import UserError
from guidefit.base.names import KEY
from guidefit.engines import posterior_file, registry
from guidefit.engines.collapsed import CollapsedEngine
from guidefit.engines.collapsed_posterior import CollapsedPosterior
from guidefit.engines.interface import FitError
from guidefit.models import declaration, structure
from guidefit.screens import arrays, sufficient
from guidefit.simulation import blueprints, simulated_screen
from helpers.defaults import Covariate, Design, Settings
from helpers.fits import diagnose, estimates_of
from helpers.screens import unbalanced, write

FOLDER = declaration.VARIANTS
DESIGN = Design(genes=8, sgrnas_per_gene=4, cell_lines=20)


def engine(variant, **settings):
    declared = declaration.declare(FOLDER / f"{variant}.py")
    full = Settings(**{"engine": "collapsed", "draws": 500, "tune": 300} | settings)
    return registry.make_engine(declared, declared.priors, full, 2, prior_seed=1, place=variant)


def simulated(seed, design=DESIGN):
    """Screens that share their covariate's layout."""
    table, _ = simulated_screen.simulate(blueprints.draw(design, np.random.default_rng(seed)), Covariate("zscore"), "x")
    return arrays.model_data(table)


def is_mcmc(fit):
    return assessed.of_tree(fit, [1]).is_mcmc(0)


@pytest.mark.slow
def test_groups_variables_and_dims_are_those_of_nuts():
    data = simulated(1)
    one, other = engine("varying_effects").fit(data, 5), engine("varying_effects", engine="nuts", draws=50, tune=50).fit(data, 5)
    assert set(other.children) <= set(one.children)
    for group in ("posterior", "prior", "observed_data", "constant_data"):
        ours, theirs = one[group].to_dataset(), other[group].to_dataset()
        assert set(ours.data_vars) == set(theirs.data_vars), group
        for name in ours.data_vars:
            assert ours[name].dims == theirs[name].dims, (group, name)


def test_the_same_seed_gives_the_same_fit_and_another_seed_another():
    data = simulated(1)
    one, again, other = (engine("correlated_effects").fit(data, seed)["posterior"].to_dataset() for seed in (5, 5, 6))
    xr.testing.assert_identical(one, again)
    assert float(abs(one["rho"] - other["rho"]).max()) > 0


def test_resampled_draws_agree_with_the_summary():
    fit = engine("varying_effects", draws=2500).fit(simulated(2), 3)
    known = estimates_of(fit)
    chains = xr.Dataset({"diverging": xr.zeros_like(fit["sample_stats"]["lp"])})
    drawn = estimates_of(
        xr.DataTree.from_dict({name: fit[name].to_dataset() for name in ("posterior", "prior")} | {"sample_stats": chains})
    )
    ess = float(fit["importance"]["importance_ess"])
    assert (abs(drawn["mean"] - known["mean"]) < 5 * known["sd"] / np.sqrt(ess)).all()
    np.testing.assert_allclose(drawn["sd"], known["sd"], rtol=0.08)
    for quantile in ("q025", "median", "q975", "hdi_lower", "hdi_upper"):
        assert (abs(drawn[quantile] - known[quantile]) < 0.25 * known["sd"]).all(), quantile
    assert (known["mcse_mean"] < 0.1 * known["sd"]).all()
    assert known["r_hat"].isna().all()


def test_a_screen_read_as_a_stream_gives_the_same_fit(tmp_path):
    table = unbalanced(keep=1.0)
    write(table, tmp_path / "screen.parquet", 50)
    model = engine("correlated_effects")
    rows = next(model.read(tmp_path / "screen.parquet", [3]))
    model.rows_kept = 10
    stream = next(model.read(tmp_path / "screen.parquet", [3]))
    assert isinstance(stream, sufficient.SufficientStatistics)
    one, other = model.fit(rows, 5), model.fit(stream, 5)
    assert "observed_data" not in other.children
    for name, draws in one["posterior"].data_vars.items():
        np.testing.assert_allclose(other["posterior"][name], draws, rtol=1e-6, atol=1e-8, err_msg=name)


def test_falls_back_to_nuts_if_k_hat_is_too_high():
    data = simulated(3)
    model = engine("gene_effects", draws=30, tune=30, chains=2)
    model.k_hat_max = -10.0
    fit = model.fit(data, 5)
    assert is_mcmc(fit)
    row = diagnose(fit).as_row()
    assert row["method"] == "NUTS over the scales"
    assert "note: importance sampling was replaced by NUTS: k-hat" in row["reasons"]
    assert "with 20000 draws" in row["reasons"]
    assert row["divergences"] == 0
    assert np.isnan(row["log_evidence"])


def two_explanations():
    """A structure and a screen of one row for each sgRNA: their scatter is that of the sgRNAs or that of the noise.

    The two scales enter the likelihood through the sum of their squares alone, and heavy-tailed priors make it most probable that
    one of them is large and the other is not. The posterior therefore has two modes.
    """
    priors = {"mu": {"distribution": "Normal", "mu": 0, "sigma": 1}, "alpha_s": {"distribution": "Normal"}}
    priors |= {name: {"distribution": "HalfCauchy", "beta": beta} for name, beta in (("sigma", 0.01), ("sigma_alpha", 0.008))}
    declared = {"noise": "sigma", "intercept": {"mean": "mu", "sgrna": ("alpha_s", "sigma_alpha")}}
    sgrnas = np.arange(40)
    values = 3 * np.random.default_rng(1).standard_normal((2, 40))
    names = [f"s{i}" for i in sgrnas]
    screen = arrays.ModelData(["g"], names, np.zeros(40, int), sgrnas, *values, ["line"], np.zeros(40, int))
    return structure.make(declared, priors, "here"), priors, screen


def test_both_modes_of_the_scales_are_covered():
    """The probability that the noise is the larger scale, against a sum over a grid."""
    model, priors, screen = two_explanations()
    target = CollapsedPosterior(model, sufficient.from_arrays(screen))
    axis = np.linspace(-6, 9, 301)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    density = np.exp(target.log_density(grid) - target.log_density(grid).max())
    scales, _ = model.values(grid)
    expected = density[scales["sigma"] > scales["sigma_alpha"]].sum() / density.sum()
    assert 0.3 < expected < 0.7

    fit = CollapsedEngine(model, priors, Settings(engine="collapsed", draws=500), 1).fit(screen, 5)
    drawn = fit["posterior"].to_dataset()
    ess = float(fit["importance"]["importance_ess"])
    assert float((drawn["sigma"] > drawn["sigma_alpha"]).mean()) == pytest.approx(expected, abs=5 / np.sqrt(min(ess, 2000)))
    row = diagnose(fit).as_row()
    assert row["k_hat"] < 0.7
    assert "note: the posterior of the scales has 2 modes, and the draws miss about 0% of its mass" in row["reasons"]


def test_a_mode_that_nuts_does_not_reach_fails():
    """The chains start at one mode and agree with each other, so that R-hat and ESS are good."""
    model, priors, screen = two_explanations()
    settings = Settings(engine="collapsed", scales="nuts", draws=500, tune=300, chains=2)
    fit = CollapsedEngine(model, priors, settings, 1).fit(screen, 5)
    table = estimates_of(fit)
    assert table["r_hat"].max() < 1.02
    row = diagnose(fit).as_row()
    assert row["verdict"] == "fail"
    assert 0.3 < row["mass_missed"] < 0.7
    assert "fail: the posterior of the scales has 2 modes, and the draws miss about" in row["reasons"]


def test_a_batch_may_mix_both_ways(tmp_path):
    data = {0: simulated(3), 1: simulated(4)}
    model = engine("gene_effects", draws=30, tune=30, chains=2)
    fits = {0: model.fit(data[0], 1)}
    model.k_hat_max = -10.0
    fits[1] = model.fit(data[1], 1)
    for seed, fit in fits.items():
        fit.attrs |= {"versions": "", "node": "", **data[seed].sizes}
    posterior_file.write_batch(tmp_path / "p.nc", fits, {}, [0, 1])
    back = {seed: fit for seed, fit, _ in posterior_file.read_batch(tmp_path / "p.nc")}
    assert not is_mcmc(back[0])
    assert is_mcmc(back[1])
    assert int(back[1]["sample_stats"]["diverging"].sum()) == 0


# --- odd screens ---------------------------------------------------------------------------------------------------


def test_no_noise_is_refused():
    data = simulated(1)
    with pytest.raises(UserError, match="column logfc: no noise: the values of every sgRNA lie exactly on a line"):
        engine("varying_effects").fit(replace(data, logfc=1.0 + 2.0 * data.x), 1)


def test_a_prior_far_above_the_data_is_named():
    declared = declaration.declare(FOLDER / "varying_effects.py")
    priors = declared.priors | {"sigma": {"distribution": "LogNormal", "mu": 5, "sigma": 0.02}}
    model = registry.make_engine(declared, priors, Settings(engine="collapsed"), 1, 1, "here")
    with pytest.raises(
        FitError, match=r"prior-data conflict: the data contradict the prior LogNormal\(mu=5, sigma=0.02\) of sigma\."
    ):
        model.fit(simulated(1), 1)


def test_no_variation_of_sgrnas_sends_their_scale_to_zero():
    quiet = replace(DESIGN, sigma_alpha=0.0, sigma_beta=0.0)
    fit = engine("varying_effects").fit(simulated(1, quiet), 1)
    row = diagnose(fit).as_row()
    assert row["verdict"] == "unchecked", row["reasons"]
    assert float(fit["summary"]["sigma_alpha"].sel(statistic="mean")) < 0.1


@pytest.mark.parametrize("unit", [1e-8, 1e-3, 1e3, 1e8])
def test_tiny_and_huge_units(unit):
    """With priors in the same unit, everything but the unit stays: the evidence moves by log(unit) for each row."""
    data = simulated(1)
    declared = declaration.declare(FOLDER / "varying_effects.py")

    def scaled(prior):
        if prior["distribution"] == "Exponential":
            return {"distribution": "Exponential", "lam": prior["lam"] / unit}
        return prior if "mu" not in prior else {"distribution": "Normal", "mu": unit * prior["mu"], "sigma": unit * prior["sigma"]}

    priors = {name: scaled(prior) for name, prior in declared.priors.items()}
    settings = Settings(engine="collapsed", draws=100)
    one = engine("varying_effects", draws=100).fit(data, 4)
    other = registry.make_engine(declared, priors, settings, 1, 1, "here").fit(replace(data, logfc=unit * data.logfc), 4)
    evidence = [float(fit["importance"]["log_evidence"]) for fit in (one, other)]
    assert evidence[1] == pytest.approx(evidence[0] - len(data.x) * np.log(unit), abs=1e-4)
    for name in ("gamma_g", "beta_s", "sigma"):
        np.testing.assert_allclose(other["summary"][name] / unit, one["summary"][name], rtol=1e-3, atol=1e-3, err_msg=name)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_units_that_do_not_fit_the_priors_are_fitted_all_the_same(unit):
    """An exponential prior of mean 1 pulls a noise of 3e5 to where 1 / sigma^3 balances it: the cube root of the squares' sum."""
    data = simulated(1)
    data = replace(data, logfc=unit * data.logfc)
    fit = engine("varying_effects", draws=100).fit(data, 4)
    assert np.isfinite(fit["summary"]["gamma_g"]).all()
    assert float(fit["importance"]["k_hat"]) < 0.7
    noise = float(fit["summary"]["sigma"].sel(statistic="mean"))
    expected = unit * DESIGN.sigma if unit < 1 else sufficient.from_arrays(data).rss.sum() ** (1 / 3)
    assert noise == pytest.approx(expected, rel=0.2)


@pytest.mark.parametrize("case", ["one gene", "one row for each sgRNA", "x never varies", "one sgRNA"])
@pytest.mark.parametrize("variant", ["varying_effects", "correlated_effects", "global_intercept"])
def test_little_data_are_fitted_exactly(case, variant):
    table = unbalanced(keep=1.0)
    if case == "one gene":
        table = table[table["gene"] == "gene_3"]
    if case == "one row for each sgRNA":
        table = table.groupby("sgrna", sort=False).head(1)
    if case == "x never varies":
        table = table.assign(x=1.0)
    if case == "one sgRNA":
        table = table[table["sgrna"] == "sgRNA_3"]
    fit = engine(variant).fit(arrays.model_data(table), 2)
    row = diagnose(fit).as_row()
    assert np.isfinite(row["log_evidence"])
    assert row["k_hat"] < 0.7
    # a slope that the data do not identify keeps its prior
    if case == "x never varies":
        spread = float(fit["posterior"]["mu_delta"].std()) / float(fit["prior"]["mu_delta"].std())
        assert 0.3 < spread < 1.1


# --- proofs --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["varying_effects", "correlated_effects"])
def test_agrees_with_nuts_over_many_data_sets(variant):
    """Differences in units of their Monte Carlo errors have variance 1, for means, sds, quantiles and correlations."""
    nuts, ours = engine(variant, engine="nuts", draws=1000, tune=1000, target_accept=0.99), engine(variant, draws=1000)
    scores = {name: [] for name in ("mean", "sd", "q025", "median", "q975", "correlation")}
    data_sets = 25
    for seed in range(data_sets):
        data = simulated(seed)
        a, b = nuts.fit(data, seed), ours.fit(data, seed)
        if int(a["sample_stats"]["diverging"].sum()):
            continue  # its draws then are not those of the posterior
        one = estimates_of(a)
        other = one[list(KEY)].merge(estimates_of(b), on=list(KEY), validate="1:1")
        for name in ("mean", "sd"):
            scores[name] += list((one[name] - other[name]) / np.hypot(one[f"mcse_{name}"], other[f"mcse_{name}"]))
        chains = posterior_file.reported(a["posterior"].to_dataset())
        importance_ess = float(b["importance"]["importance_ess"])
        for name, prob in (("q025", 0.025), ("median", 0.5), ("q975", 0.975)):
            errors = az.mcse(chains, method="quantile", prob=prob).data_vars.values()
            error = np.concatenate([np.ravel(each) for each in errors])
            # the mixture's quantile is as good as one of 256 components at worst; its error is bounded by that of as many draws
            scores[name] += list((one[name] - other[name]) / error / np.sqrt(1 + importance_ess / 20_000))
        for first, second in (("mu_gamma", "mu_delta"), ("sigma_gamma", "mu_gamma"), ("sigma_alpha", "sigma_beta")):
            pairs = [f["posterior"].to_dataset()[[first, second]] for f in (a, b)]
            # rank correlations: scales have heavy tails, in which Pearson's has no error of the textbook's size
            r = [stats.spearmanr(p[first].values.ravel(), p[second].values.ravel()).statistic for p in pairs]
            ess = min(float(az.ess(pairs[0])[name]) for name in (first, second)), importance_ess
            scores["correlation"].append((np.arctanh(r[0]) - np.arctanh(r[1])) / np.sqrt(1 / ess[0] + 1 / ess[1]))
    for name, values in scores.items():
        # parameters of one fit are correlated: count every data set as ten independent values
        count = len(values) if name == "correlation" else 10 * data_sets
        spread = np.sqrt(np.mean(np.square(values)))
        assert spread < 1 + 5 / np.sqrt(2 * count), (name, spread)
        assert abs(np.mean(values)) < 5 / np.sqrt(count), (name, np.mean(values))


@pytest.mark.slow
@pytest.mark.parametrize(
    "variant", ["varying_effects", "correlated_effects", "global_intercept", "varying_intercepts", "correlated_genes"]
)
def test_ranks_of_truths_from_the_prior_are_uniform(variant):
    """Simulation-based calibration (Talts et al. 2018): chi-squared in ten bins, with Bonferroni's correction over variables."""
    seeds = 250
    model = engine(variant, draws=25, prior_draws=2)
    layout = simulated(0, Design(genes=4, sgrnas_per_gene=2, cell_lines=10))
    ranks = []
    for seed in range(seeds):
        rng = np.random.default_rng([seed, 7])
        true = {name: each[0] for name, each in model.structure.prior_draws(layout.gene_of_sgrna, 1, rng).items()}
        mean = true.get("alpha", 0.0) + true["alpha_s"][layout.sgrna_of_row]
        slope = true["beta"] if "beta" in true else true["beta_s"][layout.sgrna_of_row]
        logfc = mean + slope * layout.x + true["sigma"] * rng.standard_normal(len(layout.x))
        fit = model.fit(replace(layout, logfc=logfc), seed)
        drawn = fit["posterior"].to_dataset().stack(sample=("chain", "draw")).isel(sample=slice(1, None))
        ranks.append(np.concatenate([np.ravel((drawn[name].transpose("sample", ...) < true[name]).sum("sample")) for name in true]))
    counts = np.array([np.bincount(each // 10, minlength=10) for each in np.array(ranks).T])
    p_values = stats.chi2.sf(((counts - seeds / 10) ** 2 / (seeds / 10)).sum(axis=1), 9)
    assert p_values.min() > 0.001 / len(p_values)
