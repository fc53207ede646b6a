"""Verdicts and their reasons for the summary, from the table of checks."""

from typing import Any

import numpy as np
import pandas as pd

from guidefit.assess import checks, wording

MAX_REASONS = 8
MANY_FITS = 12  # with more fits the worst ones are listed
MAX_WORST = 5
_SEVEREST_FIRST = [level for level in reversed(checks.LEVELS) if level != "pass"]


def of_variants(diagnostics: pd.DataFrame, table: pd.DataFrame) -> list[dict[str, Any]]:
    """Each variant: name, fits, verdicts (level, number of fits), reasons (lines).

    diagnostics: rows of diagnostics.csv. table: rows of checks.csv.
    """
    return [
        {
            "name": variant,
            "fits": len(rows),
            "verdicts": [(level, count) for level in checks.VERDICTS if (count := int((rows["verdict"] == level).sum()))],
            "reasons": _reasons(rows, table[table["variant"] == variant]),
        }
        for variant, rows in diagnostics.groupby("variant", sort=False)
    ]


def _reasons(fits: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    """The reasons of one variant's verdicts: of a single fit each check, of several fits each kind of check, severest first."""
    table = table[table["level"] != "pass"]
    reasons = wording.reasons(by_severity(table)) if len(fits) == 1 else _kinds(table, len(fits))
    if len(reasons) > MAX_REASONS:
        reasons = [*reasons[:MAX_REASONS], f"and {len(reasons) - MAX_REASONS} more: see checks.csv"]
    return (["all checks passed"] if (fits["verdict"] == "pass").all() else []) + reasons


def by_severity(table: pd.DataFrame) -> pd.DataFrame:
    """These checks, the severest level first, otherwise in their order."""
    return table.loc[table["level"].map(_SEVEREST_FIRST.index).sort_values(kind="stable").index]


def _kinds(table: pd.DataFrame, fits: int) -> list[str]:
    """Each check that several fits of a variant do not pass: its level, the number of those fits, and the worst of them."""
    groups = [(level, check, rows) for (level, check), rows in table.groupby(["level", "check"], sort=False)]
    groups.sort(key=lambda group: (_SEVEREST_FIRST.index(group[0]), -group[2]["seed"].nunique()))
    return [_kind(level, check, rows, fits) for level, check, rows in groups]


def _kind(level: str, check: str, rows: pd.DataFrame, fits: int) -> str:
    count = rows["seed"].nunique()
    if level == "unchecked" and count == fits:
        return f"{level}: {wording.sentence(rows.iloc[0].to_dict())}"
    excess = (rows["value"] - rows["threshold"]).abs().fillna(np.inf)
    worst = rows.loc[excess.idxmax()].to_dict()
    return f"{level}: {wording.label(check)}: {count} of {fits} fits; seed {worst['seed']}: {wording.sentence(worst)}"


def worst_fits(study: str, diagnostics: pd.DataFrame, table: pd.DataFrame) -> list[dict[str, Any]]:
    """Of more than MANY_FITS fits the worst that have a reason to look at: variant, seed, verdict, reasons (lines), log."""
    if len(diagnostics) <= MANY_FITS:
        return []
    table = table[table["level"].isin(["warn", *checks.FAILED])]
    keys = ["variant", "seed"]
    reasons = table.groupby(keys).size().rename("reasons_found")
    ranked = diagnostics[[*keys, "verdict"]].join(reasons, on=keys)
    ranked = ranked[ranked["verdict"].isin(["warn", *checks.FAILED])]
    ranked = ranked.assign(severity=[checks.VERDICTS.index(verdict) for verdict in ranked["verdict"]])
    found = ranked.sort_values(["severity", "reasons_found"], ascending=False, kind="stable").head(MAX_WORST)
    return [
        {
            "variant": fit["variant"],
            "seed": fit["seed"],
            "verdict": fit["verdict"],
            "reasons": wording.reasons(by_severity(table[(table["variant"] == fit["variant"]) & (table["seed"] == fit["seed"])])),
            "log": f"logs/{study}/fit/{fit['variant']}_seeds_*.log, seed {fit['seed']}",
        }
        for fit in found.to_dict("records")
    ]
