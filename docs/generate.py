"""Pages of the documentation that are made from files of the project; `make docs` writes them before it builds the site."""

import ast
import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

import gallery_pages
import reference_pages

from guidefit.report.pages import formula

LIBRARY = Path(__file__).parents[1] / "scripts/guidefit"
PACKAGES = ("base", "screens", "models", "simulation", "engines", "assess", "effects", "report", "config")


def write(folder: Path) -> None:
    """Write all pages and remove those that no longer exist; a page that did not change keeps its date."""
    pages = {"explore": notebook(), "gallery": gallery_pages.gallery(), "models": models(), "library": library()}
    pages |= {f"library_{package}": package_page(package) for package in PACKAGES}
    pages |= {name: getattr(reference_pages, name)() for name in ("tables", "checks", "messages", "rules")}
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.md"):
        if path.stem not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def notebook() -> str:
    """The text and the code of docs/explore.ipynb, which the tests execute."""
    cells = json.loads((Path(__file__).parent / "explore.ipynb").read_text(encoding="utf-8"))["cells"]
    sources = [("".join(cell["source"]), cell["cell_type"]) for cell in cells]
    parts = [text if kind == "markdown" else f"```python\n{text}\n```" for text, kind in sources]
    return "\n\n".join([*parts, "The notebook itself: {download}`explore.ipynb <../explore.ipynb>`."]) + "\n"


def models() -> str:
    """Every built-in variant: what it is, and its formulas."""
    parts = ["# Models\n\nThe built-in variants, as their files state them (`scripts/guidefit/models/variants/`).\n"]
    for path in sorted((LIBRARY / "models/variants").glob("[a-z]*.py")):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        rows = "\n".join(f"<p>{'&emsp;'.join(pieces)}</p>" for pieces in formula.lines(text))
        parts.append(f"## {path.stem}\n\n{text.splitlines()[0]}\n\n```{{raw}} html\n{rows}\n```\n")
    return "\n".join(parts)


def library() -> str:
    """The list of packages."""
    listed = "\n".join(f"library_{package}" for package in PACKAGES)
    return f"# Library\n\nEach package imports only those before it.\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"


def package_page(package: str) -> str:
    """The public functions and classes of a package with their docstrings."""
    parts = [f"# guidefit.{package}\n"]
    for path in sorted((LIBRARY / package).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = ".".join(("guidefit", *path.relative_to(LIBRARY).with_suffix("").parts)).removesuffix(".__init__")
        entries = "\n".join(_entries(tree))
        if name != f"guidefit.{package}" and (entries or ast.get_docstring(tree)):
            parts.append(f"## {name}\n\n{_text(ast.get_docstring(tree))}\n\n{entries}")
    return "\n".join(parts) + "\n"


def _entries(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield f"```python\n{_signature(node)}\n```\n\n{_text(ast.get_docstring(node))}\n"
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef) and not each.name.startswith("_")]
            lines = "\n".join([f"class {node.name}", *(f"    {_signature(each)}" for each in methods)])
            yield f"```python\n{lines}\n```\n\n{_text(ast.get_docstring(node))}\n"


def _signature(node: ast.FunctionDef) -> str:
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"def {node.name}({ast.unparse(node.args)}){returns}"


def _text(docstring: str | None) -> str:
    """The paragraphs of a docstring as plain text; items and formulas keep their lines."""
    if not docstring:
        return ""
    paragraphs = [re.sub(r"\n(?!- |[^\n]*~)", " ", each) for each in docstring.split("\n\n")]
    rows = "\n".join(f"<p style='white-space: pre-line'>{escape(each)}</p>" for each in paragraphs)
    return f"```{{raw}} html\n{rows}\n```"


if __name__ == "__main__":
    write(Path(__file__).parent / "generated")
    gallery_pages.copy_pages(Path(__file__).parent / "generated/site")
