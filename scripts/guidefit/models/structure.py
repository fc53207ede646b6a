"""The Gaussian structure that a variant declares, and what follows from it alone: coordinates of scales, prior draws, graph.

A variant that is linear and Gaussian given its scales declares this by a literal `GAUSSIAN`, which names the variables that are the
mean, the effects of genes and the effects of sgRNAs, for intercepts and for slopes. The engine `collapsed` needs nothing else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from guidefit.base.errors import UserError
from guidefit.models.levels import SIDES, Side, evaluate_side, make_side
from guidefit.models.scales import Quantile, quantile
from guidefit.models.declaration import Priors


@dataclass(frozen=True)
class Structure:
    """A declared structure with its priors.

    slope: None if the model does not use x; correlation, gene_correlation: names of the correlations of intercepts and slopes, of
    the sgRNAs within a gene and of the genes, or None; quantiles: name -> map from the coordinate z, for each scale and then each
    correlation; means: name -> (mean, sd) of the normal prior of each mean and added constant.
    """

    intercept: Side
    slope: Side | None
    noise: str
    correlation: str | None
    gene_correlation: str | None
    quantiles: dict[str, Quantile]
    means: dict[str, tuple[float, float]]

    @property
    def sides(self) -> tuple[Side, Side | None]:
        """Intercept and slope; None: the model has no slope."""
        return self.intercept, self.slope

    @property
    def hyper_prior(self) -> list[tuple[float, float]]:
        """(mean, variance) of the normal priors of intercept and slope, with added constants; arbitrary for a missing slope."""
        priors = [[self.means[name] for name in side.constants] if side else [(0.0, 1.0)] for side in self.sides]
        return [(sum(mean for mean, _ in each), sum(sd**2 for _, sd in each)) for each in priors]

    def sgrna_scales(self, scales: Mapping[str, np.ndarray]) -> tuple[Any, Any, Any]:
        """Sds of the sgRNAs' intercepts and slopes around those of their gene, and their correlation; 0 where there is none."""
        sd_intercept, sd_slope = (scales[side.sgrna[1]] if side and side.sgrna else 0.0 for side in self.sides)
        return sd_intercept, sd_slope, scales[self.correlation] if self.correlation else 0.0

    def gene_scales(self, scales: Mapping[str, np.ndarray]) -> tuple[Any, Any, Any]:
        """Sds of the genes' intercepts and slopes around the hyper-means, and their correlation; 0 where there is none."""
        sd_intercept, sd_slope = (scales[side.gene[1]] if side and side.gene else 0.0 for side in self.sides)
        return sd_intercept, sd_slope, scales[self.gene_correlation] if self.gene_correlation else 0.0

    def values(self, z: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Scales at coordinates z (..., scale), and their derivatives by z: each by name, (...)."""
        found = {name: to_scale(z[..., i]) for i, (name, to_scale) in enumerate(self.quantiles.items())}
        return {name: scale for name, (scale, _) in found.items()}, {name: slope for name, (_, slope) in found.items()}

    def prior_draws(self, gene_of_sgrna: np.ndarray, draws: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Draws of all variables from the prior: name -> (draw,), (draw, gene) or (draw, sgrna)."""
        found, _ = self.values(rng.standard_normal((draws, len(self.quantiles))))
        genes = int(gene_of_sgrna.max()) + 1
        of_sgrnas = rng.standard_normal((2, draws, len(gene_of_sgrna)))
        if self.correlation:
            of_sgrnas[1] = _correlated(of_sgrnas[0], of_sgrnas[1], found[self.correlation])
        of_genes: list[np.ndarray] = []
        for side, sgrna_effects in zip(self.sides, of_sgrnas, strict=True):
            if side is None:
                continue
            for name in side.constants:
                mean, sd = self.means[name]
                found[name] = mean + sd * rng.standard_normal(draws)
            level = found[side.mean][:, None]
            if side.gene:
                effect, scale = side.gene
                of_genes.append(rng.standard_normal((draws, genes)))
                if self.gene_correlation and side is self.slope:
                    of_genes[1] = _correlated(of_genes[0], of_genes[1], found[self.gene_correlation])
                level = found[effect] = level + found[scale][:, None] * of_genes[-1]
            if side.sgrna:
                effect, scale = side.sgrna
                of_gene = level[:, gene_of_sgrna] if side.gene else level
                found[effect] = of_gene + found[scale][:, None] * sgrna_effects
        return found

    def predictor(self, values: Mapping[str, np.ndarray], gene_of_sgrna: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Intercept and slope of each sgRNA in K draws of all variables, each (K, sgrna). values: name -> (K, ...)."""
        intercept, slope = (evaluate_side(side, values, "sgrna", gene_of_sgrna) for side in self.sides)
        return intercept, slope

    def graph(self, priors: Priors, sizes: Mapping[str, int]) -> dict[str, Any]:
        """The graph of the model as plain data: nodes (name, kind, distribution, dims) and edges (parent, child).

        sizes: lengths of the dims gene, sgrna and row.
        """
        nodes: list[dict[str, Any]] = []
        edges: list[list[str]] = []

        def add(name: str, kind: str, distribution: str, dim: str | None, parents: Iterable[str | None]) -> str:
            dims = [f"{sizes[dim]} {dim}{'s' * (sizes[dim] != 1)}"] if dim else []
            nodes.append({"name": name, "kind": kind, "distribution": distribution, "dims": dims})
            edges.extend([parent, name] for parent in parents if parent)
            return name

        for name in (*self.means, *self.quantiles):
            add(name, "free", priors[name]["distribution"], None, [])
        parents: list[str | None] = [self.noise]
        for side in filter(None, self.sides):
            top = side.mean
            if side.gene:
                top = add(side.gene[0], "free", "Normal", "gene", [top, side.gene[1], self.gene_correlation])
            if side.sgrna:
                top = add(side.sgrna[0], "free", "Normal", "sgrna", [top, side.sgrna[1], self.correlation])
            parents += [top, side.added]
        if self.slope:
            parents.append(add("x", "data", "", "row", []))
        add("logfc", "observed", "Normal", "row", parents)
        return {"nodes": nodes, "edges": edges}


def _correlated(first: np.ndarray, independent: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """Standard normals (draw, ...) that correlate with `first` by rho (draw,), from normals that are independent of it."""
    return rho[:, None] * first + np.sqrt(1 - rho[:, None] ** 2) * independent


def make(declared: Mapping[str, Any] | None, priors: Priors, place: str) -> Structure:
    """The structure of a variant's `GAUSSIAN` under these priors. Raises UserError, whose message starts with `place`."""
    if declared is None:
        raise UserError(
            f"{place}: engine collapsed needs a variant that is linear and Gaussian given its scales and declares this by "
            "GAUSSIAN. This variant has no GAUSSIAN. Use engine: nuts."
        )
    intercept, slope = _make_sides(declared, place)
    sides = [side for side in (intercept, slope) if side]
    levels = [level for side in sides for level in (side.gene, side.sgrna) if level]
    constants = [name for side in sides for name in side.constants]
    effects = [effect for effect, _ in levels]
    correlation, gene_correlation = declared.get("correlation"), declared.get("gene_correlation")
    correlations = [name for name in (correlation, gene_correlation) if name]
    scales = [*(scale for _, scale in levels), declared["noise"], *correlations]
    _check_priors(priors, constants, effects, scales, place)
    means = {name: (float(priors[name].get("mu", 0.0)), float(priors[name].get("sigma", 1.0))) for name in constants}
    quantiles = {name: quantile(name, priors[name], name in correlations, place) for name in scales}
    return Structure(intercept, slope, declared["noise"], correlation, gene_correlation, quantiles, means)


_KEYS = ("noise", *SIDES, "correlation", "gene_correlation")
_SIDE_KEYS = ("mean", "added", "gene", "sgrna")


def _make_sides(declared: Mapping[str, Any], place: str) -> tuple[Side, Side | None]:
    """Intercept and slope of a `GAUSSIAN`. Raises UserError where its keys are not possible."""
    unknown = [key for key in declared if key not in _KEYS]
    if unknown:
        raise UserError(f"{place}: GAUSSIAN has the unknown key {unknown[0]!r}. Its keys are: {', '.join(_KEYS)}.")
    absent = [key for key in ("noise", "intercept") if not declared.get(key)]
    if absent:
        raise UserError(f"{place}: GAUSSIAN has no {absent[0]!r}. It needs noise and intercept. Add {absent[0]!r}.")
    intercept = _make_side(declared["intercept"], f"{place}: GAUSSIAN['intercept']")
    slope = _make_side(declared["slope"], f"{place}: GAUSSIAN['slope']") if declared.get("slope") else None
    if slope and slope.added:
        raise UserError(f"{place}: GAUSSIAN['slope'] has an added constant, which only the intercept can have. Remove it.")
    for key, level in (("correlation", "sgrna"), ("gene_correlation", "gene")):
        if declared.get(key) and not (getattr(intercept, level) and slope and getattr(slope, level)):
            raise UserError(f"{place}: GAUSSIAN has a {key}, but not the effects of {level}s on both sides. Remove it.")
    return intercept, slope


def _make_side(declared: Mapping[str, Any], place: str) -> Side:
    unknown = [key for key in declared if key not in _SIDE_KEYS]
    if unknown:
        raise UserError(f"{place} has the unknown key {unknown[0]!r}. Its keys are: {', '.join(_SIDE_KEYS)}.")
    if "mean" not in declared:
        raise UserError(f"{place} has no 'mean'. Add the name of the variable that is the mean.")
    for level in ("gene", "sgrna"):
        names = declared.get(level)
        if names is not None and (not isinstance(names, list | tuple) or len(names) != 2):
            raise UserError(f"{place}[{level!r}] is {names!r}. It must be a pair: the names of the effect and of its scale.")
    return make_side(declared)


def _check_priors(priors: Priors, constants: list[str], effects: list[str], scales: list[str], place: str) -> None:
    """Raise UserError where a variable of the structure has no prior, or one that the engine cannot integrate."""
    absent = [name for name in (*constants, *effects, *scales) if name not in priors]
    if absent:
        raise UserError(f"{place}: GAUSSIAN names {', '.join(absent)}, which PRIORS does not have. Add priors or correct names.")
    for names, possible, kind in ((constants, ("Normal",), "a mean"), (effects, ("Normal", "NoncentredNormal"), "an effect")):
        for name in names:
            if (found := priors[name]["distribution"]) not in possible:
                raise UserError(
                    f"{place}: prior of {name}: the distribution is {found}, but engine collapsed needs Normal for {kind}. "
                    "Use Normal, or engine: nuts."
                )
