"""The picture of a model's graph, drawn without a system's graphviz."""

from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import plotnine as p9

from guidefit.figures import BLUE, GREEN, GREY, ORANGE, look

_FILL = {"free": BLUE, "deterministic": ORANGE, "observed": GREEN, "data": GREY}


def model_graph(graph: dict[str, Any], title: str) -> p9.ggplot:
    """Nodes in layers, parents above children; a node's second line is its distribution, its third its dims.

    graph: nodes (name, kind, distribution, dims) and edges (parent, child), as guidefit.sampling.model_graph gives them.
    """
    network = nx.DiGraph()
    network.add_nodes_from(node["name"] for node in graph["nodes"])
    network.add_edges_from(graph["edges"])
    place = _places(network)
    nodes = pd.DataFrame(graph["nodes"])
    nodes["x"], nodes["y"] = zip(*(place[name] for name in nodes["name"]), strict=True)
    nodes["label"] = ["\n".join(filter(None, [n.name_, n.distribution, ", ".join(n.dims)])) for n in nodes.rename(columns={"name": "name_"}).itertuples()]
    edges = pd.DataFrame([(*place[a], *place[b]) for a, b in network.edges], columns=["x", "y", "xend", "yend"])
    shrink = 0.27  # arrows end at the edge of a label, not in its middle
    span = edges["yend"] - edges["y"]
    tip = edges.assign(
        xend=edges["xend"] - (edges["xend"] - edges["x"]) * shrink / span.abs(),
        yend=edges["yend"] + shrink,
    )
    width = nodes["x"].max() - nodes["x"].min() + 1.2
    layers = int(-nodes["y"].min()) + 1
    return (
        p9.ggplot(nodes, p9.aes("x", "y"))
        + p9.geom_segment(
            p9.aes(xend="xend", yend="yend"), data=tip, color="#666666", size=0.5, arrow=p9.arrow(length=0.08, type="closed")
        )
        + p9.geom_label(p9.aes(label="label", fill="kind"), size=8, color="white", label_padding=0.35, show_legend=False)
        + p9.geom_point(p9.aes(fill="kind"), alpha=0, size=4, shape="s")
        + p9.scale_fill_manual(values=_FILL, limits=[k for k in _FILL if k in set(nodes["kind"])], name="")
        + p9.guides(fill=p9.guide_legend(override_aes={"alpha": 1}))
        + p9.scale_x_continuous(expand=(0, 0.6))
        + p9.scale_y_continuous(expand=(0, 0.45))
        + p9.labs(title=title, subtitle="an arrow points from a parameter to what depends on it")
        + look(max(6, 1.35 * width), 1.3 + 1.15 * layers)
        + p9.theme(
            axis_title=p9.element_blank(),
            axis_text=p9.element_blank(),
            axis_ticks=p9.element_blank(),
            panel_grid=p9.element_blank(),
            panel_border=p9.element_blank(),
        )
    )


def _places(network: nx.DiGraph) -> dict[str, tuple[float, float]]:
    """(x, y) of each node: y by the longest way down to the observations, x by the mean place of its children."""
    height = dict.fromkeys(network, 0)
    for node in reversed(list(nx.topological_sort(network))):
        height[node] = max((height[child] + 1 for child in network.successors(node)), default=0)
    top = max(height.values(), default=0)
    place: dict[str, tuple[float, float]] = {}
    for level in range(top + 1):
        layer = [node for node in network if height[node] == level]
        wish = {node: float(np.mean([place[child][0] for child in network.successors(node)] or [0])) for node in layer}
        layer.sort(key=lambda node: wish[node])
        for position, node in enumerate(layer):
            place[node] = (position - (len(layer) - 1) / 2, float(level - top))
    return place
