"""Figures: plotnine pictures of tables, ArviZ pictures of posteriors. One look, units on every axis, colour-blind safe colours."""

from pathlib import Path

import matplotlib as mpl
import pandas as pd
import plotnine as p9

mpl.rcParams["text.parse_math"] = False  # a gene may be called $x$

# Okabe & Ito 2008
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, YELLOW, GREY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#F0E442",
    "#999999",
)
VERDICTS = {"pass": GREEN, "warn": YELLOW, "fail": VERMILION, "error": PURPLE, "not checked": "#DDDDDD"}

LOGFC = "logFC (log2 fold change)"
CNA = "copy number (copies, as given)"
COVARIATES = {
    "raw": "x: copy number",
    "centred": "x: copy number minus its mean (copies)",
    "zscore_within_gene": "x: copy number, z-score within the gene (sd)",
    "zscore": "x: copy number, z-score over all rows (sd)",
    "log2": "x: log2(copy number + 1)",
    "log2_diploid": "x: log2((copy number + 1) / (diploid + 1))",
    "saturating": "x: (copy number - diploid) / (copy number + diploid)",
    "winsorised": "x: copy number, extremes clipped",
}

MAX_PANELS = 12
MAX_POINTS = 1000  # of a variable against its truth
MAX_ROWS = 2_000_000  # of a screen; of larger ones some genes are drawn
MAX_LINES = 40


def look(width: float, height: float) -> p9.theme:
    """The common theme; width and height in inches."""
    return p9.theme_bw(base_size=10) + p9.theme(
        figure_size=(width, height),
        panel_grid_minor=p9.element_blank(),
        strip_background=p9.element_rect(fill="#F2F2F2", color="#CCCCCC"),
        strip_text_y=p9.element_text(rotation=0),
        plot_title=p9.element_text(size=12, ha="left"),
        plot_subtitle=p9.element_text(size=9, color="#444444", ha="left"),
        plot_caption=p9.element_text(size=8, color="#444444", ha="left"),
        legend_position="bottom",
    )


def save(plot: p9.ggplot, path: str | Path) -> None:
    """Write a figure as SVG or PNG, by its name."""
    plot.save(str(path), dpi=150, verbose=False, limitsize=False)


def shown(items: list[str], most: int) -> tuple[list[str], str]:
    """At most `most` items, evenly spaced in their order, and a note where some were left out (empty where none)."""
    if len(items) <= most:
        return items, ""
    kept = [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]
    return kept, f"{most} of {len(items)} shown"


def nothing(title: str, why: str) -> p9.ggplot:
    """An empty picture that says why it is empty."""
    where = pd.DataFrame({"x": [0], "y": [0], "why": [why]})
    plot = p9.ggplot(where, p9.aes("x", "y", label="why")) + p9.geom_text(size=9) + p9.labs(title=title)
    return plot + p9.theme_void() + p9.theme(figure_size=(7, 1.5))
