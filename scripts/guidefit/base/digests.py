"""Digests of code: checksums of everything that a script or a variant's file depends on, read from their imports.

Nothing is imported or executed: modules are found by the `import` statements, wherever these are in a file, of the file itself and
of every module that it reaches. Comments, docstrings and formatting do not count (`ast.unparse`), so that rewording a sentence
leaves a digest as it is, on every Python version. A module that is imported by a computed name has to be named by the caller.
Templates count where a module names them as string constants.
"""

import ast
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath

from guidefit.base.errors import UserError

Read = Callable[[str], str | None]
"""Text of a file, by its path relative to the folder that holds the package; None where there is no such file."""

PACKAGE = "guidefit"
_TEMPLATES = f"{PACKAGE}/report/templates"
_TEMPLATE = re.compile(r"""["']([^"'\n]+\.j2)["']""")
_INCLUDED = re.compile(r"""{%-?\s*(?:extends|include|import|from)\s+["']([^"']+)["']""")


class Library:
    """The library's source files, each read and parsed once."""

    def __init__(self, read: Read) -> None:
        """read: returns the text of a file."""
        self._read = read
        self._texts: dict[str, str | None] = {}
        self._codes: dict[str, Code] = {}

    def digest(self, code: "Code", *modules: str) -> str:
        """Checksum (16 hexadecimal digits) of this code, of the modules named, and of everything that they reach."""
        content = hashlib.sha256(code.normalised.encode())
        for path in self.reached(code, *modules):
            text = self._code(path).normalised if path.endswith(".py") else self._text(path)
            content.update(f"\x1f{path}\x1f{text}".encode())
        return content.hexdigest()[:16]

    def reached(self, code: "Code", *modules: str) -> list[str]:
        """Paths of all files that this code and the modules named (such as guidefit.engines.nuts) depend on."""
        found: set[str] = set()
        waiting = [*code.imported(""), *((module, ()) for module in modules)]
        while waiting:
            for path in self._files(*waiting.pop()):
                if path not in found:
                    found.add(path)
                    waiting += self._code(path).imported(path)
                    found |= self._templates(self._code(path).templates)
        return sorted(found)

    def _files(self, module: str, names: tuple[str, ...]) -> Iterable[str]:
        """The files that `from module import names` executes: packages on the way, the module, and modules among the names."""
        parts = module.split(".")
        on_the_way = ("/".join(parts[:depth]) + "/__init__.py" for depth in range(1, len(parts)))
        yield from (path for path in on_the_way if self._text(path) is not None)
        path = self._file(module)
        if path:
            yield path
            yield from filter(None, (self._file(f"{module}.{name}") for name in names)) if path.endswith("/__init__.py") else ()

    def _file(self, module: str) -> str | None:
        """The file of a module or package."""
        path = module.replace(".", "/")
        return next((each for each in (f"{path}.py", f"{path}/__init__.py") if self._text(each) is not None), None)

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

    def _code(self, path: str) -> "Code":
        if path not in self._codes:
            self._codes[path] = Code(self._text(path) or "")
        return self._codes[path]

    def _text(self, path: str) -> str | None:
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]


class OwnVariant(Library):
    """A user's variant file, the modules next to it, and the library under its present and its former names."""

    def __init__(self, path: str | Path, library: Library, former: Mapping[str, str]) -> None:
        """path: the variant's file; former: former name of a module -> its present name. UserError: a file is not valid Python."""
        super().__init__(lambda path: _text_of(self._folder / path))
        self._path, self._folder = Path(path), Path(path).parent
        self._library, self._former = library, former

    def checksum(self) -> str:
        """Checksum of the variant's code and of everything that it reaches."""
        return self.digest(self._own_code())

    def helpers(self) -> list[str]:
        """Paths of the modules next to the variant's file that it imports, as the path of the variant's file is given."""
        reached = self.reached(self._own_code())
        return [str(self._folder / path) for path in reached if PurePosixPath(path).parts[0] != PACKAGE]

    def _own_code(self) -> "Code":
        return self._code(self._path.name)

    def _files(self, module: str, names: tuple[str, ...]) -> Iterable[str]:
        if module.split(".")[0] != PACKAGE:
            yield from (path for path in super()._files(module, names) if path != self._path.name)
            return
        yield from self._library._files(self._former.get(module, module), names)
        for name in names:
            if present := self._former.get(f"{module}.{name}"):
                yield from self._library._files(present, ())

    def _code(self, path: str) -> "Code":
        if path.startswith(f"{PACKAGE}/"):
            return self._library._code(path)
        try:
            return super()._code(path)
        except (SyntaxError, ValueError) as error:
            raise UserError(f"{self._folder / path}: not valid Python: {error}.") from error

    def _text(self, path: str) -> str | None:
        return self._library._text(path) if path.startswith(f"{PACKAGE}/") else super()._text(path)


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return None


class Code:
    """One Python file: what it imports, which templates it names, and its code without comments and docstrings."""

    def __init__(self, text: str) -> None:
        """text: the file's source."""
        self._tree = ast.parse(text)
        self.templates = _TEMPLATE.findall(text)
        self._imports: list[ast.Import | ast.ImportFrom] = []
        self._strip(self._tree)

    def _strip(self, node: ast.AST) -> None:
        """Remove docstrings from a node's statements and from theirs, and take down the imports among them."""
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            statements = getattr(node, field, None)
            if isinstance(statements, list):
                if any(map(_is_text, statements)):
                    setattr(node, field, [each for each in statements if not _is_text(each)] or [ast.Pass()])
                for statement in statements:
                    if isinstance(statement, ast.Import | ast.ImportFrom):
                        self._imports.append(statement)
                    else:
                        self._strip(statement)

    def imported(self, path: str) -> list[tuple[str, tuple[str, ...]]]:
        """(module, names imported from it) for every import; `path` is the file's own, which relative imports start from."""
        found: list[tuple[str, tuple[str, ...]]] = []
        for node in self._imports:
            if isinstance(node, ast.Import):
                found += [(alias.name, ()) for alias in node.names]
            else:
                package = PurePosixPath(path).parts[: -node.level] if node.level else ()
                module = ".".join([*package, *([node.module] if node.module else [])])
                if module:
                    found.append((module, tuple(alias.name for alias in node.names)))
        return found

    @cached_property
    def normalised(self) -> str:
        """The code alone, formatted by Python itself."""
        return ast.unparse(self._tree)


def _is_text(statement: ast.AST) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)
