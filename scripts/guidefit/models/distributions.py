"""The distributions that a prior may have, with their parameters as PyMC takes them. This module does not import PyMC.

`python tests/helpers/distributions.py` generates the table from the installed PyMC, and a test holds it to that.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Distribution:
    """Parameters of a distribution.

    parameters: in PyMC's order.
    positional: how many of them, from the first on, can be given by position.
    forms: sets of parameters that each describe the distribution completely.
    optional: those that a form may omit (bounds, which are infinite if omitted).
    positive: those that must be above 0; below_one: those that must also be below 1.
    is_signed: whether the distribution can take negative values.
    """

    parameters: tuple[str, ...]
    positional: int
    forms: tuple[tuple[str, ...], ...]
    optional: tuple[str, ...] = ()
    positive: tuple[str, ...] = ()
    below_one: tuple[str, ...] = ()
    is_signed: bool = False


FROM_PYMC: dict[str, Distribution] = {
    "Normal": Distribution(("mu", "sigma", "tau"), 3, (("mu", "sigma"), ("mu", "tau")), positive=("sigma", "tau"), is_signed=True),
    "StudentT": Distribution(
        ("nu", "mu", "sigma", "lam"),
        2,
        (("nu", "mu", "sigma"), ("nu", "mu", "lam")),
        positive=("nu", "sigma", "lam"),
        is_signed=True,
    ),
    "Cauchy": Distribution(("alpha", "beta"), 2, (("alpha", "beta"),), positive=("beta",), is_signed=True),
    "Laplace": Distribution(("mu", "b"), 2, (("mu", "b"),), positive=("b",), is_signed=True),
    "Uniform": Distribution(("lower", "upper"), 2, (("lower", "upper"),), is_signed=True),
    "TruncatedNormal": Distribution(
        ("mu", "sigma", "tau", "lower", "upper"),
        2,
        (("mu", "sigma", "lower", "upper"), ("mu", "tau", "lower", "upper")),
        optional=("lower", "upper"),
        positive=("sigma", "tau"),
        is_signed=True,
    ),
    "SkewNormal": Distribution(
        ("alpha", "mu", "sigma", "tau"),
        4,
        (("alpha", "mu", "sigma"), ("alpha", "mu", "tau")),
        positive=("sigma", "tau"),
        is_signed=True,
    ),
    "Exponential": Distribution(("lam", "scale"), 1, (("lam",), ("scale",)), positive=("lam", "scale")),
    "HalfNormal": Distribution(("sigma", "tau"), 2, (("sigma",), ("tau",)), positive=("sigma", "tau")),
    "HalfStudentT": Distribution(("nu", "sigma", "lam"), 3, (("nu", "sigma"), ("nu", "lam")), positive=("nu", "sigma", "lam")),
    "HalfCauchy": Distribution(("beta",), 1, (("beta",),), positive=("beta",)),
    "Gamma": Distribution(
        ("alpha", "beta", "mu", "sigma"), 4, (("alpha", "beta"), ("mu", "sigma")), positive=("alpha", "beta", "mu", "sigma")
    ),
    "InverseGamma": Distribution(
        ("alpha", "beta", "mu", "sigma"), 4, (("alpha", "beta"), ("mu", "sigma")), positive=("alpha", "beta", "mu", "sigma")
    ),
    "LogNormal": Distribution(("mu", "sigma", "tau"), 3, (("mu", "sigma"), ("mu", "tau")), positive=("sigma", "tau")),
    "Weibull": Distribution(("alpha", "beta"), 2, (("alpha", "beta"),), positive=("alpha", "beta")),
    "Beta": Distribution(
        ("alpha", "beta", "mu", "sigma", "nu"),
        5,
        (("alpha", "beta"), ("mu", "sigma"), ("mu", "nu")),
        positive=("alpha", "beta", "mu", "sigma", "nu"),
        below_one=("mu", "sigma"),
    ),
}

# Not PyMC's: effects that are sampled in standardised form, and the correlation of two effects.
OURS = {
    "NoncentredNormal": Distribution((), 0, ((),), is_signed=True),
    "LKJ": Distribution(("eta",), 1, (("eta",),), positive=("eta",), is_signed=True),
}

DISTRIBUTIONS = FROM_PYMC | OURS

EFFECTS = ("Normal", "NoncentredNormal")
"""Distributions of effects of genes, sgRNAs and cell lines, which take no parameters: the variant computes mean and sd."""
