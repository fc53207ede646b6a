"""What a variant's file promises, checked before anything is fitted: its model, its data containers, its priors, its GAUSSIAN."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pymc as pm

from guidefit.base.errors import UserError
from guidefit.models import declaration
from guidefit.models.declaration import Declaration, Priors
from guidefit.models.parts import QUICK, Build, centred
from guidefit.models.levels import Level
from guidefit.models.structure import Structure
from guidefit.screens.arrays import ModelData

REMEDY = "Take both from the data containers: `x, logfc = rows(data)`, with rows from guidefit.models.parts."
_STARTS_TRIED = 100
_TOLERANCE = 1e-8  # of log densities, relative


def load(path: str | Path) -> Build:
    """The `build` function of a variant's file. Raises UserError where the file ends the process when it is imported."""
    try:
        return declaration.load(path)
    except SystemExit as error:
        raise UserError(f"{path}: the file calls sys.exit ({error}) when it is imported. Remove the call.") from None


def is_own(path: str | Path) -> bool:
    """Whether a variant's file is a user's own. The built-in variants are checked by the tests of this project."""
    return Path(path).resolve().parent != declaration.VARIANTS.resolve()


def build_checked(build: Build, priors: Priors, data: ModelData, path: str | Path) -> pm.Model:
    """The model that build() makes of these data. Raises UserError where it breaks a promise; path: the variant's file."""
    recorded = _RecordedPriors(priors)
    model = _build(build, data, recorded, path)
    for problem in _find_problems(model, recorded, data):
        raise UserError(f"{path}: {problem}")
    _check_start(model, path)
    _check_containers(model, build, priors, data, path)
    return model


class _RecordedPriors(dict[str, dict[str, Any]]):
    """Priors that record which of them build() has not used. Reading all of them at once counts as using all."""

    def __init__(self, priors: Priors) -> None:
        super().__init__(priors)
        self.unused = dict.fromkeys(priors)

    def __getitem__(self, name: str) -> dict[str, Any]:
        self.unused.pop(name, None)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.unused.pop(name, None)
        return super().get(name, default)

    def __iter__(self) -> Iterator[str]:
        self.unused.clear()
        return super().__iter__()

    def __or__(self, other: Any) -> Any:
        self.unused.clear()
        return super().__or__(other)

    def items(self) -> Any:
        self.unused.clear()
        return super().items()

    def values(self) -> Any:
        self.unused.clear()
        return super().values()


def _build(build: Build, data: ModelData, priors: Priors, path: str | Path) -> pm.Model:
    try:
        model = build(data, priors)
    except SystemExit as error:
        raise UserError(f"{path}: build() calls sys.exit ({error}). It must return the model. Remove the call.") from None
    if not isinstance(model, pm.Model):
        raise UserError(f"{path}: build() returns {model!r}, but it must return the PyMC model. End it with `return model`.")
    return model


def _find_problems(model: pm.Model, priors: _RecordedPriors, data: ModelData) -> Iterator[str]:
    """What is wrong with a model, as it stands."""
    observed = [variable.name for variable in model.observed_RVs]
    if observed != ["logfc"]:
        found = f"the observed variables {', '.join(observed)}" if observed else "no observed variable"
        yield f"the model has {found}, but it must have one, logfc: give the likelihood this name and `observed=logfc`."
    elif tuple(model.named_vars_to_dims.get("logfc") or ()) != ("row",):
        dims = model.named_vars_to_dims.get("logfc")
        yield f'logfc has the dims {dims}, but it must have one value for each row. Add `dims="row"` to the likelihood.'
    elif (shape := tuple(model["logfc"].shape.eval())) != data.logfc.shape:
        yield f"logfc has the shape {shape}, but the screen has {len(data.logfc)} rows. Give the likelihood one mean for each row."
    discrete = [variable.name for variable in model.free_RVs if variable.dtype.startswith(("int", "uint", "bool"))]
    if discrete:
        yield (
            f"{', '.join(discrete)}: discrete parameters cannot be sampled by NUTS. Sum them out of the likelihood, for example "
            "with pm.Mixture."
        )
    if priors.unused:
        yield f"PRIORS has {', '.join(priors.unused)}, which build() does not use. Use it in build(), or remove it from PRIORS."


def _check_containers(model: pm.Model, build: Build, priors: Priors, data: ModelData, path: str | Path) -> None:
    """Raise UserError where the model does not follow the data that replace those in its containers.

    A compiled model is fitted to the data of another seed by replacing the values of its containers. Its log density must then be
    that of a model that is built from the other data.
    """
    rng = np.random.default_rng(0)
    point = {name: value + 0.3 * rng.standard_normal(np.shape(value)) for name, value in model.initial_point().items()}
    density = _terms(model)
    before = density(point)
    for container, field, name in (("y", "logfc", "logFC"), ("x", "x", "x")):
        present = getattr(data, field)
        # Under a likelihood of positive numbers, or of numbers from 0 to 1, other data may have a density of zero as well.
        for values in (present + rng.standard_normal(len(present)), abs(present) + 0.1, 0.5 + np.arctan(present) / np.pi):
            other = replace(data, **{field: values})
            rebuilt = _terms(_build(build, other, priors, path))(point)
            if container == "x" or not _agree(before, rebuilt):
                break
        else:
            raise UserError(f"{path}: the log density does not depend on logFC. {REMEDY} Pass `observed=logfc` to the likelihood.")
        swapped = before
        if container in model.named_vars:
            pm.set_data({container: getattr(other, field)}, model=model)
            swapped = density(point)
            pm.set_data({container: present}, model=model)
        if not _agree(swapped, rebuilt):
            raise UserError(
                f"{path}: build() takes {name} from data.{field}, so that all seeds of a batch would be fitted to that of the "
                f"first seed. {REMEDY}"
            )


def _terms(model: pm.Model) -> Callable[[dict[str, Any]], np.ndarray]:
    """(term,) log density of each variable and potential, as a function of a point: an infinite one hides no other."""
    function = model.compile_fn(model.logp(sum=False), **QUICK)
    return lambda point: np.array([np.sum(term) for term in function(point)])


def _agree(one: Any, other: Any) -> bool:
    return bool(np.isclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=True).all())


def _check_start(model: pm.Model, path: str | Path) -> None:
    """Raise UserError where a variable's log density is not a number, or infinitely large, at the point where sampling starts.

    A density of zero depends on the data, and is left to `Start`. Potentials are left to it too.
    """
    names = [variable.name for variable in model.basic_RVs]
    terms = model.compile_fn(model.logp(model.basic_RVs, sum=False), **QUICK)(model.initial_point())
    bad = [f"{name} ({np.sum(term):g})" for name, term in zip(names, terms, strict=True) if not np.sum(term) < np.inf]
    if bad:
        raise UserError(
            f"{path}: the log density is not finite where sampling starts, for {', '.join(bad)}. Check for logarithms or roots of "
            "negative numbers, and for division by 0."
        )


class Start:
    """Whether a sampler can start on the data of a screen: it needs a point around the model's start whose density is not zero."""

    def __init__(self, model: pm.Model) -> None:
        self.model, self._density = model, _terms(model)
        self._names = [variable.name for variable in (*model.basic_RVs, *model.potentials)]

    def problem(self, data: ModelData) -> str | None:
        """Why no sampler can start, as a sentence, or None. The start is moved by up to 1 in each coordinate, as samplers do."""
        for container, values in (("y", data.logfc), ("x", data.x)):
            if container in self.model.named_vars:
                pm.set_data({container: values}, model=self.model)
        rng, start, bad = np.random.default_rng(0), self.model.initial_point(), dict.fromkeys(self._names, 0)
        for number in range(_STARTS_TRIED):
            point = {name: value + rng.uniform(-1, 1, np.shape(value)) * min(number, 1) for name, value in start.items()}
            finite = np.isfinite(self._density(point))
            if finite.all():
                return None
            for name, is_finite in zip(self._names, finite, strict=True):
                bad[name] += not is_finite
        always = ", ".join(name for name, count in bad.items() if count == _STARTS_TRIED) or "one variable or another"
        return (
            f"no sampler can start: the density of {always} is zero at all of {_STARTS_TRIED} points around the start. Check "
            "whether the likelihood and the constraints allow these data."
        )


def check_gaussian(build: Build, declared: Declaration, priors: Priors, structure: Structure) -> None:
    """Raise UserError where `GAUSSIAN` does not declare the model that build() returns.

    The joint log density of all parameters and logFC must be the same for both, up to a constant, at random points of a small
    screen.
    """
    path, data, rng = declared.path, small_screen(), np.random.default_rng(1)
    model = build_checked(build, centred(priors), data, path)
    free, named = {variable.name for variable in model.free_RVs}, set(_shapes(structure, data))
    if free != named:
        only_built, only_named = (", ".join(sorted(names)) or "none" for names in (free - named, named - free))
        raise UserError(
            f"{path}: GAUSSIAN does not name the random variables of build(). Only in build(): {only_built}; only in GAUSSIAN: "
            f"{only_named}. Make the two agree (write effects with `effects` of guidefit.models.parts), or remove GAUSSIAN."
        )
    log_density = _log_density_of(model)
    differences = []
    for _ in range(4):
        z = rng.uniform(-1, 1, (1, len(structure.quantiles)))
        scales, slopes = structure.values(z)
        shapes = _shapes(structure, data)
        values = scales | {name: rng.standard_normal((1, *shape)) for name, shape in shapes.items() if name not in scales}
        log_prior = float((-0.5 * z**2).sum() - np.log(np.concatenate(list(slopes.values()))).sum())
        expected = log_prior + _log_density_given_scales(structure, values, data)
        differences.append(log_density({name: value[0] for name, value in values.items()}) - expected)
    if np.ptp(differences) > 1e-6 * (1 + np.abs(differences).max()) or not np.isfinite(differences).all():
        raise UserError(
            f"{path}: GAUSSIAN does not declare the model that build() returns: the difference of their log densities varies "
            f"by {np.ptp(differences):.3g} between points of the parameters. Correct GAUSSIAN, or remove it and use engine: nuts."
        )


def small_screen() -> ModelData:
    """A small screen of arbitrary numbers, with different numbers of sgRNAs per gene."""
    rng = np.random.default_rng(0)
    gene_of_sgrna = np.array([0, 1, 1, 2, 2, 2])
    sgrna_of_row, cell_line_of_row = np.repeat(np.arange(6), 5), np.tile(np.arange(5), 6)
    x, logfc = rng.standard_normal((2, 30))
    names = [[f"{kind}_{i}" for i in range(count)] for kind, count in (("gene", 3), ("sgrna", 6), ("line", 5))]
    return ModelData(names[0], names[1], gene_of_sgrna, sgrna_of_row, x, logfc, names[2], cell_line_of_row)


def _shapes(structure: Structure, data: ModelData) -> dict[str, tuple[int, ...]]:
    """The shape of every variable of a structure."""
    lengths = {"gene": len(data.genes), "sgrna": len(data.sgrnas)}
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys([*structure.means, *structure.quantiles], ())
    return shapes | {name: (lengths[dim],) for side in structure.sides if side for name, dim in side.dims.items()}


def _log_density_of(model: pm.Model) -> Callable[[dict[str, Any]], float]:
    """The joint log density of a model as a function of its variables on their own scale, without Jacobians."""
    logp = model.compile_logp(jacobian=False, **QUICK)

    def log_density(values: dict[str, Any]) -> float:
        point = {}
        for variable in model.free_RVs:
            transform, value = model.rvs_to_transforms[variable], np.asarray(values[variable.name], "float64")
            forward = transform.forward(value, *variable.owner.inputs).eval() if transform else value
            point[model.rvs_to_values[variable].name] = forward
        return float(logp(point))

    return log_density


def _log_density_given_scales(structure: Structure, values: dict[str, np.ndarray], data: ModelData) -> float:
    """log p(means, effects, logFC | scales), up to a constant; values: name -> (1, ...)."""
    total = sum(_normal(values[name], mean, sd) for name, (mean, sd) in structure.means.items())
    total += _effects(structure, "gene", structure.gene_scales(values), values, data)
    total += _effects(structure, "sgrna", structure.sgrna_scales(values), values, data)
    intercept, slope = structure.predictor(values, data.gene_of_sgrna)
    intercept, slope = (np.broadcast_to(each, (1, len(data.sgrnas)))[0, data.sgrna_of_row] for each in (intercept, slope))
    return float(total + _normal(data.logfc, intercept + slope * data.x, values[structure.noise]))


def _effects(structure: Structure, level: Level, scales: tuple[Any, Any, Any], values: dict[str, Any], data: ModelData) -> float:
    """log p(effects of a level | the level above, scales): that of the intercepts, and of the slopes given the intercepts."""
    total, given = 0.0, None
    for side, sd in zip(structure.sides, scales[:2], strict=True):
        name = side.effect(level) if side else None
        if side is None or name is None:
            continue
        above = values[side.mean][:, None]
        if level == "sgrna" and side.gene:
            above = values[side.gene[0]][:, data.gene_of_sgrna]
        standard = (values[name] - above) / sd[:, None]
        rho = 0.0 if given is None else scales[2]
        total += _normal(standard, 0.0 if given is None else rho * given, np.sqrt(1 - rho**2)) - standard.size * float(
            np.log(sd)[0]
        )
        given = standard
    return total


def _normal(value: Any, mean: Any, sd: Any) -> float:
    """Log density of independent normals, up to a constant."""
    return float((-0.5 * ((value - mean) / sd) ** 2 - np.log(sd * np.ones_like(value))).sum())
