"""The table of distributions, from the installed PyMC; `python tests/helpers/distributions.py` writes it into the library.

Which parameters go together, which must be positive and which bounds may be omitted is found by evaluating densities:
some raise an error, some do not depend on a parameter.
"""

import inspect
import itertools
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt

TARGET = Path(__file__).parents[2] / "scripts/guidefit/models/distributions.py"
sys.path.insert(0, str(TARGET.parents[2]))

from guidefit.models.distributions import Distribution  # noqa: E402

NAMES = (
    *("Normal", "StudentT", "Cauchy", "Laplace", "Uniform", "TruncatedNormal", "SkewNormal", "Exponential", "HalfNormal"),
    *("HalfStudentT", "HalfCauchy", "Gamma", "InverseGamma", "LogNormal", "Weibull", "Beta"),
)
POINTS = (0.3, 0.45, 0.6)
# Two values of each parameter that are valid in every distribution that has it.
VALUES = {
    "mu": (0.4, 0.5),
    "sigma": (0.3, 0.25),
    "tau": (2.0, 3.0),
    "lam": (1.3, 1.9),
    "nu": (4.0, 5.0),
    "b": (0.5, 0.8),
    "alpha": (1.5, 2.5),
    "beta": (0.7, 1.1),
    "scale": (0.8, 1.2),
    "lower": (0.1, 0.2),
    "upper": (0.9, 0.8),
}
WIDE = {"lower": -5.0, "upper": 5.0}  # bounds that do not interfere with another parameter


class Density:
    """The log density of a distribution with some of its parameters given, as a function of these. Raises ValueError."""

    def __init__(self, distribution, names):
        inputs = {name: pt.dscalar(name) for name in names}
        value = pt.dscalar("value")
        logp = pm.logp(distribution.dist(**inputs), value)
        self.names = names
        self._function = pytensor.function([value, *inputs.values()], logp, mode="FAST_COMPILE", on_unused_input="ignore")

    def __call__(self, points=POINTS, **changed):
        values = {name: VALUES[name][0] for name in self.names} | changed
        with np.errstate(all="ignore"):
            return np.array([self._function(point, *values.values()) for point in points])

    def is_possible(self, *points, **changed):
        """Whether PyMC accepts these values and the density is positive at any of these points."""
        wide = {name: value for name, value in WIDE.items() if name in self.names}
        try:
            return bool(np.isfinite(self(points, **wide | changed)).any())
        except ValueError:  # PyMC's ParameterValueError is one
            return False

    def depends_on(self, name):
        """Whether the density changes with a parameter."""
        return not np.allclose(self(), self(**{name: VALUES[name][1]}))


def describe(name):
    """How PyMC takes the parameters of one distribution."""
    distribution = getattr(pm, name)
    taken = [
        each
        for each in inspect.signature(distribution.dist).parameters.values()
        if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
    ]
    names = [each.name for each in taken]
    forms = []
    densities = {}
    for size in range(len(names), 0, -1):
        for form in itertools.combinations(names, size):
            if any(set(form) < set(larger) for larger in forms):
                continue
            try:
                density = Density(distribution, form)
                is_form = all(map(density.depends_on, form))
            except (ValueError, TypeError):  # these parameters do not go together, or one is missing
                continue
            if is_form:
                forms.append(form)
                densities[form] = density
    forms.sort(key=lambda form: [names.index(each) for each in form])
    optional = [
        each
        for each in names
        for form in forms[:1]
        if each in form and each in ("lower", "upper") and _is_infinite_if_omitted(distribution, densities[form], each)
    ]
    positive = [each for each in names if not _any_possible(densities, each, (-1.0, 0.0))]
    below_one = [each for each in positive if not _any_possible(densities, each, (2.0,))]
    first = densities[forms[0]]
    return Distribution(
        parameters=tuple(names),
        positional=sum(each.kind is each.POSITIONAL_OR_KEYWORD for each in taken),
        forms=tuple(forms),
        optional=tuple(optional),
        positive=tuple(positive),
        below_one=tuple(below_one),
        is_signed=first.is_possible(-0.5),
    )


def _any_possible(densities, name, values):
    return any(
        density.is_possible(-3.0, *POINTS, **{name: value})
        for density in densities.values()
        if name in density.names
        for value in values
    )


def _is_infinite_if_omitted(distribution, density, name):
    others = tuple(each for each in density.names if each != name)
    infinite = np.inf if name == "upper" else -np.inf
    try:
        without = Density(distribution, others)()
    except TypeError:
        return False
    return np.allclose(without, density(**{name: infinite}))


def generate():
    """The table of all distributions."""
    return {name: describe(name) for name in NAMES}


def main():
    """Write the table into the library."""
    lines = []
    for name, each in generate().items():
        arguments = [repr(each.parameters), repr(each.positional), repr(each.forms)]
        arguments += [
            f"{field}={getattr(each, field)!r}" for field in ("optional", "positive", "below_one") if getattr(each, field)
        ]
        arguments += ["is_signed=True"] if each.is_signed else []
        lines.append(f'    "{name}": Distribution({", ".join(arguments)}),')
    text = "FROM_PYMC: dict[str, Distribution] = {\n" + "\n".join(lines) + "\n}\n"
    TARGET.write_text(re.sub(r"FROM_PYMC: .*?\{.*?\}\n", lambda _: text, TARGET.read_text(), flags=re.DOTALL))
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", TARGET], check=True)


if __name__ == "__main__":
    main()
