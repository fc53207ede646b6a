"""Overview of a study's diagnostics: every check of every fit."""

from collections.abc import Mapping
from textwrap import fill
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
FEW_FITS = 6  # of which every value is shown


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

    table: rows of checks.csv. Up to FEW_FITS fits are columns, with the value of every check; more are rows, with the values that
    do not pass.
    """
    fits = _worst_fits(table)
    made = checks.worst_of_each(table[table["check"] != checks.STOPPED])
    columns = [check for check in checks.CHECKS if check in set(made["check"])]
    frame = pd.DataFrame(_cells(fits, made, columns), columns=["fit", "check", "text", "level"])
    names, labels = list(dict.fromkeys(frame["fit"])), ["verdict", *map(wording.label, columns)]
    few, is_narrow = len(names) <= FEW_FITS, len(names) < 4
    count = table[["variant", "seed"]].drop_duplicates().shape[0]
    note = f"the worst {len(names)} of {count:,} fits" if count > len(names) else f"{count} fit{'s' if count > 1 else ''}"
    note += "; of each check the worst value over all parameters" + ("" if few else ", shown where it does not pass")
    frame["shown"] = frame["text"] if few else frame["text"].where(~frame["level"].isin(("pass", NOT_MADE)), "")
    frame["fit"] = pd.Categorical(frame["fit"], names if few else names[::-1])
    frame["check"] = pd.Categorical(frame["check"], labels[::-1] if few else labels)
    plot = p9.ggplot(frame, p9.aes("fit", "check") if few else p9.aes("check", "fit"))
    width, height = (3.4 + 1.7 * max(len(names), 2), 2.2 + 0.26 * len(labels)) if few else (style.WIDEST, 2.9 + 0.22 * len(names))
    return (
        plot
        + p9.geom_tile(p9.aes(fill="level"), color="white", size=0.7, alpha=0.75)
        + p9.geom_text(p9.aes(label="shown"), size=8 if few else 6.5)
        + p9.scale_fill_manual(values=COLOURS, limits=[level for level in COLOURS if level in set(frame["level"])])
        + p9.labs(x="", y="", fill="", title=title, subtitle=fill(note, int(11 * width)))
        + style.theme(width, height)
        + p9.theme(
            axis_text_x=p9.element_text(rotation=0, ha="center") if is_narrow else p9.element_text(rotation=40, ha="right"),
            panel_grid=p9.element_blank(),
        )
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
