"""Power, error rates and coverage of a design study over the points of its grid."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import plotnine as p9

from guidefit.assess.design_table import ASSURANCE, POWER, keys_of
from guidefit.base import tables
from guidefit.report import design_words as words
from guidefit.report.figures import style

MAX_COLUMNS = 6  # panels for combinations of the keys that are on no axis
NO_POWER = "no gene has a real effect beyond thresholds.effect_min, or no truth on the scale of x"
COVERAGE, FDR = "coverage_95", "fdr"


def draw(inputs: Mapping[str, Any], outputs: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Draw the answers of a design study.

    inputs: design. outputs: power, errors, heat. settings: design (its name), thresholds (power_min, fdr).
    """
    table = tables.read(inputs["design"])
    name, limits = settings["design"], settings["thresholds"]
    style.save(power(table, f"Power (design study {name})", limits["power_min"]), outputs["power"])
    style.save(errors(table, f"Error rates and coverage (design study {name})", limits["fdr"]), outputs["errors"])
    style.save(heat(table, f"Power over two axes (design study {name})"), outputs["heat"])


def power(table: pd.DataFrame, title: str, target: float) -> p9.ggplot:
    """Power, or assurance, against one key of the grid, with bands of two Monte Carlo standard errors. table: design.csv."""
    rows = _of_power(table)
    if rows.empty:
        return style.message(title, NO_POWER)
    rows = rows.assign(panel=rows["variable"].map(words.VARIABLES), ideal=target)
    note = f"; share of the genes with a real effect that are called; dashed: {target:.0%}"
    return _curves(rows, table, title, "power", note) + p9.expand_limits(y=(0, 1))


def errors(table: pd.DataFrame, title: str, fdr: float) -> p9.ggplot:
    """True false discovery rate and coverage of 95 % intervals against one key of the grid. table: design.csv."""
    ideal = {FDR: fdr, COVERAGE: 0.95}
    names = {FDR: "false among\ncalled {}", COVERAGE: "coverage of\n{}"}
    rows = table[table["quantity"].isin(ideal) & table["variable"].isin(words.VARIABLES)]
    if rows.empty:
        return style.message(title, "no effect by gene has a truth on the scale of x")
    panel = [
        names[quantity].format(words.VARIABLES[variable])
        for quantity, variable in zip(rows["quantity"], rows["variable"], strict=True)
    ]
    rows = rows.assign(panel=panel, ideal=rows["quantity"].map(ideal)).sort_values("quantity", ascending=False, kind="stable")
    note = f"; dashed: nominal false discovery rate {fdr:.0%}, nominal coverage 95%"
    return _curves(rows, table, title, "", note, scales="free_y")


def heat(table: pd.DataFrame, title: str) -> p9.ggplot:
    """Power, or assurance, as a heat map over the two keys of the grid with the most values. table: design.csv."""
    rows = _of_power(table)
    axes, others = _axes(table)
    if len(axes) < 2:
        return style.message(title, "a heat map needs two keys of the grid with several values")
    if rows.empty:
        return style.message(title, NO_POWER)
    across, up = axes
    rows, note = _with_columns(rows.assign(panel=rows["variable"].map(words.VARIABLES)), others)
    rows = rows.assign(
        across=words.as_category(rows[across]),
        up=words.as_category(rows[up]),
        text=[f"{value:.0%}" for value in rows["value"]],
        shade=np.where(rows["value"] > 0.6, "light", "dark"),
    )
    return (
        p9.ggplot(rows, p9.aes("across", "up"))
        + p9.geom_tile(p9.aes(fill="value"), color="white", size=0.6)
        + p9.geom_text(p9.aes(label="text", color="shade"), size=8, show_legend=False)
        + _panels(rows)
        + p9.scale_fill_gradient(low="#EAF2F8", high=style.BLUE, limits=(0, 1), guide=None)
        + p9.scale_color_manual(values={"light": "white", "dark": "#222222"})
        + p9.labs(x=words.key(across), y=words.key(up), title=title, subtitle=_seeds(rows, note))
        + style.theme(2.4 + _width(rows, 3.0), 2.2 + rows["panel"].nunique() * (0.5 + 0.4 * rows["up"].nunique()))
        + p9.theme(panel_grid=p9.element_blank())
    )


def _of_power(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["quantity"].isin([POWER, ASSURANCE]) & table["variable"].isin(words.VARIABLES)]


def _axes(table: pd.DataFrame) -> tuple[list[str], list[str]]:
    """The keys of the grid with several values: up to two with the most values, and the others."""
    counts = {key: table[key].nunique(dropna=False) for key in keys_of(table)}
    several = sorted((key for key, count in counts.items() if count > 1), key=lambda key: -counts[key])
    return several[:2], several[2:]


def _with_columns(rows: pd.DataFrame, others: list[str]) -> tuple[pd.DataFrame, str]:
    """The rows with a column `column` that names the column of their panel, and a note if some are left out."""
    several = rows["variant"].nunique() > 1
    labels = [words.place(values).replace(", ", "\n") for values in rows[others].to_dict("records")]
    labels = [f"{variant}\n{label}".strip() if several else label for variant, label in zip(rows["variant"], labels, strict=True)]
    names, note = style.some_of(list(dict.fromkeys(labels)), MAX_COLUMNS)
    rows = rows.assign(
        column=pd.Categorical(labels, names), panel=pd.Categorical(rows["panel"], list(dict.fromkeys(rows["panel"])))
    )
    return rows[rows["column"].notna()], f"; {note} combinations of the other keys" if note else ""


def _panels(rows: pd.DataFrame, scales: str = "fixed") -> p9.facet_grid:
    """A row of panels for each question and, if there are several, a column for each combination of the keys on no axis."""
    return p9.facet_grid(rows="panel", cols="column" if rows["column"].nunique() > 1 else None, scales=scales)


def _width(rows: pd.DataFrame, one: float) -> float:
    """Inches of the panels of a figure; one: of the first, of which the others have two thirds."""
    return one * (1 + 2 / 3 * (rows["column"].nunique() - 1))


def _curves(rows: pd.DataFrame, table: pd.DataFrame, title: str, label: str, note: str, scales: str = "fixed") -> p9.ggplot:
    axes, others = _axes(table)
    across = axes[0] if axes else keys_of(table)[0]
    rows, left_out = _with_columns(rows, others)
    rows = rows.assign(
        low=(rows["value"] - 2 * rows["mcse"].fillna(0)).clip(lower=0),
        high=(rows["value"] + 2 * rows["mcse"].fillna(0)).clip(upper=1),
        line=words.as_category(rows[axes[1]]) if len(axes) > 1 else pd.Categorical([""] * len(rows)),
    )
    is_number = rows[across].notna().all()
    rows = rows.assign(across=rows[across] if is_number else words.as_category(rows[across]))
    count = len(rows["line"].cat.categories)
    colors = [mpl.colors.to_hex(mpl.colormaps["viridis"](0.9 * i / max(count - 1, 1))) for i in range(count)]
    plot = (
        p9.ggplot(rows, p9.aes("across", "value", color="line", fill="line", group="line"))
        + p9.geom_hline(p9.aes(yintercept="ideal"), color=style.NOMINAL, linetype="dashed")
        + p9.geom_ribbon(p9.aes(ymin="low", ymax="high"), alpha=0.25 if count < 3 else 0.12, color="none")
        + p9.geom_line()
        + p9.geom_point(size=1.8)
        + _panels(rows, scales)
        + p9.scale_color_manual(values=colors)
        + p9.scale_fill_manual(values=colors)
        + p9.scale_y_continuous(labels=_percent)
        + p9.labs(
            x=words.key(across),
            y=label,
            color=words.key(axes[1]) if len(axes) > 1 else "",
            fill=words.key(axes[1]) if len(axes) > 1 else "",
            title=title,
            subtitle=_seeds(rows, f"{note}\nband: 2 Monte Carlo standard errors{left_out}"),
        )
        + style.theme(3.0 + _width(rows, 5.0), 1.8 + 1.6 * rows["panel"].nunique())
    )
    if is_number:
        plot += p9.scale_x_continuous(breaks=sorted(rows["across"].unique()))
    return plot + (p9.theme(legend_position="none") if count == 1 else p9.theme())


def _seeds(rows: pd.DataFrame, note: str) -> str:
    low, high = int(rows["seeds"].min()), int(rows["seeds"].max())
    return f"{low:,} seeds a point{note}" if low == high else f"{low:,} to {high:,} seeds a point{note}"


def _percent(values: list[float]) -> list[str]:
    return [f"{value:.0%}" if abs(value * 100 - round(value * 100)) < 1e-6 else f"{value:.1%}" for value in values]
