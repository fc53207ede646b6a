"""The structure that a variant for real screens declares: effects by gene and cell line, and noise that differs by sgRNA and line.

A variant declares it by a literal `STRUCTURE`, which names the variable of each role. The engine `gibbs` needs nothing else, and
`guidefit.models.line_parts` builds the PyMC model from it:

    y_i ~ N(k_l (alpha_s + beta_s x_i + e_gl), sigma^2 u_s v_l f_i)
    alpha_s ~ N(gamma_g, sigma_alpha^2 + omega^2 o_s)    o_s ~ Bernoulli(p)       beta_s ~ N(delta_g, sigma_beta^2)
    gamma_g ~ N(mu_gamma, sigma_gamma^2)                 delta_g ~ N(mu_delta, sigma_delta^2)
    e_gl ~ N(0, tau_g^2)    tau_g ~ half-Student-t(3 df, scale t)
    log u_s ~ N(0, s_u^2)   log v_l ~ N(0, s_v^2)        f_i = F with probability p_row, else 1
    log k_l = m + d_l       d ~ ZeroSumNormal(s_k)       m ~ N(0, 0.01^2)

With classes, each gene belongs to one of two, and mu, sigma_gamma, sigma_delta, sigma_alpha, sigma_beta, t and p bear the class in
their name (mu_gamma_null). `classes`, `multiplier`, `departing_sgrnas` and `departing_rows` may be left out.

A screen without copy numbers, whose x is 0, has no slopes: `LineStructure.without_slope`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from guidefit.base.errors import UserError
from guidefit.models.declaration import Priors

DEGREES = 3.0
"""Degrees of freedom of tau_g's half-Student-t prior."""
MEAN_SD = 0.01
"""Prior sd of the mean over lines of log k_l, which fixes the unit of the effects."""

_EXAMPLES: dict[str, Any] = {
    "intercept": {"mean": "mu_gamma", "gene": ("gamma_g", "sigma_gamma"), "sgrna": ("alpha_s", "sigma_alpha")},
    "slope": {"mean": "mu_delta", "gene": ("delta_g", "sigma_delta"), "sgrna": ("beta_s", "sigma_beta")},
    "gene_by_line": ("e_gl", "tau_g", "t"),
    "noise": {"scale": "sigma", "sgrna": ("u_s", "s_u"), "cell_line": ("v_l", "s_v")},
}
_OPTIONAL: dict[str, Any] = {
    "multiplier": ("k_l", "s_k"),
    "departing_sgrnas": ("p", 2.0),
    "departing_rows": ("p_row", 100.0),
    "classes": ("null", "common"),
    "weight": "w_common",
}


@dataclass(frozen=True)
class Location:
    """Names of the variables of the intercepts or slopes: hyper-mean, (effect, its scale) of genes and of sgRNAs."""

    mean: str
    gene: tuple[str, str]
    sgrna: tuple[str, str]


@dataclass(frozen=True)
class LineStructure:
    """A declared structure: names of variables, each pair (effect, scale of its prior).

    gene_by_line: (effect, its sd by gene, the scale of that sd's prior); departing_sgrnas: (share, omega in logFC);
    departing_rows: (share, factor of the variance); classes: names of the two classes, or empty; weight: share of the second class.
    has_slope: False for a screen without copy numbers, in which the variables of `slope` are no parameters.
    """

    intercept: Location
    slope: Location
    gene_by_line: tuple[str, str, str]
    noise: str
    sgrna_noise: tuple[str, str]
    line_noise: tuple[str, str]
    multiplier: tuple[str, str] | None
    departing_sgrnas: tuple[str, float] | None
    departing_rows: tuple[str, float] | None
    classes: tuple[str, ...]
    weight: str | None
    has_slope: bool = True

    def without_slope(self) -> "LineStructure":
        """The same for a screen without copy numbers."""
        return replace(self, has_slope=False)

    @property
    def sides(self) -> tuple[Location, ...]:
        """The intercepts, and the slopes where there are any."""
        return (self.intercept, self.slope) if self.has_slope else (self.intercept,)

    def by_class(self, name: str) -> list[str]:
        """The names of a hyper-parameter that each class has of its own."""
        return [f"{name}_{each}" for each in self.classes] or [name]

    @property
    def spreads(self) -> tuple[str, str, str, str]:
        """Names, without class, of the sds of gamma, delta, alpha and beta."""
        return self.intercept.gene[1], self.slope.gene[1], self.intercept.sgrna[1], self.slope.sgrna[1]

    @property
    def dims(self) -> dict[str, tuple[str, ...]]:
        """The dims of each effect."""
        found: dict[str, tuple[str, ...]] = {}
        for side in self.sides:
            found |= {side.gene[0]: ("gene",), side.sgrna[0]: ("sgrna",)}
        found |= {self.gene_by_line[0]: ("gene", "cell_line"), self.gene_by_line[1]: ("gene",)}
        found |= {self.sgrna_noise[0]: ("sgrna",), self.line_noise[0]: ("cell_line",)}
        return found | ({self.multiplier[0]: ("cell_line",)} if self.multiplier else {})

    @property
    def roles(self) -> dict[str, str]:
        """Hyper-parameter -> the distribution of its prior, in the order in which they are reported."""
        found: dict[str, str] = {}
        for side in self.sides:
            found |= dict.fromkeys(self.by_class(side.mean), "Normal")
        for name in (*(side.gene[1] for side in self.sides), *(side.sgrna[1] for side in self.sides)):
            found |= dict.fromkeys(self.by_class(name), "HalfNormal")
        found |= dict.fromkeys(self.by_class(self.gene_by_line[2]), "LogNormal")
        if self.departing_sgrnas:
            found |= dict.fromkeys(self.by_class(self.departing_sgrnas[0]), "Beta")
        found |= {self.weight: "Beta"} if self.weight else {}
        found |= {self.noise: "LogNormal", self.sgrna_noise[1]: "HalfNormal", self.line_noise[1]: "HalfNormal"}
        found |= {self.multiplier[1]: "HalfNormal"} if self.multiplier else {}
        return found | ({self.departing_rows[0]: "Beta"} if self.departing_rows else {})


PARAMETERS = {"Normal": ("mu", "sigma"), "LogNormal": ("mu", "sigma"), "HalfNormal": ("sigma",), "Beta": ("alpha", "beta")}


def read_structure(declared: Mapping[str, Any] | None, place: str) -> LineStructure:
    """The structure of a variant's `STRUCTURE`. Raises UserError, whose message starts with `place`."""
    if declared is None:
        raise UserError(
            f"{place}: engine gibbs needs a variant that declares effects by gene and cell line by STRUCTURE, such as "
            "gene_classes. This variant has no STRUCTURE. Use engine: nuts."
        )
    given = _checked(declared, _EXAMPLES, _OPTIONAL, f"{place}: STRUCTURE")
    intercept, slope = (
        _checked(given[side], _EXAMPLES[side], {}, f"{place}: STRUCTURE[{side!r}]") for side in ("intercept", "slope")
    )
    noise = _checked(given["noise"], _EXAMPLES["noise"], {}, f"{place}: STRUCTURE['noise']")
    classes = tuple(given.get("classes", ()))
    if bool(classes) != ("weight" in given):
        raise UserError(f"{place}: STRUCTURE has only one of classes and weight. Give both, or neither for one class of genes.")
    return LineStructure(
        Location(**intercept),
        Location(**slope),
        given["gene_by_line"],
        noise["scale"],
        noise["sgrna"],
        noise["cell_line"],
        given.get("multiplier"),
        given.get("departing_sgrnas"),
        given.get("departing_rows"),
        classes,
        given.get("weight"),
    )


def _checked(given: Any, needed: Mapping[str, Any], optional: Mapping[str, Any], place: str) -> dict[str, Any]:
    """A part of STRUCTURE, whose keys and values are those of the examples, with tuples for lists. Raises UserError."""
    known = {**needed, **optional}
    if not isinstance(given, Mapping):
        raise UserError(f"{place} is {given!r}. It must be a dict with the keys {', '.join(known)}.")
    wrong = [f"has the unknown key {key!r}" for key in given if key not in known]
    wrong += [f"has no {key!r}" for key in needed if key not in given]
    if wrong:
        raise UserError(f"{place} {wrong[0]}. Its keys are: {', '.join(known)}.")
    found = {}
    for key, value in given.items():
        found[key] = tuple(value) if isinstance(value, list) else value
        if not _has_form(found[key], known[key]):
            raise UserError(f"{place}[{key!r}] is {value!r}. It must have the form of {known[key]!r}.")
    return found


def _has_form(value: Any, example: Any) -> bool:
    if isinstance(example, tuple):
        same = isinstance(value, tuple) and len(value) == len(example)
        return same and all(_has_form(one, other) for one, other in zip(value, example, strict=True))
    if isinstance(example, float):
        return isinstance(value, int | float) and not isinstance(value, bool) and value > 1
    return isinstance(value, type(example))


def prior_parameters(structure: LineStructure, priors: Priors, place: str) -> dict[str, tuple[float, ...]]:
    """Hyper-parameter -> parameters of its prior: Normal and LogNormal mu, sigma; HalfNormal sigma; Beta alpha, beta.

    Raises UserError where a prior is absent, or is another distribution than engine gibbs can sample.
    """
    found = {}
    for name, distribution in structure.roles.items():
        if name not in priors:
            raise UserError(f"{place}: STRUCTURE names {name}, which PRIORS does not have. Add its prior or correct the name.")
        prior = {"mu": 0.0, **priors[name]} if distribution == "Normal" else priors[name]
        needed = PARAMETERS[distribution]
        if prior["distribution"] != distribution or set(prior) != {"distribution", *needed}:
            raise UserError(
                f"{place}: prior of {name}: engine gibbs needs {distribution}({', '.join(needed)}) for it, "
                f"and this prior is {prior['distribution']}({', '.join(key for key in prior if key != 'distribution')}). "
                f"Use {distribution}, or engine: nuts."
            )
        found[name] = tuple(float(prior[key]) for key in needed)
    return found
