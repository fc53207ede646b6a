"""Declared structures: what is refused, and that the declared model is the one that build() returns."""

import numpy as np
import pytest
from scipy import stats

from guidefit.base.errors import UserError
from guidefit.models import declaration, structure
from guidefit.screens import arrays
from helpers.gaussian import FOLDER, GAUSSIAN, NO_SLOPE, make
from helpers.screens import unbalanced

BAD_STRUCTURES = {
    "none": (None, "needs a variant that is linear and Gaussian"),
    "no noise": ({"intercept": {"mean": "mu_gamma"}}, "GAUSSIAN has no 'noise'"),
    "unknown key": (
        NO_SLOPE | {"curve": {}},
        "GAUSSIAN has the unknown key 'curve'. Its keys are: noise",
    ),
    "unknown level": (NO_SLOPE | {"slope": {"mean": "mu_delta", "guide": 1}}, r"GAUSSIAN\['slope'\] has the unknown key 'guide'"),
    "no mean": (NO_SLOPE | {"slope": {"gene": ("delta_g", "sigma_delta")}}, r"GAUSSIAN\['slope'\] has no 'mean'"),
    "no pair": (
        NO_SLOPE | {"slope": {"mean": "mu_delta", "gene": "delta_g"}},
        "It must be a pair: the names of",
    ),
    "added slope": (
        NO_SLOPE | {"slope": {"mean": "mu_delta", "added": "mu_gamma"}},
        "which only the intercept can have",
    ),
    "correlation of nothing": (NO_SLOPE | {"correlation": "rho"}, "has a correlation, but not the effects of sgrnas on both sides"),
    "gene correlation of nothing": (
        NO_SLOPE | {"gene_correlation": "rho"},
        "not the effects of genes on both sides",
    ),
    "name without a prior": (NO_SLOPE | {"slope": {"mean": "gradient"}}, "names gradient, which PRIORS does not have"),
}


@pytest.mark.parametrize(("declared", "message"), BAD_STRUCTURES.values(), ids=BAD_STRUCTURES.keys())
def test_a_structure_that_is_not_possible_is_refused(declared, message):
    with pytest.raises(UserError, match=f"^here.*{message}"):
        structure.make(declared, declaration.declare(FOLDER / "gene_effects.py").priors, "here")


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
