"""Priors as configs and variants write them, and whether PyMC takes them.

A prior is a mapping, {"distribution": "Normal", "mu": 0, "sigma": 5}, or a text as statisticians write it: "Normal(0, 5)", with
positions in PyMC's order, or "Normal(mu=0, sigma=5)". The mapping is the form that the library works with.
"""

import ast
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from guidefit.base.messages import explain_number, shown, suggestion
from guidefit.models.distributions import DISTRIBUTIONS, EFFECTS, Distribution

Prior = dict[str, Any]
Problem = tuple[str, str]
"""(parameter of the prior, or "" for the prior as a whole; a sentence that says what is wrong and what to do)."""

EXAMPLE = '"Normal(0, 5)", "Normal(mu=0, sigma=5)" or {distribution: Normal, mu: 0, sigma: 5}'

# What other programs and earlier versions of PyMC call a parameter -> PyMC's names for it.
OTHER_NAMES = {
    **dict.fromkeys(("sd", "std", "stdev", "stddev"), ("sigma", "beta", "b", "scale")),
    **dict.fromkeys(("loc", "mean", "location", "m"), ("mu", "alpha")),
    **dict.fromkeys(("rate", "lambda", "lambda_"), ("lam", "beta")),
    **dict.fromkeys(("scale", "s"), ("sigma", "beta", "b", "scale")),
    **dict.fromkeys(("df", "dof"), ("nu",)),
    **dict.fromkeys(("shape", "concentration", "a", "k"), ("alpha", "eta")),
    **dict.fromkeys(("low", "min", "minimum"), ("lower",)),
    **dict.fromkeys(("high", "max", "maximum"), ("upper",)),
    **dict.fromkeys(("precision", "prec"), ("tau", "lam")),
}


def read(value: Any) -> tuple[Prior, list[Problem]]:
    """A prior in either form as a mapping (empty if it has no such form), and what is wrong with it."""
    if isinstance(value, str):
        prior, problems = _parse(value)
    elif isinstance(value, Mapping):
        prior, problems = {str(name): each for name, each in value.items()}, []
    else:
        return {}, [("", f"{shown(value)} is not a prior. Write {EXAMPLE}.")]
    return prior, problems or list(find_problems(prior))


def _parse(text: str) -> tuple[Prior, list[Problem]]:
    """ "Normal(0, sigma=5)" or "Normal" as a mapping."""
    wrong = [("", f"{shown(text)} is not a prior. Write {EXAMPLE}.")]
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}, wrong
    if isinstance(node, ast.Name):
        return {"distribution": node.id}, []
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return {}, wrong
    prior: Prior = {"distribution": node.func.id}
    known = DISTRIBUTIONS.get(node.func.id)
    if known is None:
        return prior, []
    if len(node.args) > known.positional:
        named = known.parameters[known.positional :]
        hint = f" Write the others by name: {', '.join(named)}." if named else ""
        taken = ", ".join(known.parameters[: known.positional]) or "none"
        return prior, [("", f"{len(node.args)} parameters by position, and {node.func.id} takes {taken} so.{hint}")]
    given = [*zip(known.parameters, node.args, strict=False), *((each.arg or "**", each.value) for each in node.keywords)]
    for name, argument in given:
        if name in prior:
            return prior, [(name, "this parameter is given twice. Remove one of the two.")]
        prior[name] = _number(argument, text)
    return prior, []


def _number(node: ast.expr, text: str) -> Any:
    """An argument as a number, or its source text if it is not a number."""
    if isinstance(node, ast.Name) and node.id.lower() in ("inf", "infinity", "nan"):
        return float(node.id)
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return ast.get_source_segment(text.strip(), node)
    return value


def find_problems(prior: Prior) -> Iterator[Problem]:
    """What PyMC would not accept, or would silently replace by a default, in a prior that is a mapping."""
    name = prior.get("distribution")
    if "distribution" not in prior:
        yield "distribution", f"this key is required and missing. Write {EXAMPLE}."
        return
    if not isinstance(name, str) or name not in DISTRIBUTIONS:
        hint = suggestion(name, DISTRIBUTIONS) if isinstance(name, str) else ""
        yield "distribution", f"{shown(name)} is not a known distribution.{hint} Known: {', '.join(DISTRIBUTIONS)}."
        return
    known = DISTRIBUTIONS[name]
    given = {key: value for key, value in prior.items() if key != "distribution"}
    if not given and name in EFFECTS:
        return
    unknown = [key for key in given if key not in known.parameters]
    for key in unknown:
        yield key, f"{name} has no such parameter.{_likely(key, known)} It takes {parameters_of(name)}."
    if not unknown:
        yield from _incomplete(name, known, given)
    bad = []
    for key, value in given.items():
        if sentence := _bad_value(key, value, known):
            bad.append(key)
            yield key, sentence
    if not bad:
        yield from _contradictory(name, given)


def _likely(key: str, known: Distribution) -> str:
    other = [name for name in OTHER_NAMES.get(key.lower(), ()) if name in known.parameters]
    return f" Did you mean {other[0]}?" if other else suggestion(key, known.parameters)


def parameters_of(name: str) -> str:
    """The parameters that a distribution takes, such as "mu, sigma (or tau)"."""
    known = DISTRIBUTIONS[name]
    first, *others = known.forms
    words = {each: each for each in first}
    further = []
    for form in others:
        new, replaced = [each for each in form if each not in first], [each for each in first if each not in form]
        if len(new) == len(replaced) == 1:
            words[replaced[0]] += f" (or {new[0]})"
        else:
            further.append(", ".join(new))
    return ", ".join(words.values()) + "".join(f" or {each}" for each in further) or "no parameters"


def _incomplete(name: str, known: Distribution, given: Mapping[str, Any]) -> Iterator[Problem]:
    """Parameters that are missing, or that describe the same quantity twice."""
    form = max(known.forms, key=lambda form: (len(set(form) & set(given)), -len(form)))
    missing = [each for each in form if each not in given and each not in known.optional]
    extra = [each for each in given if each not in form]
    if extra:
        together = ", ".join(given)
        yield extra[0], f"{together} cannot be given together, since they describe the same quantities. Give {parameters_of(name)}."
    elif missing:
        yield missing[0], f"this parameter is missing, and PyMC would use a default. {name} takes {parameters_of(name)}."


def _bad_value(key: str, value: Any, known: Distribution) -> str | None:
    """A sentence on a parameter's value that is not a finite number or is out of bounds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return explain_number(value, "a number")
    if not abs(value) < math.inf or abs(value) > 1e300:
        return f"{shown(value)} is not a finite number."
    if key in known.positive and value <= 0:
        return f"{shown(value)} is not positive. Give a number above 0."
    if key in known.below_one and value >= 1:
        return f"{shown(value)} is not below 1. Give a number between 0 and 1."
    return None


def _contradictory(name: str, given: Mapping[str, Any]) -> Iterator[Problem]:
    """Values that are valid each by itself, but not together."""
    if "lower" in given and "upper" in given and given["lower"] >= given["upper"]:
        yield "lower", f"lower {shown(given['lower'])} must be below upper {shown(given['upper'])}. Swap or change the bounds."
    if name == "Beta" and {"mu", "sigma"} <= set(given) and given["sigma"] ** 2 >= given["mu"] * (1 - given["mu"]):
        largest = math.sqrt(given["mu"] * (1 - given["mu"]))
        yield (
            "sigma",
            f"{shown(given['sigma'])} is not below {largest:.3g}, the bound of a Beta with this mu. Give a smaller number.",
        )


def find_misplaced(variable: str, prior: Prior, own: Prior) -> Iterator[Problem]:
    """Why a valid prior cannot replace the variant's own prior of a variable."""
    name, own_name = prior["distribution"], own["distribution"]
    if (name == "LKJ") != (own_name == "LKJ"):
        needed = "is a correlation and takes LKJ" if own_name == "LKJ" else "is not a correlation and does not take LKJ"
        yield "distribution", f"{variable} {needed}. Its own prior is {written(own)}."
    elif set(own) == {"distribution"}:
        if set(prior) != {"distribution"} or name not in EFFECTS:
            yield (
                "",
                f"{variable} is an effect, whose mean and sd the variant sets: write {' or '.join(EFFECTS)}, without parameters.",
            )
    elif set(prior) == {"distribution"}:
        yield (
            "",
            f"{variable} is not an effect, so that its prior needs parameters, as in its own prior {written(own)}.",
        )


def can_be_negative(prior: Prior) -> bool:
    """Whether a valid prior allows negative values."""
    if "lower" in prior:
        return prior["lower"] < 0
    return DISTRIBUTIONS[prior["distribution"]].is_signed


def find_negative_scale(prior: Prior) -> Iterator[Problem]:
    """Why a valid prior cannot be that of a scale."""
    if can_be_negative(prior):
        positive = ", ".join(name for name, each in DISTRIBUTIONS.items() if not each.is_signed)
        yield "", f"a scale cannot be negative, and {written(prior)} allows negative values. Use one of {positive}."


def written(prior: Prior) -> str:
    """A prior as a statistician writes it, such as Normal(mu=0, sigma=5)."""
    parameters = ", ".join(f"{key}={value}" for key, value in prior.items() if key != "distribution")
    return f"{prior['distribution']}({parameters})" if parameters else str(prior["distribution"])


def find_split(priors: Mapping[Any, Any]) -> dict[str, str]:
    """Variable -> its prior, for each text without quotes that YAML's flow style has split at its commas.

    YAML reads {mu: Normal(0, 5)} as {"mu": "Normal(0", "5)": null}.
    """
    found: dict[str, str] = {}
    variable: str | None = None
    for key, value in priors.items():
        if isinstance(value, str) and value.count("(") > value.count(")"):
            variable = str(key)
            found[variable] = value
        elif variable is not None and value is None:
            found[variable] += f", {key}"
            if found[variable].count("(") == found[variable].count(")"):
                variable = None
    return {name: text if text.count(")") else f"{text}, ...)" for name, text in found.items()}


def scales_of(gaussian: Any) -> list[str]:
    """Names of the scales that a variant's GAUSSIAN declares: of the noise and of the effects."""
    if not isinstance(gaussian, Mapping):
        return []
    levels = [
        side.get(level) for side in map(gaussian.get, ("intercept", "slope")) if isinstance(side, Mapping) for level in _LEVELS
    ]
    scales = [level[1] for level in levels if isinstance(level, tuple | list) and len(level) == 2]
    return [name for name in (gaussian.get("noise"), *scales) if isinstance(name, str)]


_LEVELS = ("gene", "sgrna")


def join(problems: Iterable[Problem], place: str) -> str:
    """Problems of one prior as lines; place: starts each line."""
    return "\n".join(f"{place}{f'.{key}' if key else ''}: {sentence}" for key, sentence in problems)
