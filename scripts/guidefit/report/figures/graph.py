"""The picture of a model's graph, drawn without a system's graphviz."""

from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import plotnine as p9

from guidefit.report.figures import BLUE, GREEN, GREY, ORANGE, look

_FILL = {"free": BLUE, "deterministic": ORANGE, "observed": GREEN, "data": GREY}


def model_graph(graph: dict[str, Any], title: str) -> p9.ggplot:
    """Nodes in layers, parents above children; a node's second line is its distribution, its third its dims.

    graph: nodes (name, kind, distribution, dims) and edges (parent, child), as an engine's `graph` gives them.
    """
    network = nx.DiGraph()
    network.add_nodes_from(node["name"] for node in graph["nodes"])
    network.add_edges_from(graph["edges"])
    place, routes = _places(network)
    nodes = pd.DataFrame(graph["nodes"])
    nodes["x"], nodes["y"] = zip(*(place[name] for name in nodes["name"]), strict=True)
    nodes["label"] = [
        "\n".join(filter(None, [name, distribution, ", ".join(dims).replace("sgrna", "sgRNA")]))
        for name, distribution, dims in zip(nodes["name"], nodes["distribution"], nodes["dims"], strict=True)
    ]
    steps = [(f"{a}-{b}", *place[node]) for (a, b), route in routes.items() for node in route]
    ways = pd.DataFrame(steps, columns=["edge", "x", "y"])
    last = ways.groupby("edge", sort=False).tail(2).groupby("edge", sort=False)
    tips = pd.DataFrame({"x": last["x"].first(), "y": last["y"].first(), "xend": last["x"].last(), "yend": last["y"].last()})
    short = 0.30  # arrows end at the edge of a label, not in its middle
    tips = tips.assign(xend=tips["xend"] - (tips["xend"] - tips["x"]) * short, yend=tips["yend"] + short)
    ways = ways[ways.groupby("edge").cumcount(ascending=False) > 0]
    width = nodes["x"].max() - nodes["x"].min() + 1.2
    layers = int(-nodes["y"].min()) + 1
    return (
        p9.ggplot(nodes, p9.aes("x", "y"))
        + p9.geom_path(p9.aes(group="edge"), data=ways, color="#666666", size=0.5)
        + p9.geom_segment(
            p9.aes(xend="xend", yend="yend"), data=tips, color="#666666", size=0.5, arrow=p9.arrow(length=0.08, type="closed")
        )
        + p9.geom_label(p9.aes(label="label", fill="kind"), size=8, color="white", label_padding=0.35, show_legend=False)
        + p9.geom_point(p9.aes(fill="kind"), alpha=0, size=4, shape="s")
        + p9.scale_fill_manual(values=_FILL, limits=[k for k in _FILL if k in set(nodes["kind"])])
        + p9.guides(fill=p9.guide_legend(override_aes={"alpha": 1}))
        + p9.scale_x_continuous(expand=(0, 0.6))
        + p9.scale_y_continuous(expand=(0, 0.45))
        + p9.labs(fill="", title=title, subtitle="an arrow points from a parameter to what depends on it")
        + look(max(6, 1.35 * width), 1.3 + 1.15 * layers)
        + p9.theme(
            axis_title=p9.element_blank(),
            axis_text=p9.element_blank(),
            axis_ticks=p9.element_blank(),
            panel_grid=p9.element_blank(),
            panel_border=p9.element_blank(),
        )
    )


def _places(network: nx.DiGraph) -> tuple[dict[str, tuple[float, float]], dict[tuple[str, str], list[str]]]:
    """(x, y) of each node, and the way of each edge as a list of places (after Sugiyama, Tagawa & Toda 1981).

    y: the longest way down to the observations. An edge over several layers gets an invisible node in each, so that it runs between
    the others. x: sweeps up and down, each layer ordered by the mean place of its neighbours.
    """
    height = dict.fromkeys(network, 0)
    for node in reversed(list(nx.topological_sort(network))):
        height[node] = max((height[child] + 1 for child in network.successors(node)), default=0)
    routes = {}
    layered = nx.DiGraph()
    layered.add_nodes_from(network)
    for parent, child in network.edges:
        between = [f"{parent}-{child}-{level}" for level in range(height[parent] - 1, height[child], -1)]
        height |= {node: height[parent] - 1 - i for i, node in enumerate(between)}
        routes[parent, child] = [parent, *between, child]
        nx.add_path(layered, routes[parent, child])
    top = max(height.values(), default=0)
    layers = [[node for node in layered if height[node] == level] for level in range(top + 1)]
    x = {node: position - (len(layer) - 1) / 2 for layer in layers for position, node in enumerate(layer)}
    sweeps = [(range(top + 1), layered.successors), (range(top, -1, -1), layered.predecessors)]
    for order, neighbours in (*sweeps * 4, sweeps[0]):
        for level in order:
            layers[level].sort(key=lambda node: float(np.mean([x[n] for n in neighbours(node)] or [x[node]])))
            x |= {node: position - (len(layers[level]) - 1) / 2 for position, node in enumerate(layers[level])}
    return {node: (x[node], float(height[node] - top)) for node in layered}, routes
