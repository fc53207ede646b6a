"""Answers over seeds and variants for the summary: recovery, calibration, comparison."""

from typing import Any

import pandas as pd

from guidefit.assess import checks
from guidefit.assess.evidence_table import MEAN

LIGHTS = {"yes": "pass", "no": "fail", "cannot tell": "warn"}
MAX_VARIABLES = 6  # of those that fail the test of calibration


def of_recovery(table: pd.DataFrame, diagnostics: pd.DataFrame, most: float) -> list[dict[str, Any]]:
    """Whether each variant recovers the truth: variant, level, answer, lines.

    table: recovery.csv. diagnostics: diagnostics.csv. most: accepted share of fits that failed or stopped.
    """
    found = []
    for variant, rows in table[table["fits"] == "all"].groupby("variant", sort=False):
        verdicts = diagnostics.loc[diagnostics["variant"] == variant, "verdict"]
        too_many, text = _failures(int(verdicts.isin(checks.FAILED).sum()), len(verdicts), most)
        judged = rows[rows["verdict"].isin(["pass", "fail"])]
        wrong = judged[judged["verdict"] == "fail"]
        lines = [text]
        if len(judged):
            coverage = (judged["coverage_95"] * judged["coordinates"]).sum() / judged["coordinates"].sum()
            lines.append(f"95 % intervals contain {coverage:.1%} of all truths, over {judged['seeds'].max():.0f} seeds")
        else:
            lines.append("several seeds are needed to judge the coverage")
        lines += [f"{row['variable']}: {row['note']}" for row in wrong.to_dict("records")]
        unknown = rows.loc[rows["bias"].isna(), "variable"]
        lines += [f"no counterpart of the truth on the scale of x: {', '.join(unknown)}"] if len(unknown) else []
        answer = "cannot tell" if judged.empty else "no" if too_many or len(wrong) else "yes"
        found.append({"variant": variant, "answer": answer, "level": LIGHTS[answer], "lines": lines})
    return found


def of_calibration(table: pd.DataFrame, most: float) -> list[dict[str, Any]]:
    """Whether each variant is calibrated: variant, level, answer, lines.

    table: calibration.csv. most: accepted share of fits that failed or stopped.
    """
    found = []
    for variant, rows in table[table["fits"] == "all"].groupby("variant", sort=False):
        failed, share = int(rows["failed"].iloc[0]), float(rows["failed_share"].iloc[0])
        too_many, text = _failures(failed, round(failed / share) if share else int(rows["n"].max()), most)
        tested = rows[rows["p_holm"].notna()]
        wrong = rows[rows["verdict"] == "fail"].sort_values("p_value")
        lines = [text, _smallest(tested), *_not_uniform(wrong[wrong["p_value"].notna()])]
        undecided = rows[rows["verdict"].isna()]
        if len(undecided):
            lines.append(_more_seeds(undecided))
        answer = "no" if too_many or len(wrong) else "cannot tell" if len(undecided) else "yes"
        found.append({"variant": variant, "answer": answer, "level": LIGHTS[answer], "lines": lines})
    return found


def of_evidence(table: pd.DataFrame) -> dict[str, Any]:
    """Whether posterior model probabilities are right: level, answer, lines. table: model_probabilities.csv."""
    if table.empty or table["verdict"].isna().all():
        return {"level": "warn", "answer": "cannot tell", "lines": ["too few seeds in which all variants have evidence"]}
    wrong = table[table["verdict"] == "fail"]
    shown = wrong if len(wrong) else table[table["quantity"] == MEAN]
    lines = [
        f"{row['quantity']}{f' of {row["variant"]}' if pd.notna(row['variant']) else ''}: {row['observed']:.3f}, expected "
        f"{row['expected']:.3f} ± {row['mcse']:.2g} (corrected p {row['p_holm']:.2g})"
        for row in shown.to_dict("records")
    ]
    first = table.iloc[0]
    lines.insert(0, f"{first['seeds']:.0f} seeds, and {first['without_evidence']:.0f} in which a fit has no evidence")
    answer = "no" if len(wrong) else "yes"
    return {"level": LIGHTS[answer], "answer": answer, "lines": lines}


def _smallest(tested: pd.DataFrame) -> str:
    if tested.empty:
        return "no fit has rank statistics"
    least = tested.loc[tested["p_holm"].idxmin()]
    return f"smallest corrected p-value {least['p_holm']:.2g} ({least['variable']}) of {len(tested)} variables and coordinates"


def _not_uniform(wrong: pd.DataFrame) -> list[str]:
    lines = [
        f"{row['variable']}: mean rank statistic {row['mean_rank']:.2f} (uniform: 0.50), p {row['p_value']:.2g}"
        for row in wrong.head(MAX_VARIABLES).to_dict("records")
    ]
    more = len(wrong) - len(lines)
    return [*lines, f"and {more} more: see calibration.csv"] if more else lines


def _more_seeds(undecided: pd.DataFrame) -> str:
    return f"{undecided['n'].max():.0f} seeds are too few for this test: at least {undecided['n_needed'].max():.0f} are needed"


def _failures(failed: int, fits: int, most: float) -> tuple[bool, str]:
    """Whether too many fits failed for the answer yes, and a sentence on their number."""
    text = f"{failed} of {fits} fits failed or stopped ({failed / max(fits, 1):.1%})"
    too_many = failed > most * fits
    return too_many, f"{text}; the answer yes allows at most {most:.0%}" if too_many else text


def of_comparison(table: pd.DataFrame) -> str:
    """Which variants predict best; table: rows of comparison.csv of one seed."""
    if table["elpd"].isna().all() and table["log_bayes_factor"].notna().any():
        best = table.loc[table["log_bayes_factor"].idxmax(), "variant"]
        return f"There is no PSIS-LOO, because the predictive checks were not made. {best} has the highest evidence."
    ranked = int(table["rank"].notna().sum())
    first = table.loc[table["rank"] == 1, "variant"].tolist()
    if not first:
        return "No variant can be ranked: see the notes."
    if len(first) > 1:
        return f"{', '.join(first[:-1])} and {first[-1]} predict best and cannot be distinguished."
    return (
        f"{first[0]} predicts best of the {ranked} variants that can be ranked."
        if ranked > 1
        else f"Only {first[0]} can be ranked."
    )
