"""The config's YAML files, read for what is lost when they are loaded: duplicate keys, and numbers that YAML reads otherwise."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

OCTAL = re.compile(r"[-+]?0[0-7_]+")
SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def syntax_error(path: str | Path) -> str | None:
    """What makes a file unreadable as YAML, with file, line and column; None if it is a mapping."""
    try:
        root = yaml.compose(Path(path).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        return f"{path}: cannot read this file: {error.strerror}."
    except UnicodeDecodeError as error:
        return f"{path}: not a text in UTF-8 (byte {error.start}). Save it in UTF-8."
    except yaml.MarkedYAMLError as error:
        return _syntax(path, error)
    except yaml.YAMLError as error:
        return f"{path}: not valid YAML: {' '.join(str(error).split())}."
    except RecursionError:
        return f"{path}: hundreds of brackets or indents within one another. A config needs fewer than ten."
    if not isinstance(root, yaml.MappingNode):
        return f"{path}: the top level must be a mapping with the key studies, as in config/config.yaml."
    try:
        yaml.SafeLoader("").construct_document(root)  # it knows no tags of Python's objects
    except yaml.MarkedYAMLError as error:
        return _syntax(path, error)
    return None


def _syntax(path: str | Path, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    place = f"{path}, line {mark.line + 1}, column {mark.column + 1}" if mark else str(path)
    context = f": {error.context}" if error.context else ""
    if error.context and error.context_mark and mark and error.context_mark.line != mark.line:
        context += f" that starts in line {error.context_mark.line + 1}"
    tab = " Indent with spaces, not tabs." if "\\t" in (error.problem or "") else ""
    snippet = mark.get_snippet(indent=4) if mark else None
    remedy = "Check the indentation, colons, brackets and quotes at this place."
    return f"{place}: not valid YAML{context}: {error.problem}.{tab} {remedy}" + (f"\n{snippet}" if snippet else "")


def find_problems(paths: Iterable[str | Path]) -> Iterator[str]:
    """A line for each duplicate key and each misleading number in these files, with file, line and column.

    Files with a syntax error, which Snakemake has read by other means (JSON), and templates (`__use_yte__`) are left out.
    """
    for path in paths:
        try:
            root = yaml.compose(Path(path).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue
        if isinstance(root, yaml.MappingNode) and not any(key.value == "__use_yte__" for key, _ in root.value):
            yield from _walk(str(path), root, (), set())


def _walk(file: str, node: yaml.Node, path: tuple[str, ...], seen: set[int]) -> Iterator[str]:
    if id(node) in seen:  # an alias
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        yield from _duplicates(file, node, path)
        for key, value in node.value:
            yield from _walk(file, value, (*path, str(key.value)), seen)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _walk(file, value, path, seen)
    elif isinstance(node, yaml.ScalarNode) and "studies" in path and (sentence := _misleading(node)):
        yield f"{_place(file, node)}: {'.'.join(path)}: {sentence}"


def _duplicates(file: str, mapping: yaml.MappingNode, path: tuple[str, ...]) -> Iterator[str]:
    first: dict[tuple[str, str], yaml.Node] = {}
    for key, value in mapping.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
            continue
        if key.value.endswith(")") and value.value == "":
            continue  # a part of a prior without quotes, which is reported as such
        known = first.setdefault((key.tag, key.value), key)
        if known is not key:
            where = f"line {known.start_mark.line + 1}, column {known.start_mark.column + 1}"
            name = ".".join((*path, key.value))
            yield f"{_place(file, key)}: {name} is already given in {where}; YAML keeps only the last one. Remove one of the two."


def _misleading(node: yaml.ScalarNode) -> str | None:
    """A sentence on a number without quotes that YAML reads as octal or to the base 60."""
    text = node.value
    if node.style is not None or node.tag not in NUMBERS:
        return None
    if OCTAL.fullmatch(text):
        value = int(text.replace("_", ""), 8)
        return f"YAML reads {text} as an octal number, {value}. Write {text.lstrip('+-0_') or '0'} without leading zeros."
    if SEXAGESIMAL.fullmatch(text):
        value = yaml.SafeLoader("").construct_yaml_float(node) if "." in text else yaml.SafeLoader("").construct_yaml_int(node)
        return (
            f"YAML reads {text} as a number to the base 60, {value}. Write {value:g}, or {text.replace(':', '-', 1)} for a range."
        )
    return None


def _place(file: str, node: yaml.Node) -> str:
    return f"{file}, line {node.start_mark.line + 1}, column {node.start_mark.column + 1}"
