"""Is the copy-number correction right? The answer on cell lines and genes that it was not fitted to, and the figures."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from guidefit.effects.judged_rows import FITTED, SATURATING, UNSEEN_GENES, UNSEEN_LINES
from guidefit.report.pages.html import cell

TITLES = {
    UNSEEN_LINES: "In cell lines that the correction was not fitted to",
    UNSEEN_GENES: "In genes and cell lines that the correction was not fitted to",
    FITTED: "In-sample: in the rows that were fitted",
}
FIGURES = ("slope", "amplified_shift", "variance_explained", "auroc", "nnmd")


def summarise(table: pd.DataFrame, variant: str) -> dict[str, Any]:
    """The assessment of the correction: the answer with its reasons, and the figures of each correction. table: correction.csv."""
    answer, reasons = judge(table, variant)
    parts = [
        {"rows": TITLES[which], "methods": [_figures(row) for row in table[table["rows"] == which].to_dict("records")]}
        for which in TITLES
        if (table["rows"] == which).any()
    ]
    fitted = table[(table["rows"] == FITTED) & table["note"].notna()]
    notes = [f"{row['method']}: {row['note']}" for row in fitted.to_dict("records")]
    return {"answer": answer, "reasons": reasons, "parts": parts, "notes": notes}


def compare_shapes(table: pd.DataFrame, variant: str) -> dict[str, Any] | None:
    """Which shape of the artefact predicts unseen lines best, and the figures of each shape. table: artefact_shapes.csv.

    None where the variant was not fitted in folds.
    """
    rows = table[table["variant"] == variant]
    if rows.empty:
        return None
    best, own = rows.iloc[0], rows[rows["fitted"]]
    name = f"{best['shape']}, {best['response']}"
    if own.empty:
        text = f"Best in cell lines left out: {name}. The study's covariate is none of these."
    elif own["behind"].iloc[0] <= 2 * own["behind_se"].iloc[0]:
        name = f"{own['shape'].iloc[0]}, {own['response'].iloc[0]}"
        text = f"No shape predicts cell lines left out clearly better than that of {variant}: {name}."
    else:
        text = f"Better in cell lines left out than that of {variant}: {name} (by {own['behind'].iloc[0]:.0f} nats)."
        text += " Set covariate: saturating." if best["shape"] == SATURATING else ""
    figures = [
        {"shape": row["shape"], "response": row["response"], "fitted": row["fitted"]}
        | {each: _with_error(row, each, digits) for each, digits in (("gain", 0), ("behind", 0), ("slope", 3))}
        for row in rows.to_dict("records")
    ]
    return {"text": text, "rows": figures}


def _figures(row: Mapping[Any, Any]) -> dict[str, str]:
    worst = {"method": row["method"], "auroc_worst": cell(row["auroc_worst"], "{:.3f}")}
    return worst | {name: _with_error(row, name) for name in FIGURES}


def _with_error(row: Mapping[Any, Any], name: str, digits: int = 3) -> str:
    if pd.isna(row[name]):
        return ""
    error = row[f"{name}_se"]
    return f"{row[name]:.{digits}f}" if pd.isna(error) else f"{row[name]:.{digits}f} ± {error:.{digits}f}"


def judge(table: pd.DataFrame, variant: str) -> tuple[str, list[str]]:
    """Whether a variant's correction is right, and the reasons. table: rows of correction.csv.

    The answer is yes only where, in cell lines that it was not fitted to, the slope of nonessential genes is removed, the
    separation of control genes is preserved and the correction explains some of the variance of nonessential genes, and the slope
    is removed in genes that it was not fitted to either. A slope is removed where it is within two standard errors of 0, and these
    are smaller than half of the slope before, or where a tenth of the slope before is left at most.
    """
    needed = ["slope", "slope_se", "nnmd", "nnmd_se"]
    by_rows = {which: part.set_index("method") for which, part in table.groupby("rows", sort=False)}
    mine = [which for which, part in by_rows.items() if variant in part.index and part.loc[variant, needed].notna().all()]
    if FITTED not in mine:
        return "This cannot be judged: the data contain too few control genes or cell lines.", []
    if UNSEEN_LINES not in mine:
        reasons = _reasons(by_rows[FITTED], variant, "in the rows that were fitted")
        text = "This cannot be judged: the correction was not fitted without some of the cell lines"
        needs = "this needs gene_classes or gene_by_line, engine gibbs and three cell lines"
        return f"{text} ({needs}), and figures of fitted rows prove nothing.", _texts(reasons)
    reasons = _reasons(by_rows[UNSEEN_LINES], variant, "in unseen cell lines")
    if UNSEEN_GENES in mine:
        reasons += _slope_reason(by_rows[UNSEEN_GENES], variant, "in unseen genes in unseen cell lines")
    found = [holds for holds, _ in reasons]
    answer = "Not entirely" if False in found else "This cannot be judged" if None in found or UNSEEN_GENES not in mine else "Yes"
    return f"{answer}: {variant}, judged on cell lines and genes that it was not fitted to.", _texts(reasons)


Reason = tuple[bool | None, str]
"""Whether something holds (None: the data cannot tell), and the sentence."""


def _texts(reasons: list[Reason]) -> list[str]:
    marks = {True: "holds", False: "does not hold", None: "cannot be told from these data"}
    return [f"{text} ({marks[holds]})" for holds, text in reasons]


def _reasons(rows: pd.DataFrame, variant: str, where: str) -> list[Reason]:
    """What is asked of a correction on these rows."""
    before, after = rows.loc["none"], rows.loc[variant]
    lost = after["nnmd"] - before["nnmd"] > 2 * after["nnmd_se"]
    separation = (
        f"essential and nonessential genes stay separated {where}: NNMD {before['nnmd']:.2f} before, {after['nnmd']:.2f} after"
    )
    found = [*_slope_reason(rows, variant, where), (not lost, separation)]
    share, error = after["variance_explained"], after["variance_explained_se"]
    if pd.notna(share) and pd.notna(error):
        text = f"the correction explains {share:.2%} of the variance of nonessential genes {where} (standard error {error:.2%})"
        found.append((True if share > 0 else False if share < -2 * error else None, text))
    return found


def _slope_reason(rows: pd.DataFrame, variant: str, where: str) -> list[Reason]:
    before, after = rows.loc["none", "slope"], rows.loc[variant]
    slope, error = after["slope"], after["slope_se"]
    within, is_precise = abs(slope) <= 2 * error, 2 * error <= 0.5 * abs(before)
    removed = True if abs(slope) <= 0.1 * abs(before) or (within and is_precise) else None if within else False
    text = f"copy number no longer shifts nonessential genes {where}: slope {before:.3f} before, {slope:.3f} after"
    return [(removed, f"{text} (standard error {error:.3f})")]
