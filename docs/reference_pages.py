"""Pages of the reference that are made from the code of the workflow: tables, checks, messages, rules."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from guidefit.assess import wording
from guidefit.config.thresholds import Thresholds

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs/reference"
RULES = ("screens", "fit", "assess", "effects", "report", "pages", "design", "forecast")
_RULE = re.compile(r"^(?:use )?(?:rule|checkpoint) (?:\w+ as )?(\w+)(?: with)?:\n((?: {4}.*\n|\n(?= {4}))+)", re.MULTILINE)
_LIMIT = re.compile(r"\{(value|limit)(?::[^}]*)?\}")


def read(name: str) -> dict[str, Any]:
    """A file of docs/reference."""
    return yaml.safe_load((REFERENCE / f"{name}.yaml").read_text(encoding="utf-8"))


def columns_of(source: str) -> list[str]:
    """The columns of a table, from the constant `module:NAME` of the code that writes it."""
    module, name = source.split(":")
    return list(getattr(importlib.import_module(module), name))


def meaning(table: dict[str, Any], common: dict[str, str], column: str) -> str:
    """What a column means. Raises KeyError for one that docs/reference/tables.yaml does not describe."""
    return table.get("columns", {}).get(column) or common[column]


def tables() -> str:
    """Every table of the results with its columns and units."""
    found = read("tables")
    parts = [
        "# Columns of the tables\n\nAll tables lie in `results/{study}/`. CSV files are UTF-8 with a comma; empty cells are "
        "missing values. Effects of genes, sgRNAs and lines are in logFC, the log2 fold change of an sgRNA's abundance, unless a "
        "unit in brackets says otherwise. Next to each CSV file of genes and sgRNAs lies a Parquet file with the same columns.\n"
    ]
    for name, table in found["tables"].items():
        rows = [f"| `{column}` | {meaning(table, found['common'], column)} |" for column in columns_of(table["source"])]
        parts.append(f"## {name}\n\n{table['about']}\n\n| column | meaning |\n|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def checks() -> str:
    """Every check: what it measures, its source, its thresholds, what the page says, and what to do."""
    parts = [
        "# Checks, and what to do when one fails\n\nA fit's verdict is the worst level of its checks. `checks.csv` has a row for "
        "each, with its value, threshold and level. Thresholds are keys of the section "
        "[`thresholds`](../config.md) of a study. In the sentences *value* and *limit* stand for numbers, and *where* for names.\n"
    ]
    for name, about in read("checks").items():
        limits = [f"`{key}` ({Thresholds.model_fields[key].default:.3g})" for key in about["thresholds"]]
        said = _sentence(name)
        rows = [f"**Measures.** {about['measures']}"]
        rows += [f"**Thresholds.** {', '.join(limits)}."] if limits else []
        rows += [f"**The page says.** *{said}.*"] if said else []
        rows.append(f"**What to do.** {about['do']}")
        parts.append(f"## {wording.label(name)}\n\nCheck `{name}`.\n\n" + "\n\n".join(rows) + "\n")
    return "\n".join(parts)


def _sentence(check: str) -> str:
    """The sentence of a check that does not pass, with words in place of its numbers."""
    text = _LIMIT.sub(r"\1", wording.template(check)).replace("{where}", "where")
    return text if text != "where" else ""


def messages() -> str:
    """The errors that input and config can cause, by package, as the code words them; <...> stands for what was found."""
    parts = [
        "# Messages\n\nErrors in the input or the config stop a run before or at the job that meets them. A message says what is "
        "wrong and where, what was expected, and what to do. This list is taken from the code; a name in angle brackets stands for "
        "what was found. Warnings on fits are described under [Checks](checks.md). Messages of all jobs are in `logs/`.\n"
    ]
    for package in ("config", "screens", "models", "simulation", "engines", "assess", "effects", "report", "base"):
        texts = sorted({text for path in (ROOT / "scripts/guidefit" / package).rglob("*.py") for text in _errors(path)})
        if texts:
            parts.append(f"## {package}\n\n" + "\n".join(f"- `{text}`" for text in texts) + "\n")
    return "\n".join(parts)


def _errors(path: Path) -> Iterator[str]:
    """The texts of errors, and of the config's problems, which are pairs (key, text) that a method yields."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("UserError", "FitError")
            and node.args
        ):
            text = _template(node.args[0])
        elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple) and path.parent.name == "config":
            text = _template(node.value.elts[-1])
        else:
            continue
        if " " in re.sub(r"<\w+>", "", text).strip():
            yield re.sub(r"\s+", " ", text).replace("`", "'").strip()


def _template(node: ast.expr) -> str:
    """The text of a string, with <names> for what is formatted into it; empty for an expression without text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_template(each) for each in node.values)
    if isinstance(node, ast.FormattedValue):
        names = [each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)]
        return f"<{(names[-1] if names else 'value').lower()}>"
    if isinstance(node, ast.BinOp):
        return _template(node.left) + _template(node.right)
    return ""


def rules() -> str:
    """The rules of the workflow by step: what each does, its script and what it leaves."""
    parts = [
        "# Rules\n\nSnakemake runs these rules; each calls one script of `scripts/`. A rule that is a variant of another one "
        "(other inputs or outputs) has no line of its own. `snakemake --cores 1 results/{study}/recovery.csv` makes one file.\n"
    ]
    for step in RULES:
        text = (ROOT / f"workflow/rules/{step}.smk").read_text(encoding="utf-8")
        about = re.match(r"(?:# .*\n)+", text)
        rows = [row for name, body in _RULE.findall(text) if (row := _rule(name, body))]
        intro = " ".join(line.removeprefix("# ") for line in about[0].splitlines()) if about else ""
        parts.append(
            f"## {step}.smk\n\n{intro}\n\n| rule | what it does | script | leaves |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
        )
    return "\n".join(parts)


def _rule(name: str, body: str) -> str:
    says = re.search(r'message:\n\s+"(.*?)"\n', body)
    script = re.search(r'script:\n\s+"\.\./\.\./scripts/(.*?)"', body)
    if not says or not script:
        return ""
    output = body.split("output:", 1)[-1].split("\n    log:", 1)[0] if "output:" in body else ""
    leaves = dict.fromkeys(re.findall(r'"(results/[^"]*)"', output))
    does = says[1].split(": ", 1)[-1].replace("wildcards.", "")
    return f"| `{name}` | {does} | `{script[1]}` | {', '.join(f'`{each}`' for each in leaves)} |"
