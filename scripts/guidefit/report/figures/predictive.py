"""Pictures of predictive checks."""

import numpy as np
import pandas as pd
import plotnine as p9

from guidefit.assess.uniformity import pit_band
from guidefit.report.figures import BLUE, LOGFC, MAX_LINES, ORANGE, look, shown


def density_check(draws: np.ndarray, observed: np.ndarray, title: str, long_tails: bool = False) -> p9.ggplot:
    """Densities of 40 predicted data sets against that of the data.

    draws: (sample, row). long_tails: on a logarithmic axis in both directions, for priors that reach far; else the axis spans
    the data and a quarter of their range on either side, and what is predicted outside is told as a share.
    """
    chosen = draws[_evenly(len(draws), 40)][:, _evenly(draws.shape[1], 2000)]
    lines = pd.DataFrame({"logfc": chosen.ravel(), "set": np.repeat(np.arange(len(chosen)), chosen.shape[1])})
    subtitle = f"{len(chosen)} predicted data sets"
    if not long_tails:
        room = np.ptp(observed) / 4
        inside = lines["logfc"].between(observed.min() - room, observed.max() + room)
        lines = lines[inside]
        subtitle += f"; {1 - inside.mean():.2%} of their rows lie outside the picture" if not inside.all() else ""
    data = pd.DataFrame({"logfc": observed, "set": -1})
    plot = (
        p9.ggplot(lines, p9.aes("logfc", group="set"))
        + p9.geom_line(p9.aes(color="'predicted data sets'"), stat="density", size=0.3, alpha=0.5)
        + p9.geom_line(p9.aes(color="'data'"), data=data, stat="density", size=1.1)
        + p9.scale_color_manual(values={"predicted data sets": BLUE, "data": "black"})
        + p9.labs(x=LOGFC, y="density", color="", title=title, subtitle=subtitle)
        + look(7, 4)
    )
    if not long_tails:
        return plot
    breaks = [-10000, -1000, -100, -10, -1, 0, 1, 10, 100, 1000, 10000]
    low, high = np.quantile(np.append(chosen.ravel(), observed), [0.005, 0.995])
    return (
        plot
        + p9.scale_x_continuous(trans="pseudo_log", breaks=breaks)
        + p9.coord_cartesian(xlim=(low, high))
        + p9.labs(x=f"{LOGFC}, logarithmic axis in both directions", y="density on this axis")
    )


def _evenly(length: int, most: int) -> np.ndarray:
    return np.linspace(0, length - 1, min(length, most)).astype(int)


def by_gene(draws: np.ndarray, observed: np.ndarray, gene: np.ndarray, title: str) -> p9.ggplot:
    """Mean and spread of each gene's logFC: the data against the central 90 % of the predicted data sets.

    draws: (sample, row); observed, gene: (row,).
    """
    genes = list(dict.fromkeys(gene))
    by_mean = sorted(genes, key=lambda g: float(observed[gene == g].mean()))
    kept, note = shown(by_mean, MAX_LINES)
    rows = []
    for g in kept:
        mine = gene == g
        for statistic, function in (("mean of logFC", np.mean), ("sd of logFC", np.std)):
            predicted = function(draws[:, mine], axis=1)
            low, middle, high = np.quantile(predicted, [0.05, 0.5, 0.95])
            rows.append((g, statistic, low, middle, high, function(observed[mine])))
    table = pd.DataFrame(rows, columns=["gene", "statistic", "low", "middle", "high", "observed"])
    table["gene"] = pd.Categorical(table["gene"], kept)
    subtitle = "bar: 90 % of predicted data sets; cross: the data" + (f"; {note.replace('shown', 'genes shown')}" if note else "")
    return (
        p9.ggplot(table, p9.aes("gene"))
        + p9.geom_linerange(p9.aes(ymin="low", ymax="high"), color=BLUE, size=2.2, alpha=0.5)
        + p9.geom_point(p9.aes(y="observed"), shape="x", size=2.2, stroke=0.8, color="black")
        + p9.coord_flip()
        + p9.facet_wrap("statistic", scales="free_x")
        + p9.labs(x="gene", y=LOGFC, title=title, subtitle=subtitle)
        + look(8, 1.3 + 0.24 * max(len(kept), 5))
    )


def loo_pit(pit: np.ndarray, prob: float, title: str) -> p9.ggplot:
    """ECDF of the LOO-PIT values minus the uniform's, with its simultaneous band."""
    band = pit_band(pit, prob)
    return (
        p9.ggplot(band, p9.aes("pit"))
        + p9.geom_ribbon(p9.aes(ymin="lower", ymax="upper"), fill=ORANGE, alpha=0.25)
        + p9.geom_hline(yintercept=0, color="#BBBBBB")
        + p9.geom_step(p9.aes(y="difference"), color=BLUE)
        + p9.labs(
            x="LOO-PIT (probability)",
            y="ECDF minus uniform (probability)",
            title=title,
            subtitle=f"shaded: {prob:.0%} simultaneous band; inside it the predictions are calibrated",
        )
        + look(6, 4)
    )
