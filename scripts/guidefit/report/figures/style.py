"""What all figures share: colours for colour-blind readers, labels, the theme, limits, and how a figure is written."""

import re
from collections.abc import Iterable
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import plotnine as p9
from PIL import Image

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
CATEGORIES = [BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, GREY]
PALE = "#DDDDDD"
BAND = PALE  # where what is right lies with a given probability
REFERENCE_LINE = "#BBBBBB"  # zero
NOMINAL = "#555555"  # what a value should be; dashed

DPI = 150  # of PNG files
_DECIMALS = re.compile(r"(?<![\w.#-])-?\d+\.\d{3,}(?![\w.])")  # coordinates, but no part of a name or a colour

WIDEST = 10.0  # inches; a page shows wider figures smaller
LOGFC = "logFC (log2 fold change)"
MAX_NAMES = 40  # names (genes, fits' coordinates) that one axis has room for


def theme(width: float, height: float) -> p9.theme:
    """The theme of all figures; width and height in inches."""
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
    """Write a figure as SVG or PNG, according to the suffix of `path`: short numbers, a palette of 256 colours."""
    path = Path(path)
    plot.save(str(path), dpi=DPI, verbose=False, limitsize=False)
    if path.suffix == ".svg":
        text = path.read_text(encoding="utf-8")
        path.write_text(_DECIMALS.sub(_shorten, text), encoding="utf-8")
    else:
        with Image.open(path) as image:
            small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        small.save(path, optimize=True)


def _shorten(number: re.Match[str]) -> str:
    """A number with two decimals; factors of scale, which are small, with five."""
    digits = 2 if abs(float(number[0])) >= 1 else 5
    return f"{float(number[0]):.{digits}f}".rstrip("0").rstrip(".")


def message(title: str, reason: str) -> p9.ggplot:
    """A figure without data that states the reason."""
    place = pd.DataFrame({"x": [0], "y": [0], "reason": [reason]})
    plot = p9.ggplot(place, p9.aes("x", "y", label="reason")) + p9.geom_text(size=9) + p9.labs(title=title)
    return plot + p9.theme_void() + p9.theme(figure_size=(7, 1.5))


def save_message(title: str, reason: str, paths: Iterable[str]) -> None:
    """Write the same figure without data to each of `paths`."""
    for path in paths:
        save(message(title, reason), path)


def some_of(items: list[str], most: int) -> tuple[list[str], str]:
    """At most `most` of the items, evenly spaced in their order, and a note such as "12 of 40" (empty if all are returned)."""
    if len(items) <= most:
        return items, ""
    kept = [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]
    return kept, f"{most} of {len(items):,}"
