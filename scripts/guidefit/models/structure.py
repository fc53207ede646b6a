"""The Gaussian structure that a variant declares, and what follows from it alone: names, prior draws, graph.

A variant that is linear and Gaussian given its scales says so with a literal `GAUSSIAN`: which variable is the mean, which the
gene's and which the sgRNA's effect, on the intercept and on the slope side. The engine `collapsed` needs no more.
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

    correlation, gene_correlation: of the intercepts and slopes of the sgRNAs within a gene, and of the genes; None: there is none.
    quantiles: name -> map from z, for each scale and, last, each correlation: together the coordinates of z;
    means: name -> (mean, sd) of the normal prior of each mean and added constant. slope None: the model does not use x.
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
        """(mean, variance) of the normal priors of intercept and slope, added constants included; a missing slope is anything."""
        priors = [[self.means[name] for name in side.constants] if side else [(0.0, 1.0)] for side in self.sides]
        return [(sum(mean for mean, _ in each), sum(sd**2 for _, sd in each)) for each in priors]

    def sgrna_scales(self, scales: Mapping[str, np.ndarray]) -> tuple[Any, Any, Any]:
        """Sds of the sgRNAs' intercepts and slopes around their gene's, and their correlation; 0 where there is none."""
        one, two = (scales[side.sgrna[1]] if side and side.sgrna else 0.0 for side in self.sides)
        return one, two, scales[self.correlation] if self.correlation else 0.0

    def gene_scales(self, scales: Mapping[str, np.ndarray]) -> tuple[Any, Any, Any]:
        """The same of the genes around the hyper-means."""
        one, two = (scales[side.gene[1]] if side and side.gene else 0.0 for side in self.sides)
        return one, two, scales[self.gene_correlation] if self.gene_correlation else 0.0

    def values(self, z: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """z: (..., scale) -> (scales, their derivatives by z), each by name and shaped (...)."""
        pairs = {name: to_scale(z[..., i]) for i, (name, to_scale) in enumerate(self.quantiles.items())}
        return {name: pair[0] for name, pair in pairs.items()}, {name: pair[1] for name, pair in pairs.items()}

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
        """Intercept and slope of each sgRNA, (K, sgrna) each, in K draws of all variables: name -> (K, ...)."""
        intercept, slope = (evaluate_side(side, values, "sgrna", gene_of_sgrna) for side in self.sides)
        return intercept, slope

    def graph(self, priors: Priors, sizes: Mapping[str, int]) -> dict[str, Any]:
        """The model's graph as plain data: nodes (name, kind, distribution, dims) and edges (parent, child).

        sizes: numbers of gene, sgrna and row.
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


def _correlated(one: np.ndarray, other: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """Standard normals (draw, ...) that correlate with `one` by rho (draw,), made from others that do not."""
    return rho[:, None] * one + np.sqrt(1 - rho[:, None] ** 2) * other


def make(declared: Mapping[str, Any] | None, priors: Priors, place: str) -> Structure:
    """The structure of a variant's `GAUSSIAN` under these priors. Raises UserError; `place` names the variant in it."""
    if declared is None:
        raise UserError(
            f"{place}: engine collapsed needs a variant that is linear and Gaussian given its scales, and says so with GAUSSIAN. "
            "Use engine: nuts."
        )
    unknown = set(declared) - {"noise", "correlation", "gene_correlation", *SIDES}
    if unknown or "noise" not in declared or "intercept" not in declared:
        raise UserError(
            f"{place}: GAUSSIAN needs noise and intercept, and knows besides only slope, correlation and gene_correlation."
        )
    sides = [_side(declared[name], f"{place}: GAUSSIAN[{name!r}]") if declared.get(name) else None for name in SIDES]
    intercept, slope = sides
    assert intercept is not None
    if slope and slope.added:
        raise UserError(f"{place}: GAUSSIAN['slope'] cannot have an added constant.")
    correlation, gene_correlation = declared.get("correlation"), declared.get("gene_correlation")
    if correlation and not (intercept.sgrna and slope and slope.sgrna):
        raise UserError(f"{place}: GAUSSIAN has a correlation, but no sgRNA effects on both sides.")
    if gene_correlation and not (intercept.gene and slope and slope.gene):
        raise UserError(f"{place}: GAUSSIAN has a gene_correlation, but no gene effects on both sides.")

    constants = [name for side in sides if side for name in side.constants]
    levels = [level for side in sides if side for level in (side.gene, side.sgrna) if level]
    correlations = [name for name in (correlation, gene_correlation) if name]
    scales = [scale for _, scale in levels] + [declared["noise"]] + correlations
    absent = [name for name in (*constants, *(effect for effect, _ in levels), *scales) if name not in priors]
    if absent:
        raise UserError(f"{place}: GAUSSIAN names {', '.join(absent)}, which PRIORS does not have.")
    for name in constants:
        if priors[name]["distribution"] != "Normal":
            raise UserError(f"{place}: prior of {name}: engine collapsed needs a Normal here. Use one, or engine: nuts.")
    for effect, _ in levels:
        if priors[effect]["distribution"] not in ("Normal", "NoncentredNormal"):
            raise UserError(f"{place}: prior of {effect}: engine collapsed needs Normal effects. Use engine: nuts.")
    means = {name: (float(priors[name].get("mu", 0.0)), float(priors[name].get("sigma", 1.0))) for name in constants}
    quantiles = {name: quantile(name, priors[name], name in correlations, place) for name in scales}
    return Structure(intercept, slope, declared["noise"], correlation, gene_correlation, quantiles, means)


def _side(declared: Mapping[str, Any], place: str) -> Side:
    if "mean" not in declared or set(declared) - {"mean", "added", "gene", "sgrna"}:
        raise UserError(f"{place} needs a mean, and knows besides only added, gene and sgrna.")
    for level in ("gene", "sgrna"):
        names = declared.get(level)
        if names is not None and (not isinstance(names, list | tuple) or len(names) != 2):
            raise UserError(f"{place}[{level!r}] must be a pair: the effect and its scale.")
    return make_side(declared)
