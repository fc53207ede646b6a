"""Copy-number corrections: the dependence on copy number that remains, and the separation of control genes."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotnine as p9

from guidefit.base import tables
from guidefit.effects.judged_rows import FITTED, UNSEEN_GENES, UNSEEN_LINES
from guidefit.report.figures import style

PANELS = {
    "slope": "slope on x in nonessential genes\n(logFC per unit of x; ideal: 0)",
    "amplified_shift": "shift of nonessential genes\nwhere amplified (logFC; ideal: 0)",
    "nnmd": "essential minus nonessential genes\n(NNMD, in sd; lower is better)",
}

ROWS = {FITTED: "in-sample: fitted rows", UNSEEN_LINES: "unseen lines", UNSEEN_GENES: "unseen lines and genes"}


def draw(inputs: Mapping[str, Any], outputs: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Draw the assessment of the copy-number corrections of a study.

    inputs: correction. outputs: correction. settings: study.
    """
    table = tables.read(inputs["correction"])
    title = f"Copy-number corrections (study {settings['study']})"
    if table[list(PANELS)].notna().any(axis=None):
        style.save(corrections(table, title), outputs["correction"])
    else:
        style.save_message(title, "the data have too few control genes to assess a correction", outputs.values())


def corrections(table: pd.DataFrame, title: str) -> p9.ggplot:
    """Three statistics of each correction, one panel per statistic. table: rows of correction.csv."""
    parts = [
        table[["method", "rows"]].assign(value=table[name], se=table[f"{name}_se"], panel=label) for name, label in PANELS.items()
    ]
    frame = pd.concat(parts).dropna(subset=["value"])
    frame["panel"] = pd.Categorical(frame["panel"], list(PANELS.values()))
    frame["method"] = pd.Categorical(frame["method"], list(dict.fromkeys(table["method"]))[::-1])
    frame["rows"] = pd.Categorical(frame["rows"].map(ROWS), list(ROWS.values())[::-1])
    ideal = pd.DataFrame({"panel": pd.Categorical([PANELS["slope"], PANELS["amplified_shift"]], list(PANELS.values())), "at": 0.0})
    first, apart = table.iloc[0], p9.position_dodge(0.6)
    counts = (
        f"{first['genes_essential']:,.0f} essential and {first['genes_nonessential']:,.0f} nonessential genes, "
        f"{first['cell_lines']:,.0f} cell lines"
    )
    return (
        p9.ggplot(frame, p9.aes("method", "value", color="rows"))
        + p9.geom_hline(p9.aes(yintercept="at"), data=ideal, color=style.NOMINAL, linetype="dashed")
        + p9.geom_linerange(p9.aes(ymin="value - 2 * se", ymax="value + 2 * se"), size=0.8, position=apart)
        + p9.geom_point(size=2.6, position=apart)
        + p9.scale_color_manual(values=dict(zip(ROWS.values(), (style.GREY, style.BLUE, style.ORANGE), strict=True)), drop=True)
        + p9.facet_wrap("panel", ncol=3, scales="free_x")
        + p9.coord_flip()
        + p9.labs(x="", y="", color="", title=title, subtitle=f"{counts}; line: 2 standard errors; dashed: ideal value")
        + style.theme(10, 2.1 + 0.28 * max(len(frame) / len(PANELS), 1))
    )
