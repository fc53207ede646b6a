"""Simulation-based calibration of one variant: rank statistics of the truths, as ECDFs and as histograms."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotnine as p9

from guidefit.assess import uniformity
from guidefit.base import parquet
from guidefit.base.arrays import evenly_spaced
from guidefit.base.names import DIM_COLUMNS, KEY, variable_of
from guidefit.report.figures import style

RANK_STATISTIC = "rank statistic of the truth (share of posterior draws below it)"


def draw(inputs: Mapping[str, Any], outputs: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Draw the rank statistics of one variant.

    inputs: ranks. outputs: ecdf, histograms. settings: study, variant.
    """
    spread = parquet.read(inputs["ranks"])
    spread = spread[spread["variant"] == settings["variant"]]
    name = f"({settings['variant']}, study {settings['study']})"
    if spread.empty:
        style.save_message(f"No calibration {name}", "no fit has rank statistics: see diagnostics.csv", outputs.values())
        return
    style.save(ecdf(spread, f"Calibration {name}"), outputs["ecdf"])
    style.save(histograms(spread, f"Rank statistics {name}"), outputs["histograms"])


def ecdf(spread: pd.DataFrame, title: str) -> p9.ggplot:
    """ECDF of the rank statistics minus the uniform ECDF: a panel per variable, a line per coordinate, and its 95 % band.

    spread: rows of ranks.parquet. At most style.MAX_NAMES coordinates of a variable are drawn, evenly spaced in their order.
    """
    keys = list(KEY)
    coordinates = spread[keys].drop_duplicates()
    by_variable = coordinates.groupby(variable_of(coordinates["variable"]), sort=False)
    chosen = pd.concat([part.iloc[evenly_spaced(len(part), style.MAX_NAMES)] for _, part in by_variable])
    note = f"; at most {style.MAX_NAMES} coordinates of a variable" if len(chosen) < len(coordinates) else ""
    lines, bands = [], []
    for (variable, *coordinate), rows in spread.merge(chosen, on=keys).groupby(keys, sort=False, dropna=False):
        line = uniformity.ecdf_difference(rows["u"].to_numpy())
        lines.append(line.assign(variable=variable, coordinate=f"{variable} {coordinate}"))
        bands.append(line[["u", "lower", "upper"]].assign(variable=variable))
    frame, band = (part.assign(variable=variable_of(part["variable"])) for part in (pd.concat(lines), pd.concat(bands)))
    band = band.drop_duplicates(["variable", "u"])
    order = list(dict.fromkeys(frame["variable"]))
    frame["variable"], band["variable"] = (pd.Categorical(part["variable"], order) for part in (frame, band))
    return (
        p9.ggplot(frame, p9.aes("u", "difference"))
        + p9.geom_ribbon(p9.aes("u", ymin="lower", ymax="upper"), data=band, inherit_aes=False, fill=style.BAND)
        + p9.geom_hline(yintercept=0, color=style.REFERENCE_LINE)
        + p9.geom_line(p9.aes(group="coordinate"), color=style.BLUE, alpha=0.7, size=0.5)
        + p9.facet_wrap("variable", ncol=4)
        + p9.scale_x_continuous(breaks=[0, 0.5, 1])
        + p9.labs(
            x=RANK_STATISTIC,
            y="ECDF minus uniform ECDF (probability)",
            title=title,
            subtitle=f"{spread['seed'].nunique()} fits; one line per coordinate{note}; grey: simultaneous 95 % band of one line",
        )
        + style.theme(9, 1.6 + 2.0 * -(-len(order) // 4))
    )


def histograms(spread: pd.DataFrame, title: str) -> p9.ggplot:
    """Histograms (20 bins) of the rank statistics of means and scales, with the pointwise 99 % range of the binomial.

    spread: rows of ranks.parquet.
    """
    scalars = spread[spread[list(DIM_COLUMNS)].isna().all(axis=1) & (variable_of(spread["variable"]) == spread["variable"])]
    if scalars.empty:
        return style.message(title, "this variant has no parameters without gene or sgRNA")
    order = list(dict.fromkeys(scalars["variable"]))
    fits = scalars["seed"].nunique()
    low, high = np.quantile(np.random.default_rng(0).binomial(fits, 1 / 20, 20_000), [0.005, 0.995])
    scalars = scalars.assign(variable=pd.Categorical(scalars["variable"], order))
    return (
        p9.ggplot(scalars, p9.aes("u"))
        + p9.annotate("rect", xmin=0, xmax=1, ymin=low, ymax=high, fill=style.BAND)
        + p9.geom_histogram(breaks=np.linspace(0, 1, 21), fill=style.BLUE, alpha=0.8)
        + p9.geom_hline(yintercept=fits / 20, color=style.NOMINAL, linetype="dashed")
        + p9.facet_wrap("variable", ncol=4)
        + p9.scale_x_continuous(breaks=[0, 0.5, 1])
        + p9.labs(
            x=RANK_STATISTIC,
            y="number of fits",
            title=title,
            subtitle=f"{fits} fits; dashed: expected number; grey: 99 % range of a single bin",
        )
        + style.theme(9, 1.6 + 2.0 * -(-len(order) // 4))
    )
