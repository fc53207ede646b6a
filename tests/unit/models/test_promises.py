"""Variants that break a promise are refused with their file and a remedy; those that keep theirs are not."""

from dataclasses import replace

import numpy as np
import pytest

from guidefit.base.errors import UserError
from guidefit.models import declaration, promises, structure

HEAD = """import pymc as pm
from guidefit.models.parts import correlation, effects, prior, rows

PRIORS = {
    "alpha": {"distribution": "Normal", "mu": 0, "sigma": 1},
    "beta": {"distribution": "Normal", "mu": 0, "sigma": 1},
    "sigma": {"distribution": "Exponential", "lam": 1},
}

GAUSSIAN = {"noise": "sigma", "intercept": {"mean": "alpha"}, "slope": {"mean": "beta"}}


def build(data, priors):
    with pm.Model(coords=data.coords) as model:
"""
LINE = """        x, logfc = rows(data)
        mean = prior("alpha", priors) + prior("beta", priors) * x
        pm.Normal("logfc", mean, prior("sigma", priors), observed=logfc, dims="row")
    return model
"""


def write(tmp_path, body):
    path = tmp_path / "mine.py"
    path.write_text(HEAD + body)
    return path


def check(path, data=None):
    declared = declaration.declare(path)
    return promises.build_checked(promises.load(path), declared.priors, data or promises.small_screen(), path)


def test_a_variant_that_keeps_its_promises_passes(tmp_path):
    model = check(write(tmp_path, LINE))
    data = promises.small_screen()
    assert np.array_equal(model["x"].get_value(), data.x)  # the data of the first seed are in place again
    assert np.array_equal(model["y"].get_value(), data.logfc)


def test_a_variant_without_x_passes(tmp_path):
    body = LINE.replace(' + prior("beta", priors) * x', ' + 0 * prior("beta", priors)')
    check(write(tmp_path, body))
    body = body.replace("x, logfc = rows(data)", 'logfc = pm.Data("y", data.logfc, dims="row")')
    check(write(tmp_path, body))


def test_a_potential_is_left_to_the_sampler(tmp_path):
    """A constraint that is violated at the first point; the same of a variable is refused by other tests."""
    line = '        pm.Potential("constraint", pm.math.switch(model["sigma"] < 0, 0.0, -np.inf))\n    return model\n'
    path = write(tmp_path, LINE.replace("    return model\n", line))
    path.write_text(f"import numpy as np\n{path.read_text()}")
    assert check(path).potentials


def test_variables_with_dims_of_their_own_pass(tmp_path):
    body = LINE.replace(
        "        mean =", '        model.add_coord("arm", ["p", "q"])\n        pm.Normal("shift", dims="arm")\n        mean ='
    )
    check(write(tmp_path, body))


BROKEN = {
    "logFC from the array": (
        ("observed=logfc", "observed=data.logfc"),
        r"build\(\) takes logFC from data\.logfc.*x, logfc = rows\(data\)",
    ),
    "x from the array": (("priors) * x", "priors) * data.x"), r"build\(\) takes x from data\.x.*x, logfc = rows\(data\)"),
    "neither from a container": (("x, logfc = rows(data)", "x, logfc = data.x, data.logfc"), r"takes logFC from data\.logfc"),
    "a container with another name": (
        ("x, logfc = rows(data)", '_, logfc = rows(data)\n        x = pm.Data("mine", data.x)'),
        r"takes x from data\.x",
    ),
    "nothing returned": (("    return model\n", ""), r"build\(\) returns None.*`return model`"),
    "no observed variable": (("observed=logfc, ", ""), "the model has no observed variable.*observed=logfc"),
    "an observed variable with another name": (('"logfc", mean', '"lfc", mean'), "the model has the observed variables lfc"),
    "observations that are not the data": (("observed=logfc", "observed=[0.0] * len(data.x)"), "does not depend on logFC"),
    "no dims": ((', dims="row"', ""), 'logfc has the dims None.*`dims="row"`'),
    "a discrete parameter": (
        ("        mean =", '        pm.Bernoulli("dead", 0.5)\n        mean ='),
        "dead: discrete parameters cannot be sampled by NUTS.*Mixture",
    ),
    "an unused prior": (('prior("beta", priors)', "2"), r"PRIORS has beta, which build\(\) does not use"),
    "sys.exit in build": (("        mean =", "        raise SystemExit(3)\n        mean ="), r"build\(\) calls sys.exit \(3\)"),
    "a log density that is not finite": (
        ("priors) * x", "priors) * pm.math.log(x)"),
        r"not finite where sampling starts, for logfc \(nan\)",
    ),
}


@pytest.mark.parametrize(("change", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_promise_is_named_with_the_file_and_a_remedy(tmp_path, change, message):
    assert change[0] in LINE
    path = write(tmp_path, LINE.replace(*change))
    with pytest.raises(UserError, match=rf"mine\.py: .*{message}"):
        check(path)


def test_a_density_of_zero_is_left_to_the_fit_which_names_the_variable(tmp_path):
    """It depends on the data: other variants and seeds go on."""
    body = LINE.replace('pm.Normal("logfc", mean', 'pm.LogNormal("logfc", mean')
    data = promises.small_screen()
    start = promises.Start(check(write(tmp_path, body)))
    problem = start.problem(replace(data, logfc=-abs(data.logfc)))
    assert problem.startswith("no sampler can start: the density of logfc is zero at all of 100 points")
    assert start.problem(replace(data, logfc=abs(data.logfc))) is None


def test_logfc_that_is_no_container_is_found_where_its_density_is_zero(tmp_path):
    body = LINE.replace('pm.Normal("logfc", mean', 'pm.LogNormal("logfc", mean').replace("observed=logfc", "observed=data.logfc")
    with pytest.raises(UserError, match=r"takes logFC from data\.logfc"):
        check(write(tmp_path, body))


def test_a_file_that_ends_the_process_is_refused(tmp_path):
    path = write(tmp_path, LINE)
    path.write_text("raise SystemExit\n" + path.read_text())
    with pytest.raises(UserError, match=r"mine\.py: the file calls sys.exit"):
        promises.load(path)


def check_gaussian(path, **priors):
    declared = declaration.declare(path)
    merged = declared.priors | priors
    promises.check_gaussian(promises.load(path), declared, merged, structure.make(declared.gaussian, merged, "here"))


BUILT_IN = [name for name in declaration.BUILT_IN if declaration.declare(declaration.VARIANTS / f"{name}.py").gaussian]


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_variants_declare_the_model_that_they_build(name):
    check_gaussian(declaration.VARIANTS / f"{name}.py")


def test_noncentred_effects_are_the_declared_model():
    noncentred = {"distribution": "NoncentredNormal"}
    check_gaussian(declaration.VARIANTS / "varying_effects.py", alpha_s=noncentred, delta_g=noncentred)


WRONG = {
    "slope of gains alone": ('prior("beta", priors) * x', 'prior("beta", priors) * pm.math.maximum(x, 0)'),
    "another prior": (
        'prior("alpha", priors)',
        'prior("alpha", priors | {"alpha": {"distribution": "Normal", "mu": 0, "sigma": 2}})',
    ),
    "another prior of the noise": ('prior("sigma", priors)', 'pm.HalfNormal("sigma", priors["sigma"]["lam"])'),
    "another likelihood": ('pm.Normal("logfc", mean,', 'pm.Laplace("logfc", mean,'),
    "variance for sd": ('mean, prior("sigma", priors)', 'mean, prior("sigma", priors) ** 2'),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_a_gaussian_that_is_not_the_model_is_refused(tmp_path, change):
    assert change[0] in LINE
    with pytest.raises(UserError, match=r"mine\.py: GAUSSIAN does not declare the model that build\(\) returns"):
        check_gaussian(write(tmp_path, LINE.replace(*change)))


def test_variables_that_gaussian_does_not_name_are_named(tmp_path):
    body = LINE.replace("        mean =", '        pm.Normal("shift")\n        mean =')
    with pytest.raises(UserError, match=r"Only in build\(\): shift; only in GAUSSIAN: none"):
        check_gaussian(write(tmp_path, body))


def test_the_checks_hold_for_one_gene(tmp_path):
    whole = promises.small_screen()
    rows = whole.sgrna_of_row == 0
    data = replace(
        whole,
        genes=whole.genes[:1],
        sgrnas=whole.sgrnas[:1],
        gene_of_sgrna=whole.gene_of_sgrna[:1],
        **{name: getattr(whole, name)[rows] for name in ("sgrna_of_row", "cell_line_of_row", "x", "logfc")},
    )
    check(write(tmp_path, LINE), data)
