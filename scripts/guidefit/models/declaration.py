"""Model variants: one file each. A variant's file holds

- a docstring, whose first line describes it,
- `PRIORS`, a literal dict: variable -> its prior, {"distribution": name of a PyMC distribution, and its parameters} or a text such
  as "Normal(0, 5)" (guidefit.models.priors),
- `build(data, priors)`, which returns a PyMC model of the arrays in `data` (guidefit.screens.arrays.ModelData),
- if the model is linear and Gaussian given its scales, `GAUSSIAN`, a literal dict that says which variable has which role, so that
  the engine `collapsed` can fit it (guidefit.models.structure),
- if it has effects by gene and cell line, `STRUCTURE`, a literal dict of the same kind, so that the engine `gibbs` can fit it
  (guidefit.models.line_structure),
- if it describes a single cell line, `ONE_LINE`, a literal dict of the same kind, so that the engine `gibbs` can fit it
  (guidefit.models.one_line),
- if slopes multiply a curve of x, `RESPONSE`, a literal pair: the curve's name in guidefit.models.responses, and that of its
  parameter in PRIORS.

This module finds and reads variants without importing PyMC; guidefit.models.parts helps to write them.
"""

import ast
import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guidefit.base.errors import UserError
from guidefit.models import priors, responses

BUILT_IN = (
    "varying_effects",
    "global_intercept",
    "correlated_effects",
    "pooled",
    "gene_effects",
    "varying_intercepts",
    "student_t",
    "correlated_genes",
    "saturating_effects",
    "piecewise_effects",
    "cell_line_intercepts",
    "gene_classes",
    "gene_by_line",
    "sgrna_intercepts",
    "gene_intercepts",
    "one_line",
    "one_line_contrast",
)

SLOPES = {"beta", "mu_delta", "delta_g", "beta_s"}  # names of slopes in variants without GAUSSIAN

VARIANTS = Path(__file__).parent / "variants"

Priors = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Declaration:
    """What a variant's file declares, read without running it. text: its docstring. response: curve of x and its
    parameter; None: x itself."""

    path: Path
    text: str
    priors: Priors
    gaussian: dict[str, Any] | None = None
    response: tuple[str, str] | None = None
    structure: dict[str, Any] | None = None
    one_line: dict[str, Any] | None = None

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return self.text.splitlines()[0]

    @property
    def needs_copy_numbers(self) -> bool:
        """Whether it multiplies x in any screen, as far as `GAUSSIAN`, or else the names of its priors, say so.

        A variant with `STRUCTURE` leaves its slopes out where the screen has no copy numbers.
        """
        if self.structure is not None:
            return False
        if self.gaussian is not None:
            return bool(self.gaussian.get("slope"))
        return self.response is not None or not SLOPES.isdisjoint(self.priors)


def declare(path: str | Path) -> Declaration:
    """Read a variant's docstring and its literals from its source; raises UserError if the file is not a variant."""
    path = Path(path)
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot read this variant's file: {error.strerror}.") from error
    except (SyntaxError, ValueError) as error:
        raise UserError(f"{path}: not valid Python: {error}.") from error
    assigned = _assigned(tree)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if "build" not in functions or len(functions["build"].args.args) != 2:
        raise UserError(f"{path}: a variant needs a function build(data, priors) that returns a PyMC model.")
    if "PRIORS" not in assigned:
        raise UserError(f"{path}: a variant needs PRIORS, a dict of its priors (it may be empty).")
    gaussian = _literal(path, "GAUSSIAN", assigned["GAUSSIAN"], "names of variables") if "GAUSSIAN" in assigned else None
    declared = _literal(path, "PRIORS", assigned["PRIORS"], "names of distributions and numbers")
    own = _priors(path, declared, priors.scales_of(gaussian))
    response = _response(path, assigned["RESPONSE"], own) if "RESPONSE" in assigned else None
    structure = _literal(path, "STRUCTURE", assigned["STRUCTURE"], "names of variables") if "STRUCTURE" in assigned else None
    one_line = _literal(path, "ONE_LINE", assigned["ONE_LINE"], "names of variables") if "ONE_LINE" in assigned else None
    return Declaration(path, ast.get_docstring(tree) or path.stem, own, gaussian, response, structure, one_line)


def _assigned(tree: ast.Module) -> dict[str, ast.expr]:
    """Name -> value of each assignment at the top level, with or without an annotation."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        found |= {target.id: value for target in targets if isinstance(target, ast.Name) and value is not None}
    return found


def _literal(path: Path, name: str, node: ast.expr, content: str) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise UserError(f"{path}, line {node.lineno}: {name} must be a plain literal: {content}, nothing computed.") from None


def _priors(path: Path, declared: Any, scales: list[str]) -> Priors:
    """The variant's own priors as mappings; raises UserError with everything that is wrong with them."""
    if not isinstance(declared, dict) or not all(isinstance(name, str) for name in declared):
        raise UserError(f"{path}: PRIORS must be a dict: name of a variable -> its prior, such as {priors.EXAMPLE}.")
    found: Priors = {}
    lines = []
    for name, value in declared.items():
        found[name], problems = priors.read(value)
        if name in scales and not problems:
            problems = list(priors.find_negative_scale(found[name]))
        if problems:
            lines.append(priors.join(problems, f"{path}: PRIORS.{name}"))
    if lines:
        raise UserError("\n".join(lines))
    return found


def _response(path: Path, node: ast.expr, own: Priors) -> tuple[str, str]:
    try:
        curve, parameter = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise UserError(f'{path}: RESPONSE must be a literal pair, a curve and its parameter: ("saturating", "kappa").') from None
    if curve not in responses.CURVES:
        raise UserError(f"{path}: RESPONSE: {curve!r} is not a curve. The curves are: {', '.join(responses.CURVES)}.")
    if parameter not in own:
        raise UserError(f"{path}: RESPONSE names {parameter}, which PRIORS does not have.")
    return curve, parameter


FORMER_MODULES = {
    "guidefit.variants": "guidefit.models.declaration",
    "guidefit.variants.parts": "guidefit.models.parts",
    "guidefit.responses": "guidefit.models.responses",
    "guidefit.screen": "guidefit.screens.arrays",
}
"""Former -> present names of modules that a variant's file may import: files written for earlier versions keep working."""


def file_of(name: str, own: Sequence[str] = ()) -> Path:
    """The file of a variant: the first of the user's own files where there are any, else the built-in variant of this name."""
    return Path(own[0]) if own else VARIANTS / f"{name}.py"


def load(path: str | Path) -> Callable[..., Any]:
    """The `build` function of a variant's file, which may import modules from its own folder."""
    path = Path(path)
    if path.resolve().parent != VARIANTS:
        sys.path.insert(0, str(path.resolve().parent))
    for former, present in FORMER_MODULES.items():
        module = sys.modules.setdefault(former, importlib.import_module(present))
        package, _, own = former.rpartition(".")
        setattr(sys.modules[package], own, module)  # for `from guidefit.variants import parts`
    spec = importlib.util.spec_from_file_location(f"guidefit_variant_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.build


def merge_priors(declared: Priors, configured: Priors, place: str) -> Priors:
    """The declared priors, with the configured ones replacing theirs; `place` names the config key in errors."""
    unknown = set(configured) - set(declared)
    if unknown:
        raise UserError(f"{place}.{min(unknown)}: this variant has no such prior. It has: {', '.join(declared) or 'none'}.")
    return declared | configured
