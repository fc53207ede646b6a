"""Recovery of the truth over seeds: coverage of intervals, bias, and contraction."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotnine as p9

from guidefit.assess.recovery import LEVELS
from guidefit.base import tables
from guidefit.report.figures import style


def draw(inputs: Mapping[str, Any], outputs: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Draw the recovery of a study.

    inputs: recovery. outputs: coverage, bias. settings: study.
    """
    recovery = tables.read(inputs["recovery"])
    style.save(coverage(recovery, f"Coverage of the truth (study {settings['study']})"), outputs["coverage"])
    style.save(bias(recovery, f"Bias and contraction (study {settings['study']})"), outputs["bias"])


def coverage(recovery: pd.DataFrame, title: str) -> p9.ggplot:
    """Coverage of the intervals of each level by variable and variant, with two Monte Carlo standard errors.

    recovery: rows of recovery.csv.
    """
    table = recovery[(recovery["fits"] == "all") & recovery["bias_mcse"].notna()]
    if table.empty:
        return style.message(title, "no variable has a truth on the scale of x and more than one seed")
    panels = {f"coverage_{level}": (f"{level} % interval", level / 100) for level in LEVELS}
    return (
        _by_variable(table, panels, title, "dashed: nominal coverage", is_share=True)
        + p9.scale_y_continuous(breaks=[0, 0.25, 0.5, 0.75, 1], labels=lambda values: [f"{value:.0%}" for value in values])
        + p9.labs(y="share of intervals that contain the truth")
        + p9.theme(panel_spacing_x=0.03)
    )


def bias(recovery: pd.DataFrame, title: str) -> p9.ggplot:
    """Mean z-score of the estimates (0: unbiased) and contraction from prior to posterior (1: determined by the data).

    recovery: rows of recovery.csv.
    """
    table = recovery[(recovery["fits"] == "all") & recovery["bias"].notna()]
    if table.empty:
        return style.message(title, "no variable has a truth on the scale of x")
    panels = {
        "z_mean": ("mean z-score: (estimate - truth) / posterior sd", 0.0),
        "contraction": ("contraction: 1 - posterior / prior variance", 1.0),
    }
    return _by_variable(table, panels, title, "dashed: no bias, full contraction")


def _by_variable(
    table: pd.DataFrame, panels: dict[str, tuple[str, float]], title: str, note: str, is_share: bool = False
) -> p9.ggplot:
    """Columns of recovery.csv by variable and variant, one panel per column.

    panels: column -> (label of its panel, ideal value); is_share: whether values are shares, whose errors end at 0 and 1.
    """
    parts = [
        table[["variant", "variable"]].assign(panel=label, value=table[name], error=2 * table[f"{name}_mcse"], ideal=ideal)
        for name, (label, ideal) in panels.items()
    ]
    frame = pd.concat(parts)
    frame = frame.assign(low=frame["value"] - frame["error"], high=frame["value"] + frame["error"])
    if is_share:
        frame[["low", "high"]] = frame[["low", "high"]].clip(0, 1)
    variables = list(dict.fromkeys(table["variable"]))
    variants = list(dict.fromkeys(table["variant"]))
    frame = frame.assign(
        variable=pd.Categorical(frame["variable"], variables[::-1]),
        panel=pd.Categorical(frame["panel"], [label for label, _ in panels.values()]),
    )
    return (
        p9.ggplot(frame, p9.aes("variable", "value", color="variant"))
        + p9.geom_hline(p9.aes(yintercept="ideal"), color=style.NOMINAL, linetype="dashed")
        + p9.geom_pointrange(p9.aes(ymin="low", ymax="high"), size=0.5, position=p9.position_dodge(width=0.6))
        + p9.facet_wrap("panel", nrow=1, scales="free_x")
        + p9.scale_color_manual(values=style.CATEGORIES[: len(variants)])
        + p9.coord_flip()
        + p9.labs(
            x="",
            y="",
            color="",
            title=title,
            subtitle=f"up to {table['seeds'].max():.0f} seeds; line: 2 Monte Carlo standard errors; {note}",
        )
        + style.theme(9, 2.0 + 0.32 * len(variables) * (0.5 + 0.5 * min(len(variants), 4)))
    )
