"""The JSON schema of the config, generated from the models.

Snakemake's workflow catalog shows the keys that it finds under `properties`, at every level. Therefore nothing is moved to
definitions, and a mapping with free names (studies, variants, priors) describes its values under the placeholder NAME.
"""

from typing import Any

import yaml

from guidefit.config.section import NAME
from guidefit.config.study import Config
from guidefit.config.variant import Sampling

Schema = dict[str, Any]

HEADER = "# Generated from scripts/guidefit/config: python -m guidefit.config schema (with PYTHONPATH=scripts).\n"


def make() -> Schema:
    """The schema as data."""
    generated = Config.model_json_schema()
    definitions = generated.pop("$defs")
    schema = _inlined(generated, definitions)
    studies = schema["properties"]["studies"]
    _name_values(studies, "#/properties/studies/properties/NAME")
    variants = studies["properties"]["NAME"]["properties"]["variants"]
    _name_values(variants, "#/properties/studies/properties/NAME/properties/variants/properties/NAME")
    variants |= {"type": ["object", "array"], "items": {"type": "string", "pattern": NAME}, "minItems": 1, "uniqueItems": True}
    for name in Sampling.model_fields:
        variants["properties"]["NAME"]["properties"][name].pop("default")  # that of the study
    studies["properties"]["NAME"]["properties"]["seeds"]["default"] = [1]
    title = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Configuration of guidefit"}
    return title | {key: schema[key] for key in ("description", "type", "additionalProperties", "required", "properties")}


def as_yaml() -> str:
    """The schema as the text of its file."""
    return HEADER + yaml.safe_dump(make(), sort_keys=False, width=130, allow_unicode=True)


def _inlined(node: Any, definitions: Schema) -> Any:
    """The schema without references, titles and null."""
    if isinstance(node, list):
        return [_inlined(each, definitions) for each in node]
    if not isinstance(node, dict):
        return node
    node = dict(node)
    if reference := node.pop("$ref", None):
        node = definitions[reference.removeprefix("#/$defs/")] | node
    options = [each for each in node.get("anyOf", []) if each != {"type": "null"}]
    if "anyOf" in node:
        del node["anyOf"]
        node = options[0] | node if len(options) == 1 else node | {"anyOf": options}
        if "$ref" in node:
            return _inlined(node, definitions)
    if node.get("default", ...) is None or isinstance(node.get("default"), dict):
        del node["default"]
    node["description"] = _described(node)
    if isinstance(node.get("title"), str):
        del node["title"]
    inlined = {key: _inlined(value, definitions) for key, value in node.items() if value is not None}
    if "oneOf" in inlined and "type" not in inlined:
        return _merged(inlined)
    return inlined


def _described(node: Schema) -> str | None:
    """The description, with the unit and what holds if the key is absent."""
    text = node.get("description")
    unit, without = node.pop("unit", None), node.pop("without", None)
    if text and unit:
        text += f" Unit: {unit}."
    if text and without:
        text += f" If absent: {without}."
    return text


def _merged(node: Schema) -> Schema:
    """Alternatives of different types as one schema with a list of types, if no keyword means different things in them."""
    options = node["oneOf"]
    keywords = [key for each in options for key in each if key not in ("type", "description")]
    if len(keywords) != len(set(keywords)):
        return node
    types = [each["type"] for each in options]
    merged = {key: value for each in options for key, value in each.items() if key not in ("type", "description")}
    return {key: value for key, value in node.items() if key not in ("oneOf", "discriminator")} | {"type": types} | merged


def _name_values(mapping: Schema, reference: str) -> None:
    """Describe the values of a mapping with free names under the placeholder NAME."""
    values = mapping.pop("additionalProperties", None) or mapping.pop("patternProperties")[NAME]
    mapping.pop("patternProperties", None)
    mapping |= {"propertyNames": {"pattern": NAME}, "properties": {"NAME": values}, "additionalProperties": {"$ref": reference}}
