"""The summary of a study: verdicts and their reasons, recovery, calibration, comparison, estimates, run times and versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from guidefit.assess import checks
from guidefit.base import tables
from guidefit.base.names import variable_of
from guidefit.report.pages import answers, html, verdicts
from guidefit.report.pages.html import cell

MAX_COORDINATES = 12  # of each variable by gene or cell line
COMPARISON = {
    "variant": ("variant", "{}"),
    "rank": ("rank", "{:.0f}"),
    "elpd": ("elpd", "{:.1f}"),
    "se": ("se", "{:.1f}"),
    "elpd_diff": ("difference", "{:.1f}"),
    "se_diff": ("se of difference", "{:.1f}"),
    "weight": ("weight", "{:.2f}"),
    "log_bayes_factor": ("log Bayes factor", "{:.1f}"),
    "note": ("note", "{}"),
}


@dataclass(frozen=True)
class Tables:
    """The tables of a study that the summary shows; those that a study may lack are None.

    on_layout: of a real screen, calibration.csv of each study that simulates data on its layout.
    """

    diagnostics: pd.DataFrame
    checks: pd.DataFrame
    estimates: pd.DataFrame
    comparison: pd.DataFrame | None
    recovery: pd.DataFrame | None
    calibration: pd.DataFrame | None
    evidence: pd.DataFrame | None
    dropped: pd.DataFrame | None
    joins: pd.DataFrame | None
    on_layout: list[pd.DataFrame] | None

    @classmethod
    def read(cls, inputs: Mapping[str, Any]) -> "Tables":
        """The tables at these paths, by name."""
        optional = {
            name: tables.read(inputs[name]) if inputs.get(name) else None
            for name in ("comparison", "recovery", "calibration", "evidence", "dropped", "joins")
        }
        if inputs.get("samples"):
            optional["dropped"] = tables.concatenate([optional["dropped"], tables.read(inputs["samples"])])
        return cls(
            diagnostics=tables.read(inputs["diagnostics"]),
            checks=checks.read_csv(inputs["checks"]),
            estimates=tables.read(inputs["estimates"]),
            on_layout=[tables.read(path) for path in inputs.get("on_layout", ())] if inputs.get("dropped") else None,
            **optional,
        )


def context(found: Tables, study: str, thresholds: Mapping[str, float]) -> dict[str, Any]:
    """What the parts of the page show of these tables, by name; None or empty where the study has nothing of the kind.

    thresholds: failed_share_max, calibration_level.
    """
    diagnostics, share = found.diagnostics, thresholds["failed_share_max"]
    seed = int(diagnostics["seed"].iloc[0])
    done = diagnostics[diagnostics["verdict"] != "error"]
    return {
        "study": study,
        "seed": seed,
        "overview": _overview(diagnostics, done),
        "variants": verdicts.of_variants(diagnostics, found.checks),
        "worst": verdicts.worst_fits(study, diagnostics, found.checks),
        "recovery": None if found.recovery is None else answers.of_recovery(found.recovery, diagnostics, share),
        "calibration": None if found.calibration is None else answers.of_calibration(found.calibration, share),
        "evidence": None if found.evidence is None else [{"variant": "all"} | answers.of_evidence(found.evidence)],
        "on_layout": None if found.on_layout is None else _on_layout(found.on_layout, share),
        "level": f"{thresholds['calibration_level']:g}",
        "comparison": None if found.comparison is None else _comparison(found.comparison[found.comparison["seed"] == seed]),
        "estimates": _estimates(found.estimates[found.estimates["seed"] == seed]),
        "dropped": None if found.dropped is None else _dropped(found.dropped),
        "joins": None if found.joins is None else _joins(found.joins),
        "times": [_times(name, rows) for name, rows in done.groupby("variant", sort=False)],
        "versions": "; ".join(dict.fromkeys(done["versions"].dropna())) if "versions" in done else "",
    }


def _overview(diagnostics: pd.DataFrame, done: pd.DataFrame) -> str:
    """How many fits there are, and of which data."""
    text = f"{_count(len(diagnostics), 'fit')} of {_count(diagnostics['variant'].nunique(), 'variant')}"
    if done.empty:
        return f"{text}; no fit was completed."
    sizes = "{rows:,.0f} rows: {sgrnas:,.0f} sgRNAs of {genes:,.0f} genes in {cell_lines:,.0f} cell lines"
    return f"{text}, each to {sizes.format(**done.iloc[0].to_dict())}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _on_layout(calibrations: Sequence[pd.DataFrame], share: float) -> list[dict[str, Any]]:
    return [
        {"study": study} | row
        for table in calibrations
        for study, rows in table.groupby("study", sort=False)
        for row in answers.of_calibration(rows, share)
    ]


def _comparison(table: pd.DataFrame) -> dict[str, Any] | None:
    """The comparison of one seed: the answer, the columns, the cells; None without any rows."""
    if table.empty:
        return None
    has_evidence = bool(table["log_bayes_factor"].notna().any())
    shown = {name: form for name, form in COMPARISON.items() if has_evidence or name != "log_bayes_factor"}
    return {
        "answer": answers.of_comparison(table),
        "has_evidence": has_evidence,
        "columns": [title for title, _ in shown.values()],
        "rows": [[cell(row[name], form) for name, (_, form) in shown.items()] for row in table.to_dict("records")],
    }


def _estimates(of_seed: pd.DataFrame) -> dict[str, Any]:
    """Estimates of one seed without those by sgRNA, of each variable by gene or cell line the first MAX_COORDINATES."""
    without_sgrnas = of_seed[of_seed["sgrna"].isna()]
    shown = without_sgrnas.groupby(["variant", variable_of(without_sgrnas["variable"].astype("str"))], sort=False)
    shown = shown.head(MAX_COORDINATES)
    has_truth = bool(shown["truth"].notna().any())
    rows = [
        [
            row["variant"],
            row["variable"],
            cell(row["gene"] if pd.notna(row["gene"]) else row["cell_line"]),
            cell(row["mean"], "{:.3f}"),
            cell(row["sd"], "{:.3f}"),
            html.interval(row),
            *([cell(row["truth"], "{:.3f}")] if has_truth else []),
            cell(row["r_hat"], "{:.3f}"),
            cell(row["ess_bulk"], "{:.0f}"),
        ]
        for row in shown.to_dict("records")
    ]
    return {"rows": rows, "left_out": len(without_sgrnas) - len(shown), "has_truth": has_truth}


def _dropped(table: pd.DataFrame) -> list[dict[str, str]]:
    return [
        {name: cell(row[name]) for name in ("action", "reason", "examples")} | {"rows": cell(row["rows"], "{:,.0f}")}
        for row in table.to_dict("records")
    ]


def _joins(table: pd.DataFrame) -> list[dict[str, str]]:
    return [
        {"what": f"{row['side']} in the {row['join']}", "found": f"{row['matched']:,} of {row['total']:,}"}
        | {"lost": cell(row["share_lost"], "{:.1%}"), "examples": cell(row["examples"])}
        for row in table.to_dict("records")
    ]


def _times(variant: Any, rows: pd.DataFrame) -> dict[str, Any]:
    """Engine and run times of one variant; rows: its completed fits in diagnostics.csv."""
    first = rows.iloc[0]
    return {
        "variant": variant,
        "engine": f"{first['engine']} ({', '.join(dict.fromkeys(rows['method'].dropna()))})",
        "draws": f"{first['chains']:.0f} x {first['draws']:.0f}",
        "compile": f"{rows['seconds_compile'].max():.1f}",
        "sampling": f"{rows['seconds_sampling'].sum():.1f}",
    }
