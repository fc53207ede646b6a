"""The quality of the samples of a real screen: each figure with its threshold."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotnine as p9

from guidefit.base import tables
from guidefit.report.figures import style

PANELS = {
    "reads_per_guide": ("reads per guide", "sample_reads_min"),
    "median_control": ("median count of controls", None),
    "zero_share": ("share without reads", "sample_zeros_max"),
    "gini": ("Gini index", "sample_gini_max"),
    "replicate_correlation": ("correlation with replicates", "sample_correlation_min"),
    "nnmd": ("NNMD of control genes", "sample_nnmd_max"),
}
MARKS = {"screened": style.BLUE, "reference": style.GREEN, "not used": style.GREY, "flagged": style.VERMILION}


def draw(inputs: Mapping[str, Any], outputs: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Draw the quality of samples. inputs: samples. outputs: samples. settings: study, thresholds."""
    table = tables.read(inputs["samples"])
    style.save(quality(table, settings["thresholds"], f"Quality of samples ({settings['study']})"), outputs["samples"])


def quality(table: pd.DataFrame, thresholds: Mapping[str, float], title: str) -> p9.ggplot:
    """One panel per figure, one point per sample; of many samples the flagged ones first, then others evenly spaced.

    table: samples.csv. thresholds: by name.
    """
    rows = table.assign(sample=table["sample"].astype(str), flags=table["flags"].fillna(""))
    flagged = rows.loc[rows["flags"] != "", "sample"].tolist()
    others, _ = style.some_of([name for name in rows["sample"] if name not in set(flagged)], max(style.MAX_NAMES - len(flagged), 2))
    shown = {*flagged[: style.MAX_NAMES], *others}
    rows = rows[rows["sample"].isin(shown)]
    panels = {column: panel for column, panel in PANELS.items() if rows[column].notna().any()}
    names = [name for name, _ in panels.values()]
    long = pd.concat([rows.assign(panel=name, value=pd.to_numeric(rows[column])) for column, (name, _) in panels.items()]).dropna(
        subset=["value"]
    )
    order = rows.sort_values(["cell_line", "condition", "day", "sample"], na_position="first")["sample"].tolist()[::-1]
    is_flagged = (long["flags"] != "") & (long["role"] != "not used")
    long = long.assign(
        sample=pd.Categorical(long["sample"], order),
        panel=pd.Categorical(long["panel"], names),
        mark=pd.Categorical(np.where(is_flagged, "flagged", long["role"]), list(MARKS)),
    )
    used = [mark for mark in MARKS if (long["mark"] == mark).any()]
    limits = pd.DataFrame([{"panel": name, "at": thresholds[key]} for name, key in panels.values() if key])
    limits["panel"] = pd.Categorical(limits["panel"], names)
    note = f"{len(rows)} of {len(table):,} samples" if len(rows) < len(table) else f"{len(table)} samples"
    return (
        p9.ggplot(long, p9.aes("value", "sample"))
        + p9.geom_vline(p9.aes(xintercept="at"), data=limits, color=style.NOMINAL, linetype="dashed")
        + p9.geom_point(p9.aes(color="mark"), size=1.8)
        + p9.facet_wrap("panel", nrow=1, scales="free_x")
        + p9.scale_color_manual(values={mark: MARKS[mark] for mark in used}, limits=used)
        + p9.labs(x="", y="", color="", title=title, subtitle=f"{note}; dashed: threshold beyond which a sample is flagged")
        + style.theme(min(2.0 * len(panels) + 2.5, style.WIDEST), 1.6 + 0.19 * max(len(rows), 4))
        + p9.theme(panel_spacing_x=0.025)  # of the width: labels of neighbouring panels stay apart
    )
