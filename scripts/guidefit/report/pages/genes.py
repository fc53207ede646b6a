"""The genes of a real screen: effects of knock-outs, flags, sgRNAs that disagree, and whether the correction can be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from guidefit.assess import checks
from guidefit.base import parquet, tables
from guidefit.report.pages import correction, html
from guidefit.report.pages.html import cell

VERDICTS = ("depleted", "no effect", "enriched", "unclear")
TEXT = ("gene", "verdict", "control", "class_call")
COLUMNS = (
    *(*TEXT, "p_common", "fdr_common", "effect", "effect_q025", "effect_q975", "effect_scaled", "fdr_depleted", "fdr_enriched"),
    *("selectivity", "slope", "slope_q025", "slope_q975", "slope_biology", "sgrnas", "flags"),
)
ALWAYS = ("gene", "verdict", "effect", "effect_q025", "effect_q975", "fdr_depleted", "fdr_enriched", "sgrnas", "flags")
PLOTTED = ("control", "verdict", "effect", "effect_q025", "effect_q975")  # columns that the plot of all genes reads
SECOND_CLASS = {"one_line_contrast": "responding"}  # common for the other variants with classes
MAX_ROWS = 15  # of each list
OPTIONAL = ("comparison", "correction", "amplified", "shapes")


@dataclass(frozen=True)
class Tables:
    """The tables of a real screen that the page shows; those with a default are None where a study has none."""

    genes: pd.DataFrame
    sgrnas: pd.DataFrame
    diagnostics: pd.DataFrame
    comparison: pd.DataFrame | None = None
    correction: pd.DataFrame | None = None
    amplified: pd.DataFrame | None = None
    shapes: pd.DataFrame | None = None

    @classmethod
    def read(cls, inputs: Mapping[str, Any]) -> "Tables":
        """The tables at these paths, by name."""
        return cls(
            genes=parquet.read(inputs["genes"]),
            sgrnas=parquet.read(inputs["sgrnas"]),
            diagnostics=tables.read(inputs["diagnostics"]),
            **{name: tables.read(inputs[name]) if inputs.get(name) else None for name in OPTIONAL},
        )


def fill(found: Tables, study: str, thresholds: Mapping[str, float], arms: Mapping[str, Any]) -> str:
    """The part of a study's page on genes.

    thresholds: effect_min, effect_prob, fdr, few_guides. arms: of, and against in a contrast.
    """
    if found.genes.empty:
        return html.fill("parts/genes.html.j2", study=study, variant=None, absent=_absent(found.genes, found.diagnostics))
    seed = found.genes["seed"].iloc[0]
    verdicts = found.diagnostics[found.diagnostics["seed"] == seed].set_index("variant")["verdict"]
    compared = None if found.comparison is None else found.comparison[found.comparison["seed"] == seed]
    variant, why = choose(found.genes, verdicts, compared)
    table = found.genes[found.genes["variant"] == variant].sort_values("effect")
    verdict_counts = table["verdict"].value_counts()
    has_copies = bool(table["cna_highest"].notna().any())
    has_data = {name for name in COLUMNS if name in ALWAYS or (table[name].notna() & (table[name] != "")).any()}
    shown = [name for name in COLUMNS if name in has_data and (has_copies or not name.startswith("slope"))]
    return html.fill(
        "parts/genes.html.j2",
        study=study,
        variant=variant,
        why=why,
        absent=_absent(found.genes, found.diagnostics[found.diagnostics["seed"] == seed]),
        verdict=verdicts[variant],
        genes=f"{len(table):,}",
        sgrnas=f"{int(table['sgrnas'].sum()):,}",
        counts={name: int(verdict_counts.get(name, 0)) for name in VERDICTS},
        effect_min=f"{thresholds['effect_min']:g}",
        effect_prob=f"{thresholds['effect_prob']:.1%}",
        few_guides=f"{thresholds['few_guides']:g}",
        fdr=f"{thresholds['fdr']:.0%}",
        calls={name: f"{int((table['call'] == name).sum()):,}" for name in ("depleted", "enriched")},
        contrast=[", ".join(map(str, arms[name].values())) for name in ("of", "against")] if arms.get("against") else None,
        classes=_classes(table, variant),
        has_copies=has_copies,
        lists=_lists(table, has_copies),
        departures=_departures(found.sgrnas[found.sgrnas["variant"] == variant]),
        correction=None if found.correction is None else correction.summarise(found.correction, variant),
        shapes=None if found.shapes is None else correction.compare_shapes(found.shapes, variant),
        amplified=None if found.amplified is None else _amplified(found.amplified, variant),
        columns=[name.replace("_", " ") for name in shown],
        texts=sum(name in TEXT for name in shown),
        places={name: shown.index(name) for name in shown if name in PLOTTED},
        data=_cells(table, shown),
    )


def _classes(table: pd.DataFrame, variant: str) -> dict[str, Any] | None:
    """How many genes are called by class, of all genes and of the control genes; None without classes."""
    if table["p_common"].isna().all():
        return None
    called = table["class_call"] != ""
    name = table.loc[called, "class_call"].iloc[0] if called.any() else SECOND_CLASS.get(variant, "common")
    shares = {
        kind: f"{int(called[of_kind].sum()):,} of {int(of_kind.sum()):,}"
        for kind in ("essential", "nonessential")
        if (of_kind := table["control"] == kind).any()
    }
    meaning = "by the class of essential genes" if name == "common" else "by class, also where one guide alone is far from 0"
    by_line = bool(table["selectivity"].notna().any())
    return {"name": name, "meaning": meaning, "called": int(called.sum()), "controls": shares, "by_line": by_line}


def _amplified(table: pd.DataFrame, variant: str) -> list[dict[str, Any]]:
    """The amplified genes, other than essential ones, with the strongest effects in single lines; see `list_amplified`."""
    own = table[(table["variant"] == variant) & (table["control"] != "essential")].head(MAX_ROWS)
    numbers = {"cna": "{:.1f}", "raw": "{:.2f}", "artefact": "{:.2f}", "corrected": "{:.2f}"}
    numbers |= {"effect": "{:.2f}", "effect_scaled": "{:.2f}", "p_dependent": "{:.3f}"}
    texts = ("gene", "cell_line", "control", "flags")
    return [
        {name: cell(row[name], form) for name, form in (numbers | dict.fromkeys(texts, "{}")).items()}
        for row in own.to_dict("records")
    ]


def choose(genes: pd.DataFrame, verdicts: pd.Series, comparison: pd.DataFrame | None) -> tuple[str, str]:
    """The variant to show and the reason: the best ranked, else the one with the highest evidence, else the first usable fit.

    genes: at least one row. verdicts: variant -> verdict of its fit. comparison: rows of comparison.csv of one seed.
    """
    present = list(dict.fromkeys(genes["variant"]))
    sound = [name for name in present if verdicts.get(name) in checks.SOUND]
    if comparison is not None:
        ranked = comparison.dropna(subset=["rank"]).sort_values(["rank", "elpd"], ascending=[True, False])["variant"]
        best = [name for name in ranked if name in present]
        if best:
            return best[0], "it predicts best" if len(ranked) > 1 else "the only one that can be ranked"
        by_evidence = comparison[comparison["variant"].isin(sound)].dropna(subset=["log_evidence"])
        if len(by_evidence) > 1:
            return by_evidence.loc[by_evidence["log_evidence"].idxmax(), "variant"], "it has the highest evidence"
    if sound:
        return sound[0], "the first variant whose fit did not fail"
    return present[0], "no fit passed its checks: do not use these numbers"


def _absent(genes: pd.DataFrame, fits: pd.DataFrame) -> list[dict[str, str]]:
    """The variants without effects of genes, each with the reason. fits: rows of diagnostics.csv, one per variant is used."""
    return [
        {
            "variant": fit["variant"],
            "reason": f"its fit stopped ({cell(fit['reasons'])})"
            if fit["verdict"] == "error"
            else "it has no parameters of genes or sgRNAs that effects are computed from",
        }
        for fit in fits.drop_duplicates("variant").to_dict("records")
        if fit["variant"] not in set(genes["variant"])
    ]


def _lists(table: pd.DataFrame, has_copies: bool) -> dict[str, list[dict[str, Any]]]:
    """The lists that have rows, by title. table: genes, sorted by their effects."""
    clearest = table.assign(z=(table["slope"] / table["slope_sd"]).abs()).nlargest(MAX_ROWS, "z")
    lists = {
        "Most depleted": table[table["verdict"] == "depleted"].head(MAX_ROWS),
        "Most enriched": table[table["verdict"] == "enriched"].iloc[::-1].head(MAX_ROWS),
        "Clearest dependence on copy number": clearest if has_copies else clearest.head(0),
    }
    return {title: [_gene(row) for row in rows.to_dict("records")] for title, rows in lists.items() if len(rows)}


def _gene(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "gene": row["gene"],
        "effect": f"{row['effect']:.2f}",
        "interval": html.interval(row, "effect", 2),
        "scaled": cell(row["effect_scaled"], "{:.2f}"),
        "control": row["control"],
        "p_common": cell(row["p_common"], "{:.3f}"),
        "slope": f"{row['slope']:.2f} ({html.interval(row, 'slope', 2)})",
        "sgrnas": row["sgrnas"],
        "flags": row["flags"],
    }


def _departures(sgrnas: pd.DataFrame) -> list[dict[str, Any]]:
    """The sgRNAs whose effects differ most from their gene's, among those whose 95 % interval of the difference excludes 0."""
    certain = sgrnas[(sgrnas["departure_q025"] > 0) | (sgrnas["departure_q975"] < 0)]
    largest = certain.loc[certain["departure_scaled"].abs().sort_values(ascending=False).index[:MAX_ROWS]]
    return [
        {
            "sgrna": row["sgrna"],
            "gene": row["gene"],
            "effect": f"{row['effect']:.2f}",
            "departure": f"{row['departure']:.2f} ({html.interval(row, 'departure', 2)})",
            "scaled": cell(row["departure_scaled"], "{:.1f}"),
        }
        for row in largest.to_dict("records")
    ]


def _cells(table: pd.DataFrame, columns: list[str]) -> list[list[Any]]:
    """The cells of the searchable table."""
    decimal = [name for name in columns if pd.api.types.is_float_dtype(table[name].dtype)]
    formatted = {name: [cell(value, "{:.3f}") for value in table[name]] for name in decimal}
    return table[columns].assign(**formatted).to_numpy().tolist()
