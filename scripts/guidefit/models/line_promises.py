"""What a variant's STRUCTURE promises, checked before the engine `gibbs` fits it: that build() returns the model it declares."""

import numpy as np
import pymc as pm

from guidefit.base.errors import UserError
from guidefit.models.declaration import Declaration, Priors
from guidefit.models.line_parts import build_line_model
from guidefit.models.parts import QUICK, Build
from guidefit.models.promises import build_checked, small_screen

_POINTS = 4
_REMEDY = "Let build() return build_line_model(STRUCTURE, data, priors) of guidefit.models.line_parts, or use engine: nuts."


def check_structure(build: Build, declared: Declaration, priors: Priors) -> None:
    """Raise UserError where `STRUCTURE` does not declare the model that build() returns.

    The joint log density of all parameters and logFC must be the same for both, up to a constant, at random points of a small
    screen.
    """
    path, data, rng = declared.path, small_screen(), np.random.default_rng(1)
    built = build_checked(build, priors, data, path)
    expected = build_line_model(declared.structure or {}, data, priors)
    shapes, declares = _value_shapes(built), _value_shapes(expected)
    if shapes != declares:
        pairs = ((shapes, declares), (declares, shapes))
        only = [", ".join(name for name in one if one[name] != other.get(name)) or "none" for one, other in pairs]
        raise UserError(
            f"{path}: STRUCTURE does not name the random variables of build(). Only in build(): {only[0]}; only in STRUCTURE: "
            f"{only[1]}. {_REMEDY}"
        )
    densities = [model.compile_logp(sum=False, **QUICK) for model in (built, expected)]
    differences = []
    for _ in range(_POINTS):
        point = {name: 0.3 * rng.standard_normal(shape) for name, shape in shapes.items()}
        one, other = (sum(float(np.sum(part)) for part in density(point)) for density in densities)
        differences.append(one - other)
    if np.ptp(differences) > 1e-6 * (1 + np.abs(differences).max()) or not np.isfinite(differences).all():
        raise UserError(
            f"{path}: STRUCTURE does not declare the model that build() returns: the difference of their log densities varies by "
            f"{np.ptp(differences):.3g} between points of the parameters. {_REMEDY}"
        )


def _value_shapes(model: pm.Model) -> dict[str, tuple[int, ...]]:
    """The shape of every variable on the scale on which samplers move."""
    return {name: np.shape(value) for name, value in model.initial_point(random_seed=1).items()}
