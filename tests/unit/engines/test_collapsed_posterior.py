"""The collapsed posterior against dense algebra, its own draws, PyMC's priors, and quadrature."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial.hermite_e import hermegauss
from scipy import integrate, stats

from guidefit.base.errors import UserError
from guidefit.engines import conditional_locations, importance
from guidefit.engines.collapsed_posterior import CollapsedPosterior
from guidefit.models import declaration, structure
from guidefit.screens import arrays, sufficient
from guidefit.screens.covariates import Covariate
from helpers.screens import unbalanced

FOLDER = declaration.VARIANTS
GAUSSIAN = [name for name in declaration.BUILT_IN if declaration.declare(FOLDER / f"{name}.py").gaussian]
NO_SLOPE = {"noise": "sigma", "intercept": {"mean": "mu_gamma", "gene": ("gamma_g", "sigma_gamma")}}


def make(variant, **priors):
    declared = declaration.declare(FOLDER / f"{variant}.py")
    return structure.make(declared.gaussian, declared.priors | priors, variant)


def no_slope():
    return structure.make(NO_SLOPE, declaration.declare(FOLDER / "gene_effects.py").priors, "no_slope")


def collapsed(model, data):
    return CollapsedPosterior(model, sufficient.from_arrays(data))


def some_scales(model, seed, count=5):
    """Scales of ordinary size: (K,) by name."""
    z = np.random.default_rng(seed).uniform(-1.5, 1.5, size=(count, len(model.quantiles)))
    return model.values(z)[0]


def dense(model, data, scales):
    """(mean, covariance) of all rows at one set of scales, row by row."""
    x = data.x if model.slope else np.zeros_like(data.x)
    (m1, v1), (m2, v2) = model.hyper_prior
    products, sums = np.multiply.outer(x, x), np.add.outer(x, x)

    def level(codes, sds):
        one, two, rho = (float(each) for each in sds)
        return (codes[:, None] == codes) * (one**2 + rho * one * two * sums + two**2 * products)

    covariance = np.eye(len(x)) * float(scales[model.noise]) ** 2 + v1 + v2 * products
    covariance += level(data.sgrna_of_row, model.sgrna_scales(scales)) + level(data.gene_of_row, model.gene_scales(scales))
    return m1 + m2 * x, covariance


@pytest.mark.parametrize("variant", [*GAUSSIAN, "no slope"])
@pytest.mark.parametrize("case", ["unbalanced", "one gene", "one row each", "one line each"])
def test_log_density_is_that_of_the_dense_normal(variant, case):
    table = unbalanced()
    if case == "one gene":
        table = table[table["gene"] == "gene_3"]
    if case == "one row each":
        table = table.groupby("sgrna", sort=False).head(1)
    if case == "one line each":
        table = table.assign(x=table.groupby("gene", observed=True)["x"].transform("first"))
    data = arrays.model_data(table)
    model = no_slope() if variant == "no slope" else make(variant)
    scales = some_scales(model, 3)
    found = collapsed(model, data).log_likelihood(scales)
    for k, value in enumerate(found):
        mean, covariance = dense(model, data, {name: each[k] for name, each in scales.items()})
        assert value == pytest.approx(stats.multivariate_normal(mean, covariance).logpdf(data.logfc), rel=1e-10)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), shift=st.sampled_from([0, 5, -300]), unit=st.sampled_from([1, 0.1, 20]))
def test_log_density_in_other_units_and_places(seed, shift, unit):
    data = arrays.model_data(unbalanced(seed % 20))
    data = replace(data, logfc=unit * data.logfc + shift)
    model = make("correlated_effects")
    scales = some_scales(model, seed, 1)
    mean, covariance = dense(model, data, {name: each[0] for name, each in scales.items()})
    expected = stats.multivariate_normal(mean, covariance).logpdf(data.logfc)
    assert collapsed(model, data).log_likelihood(scales)[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("variant", GAUSSIAN)
def test_gradient(variant):
    model, data = make(variant), arrays.model_data(unbalanced())
    target = collapsed(model, data)
    z = np.random.default_rng(4).normal(size=(3, len(model.quantiles)))
    values, gradients = target.gradient(z)
    np.testing.assert_allclose(values, target.log_density(z), rtol=1e-13)
    for i, step in enumerate(1e-5 * np.eye(z.shape[1])):
        slope = (target.log_density(z + step) - target.log_density(z - step)) / 2e-5
        np.testing.assert_allclose(gradients[:, i], slope, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("variant", [*GAUSSIAN, "no slope"])
def test_draws_have_the_conditional_moments(variant):
    data = arrays.model_data(unbalanced())
    model = no_slope() if variant == "no slope" else make(variant)
    target = collapsed(model, data)
    count = 40_000
    one = some_scales(model, 8, 1)
    drawn = conditional_locations.draw(
        target, {name: np.repeat(each, count) for name, each in one.items()}, np.random.default_rng(1)
    )
    moments = conditional_locations.moments(target, one)
    assert set(drawn) == set(moments)
    for name, draws in drawn.items():
        mean, sd = (part[0] for part in moments[name])
        np.testing.assert_allclose(draws.mean(axis=0), mean, atol=5 * np.max(sd) / np.sqrt(count), err_msg=name)
        np.testing.assert_allclose(draws.std(axis=0), sd, rtol=5 / np.sqrt(2 * count), err_msg=name)


@pytest.mark.parametrize("variant", GAUSSIAN)
def test_conditional_moments_are_those_of_the_dense_normal(variant):
    """Effects and rows are jointly normal given the scales: regress the effects on the rows, by dense algebra."""
    data, model = arrays.model_data(unbalanced()), make(variant)
    scales = {name: each[0] for name, each in some_scales(model, 5, 1).items()}
    fixed = {name: np.repeat(each, 200_000) for name, each in scales.items()}
    sample = _prior_given(model, data.gene_of_sgrna, fixed, np.random.default_rng(3))
    mean, covariance = dense(model, data, scales)
    moments = conditional_locations.moments(collapsed(model, data), {name: np.array([each]) for name, each in scales.items()})
    rows = _predictor(model, data, sample)
    solved = np.linalg.solve(covariance, data.logfc - mean)
    for name, draws in sample.items():
        flat = draws.reshape(len(draws), -1)
        with_rows = (flat - flat.mean(axis=0)).T @ (rows - rows.mean(axis=0)) / len(flat)
        expected = flat.mean(axis=0) + with_rows @ solved
        found, sd = (np.atleast_1d(part[0]) for part in moments[name])
        error = flat.std(axis=0).max() / np.sqrt(len(flat)) * np.linalg.norm(np.linalg.cholesky(covariance).T @ solved) * 6
        np.testing.assert_allclose(found, expected, atol=max(float(error), 1e-9), err_msg=name)
        assert (sd <= flat.std(axis=0) * 1.02).all()


def _prior_given(model, gene_of_sgrna, scales, rng):
    """Means and effects from the prior at these scales."""
    fixed = replace(model, quantiles={name: (lambda z, each=each: (each, each)) for name, each in scales.items()})
    drawn = fixed.prior_draws(gene_of_sgrna, len(next(iter(scales.values()))), rng)
    return {name: each for name, each in drawn.items() if name not in scales}


def _predictor(model, data, drawn):
    total = 0.0
    for side, factor in zip(model.sides, (np.ones_like(data.x), data.x), strict=True):
        if side.sgrna:
            part = drawn[side.sgrna[0]][:, data.sgrna_of_row]
        elif side.gene:
            part = drawn[side.gene[0]][:, data.gene_of_row]
        else:
            part = drawn[side.mean][:, None]
        if side.added:
            part = part + drawn[side.added][:, None]
        total = total + part * factor
    return total


def test_the_added_constant_is_shared_out_by_the_priors():
    """alpha given m = alpha + mu_gamma is Normal(9/34 (m + 1), 9 * 25 / 34), whatever the data."""
    data = arrays.model_data(unbalanced())
    target = collapsed(make("global_intercept"), data)
    one = some_scales(target.structure, 2, 1)
    drawn = conditional_locations.draw(
        target, {name: np.repeat(each, 50_000) for name, each in one.items()}, np.random.default_rng(0)
    )
    m = drawn["alpha"] + drawn["mu_gamma"]
    rest = drawn["alpha"] - 9 / 34 * (m + 1)
    assert abs(rest.mean()) < 5 * np.sqrt(9 * 25 / 34 / 50_000)
    assert rest.std() == pytest.approx(np.sqrt(9 * 25 / 34), rel=5 / np.sqrt(1e5))
    assert abs(np.corrcoef(rest, m)[0, 1]) < 5 / np.sqrt(50_000)


# --- evidence by other ways ----------------------------------------------------------------------------------------


def evidence(target, seed=1):
    start = importance.find_mode(target.gradient, len(target.structure.quantiles))
    return importance.sample(target.log_density, *start, 20_000, np.random.default_rng(seed))


def test_evidence_of_one_scale_by_quadrature_over_dense_densities():
    """pooled has one scale: integrate the dense normal density over its exponential prior."""
    data, model = arrays.model_data(unbalanced()), make("pooled")
    found = evidence(collapsed(model, data))

    def integrand(sigma):
        mean, covariance = dense(model, data, {"sigma": sigma})
        return np.exp(stats.multivariate_normal(mean, covariance).logpdf(data.logfc) - found.log_evidence) * np.exp(-sigma)

    total, _ = integrate.quad(integrand, 0.05, 6, epsabs=1e-8, limit=200)
    assert np.log(total) == pytest.approx(0, abs=5 * found.log_evidence_se)


@pytest.mark.parametrize(
    "variant", ["gene_effects", "varying_intercepts", "varying_effects", "correlated_effects", "correlated_genes"]
)
def test_evidence_by_a_grid_of_gauss_and_hermite(variant):
    data, model = arrays.model_data(unbalanced(keep=1.0)), make(variant)
    target = collapsed(model, data)
    mode, covariance = importance.find_mode(target.gradient, len(model.quantiles))
    dim = len(mode)
    nodes, weights = hermegauss({3: 30, 5: 12, 6: 8}[dim])
    grid = np.stack(np.meshgrid(*[nodes] * dim, indexing="ij"), axis=-1).reshape(-1, dim)
    log_weights = np.log(np.stack(np.meshgrid(*[weights] * dim, indexing="ij"), axis=-1).reshape(-1, dim)).sum(axis=1)
    root = 1.3 * np.linalg.cholesky(covariance)
    terms = target.log_density(mode + grid @ root.T) + log_weights + 0.5 * (grid**2).sum(axis=1) + np.log(root.diagonal()).sum()
    by_grid = terms.max() + np.log(np.exp(terms - terms.max()).sum())
    found = evidence(target)
    assert found.log_evidence == pytest.approx(by_grid, abs=5 * found.log_evidence_se + 0.02)


def test_evidence_of_the_notebooks_data():
    """-139.85 and -139.99: the adjacent model's alpha is integrated over a wider prior of the same sum."""
    from guidefit.simulation import designs

    table, _ = designs.simulate(designs.notebook(103), Covariate("zscore_within_gene"), "cna")
    for variant, expected in (("varying_effects", -139.85), ("global_intercept", -139.99)):
        found = evidence(collapsed(make(variant), arrays.model_data(table)))
        assert found.log_evidence == pytest.approx(expected, abs=0.006 + 5 * found.log_evidence_se)


# --- structures ----------------------------------------------------------------------------------------------------


BAD_STRUCTURES = {
    "none": (None, "needs a variant that is linear and Gaussian"),
    "no noise": ({"intercept": {"mean": "mu_gamma"}}, "GAUSSIAN needs noise and intercept"),
    "unknown key": (NO_SLOPE | {"curve": {}}, "knows besides only slope, correlation and gene_correlation"),
    "unknown level": (NO_SLOPE | {"slope": {"mean": "mu_delta", "guide": 1}}, r"GAUSSIAN\['slope'\] needs a mean, and knows"),
    "no pair": (NO_SLOPE | {"slope": {"mean": "mu_delta", "gene": "delta_g"}}, "must be a pair: the effect and its scale"),
    "added slope": (NO_SLOPE | {"slope": {"mean": "mu_delta", "added": "mu_gamma"}}, "cannot have an added constant"),
    "correlation of nothing": (NO_SLOPE | {"correlation": "rho"}, "no sgRNA effects on both sides"),
    "gene correlation of nothing": (NO_SLOPE | {"gene_correlation": "rho"}, "no gene effects on both sides"),
    "name without a prior": (NO_SLOPE | {"slope": {"mean": "gradient"}}, "names gradient, which PRIORS does not have"),
}


@pytest.mark.parametrize(("declared", "message"), BAD_STRUCTURES.values(), ids=BAD_STRUCTURES.keys())
def test_a_structure_that_is_none_is_refused(declared, message):
    with pytest.raises(UserError, match=f"^here.*{message}"):
        structure.make(declared, declaration.declare(FOLDER / "gene_effects.py").priors, "here")


PRIORS_OF_SCALES = [
    {"distribution": "Exponential", "lam": 2.5},
    {"distribution": "Exponential", "scale": 0.3},
    {"distribution": "HalfNormal", "sigma": 2},
    {"distribution": "HalfCauchy", "beta": 1.5},
    {"distribution": "Gamma", "alpha": 2, "beta": 3},
    {"distribution": "InverseGamma", "alpha": 3, "beta": 2},
    {"distribution": "LogNormal", "mu": -1, "sigma": 0.5},
    {"distribution": "Weibull", "alpha": 1.5, "beta": 2},
    {"distribution": "Uniform", "lower": 0, "upper": 3},
    {"distribution": "Beta", "alpha": 2, "beta": 5},
]


@pytest.mark.parametrize("prior", PRIORS_OF_SCALES, ids=lambda p: p["distribution"])
def test_the_coordinate_of_a_scale_gives_it_its_prior(prior):
    """d scale / d z is right, and PyMC's density of the scale times it is the standard normal's."""
    import pymc as pm

    from guidefit.models.scales import quantile

    z = np.linspace(-6, 5, 23)
    to_scale = quantile("sigma", prior)
    scale, slope = to_scale(z)
    np.testing.assert_allclose(slope, (to_scale(z + 1e-5)[0] - to_scale(z - 1e-5)[0]) / 2e-5, rtol=2e-3)
    parameters = {name: np.float64(value) for name, value in prior.items() if name != "distribution"}
    density = pm.logp(getattr(pm, prior["distribution"]).dist(**parameters), scale).eval()
    np.testing.assert_allclose(density + np.log(slope), stats.norm.logpdf(z), rtol=1e-6, atol=1e-6)


def test_the_coordinate_of_a_correlation():
    from guidefit.models.scales import quantile

    z = np.linspace(-5, 5, 21)
    to_rho = quantile("rho", {"distribution": "LKJ", "eta": 2}, correlation=True)
    rho, slope = to_rho(z)
    np.testing.assert_allclose(stats.beta(2, 2).cdf((rho + 1) / 2), stats.norm.cdf(z), rtol=1e-8)
    np.testing.assert_allclose(slope, (to_rho(z + 1e-6)[0] - to_rho(z - 1e-6)[0]) / 2e-6, rtol=1e-5)
    assert np.isfinite(to_rho(np.array([-40.0, 40.0]))).all()


def prior_draws_of(model, count, seed):
    """Prior draws (count, ...) of a PyMC model's free variables by name.

    All draws at once, by batched random variables: pm.sample_prior_predictive loops over them and takes 20 times as long.
    """
    import pymc as pm
    from pymc.distributions.shape_utils import change_dist_size
    from pytensor.graph.replace import vectorize_graph
    from pytensor.graph.traversal import ancestors

    variables = model.free_RVs
    roots = [each for each in variables if not set(variables) & (set(ancestors([each])) - {each})]
    batched = vectorize_graph(variables, {root: change_dist_size(root, (count,), expand=True) for root in roots})
    values = pm.draw(batched, random_seed=seed, mode="FAST_COMPILE")
    return dict(zip((each.name for each in variables), values, strict=True))


@pytest.mark.parametrize("variant", GAUSSIAN)
def test_the_declared_structure_is_the_pymc_model(variant):
    """Same variables, same prior, same graph: what GAUSSIAN says and what build() builds."""
    from guidefit.engines.model_graph import model_graph

    data = arrays.model_data(unbalanced(keep=1.0))
    declared = declaration.declare(FOLDER / f"{variant}.py")
    model, built = make(variant), declaration.load(declared.path)(data, declared.priors)
    drawn = model.prior_draws(data.gene_of_sgrna, 20_000, np.random.default_rng(1))
    theirs = prior_draws_of(built, 20_000, seed=2)
    assert set(theirs) == set(drawn)
    for name, draws in drawn.items():
        for ours, other in zip(draws.reshape(20_000, -1).T, theirs[name].reshape(20_000, -1).T, strict=True):
            assert stats.ks_2samp(ours, other).pvalue > 1e-5, name
    if variant.endswith("effects") and "sgrna" in declared.gaussian["intercept"]:
        ours, other = (
            np.corrcoef(np.asarray(d["alpha_s"]).reshape(20_000, -1)[:, 3], np.asarray(d["beta_s"]).reshape(20_000, -1)[:, 3])[0, 1]
            for d in (drawn, theirs)
        )
        assert ours == pytest.approx(other, abs=0.05)
    gene = data.gene_of_sgrna[3]
    for rho, intercept, slope in (
        ("rho", ("alpha_s", 3, "gamma_g", gene), ("beta_s", 3, "delta_g", gene)),
        ("rho_gene", ("gamma_g", 3, "mu_gamma", 0), ("delta_g", 3, "mu_delta", 0)),
    ):
        if rho in drawn:
            ours, other = (agreement(d, rho, intercept, slope) for d in (drawn, theirs))
            assert ours == pytest.approx(other, abs=5 * np.sqrt(2 / 20_000))
            assert ours > 0.1
    sizes = {"gene": len(data.genes), "sgrna": len(data.sgrnas), "row": len(data.x)}
    graph, expected = model.graph(declared.priors, sizes), model_graph(built, declared.priors)
    assert sorted(map(str, graph["nodes"])) == sorted(map(str, expected["nodes"]))
    if not variant.startswith("correlated"):  # written there as slopes given intercepts, for the sampler's sake
        assert sorted(graph["edges"]) == sorted(expected["edges"])


def agreement(drawn, rho, *sides):
    """How much oftener than not an effect's two deviations from the level above have one sign or two as rho says."""

    def column(name, at):
        return np.asarray(drawn[name]).reshape(20_000, -1)[:, at]

    deviations = [column(name, at) - column(above, where) for name, at, above, where in sides]
    return np.mean(np.sign(deviations[0] * deviations[1] * column(rho, 0)))
