"""The page that answers by gene: what knocking it out does, what to mind, and whether the correction can be trusted."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from guidefit.report import html

_PAGE = """<h1>Genes of {{ study }}</h1>
{% if not variant %}<p>No fit gives effects of genes: see Summary.</p>{% else %}
<p>{{ genes }} genes, {{ sgrnas }} sgRNAs. Estimates of <b>{{ variant }}</b> ({{ why }}; verdict of its fit: {{ verdict }}). Effects are
logFC at the diploid copy number, what a copy-number difference adds is in the slope. Every variant: gene_effects.csv,
sgrna_effects.csv; logFC without the copy-number part: corrected_logfc.parquet.</p>

<h2>What knocking them out does</h2>
<table><tr>{% for name in counts %}<th>{{ name }}</th>{% endfor %}</tr>
<tr>{% for count in counts.values() %}<td class="number">{{ "{:,}".format(count) }}</td>{% endfor %}</tr></table>
<p class="quiet">depleted, enriched: the posterior probability of an effect below -{{ minimum }}, or above {{ minimum }}, is
{{ "{:.1%}".format(prob) }} or more; no effect: of one between the two; unclear: none of these.</p>
<div class="columns">
{% for title, rows in tops.items() %}<div><h2>{{ title }}</h2>
<table><tr><th>gene</th><th>effect</th><th>95 % interval</th><th>slope</th><th>sgRNAs</th><th>flags</th></tr>
{% for g in rows %}<tr><td>{{ g.gene }}</td><td class="number">{{ g.effect }}</td><td class="number">{{ g.interval }}</td>
<td class="number">{{ g.slope }}</td><td class="number">{{ g.sgrnas }}</td><td>{{ g.flags }}</td></tr>{% endfor %}</table></div>{% endfor %}
</div>
<p class="quiet">slope: logFC per unit of x, with its 95 % interval. Flags: few guides ({{ few }} or more are better); no copy-number
variation, or one cell line that holds most of it (the slope then rests on little); guides that cut in several places; a name that a
spreadsheet may have turned into a date.</p>

{% if departing %}<h2>sgRNAs that disagree with their gene</h2>
<table><tr><th>sgRNA</th><th>gene</th><th>its effect</th><th>departure from the gene</th><th>in usual scatters</th></tr>
{% for s in departing %}<tr><td>{{ s.sgrna }}</td><td>{{ s.gene }}</td><td class="number">{{ s.effect }}</td>
<td class="number">{{ s.departure }}</td><td class="number">{{ s.scaled }}</td></tr>{% endfor %}</table>{% endif %}

{% if correction %}<h2>Is the copy-number correction right?</h2>
<p>{{ judgement }}</p>
<table><tr><th>correction</th><th>slope on x in nonessential genes</th><th>shift where amplified</th><th>AUROC</th><th>NNMD</th><th>note</th></tr>
{% for c in correction %}<tr><td>{{ c.method }}</td><td class="number">{{ c.slope }}</td><td class="number">{{ c.shift }}</td>
<td class="number">{{ c.auroc }}</td><td class="number">{{ c.nnmd }}</td><td>{{ c.note }}</td></tr>{% endfor %}</table>
<p class="quiet">value ± standard error. A right correction leaves a slope and a shift near 0 and keeps essential genes as far from
nonessential ones as before (AUROC near 1, NNMD low).</p>{% endif %}

<h2>All genes</h2>
<p><input id="find" placeholder="find a gene" aria-label="find a gene"> <span class="quiet" id="found"></span></p>
<table><thead><tr>{% for name in columns %}<th>{{ name }}</th>{% endfor %}</tr></thead><tbody id="rows"></tbody></table>
<script type="application/json" id="data">{{ data | tojson }}</script>
<script>
const all = JSON.parse(document.getElementById("data").textContent), most = 100;
function show() {
  const text = document.getElementById("find").value.trim().toLowerCase();
  const found = all.filter(row => String(row[0]).toLowerCase().includes(text));
  document.getElementById("found").textContent = found.length + " genes" + (found.length > most ? ", the first " + most + " shown" : "");
  document.getElementById("rows").replaceChildren(...found.slice(0, most).map(row => {
    const tr = document.createElement("tr");
    row.forEach((value, i) => { const td = document.createElement("td"); td.textContent = value;
      if (1 < i && i < row.length - 1) td.className = "number"; tr.append(td); });
    return tr;
  }));
}
document.getElementById("find").addEventListener("input", show);
show();
</script>{% endif %}
"""
_SHOWN = (
    "gene",
    "verdict",
    "effect",
    "effect_q025",
    "effect_q975",
    "p_negative",
    "slope",
    "slope_q025",
    "slope_q975",
    "sgrnas",
    "flags",
)


def page(
    study: str,
    genes: pd.DataFrame,
    sgrnas: pd.DataFrame,
    diagnostics: pd.DataFrame,
    comparison: pd.DataFrame | None,
    correction: pd.DataFrame | None,
    thresholds: Mapping[str, float],
    most: int = 15,
) -> str:
    """The page as self-contained HTML; every text that comes from data is escaped. most: rows of the top lists."""
    seed = diagnostics["seed"].min()
    verdicts = diagnostics[diagnostics["seed"] == seed].set_index("variant")["verdict"]
    variant, why = _chosen(genes, verdicts, comparison[comparison["seed"] == seed] if comparison is not None else None)
    if variant is None:
        return html.render(f"{study}: genes", _PAGE, study=study, variant=None)
    table = genes[genes["variant"] == variant].sort_values("effect")
    guides = sgrnas[sgrnas["variant"] == variant]
    steep = table.assign(z=(table["slope"] / table["slope_sd"]).abs()).nlargest(most, "z")
    verdict_counts = table["verdict"].value_counts()
    tops = {
        "Most depleted": table[table["verdict"] == "depleted"].head(most),
        "Most enriched": table[table["verdict"] == "enriched"].iloc[::-1].head(most),
        "Clearest dependence on copy number": steep,
    }
    far = guides[(guides["departure_q025"] > 0) | (guides["departure_q975"] < 0)]
    far = far.loc[far["departure_scaled"].abs().sort_values(ascending=False).index[:most]]
    decimals = [name for name in _SHOWN if pd.api.types.is_float_dtype(table[name].dtype)]
    data = table[list(_SHOWN)].assign(**{name: table[name].map("{:.3f}".format) for name in decimals}).to_numpy().tolist()
    return html.render(
        f"{study}: genes",
        _PAGE,
        study=study,
        variant=variant,
        why=why,
        verdict=verdicts.get(variant, ""),
        genes=f"{len(table):,}",
        sgrnas=f"{int(table['sgrnas'].sum()):,}",
        counts={name: int(verdict_counts.get(name, 0)) for name in ("depleted", "no effect", "enriched", "unclear")},
        minimum=f"{thresholds['effect_min']:g}",
        prob=thresholds["effect_prob"],
        few=f"{thresholds['few_guides']:g}",
        tops={title: [_gene(row) for row in rows.to_dict("records")] for title, rows in tops.items() if len(rows)},
        departing=[_guide(row) for row in far.to_dict("records")],
        correction=[] if correction is None else [_correction(row) for row in correction.to_dict("records")],
        judgement="" if correction is None else _judgement(correction, str(variant)),
        columns=[name.replace("_", " ") for name in _SHOWN],
        data=data,
    )


def _chosen(genes: pd.DataFrame, verdicts: pd.Series, comparison: pd.DataFrame | None) -> tuple[str | None, str]:
    """The variant to show: the one that predicts best, or of the highest evidence, else the first whose fit did not fail."""
    there = list(dict.fromkeys(genes["variant"]))
    sound = [name for name in there if verdicts.get(name) in ("pass", "unchecked", "warn")]
    if comparison is not None:
        ranked = comparison.dropna(subset=["rank"]).sort_values(["rank", "elpd"], ascending=[True, False])["variant"]
        best = [name for name in ranked if name in there]
        if best:
            return best[0], "it predicts best" if len(ranked) > 1 else "the only one that can be ranked"
        by_evidence = comparison[comparison["variant"].isin(sound)].dropna(subset=["log_evidence"])
        if len(by_evidence) > 1:
            return by_evidence.loc[by_evidence["log_evidence"].idxmax(), "variant"], "the evidence is highest for it"
    if sound:
        return sound[0], "the first whose fit did not fail"
    return (there[0], "no fit passed its checks: do not use these numbers") if there else (None, "")


def _interval(row: Mapping[Any, Any], name: str) -> str:
    return f"{row[f'{name}_q025']:.2f} to {row[f'{name}_q975']:.2f}"


def _gene(row: Mapping[Any, Any]) -> dict[str, Any]:
    own = {"gene": row["gene"], "effect": f"{row['effect']:.2f}", "interval": _interval(row, "effect")}
    return own | {"slope": f"{row['slope']:.2f} ({_interval(row, 'slope')})", "sgrnas": row["sgrnas"], "flags": row["flags"]}


def _guide(row: Mapping[Any, Any]) -> dict[str, Any]:
    departure = f"{row['departure']:.2f} ({_interval(row, 'departure')})"
    return {
        "sgrna": row["sgrna"],
        "gene": row["gene"],
        "effect": f"{row['effect']:.2f}",
        "departure": departure,
        "scaled": "" if pd.isna(row["departure_scaled"]) else f"{row['departure_scaled']:.1f}",
    }


def _with_error(row: Mapping[Any, Any], name: str) -> str:
    return "" if pd.isna(row[name]) else f"{row[name]:.3f} ± {row[f'{name}_se']:.3f}"


def _correction(row: Mapping[Any, Any]) -> dict[str, str]:
    names = {"slope": "slope", "shift": "amplified_shift", "auroc": "auroc", "nnmd": "nnmd"}
    note = "" if pd.isna(row["note"]) else str(row["note"])
    return {"method": row["method"], "note": note} | {ours: _with_error(row, theirs) for ours, theirs in names.items()}


def _judgement(correction: pd.DataFrame, variant: str) -> str:
    rows = correction.set_index("method")
    if variant not in rows.index or rows[["slope", "nnmd"]].isna().any(axis=None):
        return "It cannot be judged: there are too few control genes among the data."
    before, after = rows.loc["none"], rows.loc[variant]
    gone = abs(after["slope"]) <= 2 * after["slope_se"] or abs(after["slope"]) <= 0.1 * abs(before["slope"])
    slope = f"the slope of nonessential genes goes from {before['slope']:.3f} to {after['slope']:.3f} (se {after['slope_se']:.3f})"
    lost = after["nnmd"] - before["nnmd"] > 2 * after["nnmd_se"]
    apart = "lose some of their distance from" if lost else "stay as far from"
    return (
        f"{'Yes' if gone and not lost else 'Not quite'}: with {variant} {slope}, and essential genes {apart} nonessential ones "
        f"(NNMD {before['nnmd']:.2f} before, {after['nnmd']:.2f} after)."
    )
