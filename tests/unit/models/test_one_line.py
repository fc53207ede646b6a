"""The model of one cell line: its density, its curve, and what it refuses."""

import numpy as np
import pytest
from scipy import integrate, stats

from guidefit.base.errors import UserError
from guidefit.models import declaration, one_line, promises
from helpers import one_line as screens

DECLARED = declaration.declare(declaration.VARIANTS / "one_line.py")


def test_the_curve_is_0_at_diploid_and_bends_at_its_knots():
    knots = np.array([-0.2, 0.3, 1.0])
    basis = one_line.curve_basis(np.array([0.0, -1.0, 0.5, 2.0]), knots)
    np.testing.assert_allclose(basis[0], 0)
    np.testing.assert_allclose(basis[1], [-1, -0.2, 0, 0])
    np.testing.assert_allclose(basis[2], [0.5, 0.5, 0.2, 0])
    np.testing.assert_allclose(basis[3], [2, 2, 1.7, 1.0])


@pytest.mark.parametrize(
    ("x", "coefficients"),
    {
        "all diploid": (np.zeros(1000), 0),
        "hardly any difference": (np.linspace(-0.03, 0.03, 1000), 0),
        "five genes": (np.array([-0.1, 0.0, 0.0, 0.1, 0.05]), 0),
        "gains up to 1.5 copies, too low for the upper knots": (
            np.repeat([-0.4, 0.02, 0.03, 0.31], [60, 700, 200, 40]),
            2,
        ),
        "a straight line is enough": (np.repeat([-0.5, 0.0], [100, 900]), 1),
        "amplifications": (np.append(np.linspace(-0.3, 0.3, 2700), stats.expon.ppf((np.arange(300) + 0.5) / 300)), 4),
    }.values(),
)
def test_coefficients_that_the_copy_numbers_cannot_inform_are_left_out(x, coefficients):
    x = x + 1e-3 * np.random.default_rng(1).standard_normal(len(x))
    knots = one_line.find_knots(x)
    basis = one_line.curve_basis(x, knots)
    assert basis.shape == (len(x), coefficients)
    for j in range(coefficients):  # what each column has beyond the mean and the columns before it
        before = np.column_stack([np.ones_like(x), basis[:, :j]])
        rest = basis[:, j] - before @ np.linalg.lstsq(before, basis[:, j])[0]
        assert (rest**2).sum() >= one_line.FEWEST_SQUARES


def test_class_terms_are_the_likelihood_with_the_effect_integrated_out():
    data, _, _ = screens.data(np.random.default_rng(1), genes=3, guides=[1, 2, 4], spread=2.0)
    sums = one_line.sum_genes(data)
    mu, sd, noise = np.array([0.1, -1.0]), np.array([0.2, 0.6]), np.array([0.3, 0.5])
    curve = sums.basis @ screens.CURVE[:1]
    terms = one_line.log_class_terms(sums, sums.mean - curve, mu, sd, noise)
    for g in range(3):
        y = data.logfc[data.gene_of_row == g] - curve[g]
        for c in range(2):

            def joint(gamma, y=y, c=c):
                return stats.norm.pdf(gamma, mu[c], sd[c]) * np.prod(stats.norm.pdf(y, gamma, noise[c]))

            total, _ = integrate.quad(joint, -8, 8, points=[y.mean()], epsabs=1e-14)
            constant = -0.5 * len(y) * np.log(2 * np.pi) - 0.5 * np.log(len(y))
            assert terms[c, g] + constant == pytest.approx(np.log(total), rel=1e-6)


@pytest.mark.slow
def test_the_pymc_model_has_the_same_density():
    data, gamma, _ = screens.data(np.random.default_rng(2), genes=6, guides=3, spread=1.0)
    model = promises.load(DECLARED.path)(data, DECLARED.priors)
    at = screens.HYPER | {"b_all": -0.3, "gamma_g": gamma}  # with six genes there are no knots
    inputs = {}
    for variable in model.free_RVs:
        value, transform = model.rvs_to_values[variable], model.rvs_to_transforms[variable]
        point = np.asarray(at[variable.name], float)
        inputs[value.name] = transform.forward(point, *variable.owner.inputs).eval() if transform else point
    _, parameters = one_line.read_one_line(DECLARED.one_line, DECLARED.priors, "")
    expected = sum(
        stats.norm.logpdf(at[name], *given) if len(given) == 2 else stats.halfnorm.logpdf(at[name], scale=given[0])
        for name, given in parameters.items()
        if name in at and name != "w_common"  # whose density is 1
    )
    mean = (gamma + one_line.sum_genes(data).basis @ [-0.3])[data.gene_of_row]
    of_class = []
    for c, weight in (("null", 0.8), ("common", 0.2)):
        own = np.log(weight) + stats.norm.logpdf(gamma, at[f"mu_gamma_{c}"], at[f"sigma_gamma_{c}"])
        of_class.append(own + np.bincount(data.gene_of_row, stats.norm.logpdf(data.logfc, mean, at[f"sigma_{c}"])))
    expected += np.logaddexp(*of_class).sum()
    assert float(model.compile_logp(jacobian=False)(inputs)) == pytest.approx(expected, rel=1e-9)


def test_several_lines_and_wrong_declarations_are_refused():
    table, _, _ = screens.screen(np.random.default_rng(3), genes=4)
    two = screens.arrays.model_data(table.assign(cell_line=["A", "B"] * 8))
    with pytest.raises(UserError, match="has 2 cell lines, and the variant is a model of one"):
        one_line.sum_genes(two)
    with pytest.raises(UserError, match="here: prior of sigma_null: engine gibbs needs HalfNormal"):
        one_line.read_one_line(
            DECLARED.one_line, DECLARED.priors | {"sigma_null": {"distribution": "Exponential", "lam": 1}}, "here"
        )
    with pytest.raises(UserError, match="here: ONE_LINE must have the keys"):
        one_line.read_one_line({"gene": "gamma_g"}, DECLARED.priors, "here")
