"""The page that answers first in words: does each variant fit, which predicts better, from which data, how long, with what."""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from guidefit.assess import wording
from guidefit.report import html
from guidefit.base.names import variable_of

_LEVELS = ("error", "fail", "warn", "unchecked", "note")
_PAGE = """<h1>Study {{ study }}</h1>
<p>{{ data }}</p>

<h2>Does each variant fit?</h2>
<table><tr><th>variant</th><th>verdict</th><th>fits</th><th>why</th></tr>
{% for v in variants %}<tr><td>{{ v.variant }}</td><td>{% for level, count in v.verdicts %}
<span class="light {{ level }}">{{ level }}{% if v.fits > 1 %} {{ count }}{% endif %}</span> {% endfor %}</td>
<td class="number">{{ v.fits }}</td><td>{% for reason in v.reasons %}{{ reason }}<br>{% else %}all checks passed{% endfor %}</td></tr>
{% endfor %}</table>
<p class="quiet">pass: the sampler did its work and the data speak to every parameter. warn: usable, look at the reason first.
fail: do not use these estimates. error: the sampler stopped; its message is in the reason and the whole story in the log.</p>

{% if worst %}<p class="quiet">The worst fits:</p><table><tr><th>variant</th><th>seed</th><th>verdict</th><th>why</th><th>log</th></tr>
{% for w in worst %}<tr><td>{{ w.variant }}</td><td class="number">{{ w.seed }}</td><td><span class="light {{ w.verdict }}">{{ w.verdict }}</span></td>
<td>{{ w.reasons }}</td><td>{{ w.log }}</td></tr>{% endfor %}</table>{% endif %}

{% if recovery %}<h2>Does it recover the truth?</h2>
<table><tr><th>variant</th><th></th><th>what the seeds say</th></tr>
{% for r in recovery %}<tr><td>{{ r.variant }}</td><td><span class="light {{ r.verdict }}">{{ r.answer }}</span></td><td>{% for line in r.lines %}{{ line }}<br>{% endfor %}</td></tr>
{% endfor %}</table>
<p class="quiet">yes: the coverage of 50, 80, 90 and 95 % intervals is right within four Monte Carlo standard errors, or off by less than a
tenth of the level. Figures and tables: recovery.csv.</p>{% endif %}

{% if calibration %}<h2>Is it calibrated?</h2>
<table><tr><th>variant</th><th></th><th>what the ranks say</th></tr>
{% for c in calibration %}<tr><td>{{ c.variant }}</td><td><span class="light {{ c.verdict }}">{{ c.answer }}</span></td><td>{% for line in c.lines %}{{ line }}<br>{% endfor %}</td></tr>
{% endfor %}</table>
<p class="quiet">Truths drawn from the variant's own prior, or from its posterior given a real screen whose rows are then fitted along,
must have uniform ranks among the posterior's draws (simulation-based calibration). yes: no variable's p-value, corrected over all, is below {{ level }}. All of them: calibration.csv.</p>{% endif %}

{% if on_layout is not none %}<h2>Is it calibrated on this screen's layout?</h2>
{% if on_layout %}<table><tr><th>study</th><th>variant</th><th></th><th>what the ranks say</th></tr>
{% for c in on_layout %}<tr><td>{{ c.study }}</td><td>{{ c.variant }}</td><td><span class="light {{ c.verdict }}">{{ c.answer }}</span></td><td>{% for line in c.lines %}{{ line }}<br>{% endfor %}</td></tr>
{% endfor %}</table>{% else %}<p>Not known: no study of this config was simulated on it. Add one with <code>simulate: {layout: {{ study }}, truth: posterior}</code>
and this study's covariate and variants, over a hundred seeds or more.</p>{% endif %}{% endif %}

{% if comparison %}<h2>Which variant predicts better?</h2>
<p>{{ answer }}</p>
<table><tr><th>variant</th><th>rank</th><th>elpd</th><th>se</th><th>difference</th><th>se</th><th>weight</th>{% if evidence %}<th>log Bayes factor</th>{% endif %}<th>note</th></tr>
{% for c in comparison %}<tr><td>{{ c.variant }}</td><td class="number">{{ c.rank }}</td><td class="number">{{ c.elpd }}</td>
<td class="number">{{ c.se }}</td><td class="number">{{ c.elpd_diff }}</td><td class="number">{{ c.se_diff }}</td>
<td class="number">{{ c.weight }}</td>{% if evidence %}<td class="number">{{ c.log_bayes_factor }}</td>{% endif %}<td>{{ c.note }}</td></tr>
{% endfor %}</table>
<p class="quiet">elpd: expected log predictive density of a left-out row, summed over rows (PSIS-LOO); higher predicts better. seed {{ seed }}.
{% if evidence %}log Bayes factor: log evidence less that of the variant where it is highest (natural logarithm; -2.3 is ten to one against).
It depends on the priors more than elpd does.{% endif %}</p>
{% endif %}

{% if hyper %}<h2>Estimates beside the truth</h2>
<p class="quiet">seed {{ seed }}; on the scale of the covariate x. A truth is empty where the parameter has no counterpart on that scale.
All parameters, seeds and statistics: estimates.csv.</p>
<table><tr><th>variant</th><th>parameter</th><th>gene</th><th>mean</th><th>sd</th><th>95 % interval</th><th>truth</th><th>R-hat</th><th>bulk ESS</th></tr>
{% for e in hyper %}<tr><td>{{ e.variant }}</td><td>{{ e.variable }}</td><td>{{ e.gene }}</td><td class="number">{{ e.mean }}</td>
<td class="number">{{ e.sd }}</td><td class="number">{{ e.interval }}</td><td class="number">{{ e.truth }}</td>
<td class="number">{{ e.r_hat }}</td><td class="number">{{ e.ess }}</td></tr>
{% endfor %}</table>{% if hyper_left_out %}<p class="quiet">{{ hyper_left_out }} more rows in estimates.csv.</p>{% endif %}{% endif %}

{% if dropped %}<h2>What was left out of the screen, and what to look at</h2>
<table><tr><th></th><th>what</th><th>rows</th><th>examples</th></tr>
{% for d in dropped %}<tr><td>{{ d.action }}</td><td>{{ d.reason }}</td><td class="number">{{ d.rows }}</td><td>{{ d.examples }}</td></tr>{% endfor %}</table>{% endif %}

<h2>Time and versions</h2>
<table><tr><th>variant</th><th>engine</th><th>chains x draws</th><th>compile (s)</th><th>sampling (s, sum over fits)</th></tr>
{% for t in times %}<tr><td>{{ t.variant }}</td><td>{{ t.engine }}</td><td>{{ t.draws }}</td><td class="number">{{ t.compile }}</td>
<td class="number">{{ t.sampling }}</td></tr>
{% endfor %}</table>
<p class="quiet">{{ versions }}</p>
"""


def page(
    study: str,
    diagnostics: pd.DataFrame,
    estimates: pd.DataFrame,
    comparison: pd.DataFrame | None,
    dropped: pd.DataFrame | None,
    recovery: pd.DataFrame | None,
    calibration: pd.DataFrame | None,
    on_layout: list[pd.DataFrame] | None,
    thresholds: Mapping[str, float],
    max_genes: int = 12,
) -> str:
    """The summary page of a study as self-contained HTML; every text that comes from data is escaped.

    on_layout: of a real screen, calibration.csv of each study that was simulated on its layout.
    max_genes: of each variable by gene or cell line so many rows are shown.
    """
    seed = int(diagnostics["seed"].iloc[0])
    done = diagnostics[diagnostics["verdict"] != "error"]
    counts = done.iloc[0] if len(done) else diagnostics.iloc[0]
    data = f"{len(diagnostics)} fit(s) of {diagnostics['variant'].nunique()} variant(s)"
    if len(done):
        data += ", each on {rows:,.0f} rows: {sgrnas:,.0f} sgRNAs of {genes:,.0f} genes in {cell_lines:,.0f} cell lines.".format(
            **counts.to_dict()
        )
    main = estimates[(estimates["seed"] == seed) & estimates["sgrna"].isna()]
    shown = main.groupby(["variant", variable_of(main["variable"])], sort=False).head(max_genes)
    return html.render(
        f"{study}: summary",
        _PAGE,
        study=study,
        data=data,
        seed=seed,
        variants=[_variant(name, rows) for name, rows in diagnostics.groupby("variant", sort=False)],
        worst=_worst(study, diagnostics),
        recovery=_recovery(recovery, diagnostics, thresholds["failed_share_max"]),
        calibration=_calibration(calibration, thresholds["failed_share_max"]),
        on_layout=None
        if on_layout is None
        else [
            {"study": table["study"].iloc[0]} | row
            for table in on_layout
            for row in _calibration(table, thresholds["failed_share_max"])
        ],
        level=f"{thresholds['calibration_level']:g}",
        comparison=None if comparison is None else _comparison(comparison[comparison["seed"] == seed]),
        evidence=comparison is not None and bool(comparison["log_bayes_factor"].notna().any()),
        answer="" if comparison is None else _answer(comparison[comparison["seed"] == seed]),
        hyper=[_estimate(row) for row in shown.to_dict("records")],
        hyper_left_out=len(main) - len(shown),
        dropped=[] if dropped is None else [_dropped(row) for row in dropped.to_dict("records")],
        times=[_times(name, rows) for name, rows in done.groupby("variant", sort=False)],
        versions="; ".join(dict.fromkeys(done["versions"].dropna())) if len(done) else "",
    )


def _variant(name: Any, rows: pd.DataFrame) -> dict[str, Any]:
    reasons: dict[str, int] = {}
    for text in rows["reasons"].fillna(""):
        for reason in filter(None, text.split("; ")):
            # of many fits the kinds of reasons, without their figures
            kind = reason if len(rows) == 1 else re.sub(r"(?<![\w.])-?\d[\d.,]*%?", "…", reason.split(" (")[0])
            reasons[kind] = reasons.get(kind, 0) + 1
    worst = sorted(reasons, key=lambda reason: (_LEVELS.index(reason.split(":")[0]), -reasons[reason]))
    return {
        "variant": name,
        "fits": len(rows),
        "verdicts": [
            (level, int(n)) for level in ("pass", "unchecked", "warn", "fail", "error") if (n := (rows["verdict"] == level).sum())
        ],
        "reasons": [reason if len(rows) == 1 else f"{reason}: {reasons[reason]} fit(s)" for reason in worst[:8]]
        + ([f"and {len(worst) - 8} more, see diagnostics.csv"] if len(worst) > 8 else []),
    }


def _worst(study: str, diagnostics: pd.DataFrame, most: int = 5) -> list[dict[str, Any]]:
    """Of many fits the worst, with the place of their log."""
    if len(diagnostics) <= 12:
        return []
    order = diagnostics["verdict"].map({"error": 0, "fail": 1, "warn": 2, "unchecked": 3, "pass": 3})
    ranked = diagnostics.assign(order=order, many=-diagnostics["reasons"].fillna("").str.count(";"))
    rows = ranked[order < 3].sort_values(["order", "many"], kind="stable").head(most).to_dict("records")
    return [row | {"log": f"logs/{study}/fit/{row['variant']}_seeds_*.log, seed {row['seed']}"} for row in rows]


def _failures(failed: int, fits: int, most: float) -> tuple[bool, str]:
    """Whether too many fits failed for an answer, and what to say of them."""
    text = f"{failed} of {fits} fits failed or stopped ({failed / max(fits, 1):.1%})"
    return failed > most * fits, text + (f", more than {most:.0%}: no answer can be yes" if failed > most * fits else "")


def _recovery(table: pd.DataFrame | None, diagnostics: pd.DataFrame, most: float) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for variant, rows in () if table is None else table[table["fits"] == "all"].groupby("variant", sort=False):
        verdicts = diagnostics.loc[diagnostics["variant"] == variant, "verdict"]
        too_many, text = _failures(int(verdicts.isin(["fail", "error"]).sum()), len(verdicts), most)
        judged = rows[rows["verdict"].isin(["pass", "fail"])]
        wrong = judged[judged["verdict"] == "fail"]
        unknown = rows.loc[rows["note"].fillna("").str.startswith("no counterpart"), "variable"].tolist()
        lines = [text, *(f"{row['variable']}: {row['note']}" for row in wrong.to_dict("records"))]
        lines += [f"no counterpart of the truth on the scale of x: {', '.join(unknown)}"] if unknown else []
        if judged.empty:
            found.append(
                {"variant": variant, "verdict": "warn", "answer": "cannot tell", "lines": [*lines, "it takes several seeds"]}
            )
            continue
        bad = too_many or len(wrong) > 0
        coverage = (judged["coverage_95"] * judged["coordinates"]).sum() / judged["coordinates"].sum()
        lines.insert(1, f"95 % intervals cover {coverage:.1%} of all truths, over {judged['seeds'].max()} seeds")
        found.append({"variant": variant, "verdict": "fail" if bad else "pass", "answer": "no" if bad else "yes", "lines": lines})
    return found


def _calibration(table: pd.DataFrame | None, most: float) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for variant, rows in () if table is None else table[table["fits"] == "all"].groupby("variant", sort=False):
        failed, share = int(rows["failed"].iloc[0]), float(rows["failed_share"].iloc[0])
        too_many, text = _failures(failed, round(failed / share) if share else int(rows["n"].max()), most)
        wrong = rows[rows["verdict"] == "fail"].sort_values("p_value")
        lines = [text]
        if rows["p_holm"].notna().any():
            least = rows.loc[rows["p_holm"].idxmin()]
            where = f"({least['variable']}) of {len(rows)} variables and coordinates"
            lines.append(f"least corrected p-value {least['p_holm']:.2g} {where}")
        lines += [
            f"{row['variable']}: mean rank {row['mean_rank']:.2f}, p {row['p_value']:.2g}"
            for row in wrong.head(6).to_dict("records")
        ]
        bad, undecided = too_many or len(wrong) > 0, rows[rows["verdict"].fillna("") == ""]
        if len(undecided) and not bad:
            lines.append(wording.seeds_needed(int(undecided["n_needed"].max())))
            found.append({"variant": variant, "verdict": "warn", "answer": "cannot tell", "lines": lines})
            continue
        found.append({"variant": variant, "verdict": "fail" if bad else "pass", "answer": "no" if bad else "yes", "lines": lines})
    return found


def _answer(table: pd.DataFrame) -> str:
    if table["elpd"].isna().all() and table["log_bayes_factor"].notna().any():
        return (
            f"No LOO, since checks are off. The evidence is highest for {table.loc[table['log_bayes_factor'].idxmax(), 'variant']}."
        )
    first = table.loc[table["rank"] == 1, "variant"].tolist()
    if not first:
        return "None can be ranked: see the notes."
    if len(first) == 1:
        others = int(table["rank"].notna().sum()) - 1
        return f"{first[0]} predicts best of the {others + 1} that can be ranked." if others else f"Only {first[0]} can be ranked."
    return f"{', '.join(first[:-1])} and {first[-1]} cannot be told apart, and predict best."


def _comparison(table: pd.DataFrame) -> list[dict[str, str]]:
    forms = {
        "elpd": "{:.1f}",
        "se": "{:.1f}",
        "elpd_diff": "{:.1f}",
        "se_diff": "{:.1f}",
        "weight": "{:.2f}",
        "rank": "{:.0f}",
        "log_bayes_factor": "{:.1f}",
    }
    return [
        {key: "" if pd.isna(value) else forms.get(key, "{}").format(value) for key, value in row.items()}
        for row in table.to_dict("records")
    ]


def _estimate(row: dict[Any, Any]) -> dict[str, str]:
    return {
        "variant": row["variant"],
        "variable": row["variable"],
        "gene": "" if pd.isna(row["gene"]) else row["gene"],
        "mean": f"{row['mean']:.3f}",
        "sd": f"{row['sd']:.3f}",
        "interval": f"{row['q025']:.3f} to {row['q975']:.3f}",
        "truth": "" if pd.isna(row["truth"]) else f"{row['truth']:.3f}",
        "r_hat": "" if pd.isna(row["r_hat"]) else f"{row['r_hat']:.3f}",
        "ess": "" if pd.isna(row["ess_bulk"]) else f"{row['ess_bulk']:.0f}",
    }


def _dropped(row: dict[Any, Any]) -> dict[str, str]:
    text = {key: "" if pd.isna(value) else str(value) for key, value in row.items()}
    return text | {"rows": "" if pd.isna(row["rows"]) else f"{row['rows']:,.0f}"}


def _times(name: Any, rows: pd.DataFrame) -> dict[str, Any]:
    first = rows.iloc[0]
    return {
        "variant": name,
        "engine": f"{first['engine']} ({', '.join(dict.fromkeys(rows['method'].dropna()))})",
        "draws": f"{first['chains']:.0f} x {first['draws']:.0f}",
        "compile": f"{rows['seconds_compile'].max():.1f}",
        "sampling": f"{rows['seconds_sampling'].sum():.1f}",
    }
