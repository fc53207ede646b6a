"""Formulas of variants as MathML, from the plain text in which their files and priors state them."""

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from markupsafe import Markup

GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "eta": "η",
    "kappa": "κ",
    "mu": "μ",
    "nu": "ν",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "lambda": "λ",
    "Sigma": "Σ",
}
WORDS = {"logfc": "logFC", "ratio": "ratio", "logFC": "logFC"}
SYMBOLS = {"~": "∼", "*": "·", "-": "−", "<=": "≤", ">=": "≥"}
TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*)|(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<symbol><=|>=|[-~+*/=<>,;()^]))"
)
APART = re.compile(r"\s{2,}|,\s+|:\s|\band\s|\s(?=\()|\.$")  # between the formulas of a line, where no bracket is open
WORD = "for"  # the one that a formula may have


def lines(text: str) -> list[list[Markup]]:
    """Each line of a variant's docstring after the first as pieces: formulas as MathML, everything else as escaped text."""
    return [_pieces(line) for line in text.splitlines()[1:] if line.strip()]


def prior(name: str, declared: Mapping[str, Any]) -> Markup:
    """A prior with its parameters, such as sigma ~ Exponential(1). declared: distribution, and its parameters by name."""
    values = ", ".join(str(value) for key, value in declared.items() if key != "distribution")
    formula = f"{name} ~ {declared['distribution']}({values})"
    return mathml(formula) or Markup("{}").format(formula)


def mathml(text: str) -> Markup | None:
    """The formula as MathML, or None for a text that is not one: with words, or without ~ and =."""
    tokens = list(_tokens(text))
    following = [*(value for _, value in tokens[1:]), ""]
    words = [value for (kind, value), then in zip(tokens, following, strict=False) if kind == "name" and then != "("]
    has_relation = any(value in ("~", "=") for _, value in tokens)
    if not has_relation or ("unknown", "") in tokens or not all(map(_is_variable, words)):
        return None
    return Markup('<math display="inline"><mrow>' + _row(iter(tokens)) + "</mrow></math>")


def _pieces(line: str) -> list[Markup]:
    """The formulas of a line and the words between them, in order. A line that reads as a sentence remains one piece of text."""
    parts = [part for part in _split(line.strip()) if part]
    found = [mathml(part) for part in parts]
    if not any(found):
        return [Markup("{}").format(line.strip())]
    return [formula or Markup("{}").format(part) for formula, part in zip(found, parts, strict=True)]


def _split(line: str) -> Iterator[str]:
    start = 0
    for match in APART.finditer(line):
        before = line[: match.start()]
        if before.count("(") == before.count(")") and not (match[0] == " " and _goes_on(before[start:])):
            yield before[start:].strip()
            start = match.end()
    yield line[start:].strip()


def _goes_on(formula: str) -> bool:
    """Whether a bracket after this text belongs to its formula: a factor of a product, not a remark."""
    return mathml(formula) is None or not formula.endswith(")")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """(kind, value) of each token; ("unknown", "") ends a text with characters that no formula has."""
    place = 0
    text = text.rstrip()
    while place < len(text):
        if not (match := TOKEN.match(text, place)):
            yield "unknown", ""
            return
        yield str(match.lastgroup), match[str(match.lastgroup)]
        place = match.end()


def _is_variable(name: str) -> bool:
    base = name.split("_")[0]
    return name == WORD or base in GREEK or base in WORDS or len(base) == 1 or "_" in name


def _row(tokens: Iterator[tuple[str, str]]) -> str:
    """MathML of the tokens up to the bracket that closes the present one."""
    parts: list[str] = []
    before = ""  # kind of the token before: a product has no sign
    for kind, value in tokens:
        if kind != "symbol" and before in ("name", "number"):
            parts.append('<mspace width="0.2em"/>')
        before = kind
        if kind == "name" and value == "sqrt":
            next(tokens, None)
            parts.append(f"<msqrt><mrow>{_row(tokens)}</mrow></msqrt>")
        elif value == WORD:
            parts.append(f"<mtext>\u2003{WORD}\u2003</mtext>")
        elif kind == "name":
            parts.append(_variable(value))
        elif kind == "number":
            parts.append(f"<mn>{value}</mn>")
        elif value == "(":
            parts.append(f"<mrow><mo>(</mo>{_row(tokens)}<mo>)</mo></mrow>")
            before = "number"
        elif value == ")":
            break
        else:
            parts.append(f"<mo>{escape(SYMBOLS.get(value, value))}</mo>")
    return "".join(parts)


def _variable(name: str) -> str:
    base, *indices = (GREEK.get(part, WORDS.get(part, part)) for part in name.split("_"))
    if not indices:
        return f"<mi>{base}</mi>"
    return f"<msub><mi>{base}</mi><mrow>{'<mo>,</mo>'.join(f'<mi>{index}</mi>' for index in indices)}</mrow></msub>"
