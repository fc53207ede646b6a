"""Model variants: one file each. A variant's file holds

- a docstring, whose first line describes it,
- `PRIORS`, a literal dict: variable -> {"distribution": name of a PyMC distribution, and its parameters},
- `build(data, priors)`, which returns a PyMC model of the arrays in `data` (guidefit.screens.arrays.ModelData),
- where the model is linear and Gaussian given its scales, `GAUSSIAN`, a literal dict that says which variable is what, so that the
  engine `collapsed` can fit it (guidefit.models.structure),
- where slopes multiply a curve of x, `RESPONSE`, a literal pair: the curve's name in guidefit.models.responses, and that of its
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

from guidefit.models import responses
from guidefit.base.errors import UserError

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
)

VARIANTS = Path(__file__).parent / "variants"

Priors = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Declaration:
    """What a variant's file says of itself, read without running it. response: curve of x and its parameter; None: x itself."""

    path: Path
    summary: str
    priors: Priors
    gaussian: dict[str, Any] | None = None
    response: tuple[str, str] | None = None


def declare(path: str | Path) -> Declaration:
    """Read a variant's docstring and its literals from its source; raises UserError where the file is no variant."""
    path = Path(path)
    try:
        tree = ast.parse(path.read_text())
    except OSError as error:
        raise UserError(f"{path}: cannot read this variant's file: {error.strerror}.") from error
    except (SyntaxError, ValueError) as error:
        raise UserError(f"{path}: not valid Python: {error}.") from error
    assigned = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if "build" not in functions or len(functions["build"].args.args) != 2:
        raise UserError(f"{path}: a variant needs a function build(data, priors) that returns a PyMC model.")
    try:
        priors = ast.literal_eval(assigned["PRIORS"])
    except KeyError:
        raise UserError(f"{path}: a variant needs PRIORS, a dict of its priors (it may be empty).") from None
    except ValueError:
        raise UserError(f"{path}: PRIORS must be a plain literal: names of distributions, numbers, nothing computed.") from None
    try:
        gaussian = ast.literal_eval(assigned["GAUSSIAN"]) if "GAUSSIAN" in assigned else None
    except ValueError:
        raise UserError(f"{path}: GAUSSIAN must be a plain literal: names of variables, nothing computed.") from None
    response = _response(path, assigned["RESPONSE"], priors) if "RESPONSE" in assigned else None
    return Declaration(path, (ast.get_docstring(tree) or path.stem).splitlines()[0], priors, gaussian, response)


def _response(path: Path, node: ast.expr, priors: Priors) -> tuple[str, str]:
    try:
        curve, parameter = ast.literal_eval(node)
    except (ValueError, TypeError):
        raise UserError(f'{path}: RESPONSE must be a literal pair, a curve and its parameter: ("saturating", "kappa").') from None
    if curve not in responses.CURVES:
        raise UserError(f"{path}: RESPONSE: no curve {curve!r}. There are: {', '.join(responses.CURVES)}.")
    if parameter not in priors:
        raise UserError(f"{path}: RESPONSE names {parameter}, which PRIORS does not have.")
    return curve, parameter


FORMER_MODULES = {
    "guidefit.variants": "guidefit.models.declaration",
    "guidefit.variants.parts": "guidefit.models.parts",
    "guidefit.responses": "guidefit.models.responses",
    "guidefit.screen": "guidefit.screens.arrays",
}
"""Where modules that a variant's file may import have moved: files written for earlier versions keep working."""


def file_of(name: str, own: Sequence[str] = ()) -> Path:
    """The file of a variant: the first of the user's own files where there are any, else the built-in variant of this name."""
    return Path(own[0]) if own else VARIANTS / f"{name}.py"


def load(path: str | Path) -> Callable[..., Any]:
    """The `build` function of a variant's file, which may import modules from its own folder."""
    path = Path(path)
    if path.resolve().parent != VARIANTS:
        sys.path.insert(0, str(path.resolve().parent))
    for former, present in FORMER_MODULES.items():
        sys.modules.setdefault(former, importlib.import_module(present))
    spec = importlib.util.spec_from_file_location(f"guidefit_variant_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.build


def merge_priors(declared: Priors, configured: Priors, place: str) -> Priors:
    """The declared priors with the configured ones in place of their own; `place` names the config key in errors."""
    unknown = set(configured) - set(declared)
    if unknown:
        raise UserError(f"{place}.{min(unknown)}: this variant has no such prior. It has: {', '.join(declared) or 'none'}.")
    return declared | configured
