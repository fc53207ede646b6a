"""How messages show values and suggest names and numbers."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

LONGEST = 60  # characters of a value


def shown(value: Any) -> str:
    """A value as YAML would write it, shortened to LONGEST characters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "a mapping"
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """The known names, those most like `name` first."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=len(known) or 1, cutoff=0.6)
    return close + [each for each in known if each not in close]


def suggestion(name: str, known: Iterable[str]) -> str:
    """` Did you mean x?`, or nothing if no known name is like this one."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {close[0]}?" if close else ""


def explain_number(value: Any, kind: str) -> str:
    """Why a value is not `kind` ("a number", "a whole number"), and what to write."""
    if isinstance(value, float) and value.is_integer():
        return f"{value!r} is not {kind}. Write {int(value)}."
    if isinstance(value, str):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            return f"{shown(value)} is not {kind}."
        if re.search("e", value, re.IGNORECASE) and abs(number) < float("inf"):
            why = "because its numbers need a decimal point and a signed exponent"
            return f"YAML reads {value} as text, {why}. Write {as_yaml(number)}."
        return f"{shown(value)} is text, not {kind}. Remove the quotes; on the command line use --configfile instead of --config."
    return f"{shown(value)} is not {kind}."


def as_yaml(number: float) -> str:
    """A number in the form that YAML 1.1 reads as a number: 1000, 0.001, 1.0e-05, 1.0e+20."""
    text = str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    return re.sub(r"^(-?\d+)e", r"\1.0e", text)
