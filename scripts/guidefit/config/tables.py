"""The tables of config/README.md, generated from the models by way of the JSON schema.

In the README a table stands between `<!-- table: SECTION -->` and `<!-- end of table -->`.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from guidefit.base.errors import UserError
from guidefit.config import schema
from guidefit.config.sampling import Sampling

Schema = dict[str, Any]

_MARKED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
_TYPES = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "`true` or `false`",
    "array": "list",
    "object": "mapping",
}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def updated(readme: str) -> str:
    """The text of the README with its tables generated from the models. Raises UserError for a marker that names no section."""
    sections = tables()

    def replaced(match: re.Match[str]) -> str:
        if match[2] not in sections:
            raise UserError(f"config/README.md: no section {match[2]!r}. The sections are: {', '.join(sections)}.")
        return f"{match[1]}\n{sections[match[2]]}\n{match[3]}"

    return _MARKED.sub(replaced, readme)


def tables() -> dict[str, str]:
    """Name of a section -> its table in Markdown."""
    study = schema.make()["properties"]["studies"]["properties"]["NAME"]
    parts = study["properties"]
    variant = parts["variants"]["properties"]["NAME"]
    own = {name: node for name, node in variant["properties"].items() if name not in Sampling.model_fields}
    sections = {name: parts[name] for name in ("simulate", "until", "screen", "sampling", "thresholds")}
    return {
        "study": _table(study, nested=False),
        **{name: _table(section) for name, section in sections.items()},
        "variant": _table(variant | {"properties": own}, nested=False),
    }


def _table(section: Schema, nested: bool = True) -> str:
    rows = ["| key | meaning | values | default |", "|---|---|---|---|"]
    rows += [f"| {' | '.join(row)} |" for row in _rows(section, "", nested)]
    return "\n".join(rows) + "\n"


def _rows(section: Schema, prefix: str, nested: bool) -> Iterator[tuple[str, str, str, str]]:
    for name, node in section["properties"].items():
        is_section = node["type"] == "object" and "properties" in node and "NAME" not in node["properties"]
        default = "required" if name in section.get("required", ()) else _shown(node)
        yield f"`{prefix}{name}`", _escaped(node["description"]), _values(node), default
        if is_section and nested:
            yield from _rows(node, f"{prefix}{name}.", nested)


def _shown(node: Schema) -> str:
    return f"`{yaml.safe_dump(node['default'], default_flow_style=True).splitlines()[0]}`" if "default" in node else ""


def _values(node: Schema) -> str:
    """What a key takes, such as "whole number ≥ 1"."""
    if "enum" in node:
        return ", ".join(f"`{each}`" for each in node["enum"])
    types = [node["type"]] if isinstance(node["type"], str) else node["type"]
    bounds = ", ".join(f"{sign} {node[keyword]}" for keyword, sign in _BOUNDS.items() if keyword in node)
    return " or ".join(f"{_TYPES[each]} {bounds}".strip() if each in ("integer", "number") else _TYPES[each] for each in types)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
