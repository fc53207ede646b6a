"""The graph of a PyMC model as plain data, for the figure of the model."""

from typing import Any

import pymc as pm
from pymc.model_graph import ModelGraph

from guidefit.models.declaration import Priors


def model_graph(model: pm.Model, priors: Priors) -> dict[str, Any]:
    """The model's graph as plain data: nodes (name, kind, distribution, dims with their lengths) and edges (parent, child)."""

    def distribution(name: str, kind: str) -> str:
        if name in priors:
            return priors[name]["distribution"]
        named = kind in ("free", "observed") and hasattr(model[name].owner.op, "_print_name")
        return model[name].owner.op._print_name[0] if named else ""

    kinds = {v.name: "free" for v in model.free_RVs}
    kinds |= {v.name: "deterministic" for v in model.deterministics}
    kinds |= {v.name: "observed" for v in model.observed_RVs}
    parents = ModelGraph(model).make_compute_graph()
    inner = {name for name in kinds if name.startswith("_")}
    # The standardised effects of a non-centred variable are left out: the figure shows the model, not how it is sampled.
    kinds = {name: "free" if parents[name] & inner else kind for name, kind in kinds.items() if name not in inner}
    # PyMC has a data container as parent of what it enters, and the container of the observations as child of the likelihood.
    # One that enters nothing, such as x in a variant without a slope, is no part of the model.
    entering = set().union(*parents.values())
    kinds |= {v.name: "data" for v in model.data_vars if not parents[v.name] and v.name in entering}
    lengths = {dim: int(length.eval()) for dim, length in model.dim_lengths.items()}
    nodes = [
        {
            "name": name,
            "kind": kind,
            "distribution": distribution(name, kind),
            "dims": [f"{lengths[dim]} {dim}{'s' * (lengths[dim] != 1)}" for dim in model.named_vars_to_dims.get(name, ())],
        }
        for name, kind in kinds.items()
    ]
    edges = [[parent, child] for child in kinds for parent in sorted(parents[child] - inner)]
    return {"nodes": nodes, "edges": edges}
