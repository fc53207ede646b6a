"""Fits of the engine `gibbs` to screens of one cell line."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from guidefit.assess import closed_checks, one_line_states
from guidefit.base.errors import UserError
from guidefit.effects.one_line import OneLine
from guidefit.engines import registry
from guidefit.models import declaration, one_line
from helpers import one_line as screens
from helpers.defaults import Settings

DECLARED = declaration.declare(declaration.VARIANTS / "one_line.py")


def fit(data, **settings):
    full = Settings(**{"engine": "gibbs", "tune": 200, "draws": 600, "chains": 2, "ess": 10**6} | settings)
    return registry.make_engine(DECLARED, DECLARED.priors, full, 1, 1, "one_line").fit(data, 5)


@pytest.fixture(scope="module")
def fitted():
    data, gamma, second = screens.data(np.random.default_rng(8), genes=3000)
    return data, gamma, second, fit(data, draws=300)


def test_the_truth_is_recovered_with_its_uncertainty(fitted):
    _, gamma, second, tree = fitted
    posterior = tree["posterior"].to_dataset()
    for name, value in screens.HYPER.items():
        z = (float(posterior[name].mean()) - value) / float(posterior[name].std())
        assert abs(z) < 4, name
    z = (posterior["gamma_g"].mean(("chain", "draw")) - gamma) / posterior["gamma_g"].std(("chain", "draw"))
    assert 0.9 < np.sqrt((z**2).mean()) < 1.15
    p = tree["moments"]["p_common"].values
    for low, high in ((0.0, 0.2), (0.8, 1.0)):  # of the genes with a probability in the bin, that share
        mine = (p >= low) & (p <= high)
        assert abs(second[mine].mean() - p[mine].mean()) < 4 * np.sqrt((p[mine] * (1 - p[mine])).sum()) / mine.sum() + 1e-9


def test_the_shared_curve_is_read_across_genes(fitted):
    data, _, _, tree = fitted
    curve = OneLine(DECLARED.one_line, tree)
    x = np.array([-0.5, 0.0, 0.5, 1.5])
    made = curve.curve(x)
    x_of_gene = data.x[np.unique(data.gene_of_row, return_index=True)[1]]
    expected = one_line.curve_basis(x, one_line.find_knots(x_of_gene)) @ screens.CURVE
    assert (abs(made.mean(axis=0) - expected) < 4 * made.std(axis=0) + 1e-9).all()
    assert made[:, 0].mean() > 0.1
    name, probability = curve.second_class(["g3", "g1"])
    assert name == "common"
    np.testing.assert_array_equal(probability, tree["moments"]["p_common"].values[[3, 1]])
    assert len(data.cell_lines) == 1


def test_effects_and_classes_are_their_means_given_the_hyper_parameters():
    """Means of drawn effects are those of their expectations given the hyper-parameters of the same draws, class summed out."""
    data, _, _ = screens.data(np.random.default_rng(4), genes=6, guides=2, copies=False)
    tree = fit(data, draws=1500)
    posterior = tree["posterior"].to_dataset()
    gamma, w = posterior["gamma_g"].values.reshape(-1, 6), posterior["w_common"].values.ravel()
    y = data.logfc.reshape(6, 2)
    weights = []
    for c, share in (("null", 1 - w), ("common", w)):
        mu, sd, noise = (posterior[f"{name}_{c}"].values.ravel()[:, None] for name in ("mu_gamma", "sigma_gamma", "sigma"))
        total = sd**2 + noise**2 / 2
        squares = ((y - y.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
        log = -0.5 * (
            2 * np.log(noise**2) - np.log(noise**2) + squares / noise**2 + np.log(total) + (y.mean(axis=1) - mu) ** 2 / total
        )
        shrunk = sd**2 / total
        weights.append((np.log(share)[:, None] + log, mu + shrunk * (y.mean(axis=1) - mu)))
    second = 1 / (1 + np.exp(np.clip(weights[0][0] - weights[1][0], -700, 700)))
    rao_blackwell = ((1 - second) * weights[0][1] + second * weights[1][1]).mean(axis=0)
    np.testing.assert_allclose(gamma.mean(axis=0), rao_blackwell, atol=6 * gamma.std(axis=0).max() / np.sqrt(len(gamma) / 4))
    np.testing.assert_allclose(tree["moments"]["p_common"].values, second.mean(axis=0), atol=0.05)


@pytest.mark.parametrize("case", ["one guide a gene", "five genes", "constant logFC", "no copies", "no gene with an effect"])
def test_odd_screens_are_answered(case):
    rng = np.random.default_rng(9)
    sizes = {"one guide a gene": {"guides": 1}, "five genes": {"genes": 5}, "no copies": {"copies": False}}.get(case, {})
    hyper = screens.HYPER | ({"w_common": 0.0} if case == "no gene with an effect" else {})
    table, _, _ = screens.screen(rng, **{"genes": 60} | sizes, hyper=hyper)
    if case == "constant logFC":
        table["logfc"] = 0.0
    tree = fit(screens.arrays.model_data(table), draws=100)
    posterior = tree["posterior"].to_dataset()
    assert all(np.isfinite(each.values).all() for each in posterior.data_vars.values())
    assert ("b_all" in posterior) == (case != "no copies")
    assert "b_99" not in posterior
    if case == "no gene with an effect":
        assert (tree["moments"]["p_common"] < 0.5).all()


def test_predictions_are_uniform(fitted):
    data, _, _, tree = fitted
    checker = closed_checks.make_checker(DECLARED, DECLARED.priors, 100, [])
    found = checker(data, xr.DataTree.from_dict({name: tree[name].to_dataset() for name in tree.children}), 3)
    pit = np.sort(found.loo.pit)
    assert abs(pit - (np.arange(len(pit)) + 0.5) / len(pit)).max() < 1.63 / np.sqrt(len(pit)) + 0.01


def test_rows_are_predicted_from_the_others_of_their_gene():
    """Against the ratio of the densities of all rows of a gene and of all but one."""
    data, _, _ = screens.data(np.random.default_rng(4), genes=3, guides=[1, 2, 4], copies=False)
    state = one_line_states.OneLineState(*np.array([[0.1, -1.0], [0.2, 0.6], [0.3, 0.5], [0.7, 0.3]]), np.zeros(3))
    rows, _, _ = closed_checks.sort_rows(data)
    found = np.empty((5, 7))
    one_line_states.leave_rows_out(rows, 0, 3, state, *found, np.random.default_rng(1))

    def log_joint(y):
        if not len(y):
            return 0.0
        terms = []
        for mu, sd, noise, w in zip(*state[:4], strict=True):
            covariance = sd**2 + noise**2 * np.eye(len(y))
            terms.append(np.log(w) + stats.multivariate_normal.logpdf(y, np.full(len(y), mu), covariance))
        return np.logaddexp(*terms)

    for i in range(7):
        others = (rows.guide != rows.guide[i]) & (data.gene_of_sgrna[rows.guide] == data.gene_of_sgrna[rows.guide[i]])
        y = rows.y[others]
        assert found[0, i] == pytest.approx(log_joint(np.append(y, rows.y[i])) - log_joint(y)), i
        points = np.linspace(-12, rows.y[i], 20001)
        density = np.exp([log_joint(np.append(y, at)) - log_joint(y) for at in points[::20]])
        assert found[1, i] == pytest.approx(np.trapezoid(density, points[::20]), abs=1e-3)
        of_gene = rows.y[data.gene_of_sgrna[rows.guide] == data.gene_of_sgrna[rows.guide[i]]]
        assert found[2, i] == pytest.approx(log_joint(np.append(of_gene, rows.y[i])) - log_joint(of_gene))


def test_several_lines_are_refused():
    table, _, _ = screens.screen(np.random.default_rng(3), genes=4)
    with pytest.raises(UserError, match="2 cell lines"):
        fit(screens.arrays.model_data(table.assign(cell_line=["A", "B"] * 8)))


@pytest.mark.long
def test_ranks_of_true_values_are_uniform():
    """Simulation-based calibration (Talts et al. 2018) of small screens, of all hyper-parameters and one gene's effect."""
    _, parameters = one_line.read_one_line(DECLARED.one_line, DECLARED.priors, "")
    ranks = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        hyper = {
            name: rng.normal(*given) if len(given) == 2 else abs(rng.normal(0, given[0])) for name, given in parameters.items()
        }
        hyper["w_common"] = rng.random()
        curve = np.array([hyper[name] for name in DECLARED.one_line["curve"]])
        data, gamma, _ = screens.data(rng, genes=20, guides=3, curve=curve, hyper=hyper)
        posterior = fit(data, tune=50, draws=100)["posterior"].to_dataset().stack(sample=("chain", "draw"))
        truth = hyper | {"gamma_g": gamma[0]}
        drawn = {name: (posterior[name][0] if name == "gamma_g" else posterior[name]).values for name in truth}
        ranks.append([(drawn[name] < truth[name]).mean() for name in truth])
    z = (np.mean(ranks, axis=0) - 0.5) * np.sqrt(12 * len(ranks))
    assert abs(z).max() < 4
    assert (abs(np.var(ranks, axis=0) * 12 - 1) < 4 * np.sqrt(0.8 / len(ranks))).all()
