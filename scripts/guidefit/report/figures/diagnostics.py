"""Overview of a study's diagnostics: every check of every fit."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotnine as p9

from guidefit.assess import checks, wording
from guidefit.report.figures import style

NOT_MADE = "not made"
COLOURS = {
    "pass": style.GREEN,
    "note": style.SKY,
    "unchecked": style.GREY,
    "warn": style.YELLOW,
    "fail": style.VERMILION,
    "error": style.PURPLE,
    NOT_MADE: style.PALE,
}
MAX_FITS = 30


def draw(inputs: Mapping[str, Any], outputs: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Draw the overview of a study's diagnostics.

    inputs: checks. outputs: diagnostics. settings: study.
    """
    table, title = checks.read_csv(inputs["checks"]), f"Diagnostics (study {settings['study']})"
    if table.empty:
        style.save_message(title, "no checks were made", outputs.values())
    else:
        style.save(overview(table, title), outputs["diagnostics"])


def overview(table: pd.DataFrame, title: str) -> p9.ggplot:
    """The value of every check of every fit, coloured by its level; of many fits the worst MAX_FITS.

    table: rows of checks.csv.
    """
    fits = _worst_fits(table)
    made = checks.worst_of_each(table[table["check"] != checks.STOPPED])
    columns = [check for check in checks.CHECKS if check in set(made["check"])]
    frame = pd.DataFrame(_cells(fits, made, columns), columns=["fit", "check", "text", "level"])
    rows = list(dict.fromkeys(frame["fit"]))
    frame["fit"] = pd.Categorical(frame["fit"], rows[::-1])
    frame["check"] = pd.Categorical(frame["check"], ["verdict", *map(wording.label, columns)])
    count = table[["variant", "seed"]].drop_duplicates().shape[0]
    note = f"the worst {len(rows)} of {count:,} fits" if count > len(rows) else f"{count} fit{'s' if count > 1 else ''}"
    return (
        p9.ggplot(frame, p9.aes("check", "fit"))
        + p9.geom_tile(p9.aes(fill="level"), color="white", size=1, alpha=0.75)
        + p9.geom_text(p9.aes(label="text"), size=8)
        + p9.scale_fill_manual(values=COLOURS, limits=[level for level in COLOURS if level in set(frame["level"])])
        + p9.labs(x="", y="", fill="", title=title, subtitle=f"{note}; of each check the worst value over all parameters")
        + style.theme(3 + 0.75 * (1 + len(columns)), 2.6 + 0.36 * len(rows))
        + p9.theme(axis_text_x=p9.element_text(rotation=30, ha="right"), panel_grid=p9.element_blank())
    )


def _worst_fits(table: pd.DataFrame) -> pd.DataFrame:
    """variant, seed, verdict of at most MAX_FITS fits, the worst verdict first, otherwise in the order of the table."""
    verdicts = table.groupby(["variant", "seed"], sort=False)["level"].agg(checks.verdict).rename("verdict").reset_index()
    order = verdicts["verdict"].map(checks.VERDICTS.index)
    return verdicts.loc[order.sort_values(ascending=False, kind="stable").index].head(MAX_FITS)


def _cells(fits: pd.DataFrame, made: pd.DataFrame, columns: list[str]) -> list[tuple[str, str, str, str]]:
    """(fit, label of the check, text, level) of every fit and check; made: one row per fit and check."""
    by_place = {(row["variant"], row["seed"], row["check"]): row for row in made.to_dict("records")}
    cells = []
    for fit in fits.to_dict("records"):
        name = f"{fit['variant']}, seed {fit['seed']}"
        cells.append((name, "verdict", fit["verdict"], fit["verdict"]))
        for check in columns:
            row = by_place.get((fit["variant"], fit["seed"], check))
            text, level = (wording.figure(row), row["level"]) if row else ("–", NOT_MADE)
            cells.append((name, wording.label(check), text, level))
    return cells
