import subprocess
import sys

import numpy as np
import pymc as pm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guidefit.models import distributions, priors
from helpers import ROOT
from helpers.distributions import VALUES, generate

FROM_PYMC = distributions.FROM_PYMC


@pytest.mark.slow
def test_the_table_of_distributions_is_that_of_the_installed_pymc():
    assert generate() == FROM_PYMC, "run python tests/helpers/distributions.py"


def test_reading_priors_imports_neither_pymc_nor_numpy():
    code = "import sys, guidefit.models.priors; assert not {'pymc', 'numpy', 'pydantic'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT / "scripts")


def full(name, form):
    """A prior with one of the forms of a distribution's parameters, as they are in the table's tests."""
    return {"distribution": name} | {parameter: VALUES[parameter][0] for parameter in form}


FORMS = [(name, form) for name, each in FROM_PYMC.items() for form in each.forms]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "form"), FORMS, ids=lambda each: each if isinstance(each, str) else "-".join(each))
def test_every_form_is_accepted_and_pymc_can_draw_from_it(name, form):
    prior = full(name, form)
    assert priors.read(prior) == (prior, [])
    assert priors.read(priors.written(prior)) == (prior, [])
    parameters = {key: value for key, value in prior.items() if key != "distribution"}
    draws = pm.draw(getattr(pm, name).dist(**parameters), 20, random_seed=1, mode="FAST_COMPILE")
    assert np.isfinite(draws).all()
    assert priors.can_be_negative(prior) or (draws >= 0).all()


@pytest.mark.parametrize("name", FROM_PYMC)
def test_each_distribution_refuses_what_it_does_not_take(name):
    known = FROM_PYMC[name]
    good = full(name, known.forms[0])
    _, problems = priors.read(good | {"sgima": 1})
    assert problems[0][0] == "sgima"
    assert problems[0][1].startswith(f"{name} has no such parameter.")
    assert all(parameter in problems[0][1] for parameter in known.parameters)
    for parameter in known.forms[0]:
        _, problems = priors.read({key: value for key, value in good.items() if key != parameter})
        assert bool(problems) == (parameter not in known.optional), parameter
        for value in (float("nan"), float("inf"), True, "1e3", "x", None, [1], 10**400):
            _, problems = priors.read(good | {parameter: value})
            assert problems[0][0] == parameter
    for parameter in known.positive:
        form = next(form for form in known.forms if parameter in form)
        for value in (0, -1):
            _, problems = priors.read(full(name, form) | {parameter: value})
            assert problems == [(parameter, f"{value} is not positive. Give a number above 0.")]
    for form in known.forms[1:]:
        _, problems = priors.read(good | full(name, form))
        assert "cannot be given together" in problems[0][1]


TEXTS = {
    "positions": ("Normal(0, 5)", {"distribution": "Normal", "mu": 0, "sigma": 5}),
    "names": ("Normal(mu=0, sigma=5)", {"distribution": "Normal", "mu": 0, "sigma": 5}),
    "both": ("Normal(0, sigma=5)", {"distribution": "Normal", "mu": 0, "sigma": 5}),
    "scientific and negative": ("Normal(-1e-3, +2E3)", {"distribution": "Normal", "mu": -0.001, "sigma": 2000.0}),
    "one": ("Exponential(1)", {"distribution": "Exponential", "lam": 1}),
    "no parameters": ("NoncentredNormal", {"distribution": "NoncentredNormal"}),
    "empty brackets": ("NoncentredNormal()", {"distribution": "NoncentredNormal"}),
    "correlation": ("LKJ(2)", {"distribution": "LKJ", "eta": 2}),
    "blanks": (" Beta( 2 ,3 ) ", {"distribution": "Beta", "alpha": 2, "beta": 3}),
}


@pytest.mark.parametrize(("text", "expected"), TEXTS.values(), ids=TEXTS.keys())
def test_priors_as_statisticians_write_them(text, expected):
    assert priors.read(text) == (expected, [])


BAD = {
    "sd": ("Normal(0, sd=1)", "sd", "Normal has no such parameter. Did you mean sigma? It takes mu, sigma (or tau)."),
    "rate": ("Exponential(rate=2)", "rate", "Exponential has no such parameter. Did you mean lam? It takes lam (or scale)."),
    "rate of a gamma": (
        "Gamma(2, rate=1)",
        "rate",
        "Did you mean beta? It takes alpha, beta or mu, sigma.",
    ),
    "scale": ("HalfCauchy(scale=2)", "scale", "HalfCauchy has no such parameter. Did you mean beta? It takes beta."),
    "low": ("Uniform(low=0, upper=1)", "low", "Uniform has no such parameter. Did you mean lower? It takes lower, upper."),
    "a typo": ("Normal(0, sgima=1)", "sgima", "Normal has no such parameter. Did you mean sigma? It takes mu, sigma (or tau)."),
    "tau and sigma": ("Normal(0, sigma=1, tau=1)", "tau", "cannot be given together"),
    "lam and scale": ("Exponential(1, scale=1)", "scale", "cannot be given together"),
    "too many positions": ("StudentT(3, 0, 1)", "", "StudentT takes nu, mu so. Write the others by name: sigma, lam."),
    "a parameter twice": ("Normal(0, mu=1, sigma=1)", "mu", "this parameter is given twice"),
    "bounds reversed": ("TruncatedNormal(0, 1, lower=2, upper=1)", "lower", "lower 2 must be below upper 1"),
    "equal bounds": ("Uniform(1, 1)", "lower", "lower 1 must be below upper 1"),
    "sd of a beta": ("Beta(mu=0.5, sigma=0.6)", "sigma", "0.6 is not below 0.5"),
    "mean of a beta": ("Beta(mu=1.5, sigma=0.1)", "mu", "1.5 is not below 1"),
    "computed": ("Normal(0, 2 * 3)", "sigma", "'2 * 3' is not a number"),
    "nan": ("Normal(nan, 1)", "mu", "nan is not a finite number"),
    "no distribution": ("Norml(0, 1)", "distribution", "'Norml' is not a known distribution. Did you mean Normal?"),
    "empty": ("", "", "'' is not a prior"),
    "half": ("Normal(0", "", "'Normal(0' is not a prior"),
    "prefix": ("pm.Normal(0, 1)", "", "is not a prior"),
    "code": ("__import__('os').system('ls')", "", "is not a prior"),
    "unpacked": ("Normal(*a, sigma=1)", "mu", "is not a number"),
    "a list": ([1], "", "[1] is not a prior"),
    "no distribution in a mapping": ({"mu": 0}, "distribution", "this key is required and missing"),
    "a distribution that is no text": ({"distribution": 1}, "distribution", "1 is not a known distribution"),
    "an effect with parameters": ("NoncentredNormal(0, 1)", "", "NoncentredNormal takes none so"),
    "no parameters where some are needed": ("HalfNormal", "sigma", "this parameter is missing"),
}


@pytest.mark.parametrize(("value", "parameter", "message"), BAD.values(), ids=BAD.keys())
def test_bad_priors_are_explained(value, parameter, message):
    _, problems = priors.read(value)
    assert problems[0][0] == parameter
    assert message in problems[0][1]


def test_what_can_be_negative():
    negative = {"Uniform(-1, 1)": True, "Uniform(0, 1)": False, "TruncatedNormal(0, 1)": True, "Gamma(2, 1)": False}
    for text, expected in (negative | {"TruncatedNormal(0, 1, lower=0)": False}).items():
        assert priors.can_be_negative(priors.read(text)[0]) == expected
    assert list(priors.find_negative_scale(priors.read("Exponential(1)")[0])) == []


def test_priors_that_yaml_split_are_put_together():
    split = {"a": "Normal(0", "5)": None, "b": "Exponential(1)", "c": "StudentT(3", 0: None, "sigma=1)": None, "d": None}
    assert priors.find_split(split) == {"a": "Normal(0, 5)", "c": "StudentT(3, 0, sigma=1)"}


def test_scales_that_a_structure_declares():
    gaussian = {"noise": "sigma", "intercept": {"mean": "m", "gene": ("g", "s_g"), "sgrna": ["a", "s_a"]}, "slope": {"mean": "d"}}
    assert priors.scales_of(gaussian) == ["sigma", "s_g", "s_a"]
    assert priors.scales_of(None) == priors.scales_of([1]) == []
    assert priors.scales_of({"noise": 1, "intercept": 2, "slope": {"gene": "x"}}) == []


SCALARS = st.none() | st.booleans() | st.floats() | st.integers() | st.text()


@settings(max_examples=40)
@given(st.recursive(SCALARS, lambda inner: st.dictionaries(st.text() | st.just("distribution"), inner)))
def test_anything_is_read_or_explained(value):
    prior, problems = priors.read(value)
    assert problems or prior["distribution"] in distributions.DISTRIBUTIONS
