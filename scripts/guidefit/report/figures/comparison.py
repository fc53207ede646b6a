"""Comparison of a study's variants: differences of elpd."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotnine as p9

from guidefit.base import tables
from guidefit.report.figures import style


def draw(inputs: Mapping[str, Any], outputs: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Draw the comparison of a study's variants for its first seed.

    inputs: comparison. outputs: comparison. settings: study.
    """
    table = tables.read(inputs["comparison"])
    title = f"Comparison by PSIS-LOO (study {settings['study']}"
    if table["elpd_diff"].notna().any():
        style.save(comparison(table, title), outputs["comparison"])
    else:
        style.save_message(f"{title})", "no fit has an estimate by PSIS-LOO: see diagnostics.csv", outputs.values())


def comparison(table: pd.DataFrame, title: str) -> p9.ggplot:
    """Difference of elpd from the best variant that can be ranked, with two standard errors; grey: a variant without a rank.

    table: rows of comparison.csv. title: with an open parenthesis, to which the seed is added.
    """
    seeds = table["seed"].nunique()
    first = table[table["seed"] == table["seed"].iloc[0]].sort_values("elpd_diff")
    first = first.assign(
        variant=pd.Categorical(first["variant"], first["variant"].tolist()),
        low=first["elpd_diff"] - 2 * first["se_diff"],
        high=first["elpd_diff"] + 2 * first["se_diff"],
        ranked=first["rank"].notna().map({True: "ranked", False: "not ranked"}),
    )
    seed = f", seed {first['seed'].iloc[0]}" + (f", the first of {seeds}" if seeds > 1 else "")
    return (
        p9.ggplot(first, p9.aes("variant", color="ranked"))
        + p9.geom_hline(yintercept=0, color=style.REFERENCE_LINE)
        + p9.geom_linerange(p9.aes(ymin="low", ymax="high"), size=0.8)
        + p9.geom_point(p9.aes(y="elpd_diff"), size=3)
        + p9.scale_color_manual(values={"ranked": style.BLUE, "not ranked": style.GREY})
        + p9.coord_flip()
        + p9.labs(
            x="",
            y="elpd difference from the best ranked variant (log density, sum over rows)",
            color="",
            title=f"{title}{seed})",
            subtitle=f"{first['rows'].max():,.0f} rows; dot: estimate; line: 2 standard errors; higher values predict better",
        )
        + style.theme(8, 1.8 + 0.45 * len(first))
    )
