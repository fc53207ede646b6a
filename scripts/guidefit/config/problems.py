"""Problems of a config as sentences: the path of the key, what is wrong, what is expected, what to do."""

import re
import types
from collections.abc import Iterable, Mapping
from typing import Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from guidefit.base.errors import UserError
from guidefit.base.messages import explain_number, shown, suggestion
from guidefit.config.former_keys import successor
from guidefit.config.section import Section

Path = tuple[str | int, ...]


def as_error(lines: Iterable[str]) -> UserError:
    """One error that lists all problems."""
    return UserError("\n".join(["The config is not valid:", *(f"  - {line}" for line in dict.fromkeys(lines))]))


def line(path: Path, sentence: str) -> str:
    """A problem in one line: the key's path and a sentence."""
    place = ".".join(_part(part) for part in path) or "(top level)"
    return f"{place}: {sentence}"


def _part(part: str | int) -> str:
    return str(part) if re.fullmatch(r"[\w /,-]+", str(part)) else repr(part)


def explain(error: ErrorDetails, root: type[Section], former_keys: Mapping[str, str]) -> tuple[Path, str]:
    """The path and a sentence for one of pydantic's errors. former_keys: paths of earlier keys -> what to write today."""
    if error["type"] == "contradiction":
        return error["loc"], error["ctx"]["message"]
    path, section, field = _locate(error["loc"], root)
    kind, value, limits = error["type"], error.get("input"), error.get("ctx", {})
    if kind == "extra_forbidden":
        return path, successor(".".join(map(str, path)), former_keys) or _unknown(str(path[-1]), section)
    if error["loc"] and error["loc"][-1] == "[key]":
        return (
            path[:-1],
            f"the name {shown(path[-1])} is not valid. Use letters, digits and underscores, with a letter first; "
            "at most 100 in total.",
        )
    sentence = _WORDS.get(kind, _other)(value, limits)
    if kind not in _WORDS:
        sentence = f"{shown(value)}: {error['msg']}."
    description = f" ({field.description})" if field is not None and field.description else ""
    return path, sentence + description


def _unknown(name: str, section: type[Section] | None) -> str:
    known = list(section.model_fields) if section else []
    return f"unknown key.{suggestion(name, known)} Known keys: {', '.join(known)}."


def _one_of(value: Any, limits: Mapping[str, Any]) -> str:
    known = re.findall(r"'([^']*)'", limits["expected"])
    hint = suggestion(value, known) if isinstance(value, str) else ""
    if isinstance(value, bool):
        hint = " YAML reads unquoted yes, no, on and off as true and false: use quotes."
    return f"{shown(value)} is not one of {', '.join(known)}.{hint}"


def _text(value: Any, _: Mapping[str, Any]) -> str:
    if isinstance(value, bool):
        return f"{shown(value)} is not text. YAML reads unquoted yes, no, on and off as true and false: use quotes."
    return f"{shown(value)} is not text. Use quotes." if value is not None else "null is not text. Give a value, or remove the key."


def _other(value: Any, _: Mapping[str, Any]) -> str:
    return f"{shown(value)} is not valid."


_WORDS = {
    "missing": lambda value, limits: "this key is required and missing.",
    "int_type": lambda value, limits: explain_number(value, "a whole number"),
    "int_from_float": lambda value, limits: explain_number(value, "a whole number"),
    "float_type": lambda value, limits: explain_number(value, "a number"),
    "finite_number": lambda value, limits: f"{shown(value)} is not a finite number.",
    "bool_type": lambda value, limits: f"{shown(value)} is not true or false.",
    "string_type": _text,
    "literal_error": _one_of,
    "greater_than": lambda value, limits: f"{shown(value)} is not greater than {limits['gt']:g}.",
    "greater_than_equal": lambda value, limits: f"{shown(value)} is less than {limits['ge']:g}, the smallest possible value.",
    "less_than": lambda value, limits: f"{shown(value)} is not less than {limits['lt']:g}.",
    "less_than_equal": lambda value, limits: f"{shown(value)} is greater than {limits['le']:g}, the largest possible value.",
    "model_type": lambda value, limits: f"{shown(value)} is not a mapping of keys to values.",
    "dict_type": lambda value, limits: f"{shown(value)} is not a mapping of keys to values.",
    "list_type": lambda value, limits: f"{shown(value)} is not a list.",
    "too_short": lambda value, limits: f"{limits['actual_length']} entries, at least {limits['min_length']} needed.",
    "too_long": lambda value, limits: f"{limits['actual_length']} entries, at most {limits['max_length']} possible.",
    "string_too_short": lambda value, limits: "this text is empty.",
}


def _locate(loc: Path, root: type[Section]) -> tuple[Path, type[Section] | None, FieldInfo | None]:
    """The path of an error in the config, the section that it is in, and the key's field.

    Pydantic adds the tags of a union's members to a path; they are left out here.
    """
    path: list[str | int] = []
    section: type[Section] | None = root
    field: FieldInfo | None = None
    annotation: Any = root
    parent = section
    for part in loc:
        if part == "[key]":
            continue
        options = _members(annotation)
        sections = [each for each in options if isinstance(each, type) and issubclass(each, Section)]
        mapping = next((each for each in options if get_origin(each) is dict), None)
        sequence = next((each for each in options if get_origin(each) is list), None)
        if sections and (part in sections[0].model_fields or not _is_tag(part, options)):
            parent = sections[0]
            field = parent.model_fields.get(str(part))
            annotation = field.annotation if field else None
        elif mapping is not None:
            annotation, parent = get_args(mapping)[1], None
        elif sequence is not None and isinstance(part, int):
            annotation = get_args(sequence)[0]
        elif _is_tag(part, options):
            continue
        path.append(part)
    return tuple(path), parent, field


def _members(annotation: Any) -> list[Any]:
    """The types that a value may have: members of a union, without annotations."""
    if hasattr(annotation, "__metadata__"):
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [inner for each in get_args(annotation) for inner in _members(each)]
    return [annotation]


def _is_tag(part: str | int, options: list[Any]) -> bool:
    return len(options) > 1 and part in ("number", "list", "distribution")
