"""The page of a design study: which designs reach the power, what one more guide or line adds, and whether this is right."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from guidefit.assess.design_table import ASSURANCE, POWER, keys_of
from guidefit.base import tables
from guidefit.report import design_words as words
from guidefit.report.pages import html

CHOSEN = ("cell_lines", "sgrnas_per_gene", "replicates")  # what an experimenter chooses; the other keys are conditions
CERTAIN = 2  # Monte Carlo standard errors between a power and the target
WRONG = 4  # the same between an error rate, of which there are many, and its nominal value


def render(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, str]:
    """The page as self-contained HTML.

    inputs: design. settings: design (its name), thresholds (power_min, fdr, effect_min).
    """
    table = tables.read(inputs["design"])
    limits = settings["thresholds"]
    text = html.fill(
        "design.html.j2",
        study=settings["design"],
        overview=_overview(table),
        target=f"{limits['power_min']:.0%}",
        fdr=f"{limits['fdr']:.0%}",
        effect_min=f"{limits['effect_min']:g}",
        answers=[answer(rows, keys_of(table), limits["power_min"]) for rows in _questions(table)],
        checks=[_error_rates(table, limits["fdr"]), _coverage(table), _failures(table)],
    )
    return {"page": text}


def answer(rows: pd.DataFrame, keys: list[str], target: float) -> dict[str, Any]:
    """The answer for one variant, variable and set of conditions: who, level, answer, lines.

    rows: of power or assurance, one per point; keys: of the grid. The smallest design is the one with the fewest measurements of a
    gene (guides x lines x replicates) whose power is above the target by CERTAIN Monte Carlo standard errors.
    """
    chosen, conditions = [key for key in keys if key in CHOSEN], [key for key in keys if key not in CHOSEN]
    first = rows.iloc[0]
    rows = rows.assign(size=rows[chosen].prod(axis=1) if chosen else 1.0)
    enough = rows[rows["value"] - CERTAIN * rows["mcse"] >= target]
    perhaps = rows[rows["value"] + CERTAIN * rows["mcse"] >= target]
    best = rows.loc[rows["value"].idxmax()]
    if len(enough):
        point = enough.sort_values(["size", "value"], ascending=[True, False]).iloc[0]
        level, text = "pass", f"{words.place(point[chosen]) or 'every point'} ({_share(point)})"
    elif len(perhaps):
        point, level = best, "warn"
        text = f"the highest {first['quantity']} is {_share(best)}{_at(best[chosen])}. {_more_seeds(best, target)}"
    else:
        point, level = best, "fail"
        text = f"the highest {first['quantity']} is {_share(best)}{_at(best[chosen])}"
    return {
        "variant": first["variant"],
        "what": words.VARIABLES[first["variable"]],
        "conditions": words.place(first[conditions]),
        "level": level,
        "answer": text,
        "lines": list(_steps(rows, point, chosen)),
    }


def _questions(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Rows of power for each variant, variable and combination of the keys that are conditions."""
    rows = table[table["quantity"].isin([POWER, ASSURANCE]) & table["variable"].isin(words.VARIABLES) & table["mcse"].notna()]
    conditions = [key for key in keys_of(table) if key not in CHOSEN]
    for _, mine in rows.groupby(["variant", "variable", *conditions], sort=False, dropna=False):
        yield mine


def _steps(rows: pd.DataFrame, point: pd.Series, chosen: list[str]) -> Iterator[str]:
    """What one more unit of each key adds to the power: from the point to the next value, or to the point from the one before."""
    for key in chosen:
        same = rows[
            (rows[[other for other in chosen if other != key]] == point[[other for other in chosen if other != key]]).all(axis=1)
        ]
        values = sorted(same[key].unique())
        if len(values) < 2:
            continue
        at = min(values.index(point[key]), len(values) - 2)
        low, high = (same[same[key] == value].iloc[0] for value in values[at : at + 2])
        gain, error = 100 * (high["value"] - low["value"]), 100 * np.hypot(low["mcse"], high["mcse"])
        units, tens = high[key] - low[key], (high["size"] - low["size"]) / 10
        step = f"{words.key(key)} {words.value(low[key])} to {words.value(high[key])}"
        yield (
            f"{step}: {_with_error(gain / units, error / units)} percentage points for each one more, "
            f"{_with_error(gain / tens, error / tens)} for each ten more measurements of a gene"
        )


def _with_error(gain: float, error: float) -> str:
    """Two digits of a gain and one of its standard error, without powers of ten."""
    return f"{float(f'{gain:.2g}'):+g} ± {float(f'{error:.1g}'):g}"


def _at(values: pd.Series) -> str:
    """Where in the grid, as " at cell lines 20"; empty where no key of it is chosen by an experimenter."""
    return f" at {words.place(values)}" if len(values) else ""


def _share(row: pd.Series) -> str:
    return f"{row['value']:.1%} ± {row['mcse']:.1%}"


def _more_seeds(row: pd.Series, target: float) -> str:
    distance = abs(row["value"] - target)
    needed = row["seeds"] * (CERTAIN * row["mcse"] / distance) ** 2 if distance else np.inf
    if needed > 100_000:
        return "It is too close to the target for any number of seeds."
    return f"About {float(f'{needed:.2g}'):,.0f} seeds a point would tell."


def _overview(table: pd.DataFrame) -> str:
    keys = keys_of(table)
    grid = "; ".join(f"{words.key(key)}: {', '.join(words.as_category(table[key]).categories)}" for key in keys)
    fits = table[table["quantity"] == "failed"]
    return f"{table['point'].nunique():,} points ({grid}), {int(fits['seeds'].sum()):,} fits in all."


def _error_rates(table: pd.DataFrame, fdr: float) -> dict[str, str]:
    rows = table[(table["quantity"] == "fdr") & table["variable"].isin(words.VARIABLES) & table["mcse"].notna()]
    return _worst("Are the calls right?", rows, rows["value"] - fdr, "true false discovery rate", f"the nominal {fdr:.0%}")


def _coverage(table: pd.DataFrame) -> dict[str, str]:
    rows = table[(table["quantity"] == "coverage_95") & table["mcse"].notna()]
    return _worst("Are the intervals right?", rows, 0.95 - rows["value"], "coverage of 95 % intervals", "the nominal 95 %", "below")


def _worst(question: str, rows: pd.DataFrame, excess: pd.Series, what: str, nominal: str, side: str = "above") -> dict[str, str]:
    """Whether a share is on the wrong side of its nominal value beyond WRONG standard errors, and where most."""
    if rows.empty:
        return {
            "question": question,
            "level": "unchecked",
            "answer": "not known",
            "text": "no variable has a truth on the scale of x",
        }
    wrong = excess > WRONG * rows["mcse"]
    of = f"{len(rows)} combinations of point and variable"
    if not wrong.any():
        text = f"the {what} is {side} {nominal} by more than {WRONG} Monte Carlo standard errors at none of {of}"
        return {"question": question, "level": "pass", "answer": "yes", "text": text}
    worst = rows.loc[excess[wrong].idxmax()]
    name = words.VARIABLES.get(worst["variable"], worst["variable"])
    where = f"most for {name} of {worst['variant']} at {words.place(worst[keys_of(rows)])}: {_share(worst)}"
    text = f"the {what} is {side} {nominal} by more than {WRONG} Monte Carlo standard errors at {wrong.sum()} of {of}, {where}"
    return {"question": question, "level": "fail", "answer": "no", "text": text}


def _failures(table: pd.DataFrame) -> dict[str, str]:
    rows = table[table["quantity"] == "failed"]
    failed, fits = float((rows["value"] * rows["seeds"]).sum()), int(rows["seeds"].sum())
    seconds = table[table["quantity"] == "seconds"]
    text = f"{failed:,.0f} of {fits:,} fits failed or stopped"
    if failed:
        worst = rows.loc[rows["value"].idxmax()]
        text += f", most at {words.place(worst[keys_of(table)])} ({worst['value']:.1%})"
    if len(seconds):
        text += f"; a fit took {seconds['value'].min():.2g} to {seconds['value'].max():.2g} s of sampling"
    return {
        "question": "Did the fits work?",
        "level": "warn" if failed else "pass",
        "answer": "not all" if failed else "yes",
        "text": text,
    }
