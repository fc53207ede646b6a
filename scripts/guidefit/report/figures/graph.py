"""The graph of a variant's model, drawn without the system package graphviz."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import plotnine as p9

from guidefit.report.figures import style

FILL = {"free": style.BLUE, "deterministic": style.ORANGE, "observed": style.GREEN, "data": style.GREY}


def draw(inputs: Mapping[str, Any], outputs: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Draw the graph of one variant's model.

    inputs: model. outputs: graph. settings: variant.
    """
    model = json.loads(Path(inputs["model"]).read_text())
    style.save(model_graph(model, f"Model graph of {settings['variant']}"), outputs["graph"])


def model_graph(graph: dict[str, Any], title: str) -> p9.ggplot:
    """Nodes in layers, parents above children; the second line of a node is its distribution, the third its dims.

    graph: nodes (name, kind, distribution, dims) and edges (parent, child), as returned by an engine's `graph`.
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
    points = [(f"{a}-{b}", *place[node]) for (a, b), route in routes.items() for node in route]
    paths = pd.DataFrame(points, columns=["edge", "x", "y"])
    last = paths.groupby("edge", sort=False).tail(2).groupby("edge", sort=False)
    tips = pd.DataFrame({"x": last["x"].first(), "y": last["y"].first(), "xend": last["x"].last(), "yend": last["y"].last()})
    short = 0.30  # arrows end at the edge of a label, not at its centre
    tips = tips.assign(xend=tips["xend"] - (tips["xend"] - tips["x"]) * short, yend=tips["yend"] + short)
    paths = paths[paths.groupby("edge").cumcount(ascending=False) > 0]
    width = nodes["x"].max() - nodes["x"].min() + 1.2
    layers = int(-nodes["y"].min()) + 1
    return (
        p9.ggplot(nodes, p9.aes("x", "y"))
        + p9.geom_path(p9.aes(group="edge"), data=paths, color="#666666", size=0.5)
        + p9.geom_segment(
            p9.aes(xend="xend", yend="yend"), data=tips, color="#666666", size=0.5, arrow=p9.arrow(length=0.08, type="closed")
        )
        + p9.geom_label(p9.aes(label="label", fill="kind"), size=8, color="white", label_padding=0.35, show_legend=False)
        + p9.geom_point(p9.aes(fill="kind"), alpha=0, size=4, shape="s")
        + p9.scale_fill_manual(values=FILL, limits=[k for k in FILL if k in set(nodes["kind"])])
        + p9.guides(fill=p9.guide_legend(override_aes={"alpha": 1}))
        + p9.scale_x_continuous(expand=(0, 0.6))
        + p9.scale_y_continuous(expand=(0, 0.45))
        + p9.labs(fill="", title=title, subtitle="an arrow points from a node to a node that depends on it")
        + style.theme(max(6, 1.35 * width), 1.3 + 1.15 * layers)
        + p9.theme(
            axis_title=p9.element_blank(),
            axis_text=p9.element_blank(),
            axis_ticks=p9.element_blank(),
            panel_grid=p9.element_blank(),
            panel_border=p9.element_blank(),
        )
    )


def _places(network: nx.DiGraph) -> tuple[dict[str, tuple[float, float]], dict[tuple[str, str], list[str]]]:
    """(x, y) of each node, and the route of each edge as a list of nodes (after Sugiyama, Tagawa & Toda 1981).

    y: minus the length of the longest path from the node to the observations, plus a constant. An edge across several layers gets
    an invisible node in each of them, so that it passes between the other nodes. x: from sweeps up and down, in which each layer is
    sorted by the mean x of the neighbours.
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
