import re
import sys

import numpy as np
import pytest
from scipy import stats

from guidefit.base.errors import UserError
from guidefit.engines.model_graph import model_graph
from guidefit.models import declaration, promises, responses
from guidefit.screens import arrays
from guidefit.simulation import blueprints, simulated_screen
from helpers import ROOT
from helpers.defaults import Covariate, Design

FOLDER = declaration.VARIANTS


@pytest.fixture(scope="module")
def data():
    blueprint = blueprints.draw(Design(genes=3, sgrnas_per_gene=[1, 2, 3], cell_lines=5), np.random.default_rng(2))
    table, _ = simulated_screen.simulate(blueprint, Covariate("zscore"), "x")
    return arrays.model_data(table)


def build(name, data, **priors):
    path = FOLDER / f"{name}.py"
    declared = declaration.declare(path).priors
    return declaration.load(path)(data, declaration.merge_priors(declared, priors, "here"))


def values(model, seed=0):
    """A random value of every free variable on its own scale, by name."""
    rng = np.random.default_rng(seed)
    shapes = {v.name: tuple(n.eval() for n in v.shape) for v in model.free_RVs}
    draw = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    for name in draw:
        if name.startswith("sigma") or name in ("kappa", "ratio"):
            draw[name] = np.exp(draw[name])
        if name.startswith("rho"):
            draw[name] = np.array(0.4)
    if "nu" in draw:
        draw["nu"] = np.array(4.5)
    return draw


def log_density(model, at):
    """Sum of the log densities of all variables (no Jacobians) at values by name."""
    inputs = {}
    for variable in model.free_RVs:
        value = model.rvs_to_values[variable]
        transform = model.rvs_to_transforms[variable]
        point = np.asarray(at[variable.name], dtype="float64")
        inputs[value.name] = transform.forward(point, *variable.owner.inputs).eval() if transform else point
    return float(model.compile_logp(jacobian=False)(inputs))


def hyper(at):
    """Log prior of hyper-means and sds (the defaults), by hand."""
    means = [stats.norm(-1, 5).logpdf(at[name]) for name in ("mu_gamma", "mu_delta") if name in at]
    sds = [stats.expon.logpdf(at[name]) for name in at if name.startswith("sigma")]
    return sum(means) + sum(sds)


def by_hand(name, at, data):
    g, s = data.gene_of_sgrna, data.sgrna_of_row
    norm = stats.norm.logpdf
    if name == "pooled":
        total = stats.expon.logpdf(at["sigma"]) + norm(at["alpha"], -1, 5) + norm(at["beta"], -1, 5)
        return total + norm(data.logfc, at["alpha"] + at["beta"] * data.x, at["sigma"]).sum()
    total = hyper(at) + norm(at["gamma_g"], at["mu_gamma"], at["sigma_gamma"]).sum()
    if name == "varying_intercepts":
        total += norm(at["beta"], -1, 5) + norm(at["alpha_s"], at["gamma_g"][g], at["sigma_alpha"]).sum()
        return total + norm(data.logfc, at["alpha_s"][s] + at["beta"] * data.x, at["sigma"]).sum()
    if name == "gene_intercepts":
        return total + norm(data.logfc, at["gamma_g"][g][s], at["sigma"]).sum()
    if name == "sgrna_intercepts":
        total += norm(at["alpha_s"], at["gamma_g"][g], at["sigma_alpha"]).sum()
        return total + norm(data.logfc, at["alpha_s"][s], at["sigma"]).sum()
    if name == "correlated_genes":
        # LKJ(2) on rho_gene, and a dense bivariate normal per gene in place of two of one dimension
        total += stats.beta(2, 2).logpdf((at["rho_gene"] + 1) / 2) - np.log(2)
        cross = at["rho_gene"] * at["sigma_gamma"] * at["sigma_delta"]
        covariance = [[at["sigma_gamma"] ** 2, cross], [cross, at["sigma_delta"] ** 2]]
        pairs = np.column_stack([at["gamma_g"], at["delta_g"]])
        total += stats.multivariate_normal([at["mu_gamma"], at["mu_delta"]], covariance).logpdf(pairs).sum()
        total -= norm(at["gamma_g"], at["mu_gamma"], at["sigma_gamma"]).sum()
    else:
        total += norm(at["delta_g"], at["mu_delta"], at["sigma_delta"]).sum()
    if name == "gene_effects":
        return total + norm(data.logfc, at["gamma_g"][g][s] + at["delta_g"][g][s] * data.x, at["sigma"]).sum()
    effect = data.x
    if name == "saturating_effects":
        total += stats.gamma(2).logpdf(at["kappa"])
        effect = np.array([x if x <= 0 else x / (1 + x / at["kappa"]) for x in data.x])
    if name == "piecewise_effects":
        total += stats.lognorm(0.5).logpdf(at["ratio"])
        effect = np.array([x if x <= 0 else at["ratio"] * x for x in data.x])
    mean = at["alpha_s"][s] + at["beta_s"][s] * effect
    if name == "correlated_effects":
        # Exponential(0.5) on the two sds in place of Exponential(1), LKJ(2) on rho, and a dense bivariate normal per sgRNA
        for sd in ("sigma_alpha", "sigma_beta"):
            total += stats.expon(scale=2).logpdf(at[sd]) - stats.expon.logpdf(at[sd])
        total += stats.beta(2, 2).logpdf((at["rho"] + 1) / 2) - np.log(2)
        cross = at["rho"] * at["sigma_alpha"] * at["sigma_beta"]
        covariance = [[at["sigma_alpha"] ** 2, cross], [cross, at["sigma_beta"] ** 2]]
        effects = np.column_stack([at["alpha_s"] - at["gamma_g"][g], at["beta_s"] - at["delta_g"][g]])
        total += stats.multivariate_normal([0, 0], covariance).logpdf(effects).sum()
    else:
        total += norm(at["alpha_s"], at["gamma_g"][g], at["sigma_alpha"]).sum()
        total += norm(at["beta_s"], at["delta_g"][g], at["sigma_beta"]).sum()
    if name == "global_intercept":
        total += norm(at["alpha"], 0, 3)
        mean = mean + at["alpha"]
    if name == "cell_line_intercepts":
        total += norm(at["tau_c"], 0, at["sigma_line"]).sum()
        line_of_row = np.tile(np.arange(5), len(data.sgrnas))
        mean = mean + at["tau_c"][line_of_row]
    if name == "student_t":
        total += stats.gamma(2, scale=10).logpdf(at["nu"])
        return total + stats.t(at["nu"], mean, at["sigma"]).logpdf(data.logfc).sum()
    return total + norm(data.logfc, mean, at["sigma"]).sum()


BY_LINE = ("gene_classes", "gene_by_line", "one_line", "one_line_contrast")  # in test_line_parts.py and test_one_line.py


@pytest.mark.parametrize("name", [name for name in declaration.BUILT_IN if name not in BY_LINE])
def test_log_density_by_hand(name, data):
    model = build(name, data)
    at = values(model)
    assert log_density(model, at) == pytest.approx(by_hand(name, at, data), rel=1e-10)


def test_global_intercept_cannot_tell_alpha_from_the_other_intercepts(data):
    model = build("global_intercept", data)
    at = values(model)
    moved = at | {"alpha": at["alpha"] + 1.7} | {name: at[name] - 1.7 for name in ("mu_gamma", "gamma_g", "alpha_s")}
    prior = [hyper(p) + stats.norm(0, 3).logpdf(p["alpha"]) for p in (at, moved)]
    assert log_density(model, moved) - prior[1] == pytest.approx(log_density(model, at) - prior[0], rel=1e-10)


def test_noncentred_is_the_same_model(data):
    noncentred = {"distribution": "NoncentredNormal"}
    centred, other = build("varying_effects", data), build("varying_effects", data, beta_s=noncentred, gamma_g=noncentred)
    at = values(centred)
    inner = {
        "_beta_s": (at["beta_s"] - at["delta_g"][data.gene_of_sgrna]) / at["sigma_beta"],
        "_gamma_g": (at["gamma_g"] - at["mu_gamma"]) / at["sigma_gamma"],
    }
    # densities differ by the Jacobian of the shift and scale
    jacobian = 6 * np.log(at["sigma_beta"]) + 3 * np.log(at["sigma_gamma"])
    assert log_density(other, at | inner) == pytest.approx(log_density(centred, at) + jacobian, rel=1e-10)
    graph = model_graph(other, {})
    assert {"beta_s", "gamma_g"} <= {node["name"] for node in graph["nodes"] if node["kind"] == "free"}
    assert not any(name.startswith("_") for node in graph["nodes"] for name in [node["name"]])


def test_priors_are_configurable(data):
    model = build("varying_effects", data, mu_gamma={"distribution": "Normal", "mu": 0, "sigma": 5})
    at = values(model)
    change = stats.norm(0, 5).logpdf(at["mu_gamma"]) - stats.norm(-1, 5).logpdf(at["mu_gamma"])
    assert log_density(model, at) == pytest.approx(log_density(build("varying_effects", data), at) + change, rel=1e-10)
    with pytest.raises(UserError, match=r"here.tau: this variant has no such prior"):
        build("varying_effects", data, tau={"distribution": "Normal"})
    with pytest.raises(UserError, match=r"prior of rho: .* It must be \{distribution: LKJ"):
        build("correlated_effects", data, rho={"distribution": "Normal", "mu": 0, "sigma": 1})
    with pytest.raises(UserError, match="Use Normal or NoncentredNormal"):
        build("varying_effects", data, beta_s={"distribution": "Gamma", "alpha": 1, "beta": 1})


def test_graph_of_a_model(data):
    path = FOLDER / "varying_effects.py"
    graph = model_graph(build("varying_effects", data), declaration.declare(path).priors)
    nodes = {node["name"]: node for node in graph["nodes"]}
    assert nodes["alpha_s"]["dims"] == ["6 sgrnas"]
    assert nodes["sigma"]["distribution"] == "Exponential"
    assert nodes["logfc"]["kind"] == "observed"
    assert nodes["x"]["kind"] == "data"
    assert "y" not in nodes
    assert ["gamma_g", "alpha_s"] in graph["edges"]
    assert ["logfc", "y"] not in graph["edges"]


BAD_FILES = {
    "no build": ("PRIORS = {}\n", r"needs a function build\(data, priors\)"),
    "another signature": ("PRIORS = {}\ndef build(data): ...\n", r"needs a function build\(data, priors\)"),
    "no PRIORS": ("def build(data, priors): ...\n", "needs PRIORS"),
    "computed PRIORS": ("PRIORS = dict(a=1)\ndef build(data, priors): ...\n", "must be a plain literal"),
    "RESPONSE of one": ('PRIORS = {}\nRESPONSE = "kappa"\ndef build(data, priors): ...\n', "RESPONSE must be a literal pair"),
    "computed RESPONSE": ("PRIORS = {}\nRESPONSE = pair()\ndef build(data, priors): ...\n", "RESPONSE must be a literal pair"),
    "unknown curve": (
        'PRIORS = {"k": "Gamma(2, 1)"}\nRESPONSE = ("cubic", "k")\ndef build(data, priors): ...\n',
        "RESPONSE: 'cubic' is not a curve. The curves are: saturating, piecewise",
    ),
    "curve without its prior": (
        'PRIORS = {}\nRESPONSE = ("piecewise", "ratio")\ndef build(data, priors): ...\n',
        "RESPONSE names ratio, which PRIORS does not have",
    ),
    "no Python": ("def build(:\n", "not valid Python"),
}


@pytest.mark.parametrize(("text", "message"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_file_that_is_no_variant_is_refused(tmp_path, text, message):
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(UserError, match=f"mine.py.*{message}"):
        declaration.declare(tmp_path / "mine.py")


@pytest.mark.parametrize("name", declaration.BUILT_IN)
def test_a_curve_is_declared_where_there_is_one(name):
    expected = {"saturating_effects": ("saturating", "kappa"), "piecewise_effects": ("piecewise", "ratio")}
    assert declaration.declare(FOLDER / f"{name}.py").response == expected.get(name)


def test_curves_leave_losses_and_small_gains_alone():
    x = np.array([-1.0, 0.0, 1e-9, 1.0, 1e9])
    np.testing.assert_allclose(responses.saturating_curve(x, 2.0), [-1, 0, 1e-9, 1 / 1.5, 2], rtol=1e-8)
    np.testing.assert_allclose(responses.piecewise_curve(x, 0.5), [-1, 0, 0.5e-9, 0.5, 0.5e9])
    assert np.array_equal(responses.piecewise_curve(x, 1.0), x)


def test_the_variant_of_the_documentation_works(tmp_path, data):
    text = (ROOT / "docs/own_variant.md").read_text()
    (tmp_path / "no_slope.py").write_text(re.search(r"```python\n(.*?)```", text, flags=re.DOTALL)[1])
    declared = declaration.declare(tmp_path / "no_slope.py")
    assert declared.summary == "One intercept per gene, no slope."
    model = declaration.load(declared.path)(data, declared.priors)
    assert np.isfinite(log_density(model, values(model)))


@pytest.mark.parametrize(
    ("distribution", "said"),
    [
        ("Normal", r"prior of sigma: Normal has no parameters, and PyMC would use default values. It takes mu, sigma \(or tau\)"),
        ("NoncentredNormal", "prior of sigma: NoncentredNormal is possible for effects only"),
    ],
)
def test_a_scalar_without_parameters_is_refused(distribution, said, data):
    """PyMC would use Normal(0, 1) without a message."""
    path = FOLDER / "pooled.py"
    priors = declaration.declare(path).priors | {"sigma": {"distribution": distribution}}
    with pytest.raises(UserError, match=said):
        declaration.load(path)(data, priors)


@pytest.mark.parametrize(
    "imports",
    [
        "from guidefit.variants.parts import prior, rows",
        "from guidefit.variants import parts\nprior, rows = parts.prior, parts.rows",
        "import guidefit.variants.parts\nprior, rows = guidefit.variants.parts.prior, guidefit.variants.parts.rows",
        "from guidefit import responses, screen, variants\nfrom guidefit.variants.parts import prior, rows\n"
        "from guidefit.screen import ModelData\nfrom guidefit.responses import CURVES\n"
        "assert screen.ModelData is ModelData and responses.CURVES is CURVES and variants.declare",
    ],
)
def test_modules_have_their_former_names_in_own_variants(imports, data, tmp_path, monkeypatch):
    """In a fit, in the check of a variant's promises, and without a trace of an earlier import of these names."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    for former in declaration.FORMER_MODULES:
        monkeypatch.delitem(sys.modules, former, raising=False)
    text = (FOLDER / "pooled.py").read_text()
    present = re.search(r"^from guidefit.models.parts import .*$", text, flags=re.MULTILINE)[0]
    path = tmp_path / "mine.py"
    path.write_text(text.replace(present, imports))
    declared = declaration.declare(path)
    build_mine = declaration.load(path)
    at = values(build_mine(data, declared.priors))
    assert log_density(build_mine(data, declared.priors), at) == log_density(build("pooled", data), at)
    promises.build_checked(build_mine, declared.priors, data, path)
