"""Pictures over many seeds: recovery and calibration."""

import numpy as np
import pandas as pd
import plotnine as p9

from guidefit import calibration
from guidefit.figures import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, look, nothing
from guidefit.recovery import LEVELS

COLOURS = [BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, GREY]


def coverage(recovery: pd.DataFrame, title: str) -> p9.ggplot:
    """Coverage of the intervals at each level, by variant and variable, with two Monte Carlo standard errors."""
    table = recovery[(recovery["fits"] == "all") & recovery["bias_mcse"].notna()]
    if table.empty:
        return nothing(title, "no variable has a truth on the scale of x and more than one seed")
    parts = [
        table[["variant", "variable"]].assign(
            level=f"{level} %", nominal=level / 100, covered=table[f"coverage_{level}"], error=2 * table[f"coverage_{level}_mcse"]
        )
        for level in LEVELS
    ]
    frame = pd.concat(parts)
    order = list(dict.fromkeys(table["variable"]))
    frame = frame.assign(
        variable=pd.Categorical(frame["variable"], order[::-1]), level=pd.Categorical(frame["level"], [f"{k} %" for k in LEVELS])
    )
    return (
        p9.ggplot(frame, p9.aes("variable", "covered", color="variant"))
        + p9.geom_hline(p9.aes(yintercept="nominal"), color="#555555", linetype="dashed")
        + p9.geom_pointrange(
            p9.aes(ymin="covered - error", ymax="covered + error"), size=0.35, position=p9.position_dodge(width=0.6)
        )
        + p9.facet_wrap("level", nrow=1, scales="free_x")
        + p9.scale_color_manual(values=COLOURS[: frame["variant"].nunique()])
        + p9.scale_y_continuous(labels=lambda values: [f"{value:.0%}" for value in values])
        + p9.coord_flip()
        + p9.labs(
            x="",
            y="intervals that cover the truth",
            color="",
            title=title,
            subtitle="dashed: nominal; line: 2 Monte Carlo standard errors",
        )
        + look(11, _height(order, frame))
        + p9.theme(panel_spacing_x=0.03)
    )


def bias(recovery: pd.DataFrame, title: str) -> p9.ggplot:
    """Mean z-score of the estimates (good: 0) and contraction of prior to posterior (1: learnt, 0: the prior), by variable."""
    table = recovery[(recovery["fits"] == "all") & recovery["bias"].notna()]
    if table.empty:
        return nothing(title, "no variable has a truth on the scale of x")
    panels = {"z_mean": "mean z-score: (estimate - truth) / sd", "contraction": "contraction: 1 - posterior / prior variance"}
    parts = [
        table[["variant", "variable"]].assign(panel=label, value=table[name], error=2 * table[f"{name}_mcse"], good=float(i))
        for i, (name, label) in enumerate(panels.items())
    ]
    frame = pd.concat(parts)
    order = list(dict.fromkeys(table["variable"]))
    frame = frame.assign(
        variable=pd.Categorical(frame["variable"], order[::-1]), panel=pd.Categorical(frame["panel"], list(panels.values()))
    )
    return (
        p9.ggplot(frame, p9.aes("variable", "value", color="variant"))
        + p9.geom_hline(p9.aes(yintercept="good"), color="#555555", linetype="dashed")
        + p9.geom_pointrange(p9.aes(ymin="value - error", ymax="value + error"), size=0.35, position=p9.position_dodge(width=0.6))
        + p9.facet_wrap("panel", nrow=1, scales="free_x")
        + p9.scale_color_manual(values=COLOURS[: frame["variant"].nunique()])
        + p9.coord_flip()
        + p9.labs(
            x="",
            y="",
            color="",
            title=title,
            subtitle="line: 2 Monte Carlo standard errors; dashed: no bias, all learnt from the data",
        )
        + look(10, _height(order, frame))
    )


def _height(variables: list[str], frame: pd.DataFrame) -> float:
    return 2.0 + 0.32 * len(variables) * (0.5 + 0.5 * min(frame["variant"].nunique(), 4))


def ecdf(spread: pd.DataFrame, title: str) -> p9.ggplot:
    """ECDF of the ranks minus the uniform's, a panel per variable, a line per coordinate, and one line's simultaneous 95 % band."""
    lines, bands = [], []
    for (variable, gene, sgrna), rows in spread.groupby(["variable", "gene", "sgrna"], sort=False, dropna=False):
        line = calibration.ecdf_difference(rows["u"].to_numpy())
        lines.append(line.assign(variable=variable, coordinate=f"{gene} {sgrna}"))
        bands.append(line[["u", "lower", "upper"]].assign(variable=variable))
    frame, band = pd.concat(lines), pd.concat(bands).drop_duplicates(["variable", "u"])
    order = list(dict.fromkeys(frame["variable"]))
    frame["variable"], band["variable"] = (pd.Categorical(part["variable"], order) for part in (frame, band))
    rows = -(-len(order) // 4)
    return (
        p9.ggplot(frame, p9.aes("u", "difference"))
        + p9.geom_ribbon(p9.aes("u", ymin="lower", ymax="upper"), data=band, inherit_aes=False, fill="#DDDDDD")
        + p9.geom_hline(yintercept=0, color="#888888")
        + p9.geom_line(p9.aes(group="coordinate"), color=BLUE, alpha=0.7, size=0.5)
        + p9.facet_wrap("variable", ncol=4)
        + p9.scale_x_continuous(breaks=[0, 0.5, 1])
        + p9.labs(
            x="rank of the truth among the draws (share of draws below it)",
            y="ECDF minus that of a uniform",
            title=title,
            subtitle=f"{spread['seed'].nunique()} fits; a line per coordinate; grey: simultaneous 95 % band of one line",
        )
        + look(11, 1.6 + 2.0 * rows)
    )


def bins(spread: pd.DataFrame, title: str) -> p9.ggplot:
    """Histograms of the ranks of means and scales in 20 bins, with the pointwise 99 % range of the binomial."""
    scalars = spread[spread["gene"].isna() & spread["sgrna"].isna()]
    order = list(dict.fromkeys(scalars["variable"]))
    fits = scalars["seed"].nunique()
    low, high = np.quantile(np.random.default_rng(0).binomial(fits, 1 / 20, 20_000), [0.005, 0.995])
    scalars = scalars.assign(variable=pd.Categorical(scalars["variable"], order))
    return (
        p9.ggplot(scalars, p9.aes("u"))
        + p9.annotate("rect", xmin=0, xmax=1, ymin=low, ymax=high, fill="#DDDDDD")
        + p9.geom_histogram(breaks=np.linspace(0, 1, 21), fill=BLUE, alpha=0.8)
        + p9.geom_hline(yintercept=fits / 20, color="#555555", linetype="dashed")
        + p9.facet_wrap("variable", ncol=4)
        + p9.scale_x_continuous(breaks=[0, 0.5, 1])
        + p9.labs(
            x="rank of the truth among the draws (share of draws below it)",
            y="fits",
            title=title,
            subtitle=f"{fits} fits; dashed: expected; grey: 99 % range of a single bin",
        )
        + look(11, 1.6 + 2.0 * -(-len(order) // 4))
    )
