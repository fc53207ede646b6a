"""The graph of a variant with effects by gene and cell line, as plain data, for the figure of the model."""

from collections.abc import Mapping
from typing import Any

from guidefit.models.declaration import Priors
from guidefit.models.line_structure import LineStructure


def line_graph(structure: LineStructure, priors: Priors, sizes: Mapping[str, int]) -> dict[str, Any]:
    """The graph: nodes (name, kind, distribution, dims) and edges (parent, child).

    sizes: lengths of the dims gene, sgrna, cell_line and row.
    """
    nodes: list[dict[str, Any]] = []
    edges: list[list[str]] = []

    def add(name: str, kind: str, distribution: str, dims: tuple[str, ...], parents: list[str]) -> None:
        labels = [f"{sizes[dim]} {dim}{'s' * (sizes[dim] != 1)}" for dim in dims]
        nodes.append({"name": name, "kind": kind, "distribution": distribution, "dims": labels})
        edges.extend([parent, name] for parent in parents)

    for name in structure.roles:
        add(name, "free", priors[name]["distribution"], (), [])
    by_class, weight = structure.by_class, [structure.weight] if structure.weight else []
    shares = by_class(structure.departing_sgrnas[0]) if structure.departing_sgrnas else []
    kind = "Mixture" if structure.classes else "Normal"
    for side in structure.sides:
        gene, sgrna, departs = side.gene, side.sgrna, shares if side is structure.intercept else []
        add(gene[0], "free", kind, ("gene",), [*by_class(side.mean), *by_class(gene[1]), *weight])
        add(sgrna[0], "free", "Mixture" if departs else kind, ("sgrna",), [gene[0], *by_class(sgrna[1]), *departs])
    effect, sd, scale = structure.gene_by_line
    add(sd, "free", "HalfStudentT", ("gene",), [*by_class(scale), *weight])
    add(effect, "free", "Normal", ("gene", "cell_line"), [sd])
    factors = [(structure.sgrna_noise, "sgrna"), (structure.line_noise, "cell_line")]
    factors += [(structure.multiplier, "cell_line")] if structure.multiplier else []
    for (factor, spread), dim in factors:
        add(factor, "free", "LogNormal", (dim,), [spread])
    parents = [*(side.sgrna[0] for side in structure.sides), effect, structure.noise, *(name for (name, _), _ in factors)]
    parents += [structure.departing_rows[0]] if structure.departing_rows else []
    if structure.has_slope:
        add("x", "data", "", ("row",), [])
        parents.append("x")
    add("logfc", "observed", "Mixture" if structure.departing_rows else "Normal", ("row",), parents)
    return {"nodes": nodes, "edges": edges}
