"""Digests of code: what a script depends on, read from its imports and from those of every library module that they reach.

Nothing is imported or executed: modules are found by their `import` statements, wherever these are in a file. Comments, docstrings
and formatting do not count (`ast.unparse`), so that rewording a sentence leaves a digest as it is, on every Python version. A
module that is imported by a computed name has to be named by the caller.
"""

import ast
import hashlib
import re
from collections.abc import Callable, Iterable
from functools import cached_property

Read = Callable[[str], str | None]
"""Text of a file of the library, by its path relative to the folder that holds the package; None where there is no such file."""

PACKAGE = "guidefit"
_TEMPLATES = f"{PACKAGE}/report/templates"
_INCLUDED = re.compile(r"""{%-?\s*(?:extends|include|import|from)\s+["']([^"']+)["']""")


class Library:
    """The library's source files, each read and parsed once."""

    def __init__(self, read: Read) -> None:
        """read: gives the text of a file."""
        self._read = read
        self._texts: dict[str, str | None] = {}
        self._code: dict[str, Code] = {}

    def digest(self, code: "Code", *modules: str) -> str:
        """Checksum (16 hexadecimal digits) of this code, of the modules named, and of everything that they reach."""
        content = hashlib.sha256(code.normalised.encode())
        for path in self.reached(code, *modules):
            text = self._of(path).normalised if path.endswith(".py") else self._text(path)
            content.update(f"\x1f{path}\x1f{text}".encode())
        return content.hexdigest()[:16]

    def reached(self, code: "Code", *modules: str) -> list[str]:
        """Paths of all files of the library that this code and the modules named (such as guidefit.engines.nuts) depend on."""
        found: set[str] = set()
        waiting = [*code.imported, *((module, ()) for module in modules)]
        while waiting:
            for path in self._files(*waiting.pop()):
                if path not in found:
                    found.add(path)
                    if path.endswith(".py"):
                        waiting += self._of(path).imported
                        found |= self._templates(self._of(path).templates)
        return sorted(found)

    def _files(self, module: str, names: tuple[str, ...]) -> Iterable[str]:
        """The files that `from module import names` executes: packages on the way, the module, and modules among the names."""
        parts = module.split(".")
        yield from ("/".join(parts[:depth]) + "/__init__.py" for depth in range(1, len(parts)))
        path = "/".join(parts)
        if self._text(f"{path}.py") is not None:
            yield f"{path}.py"
        elif self._text(f"{path}/__init__.py") is not None:
            yield f"{path}/__init__.py"
            for name in names:
                if self._text(f"{path}/{name}.py") is not None:
                    yield f"{path}/{name}.py"
                elif self._text(f"{path}/{name}/__init__.py") is not None:
                    yield f"{path}/{name}/__init__.py"

    def _templates(self, names: Iterable[str]) -> set[str]:
        """Paths of these templates and of those that they include."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            path = f"{_TEMPLATES}/{waiting.pop()}"
            text = self._text(path)
            if text is not None and path not in found:
                found.add(path)
                waiting += _INCLUDED.findall(text)
        return found

    def _of(self, path: str) -> "Code":
        if path not in self._code:
            self._code[path] = Code(self._text(path) or "")
        return self._code[path]

    def _text(self, path: str) -> str | None:
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]


class Code:
    """One Python file: what it imports from the library, which templates it names, and its code without comments and docstrings."""

    def __init__(self, text: str) -> None:
        """text: the file's source."""
        self._tree = ast.parse(text)

    @cached_property
    def imported(self) -> list[tuple[str, tuple[str, ...]]]:
        """(module, names imported from it) for every import of the library."""
        found: list[tuple[str, tuple[str, ...]]] = []
        for node in ast.walk(self._tree):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == PACKAGE:
                found.append((node.module, tuple(alias.name for alias in node.names)))
            elif isinstance(node, ast.Import):
                found += [(alias.name, ()) for alias in node.names if alias.name.split(".")[0] == PACKAGE]
        return found

    @cached_property
    def templates(self) -> list[str]:
        """Names of templates among the file's string constants."""
        constants = (node.value for node in ast.walk(self._tree) if isinstance(node, ast.Constant))
        return [value for value in constants if isinstance(value, str) and value.endswith(".j2")]

    @cached_property
    def normalised(self) -> str:
        """The code alone, formatted by Python itself."""
        self.imported, self.templates  # noqa: B018 - read before docstrings are removed
        for node in ast.walk(self._tree):
            for field in ("body", "orelse", "finalbody"):
                statements = getattr(node, field, None)
                if isinstance(statements, list) and any(map(_is_text, statements)):
                    setattr(node, field, [each for each in statements if not _is_text(each)] or [ast.Pass()])
        return ast.unparse(self._tree)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)
