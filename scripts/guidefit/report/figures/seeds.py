"""Pictures over many seeds: recovery and calibration."""

import numpy as np
import pandas as pd
import plotnine as p9

from guidefit.assess import uniformity
from guidefit.report.figures import BLUE, GREEN, GREY, MAX_LINES, ORANGE, PURPLE, SKY, VERMILION, look, nothing
from guidefit.base.names import variable_of
from guidefit.assess.recovery import LEVELS

COLOURS = [BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, GREY]


def coverage(recovery: pd.DataFrame, title: str) -> p9.ggplot:
    """Coverage of the intervals at each level, by variant and variable, with two Monte Carlo standard errors."""
    table = recovery[(recovery["fits"] == "all") & recovery["bias_mcse"].notna()]
    if table.empty:
        return nothing(title, "no variable has a truth on the scale of x and more than one seed")
    panels = {f"coverage_{level}": (f"{level} %", level / 100) for level in LEVELS}
    return (
        _by_variable(table, panels, title, "dashed: nominal; line: 2 Monte Carlo standard errors", 11)
        + p9.scale_y_continuous(labels=lambda values: [f"{value:.0%}" for value in values])
        + p9.labs(y="intervals that cover the truth")
        + p9.theme(panel_spacing_x=0.03)
    )


def bias(recovery: pd.DataFrame, title: str) -> p9.ggplot:
    """Mean z-score of the estimates (good: 0) and contraction of prior to posterior (1: learnt, 0: the prior), by variable."""
    table = recovery[(recovery["fits"] == "all") & recovery["bias"].notna()]
    if table.empty:
        return nothing(title, "no variable has a truth on the scale of x")
    panels = {
        "z_mean": ("mean z-score: (estimate - truth) / sd", 0.0),
        "contraction": ("contraction: 1 - posterior / prior variance", 1.0),
    }
    return _by_variable(table, panels, title, "line: 2 Monte Carlo standard errors; dashed: no bias, all learnt from the data", 10)


def _by_variable(table: pd.DataFrame, panels: dict[str, tuple[str, float]], title: str, subtitle: str, width: float) -> p9.ggplot:
    """Some columns of recovery.csv by variable and variant, a panel each: column -> (its label, where it is good)."""
    parts = [
        table[["variant", "variable"]].assign(panel=label, value=table[name], error=2 * table[f"{name}_mcse"], good=good)
        for name, (label, good) in panels.items()
    ]
    frame = pd.concat(parts)
    order = list(dict.fromkeys(table["variable"]))
    variants = frame["variant"].nunique()
    frame = frame.assign(
        variable=pd.Categorical(frame["variable"], order[::-1]),
        panel=pd.Categorical(frame["panel"], [label for label, _ in panels.values()]),
    )
    return (
        p9.ggplot(frame, p9.aes("variable", "value", color="variant"))
        + p9.geom_hline(p9.aes(yintercept="good"), color="#555555", linetype="dashed")
        + p9.geom_pointrange(p9.aes(ymin="value - error", ymax="value + error"), size=0.35, position=p9.position_dodge(width=0.6))
        + p9.facet_wrap("panel", nrow=1, scales="free_x")
        + p9.scale_color_manual(values=COLOURS[:variants])
        + p9.coord_flip()
        + p9.labs(x="", y="", color="", title=title, subtitle=subtitle)
        + look(width, 2.0 + 0.32 * len(order) * (0.5 + 0.5 * min(variants, 4)))
    )


def ecdf(spread: pd.DataFrame, title: str) -> p9.ggplot:
    """ECDF of the ranks minus the uniform's, a panel per variable, a line per coordinate, and one line's simultaneous 95 % band.

    Of many coordinates MAX_LINES, evenly spaced in their order.
    """
    keys = ["variable", "gene", "sgrna"]
    coordinates = spread[keys].drop_duplicates()
    of_variable = coordinates.groupby(variable_of(coordinates["variable"]), sort=False)
    chosen = pd.concat([part.iloc[np.unique(np.linspace(0, len(part) - 1, MAX_LINES).astype(int))] for _, part in of_variable])
    note = f"; at most {MAX_LINES} of a variable's coordinates" if len(chosen) < len(coordinates) else ""
    lines, bands = [], []
    for (variable, gene, sgrna), rows in spread.merge(chosen, on=keys).groupby(keys, sort=False, dropna=False):
        line = uniformity.ecdf_difference(rows["u"].to_numpy())
        lines.append(line.assign(variable=variable, coordinate=f"{variable} {gene} {sgrna}"))
        bands.append(line[["u", "lower", "upper"]].assign(variable=variable))
    frame, band = (part.assign(variable=variable_of(part["variable"])) for part in (pd.concat(lines), pd.concat(bands)))
    band = band.drop_duplicates(["variable", "u"])
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
            subtitle=f"{spread['seed'].nunique()} fits; a line per coordinate{note}; grey: simultaneous 95 % band of one line",
        )
        + look(11, 1.6 + 2.0 * rows)
    )


def bins(spread: pd.DataFrame, title: str) -> p9.ggplot:
    """Histograms of the ranks of means and scales in 20 bins, with the pointwise 99 % range of the binomial."""
    scalars = spread[spread["gene"].isna() & spread["sgrna"].isna() & (variable_of(spread["variable"]) == spread["variable"])]
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
