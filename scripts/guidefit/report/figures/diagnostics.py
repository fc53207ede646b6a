"""Overview of a study's diagnostics: every check of every fit."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotnine as p9

from guidefit.report.figures import style

VERDICTS = {
    "pass": style.GREEN,
    "unchecked": style.GREY,
    "warn": style.YELLOW,
    "fail": style.VERMILION,
    "error": style.PURPLE,
    "not checked": style.PALE,
}
CHECKS = {
    "r_hat_max": ("R-hat", "{:.3f}"),
    "ess_bulk_min": ("bulk ESS", "{:.0f}"),
    "ess_tail_min": ("tail ESS", "{:.0f}"),
    "divergences": ("divergences", "{:.0f}"),
    "max_treedepth_draws": ("draws at max. tree depth", "{:.0f}"),
    "e_bfmi_min": ("E-BFMI", "{:.2f}"),
    "k_hat": ("k-hat of the draws", "{:.2f}"),
    "importance_ess": ("importance ESS", "{:.0f}"),
    "contraction_min": ("contraction", "{:.2f}"),
    "pareto_k_high": ("rows with high k-hat", "{:.0f}"),
    "loo_pit_outside": ("LOO-PIT outside band", "{:.0%}"),
    "loo_pit_genes_outside": ("genes outside band", "{:.0f}"),
}
_REASONS = {
    "r_hat_max": "R-hat",
    "ess_bulk_min": "bulk ESS",
    "ess_tail_min": "tail ESS",
    "divergences": "divergences in",
    "max_treedepth_draws": "at maximum tree depth",
    "e_bfmi_min": "E-BFMI",
    "k_hat": "went over to NUTS",
    "importance_ess": "importance ESS",
    "contraction_min": "not identified",
    "pareto_k_high": "LOO unreliable",
    "loo_pit_outside": "LOO-PIT leaves",
    "loo_pit_genes_outside": "LOO-PIT not uniform",
}


def _level(reasons: str, check: str) -> str:
    found = next((reason for reason in reasons.split("; ") if _REASONS[check] in reason), "pass:")
    return found.split(":")[0].replace("note", "pass")


def draw(inputs: Mapping[str, Any], outputs: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Draw the overview of a study's diagnostics.

    inputs: diagnostics. outputs: diagnostics. settings: study.
    """
    table = pd.read_csv(inputs["diagnostics"])
    style.save(diagnostics(table, f"Diagnostics of study {settings['study']}"), outputs["diagnostics"])


def diagnostics(table: pd.DataFrame, title: str, max_fits: int = 30) -> p9.ggplot:
    """Every check of every fit: the figure of merit, coloured by its verdict; the worst fits where there are many."""
    order = {"error": 0, "fail": 1, "warn": 2, "unchecked": 3, "pass": 4}
    chosen = table.assign(order=table["verdict"].map(order)).sort_values("order", kind="stable").head(max_fits)
    checks = {check: shown for check, shown in CHECKS.items() if table[check].notna().any()}
    cells = []
    for fit in chosen.to_dict("records"):
        name = f"{fit['variant']}, seed {fit['seed']}"
        cells.append((name, "verdict", fit["verdict"], fit["verdict"]))
        for check, (label, form) in checks.items():
            value = fit.get(check)
            if pd.isna(value):
                cells.append((name, label, "–", "error" if fit["verdict"] == "error" else "not checked"))
            else:
                cells.append((name, label, form.format(value), _level(str(fit["reasons"] or ""), check)))
    frame = pd.DataFrame(cells, columns=["fit", "check", "text", "level"])
    fits = list(dict.fromkeys(frame["fit"]))
    frame["fit"] = pd.Categorical(frame["fit"], fits[::-1])
    labels = ["verdict", *(label for label, _ in checks.values())]
    frame["check"] = pd.Categorical(frame["check"], labels)
    levels = [level for level in VERDICTS if level in set(frame["level"])]
    note = (
        f"the worst {len(fits)} of {len(table)} fits" if len(table) > len(fits) else "the worst value over all parameters of a fit"
    )
    return (
        p9.ggplot(frame, p9.aes("check", "fit"))
        + p9.geom_tile(p9.aes(fill="level"), color="white", size=1, alpha=0.75)
        + p9.geom_text(p9.aes(label="text"), size=8)
        + p9.scale_fill_manual(values=VERDICTS, limits=levels)
        + p9.labs(x="", y="", fill="", title=title, subtitle=note)
        + style.theme(11, 2.6 + 0.36 * len(fits))
        + p9.theme(axis_text_x=p9.element_text(rotation=30, ha="right"), panel_grid=p9.element_blank())
    )
