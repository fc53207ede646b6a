"""Genes by cell lines of a real screen: which lines need which genes, how far lines and sgRNAs can be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from guidefit.base import parquet, tables
from guidefit.report.pages import html
from guidefit.report.pages.genes import choose
from guidefit.report.pages.html import cell

MOST_CELLS = 150_000  # genes x lines that the page holds to be searched
HEAT_GENES, HEAT_LINES = 40, 60
MAX_ROWS = 15  # of each list of sgRNAs
MOST_LINES = 200  # in the table of lines
STRONGEST = 1.5  # effect of the darkest colour of the heat map
VALUES = {"effect": 100, "sd": 100, "p_dependent": 1000, "information": 100}
"""Value of a cell -> its steps per unit: the page holds whole numbers, which are short."""


@dataclass(frozen=True)
class Tables:
    """The tables that the page shows; comparison is None where a study has none."""

    gene_lines: pd.DataFrame
    line_quality: pd.DataFrame
    sgrnas: pd.DataFrame
    diagnostics: pd.DataFrame
    comparison: pd.DataFrame | None = None

    @classmethod
    def read(cls, inputs: Mapping[str, Any]) -> "Tables":
        """The tables at these paths, by name."""
        return cls(
            gene_lines=parquet.read(inputs["gene_lines"], _COLUMNS),
            line_quality=tables.read(inputs["line_quality"]),
            sgrnas=parquet.read(inputs["sgrnas"]),
            diagnostics=tables.read(inputs["diagnostics"]),
            comparison=tables.read(inputs["comparison"]) if inputs.get("comparison") else None,
        )


_COLUMNS = ["variant", "seed", "gene", "cell_line", "effect", "effect_sd", "effect_scaled", "effect_scaled_sd"]
_COLUMNS += ["p_dependent", "call", "information", "flags"]


@dataclass(frozen=True)
class Matrices:
    """Effects of one variant: (gene, cell_line) arrays of VALUES, NaN without data, and whether a line hardly responds."""

    genes: np.ndarray
    lines: np.ndarray
    values: dict[str, np.ndarray]
    is_weak: np.ndarray

    @property
    def spread(self) -> np.ndarray:
        """(gene,) sd of a gene's effects over the lines that respond; 0 for genes with fewer than two of them."""
        effects = self.values["effect"][:, ~self.is_weak]
        counts = np.isfinite(effects).sum(axis=1)
        mean = np.nansum(effects, axis=1) / np.maximum(counts, 1)
        squares = np.nansum((effects - mean[:, None]) ** 2, axis=1)
        return np.sqrt(squares / np.maximum(counts, 1))

    def rows(self, kept: np.ndarray) -> "Matrices":
        """The same for some genes, by index."""
        return Matrices(self.genes[kept], self.lines, {name: each[kept] for name, each in self.values.items()}, self.is_weak)


def render(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, str]:
    """The page as self-contained HTML.

    inputs: gene_lines, line_quality, sgrnas, diagnostics, and comparison where a study has one.
    settings: study, thresholds (fdr, multiplier_min), has_copies: whether the screen has copy numbers.
    """
    return {"page": fill(Tables.read(inputs), settings["study"], settings["thresholds"], settings["has_copies"])}


def fill(found: Tables, study: str, thresholds: Mapping[str, float], has_copies: bool) -> str:
    """The page of these tables."""
    if found.gene_lines.empty:
        return html.fill("lines.html.j2", study=study, variant=None)
    seed = found.gene_lines["seed"].iloc[0]
    verdicts = found.diagnostics[found.diagnostics["seed"] == seed].set_index("variant")["verdict"]
    compared = None if found.comparison is None else found.comparison[found.comparison["seed"] == seed]
    variant, why = choose(found.gene_lines.drop_duplicates("variant"), verdicts, compared)
    table = found.gene_lines[found.gene_lines["variant"] == variant]
    is_scaled = bool(table["effect_scaled"].notna().any())
    matrices = arrange(table, is_scaled)
    searched = matrices.rows(_most_selective(matrices, MOST_CELLS // max(len(matrices.lines), 1)))
    return html.fill(
        "lines.html.j2",
        study=study,
        variant=variant,
        why=why,
        verdict=verdicts[variant],
        genes=f"{len(matrices.genes):,}",
        searched=f"{len(searched.genes):,}" if len(searched.genes) < len(matrices.genes) else None,
        is_scaled=is_scaled,
        has_copies=has_copies,
        fdr=f"{thresholds['fdr']:.0%}",
        multiplier_min=f"{thresholds['multiplier_min']:g}",
        calls=f"{int((table['call'] == 'dependent').sum()):,}",
        cells=f"{len(table):,}",
        heat=_heat_map(matrices),
        lines=_lines(found.line_quality[found.line_quality["variant"] == variant], table),
        all_lines=f"{len(matrices.lines):,}",
        noisy=_sgrnas(found.sgrnas[found.sgrnas["variant"] == variant], "noise"),
        departing=_sgrnas(found.sgrnas[found.sgrnas["variant"] == variant], "p_departs"),
        first=str(matrices.genes[np.argmax(matrices.spread)]),
        data=_searchable(searched),
    )


def arrange(table: pd.DataFrame, is_scaled: bool) -> Matrices:
    """The effects of one variant as matrices. table: rows of gene_line_effects.parquet."""
    (gene, genes), (line, lines) = (_sorted_codes(table[name]) for name in ("gene", "cell_line"))
    names = {"effect": "effect", "sd": "effect_sd", "p_dependent": "p_dependent", "information": "information"}
    names |= {"effect": "effect_scaled", "sd": "effect_scaled_sd"} if is_scaled else {}
    values = {}
    for name, column in names.items():
        values[name] = np.full((len(genes), len(lines)), np.nan, np.float32)
        values[name][gene, line] = table[column].to_numpy()
    is_weak = np.zeros(len(lines), bool)
    is_weak[line[(table["flags"] != "").to_numpy()]] = True
    return Matrices(genes, lines, values, is_weak)


def _sorted_codes(names: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """(row,) codes of names, which may be categories, and the names that they stand for, in alphabetical order."""
    codes, found = pd.factorize(names)
    order = np.argsort(texts := np.asarray(found.astype("str")))
    return np.argsort(order)[codes], texts[order]


def _most_selective(matrices: Matrices, most: int) -> np.ndarray:
    """Indices, in order, of the `most` genes whose effects differ most between lines."""
    return np.sort(np.argsort(-matrices.spread, kind="stable")[:most])


def _heat_map(matrices: Matrices) -> dict[str, Any]:
    """The most selective genes, by their mean effect, in the lines with most of their dependencies, as colours and texts."""
    chosen = matrices.rows(_most_selective(matrices, HEAT_GENES))
    effects, dependent = chosen.values["effect"], np.nansum(chosen.values["p_dependent"], axis=0)
    columns = np.sort(np.argsort(-dependent, kind="stable")[:HEAT_LINES])
    counts = np.maximum(np.isfinite(effects).sum(axis=1), 1)
    order = np.argsort(np.nansum(effects, axis=1) / counts, kind="stable")
    lines = zip(chosen.lines[columns], chosen.is_weak[columns], strict=True)
    cells = [[{"colour": colour(each), "text": cell(each, "{:.2f}")} for each in effects[i, columns]] for i in order]
    return {
        "lines": [f"{name} *" if is_weak else name for name, is_weak in lines],
        "rows": [{"gene": chosen.genes[i], "cells": row} for i, row in zip(order, cells, strict=True)],
    }


def colour(effect: float) -> str:
    """From vermilion (negative) by white to blue (positive); grey without data."""
    if not np.isfinite(effect):
        return "#eeeeee"
    share = float(np.clip(abs(effect) / STRONGEST, 0, 1))
    end = (213, 94, 0) if effect < 0 else (0, 114, 178)
    return "#" + "".join(f"{round(255 + share * (each - 255)):02x}" for each in end)


def _lines(quality: pd.DataFrame, table: pd.DataFrame) -> list[list[str]]:
    """The lines, those that respond least first: name, k, interval, noise, interval, AUROC, NNMD, dependencies, flags."""
    calls = table.loc[table["call"] == "dependent", "cell_line"].value_counts()
    return [
        [
            row["cell_line"],
            cell(row["multiplier"], "{:.2f}"),
            "" if pd.isna(row["multiplier"]) else html.interval(row, "multiplier", 2),
            f"{row['noise']:.2f}",
            html.interval(row, "noise", 2),
            cell(row["auroc"], "{:.3f}"),
            cell(row["nnmd"], "{:.1f}"),
            f"{int(calls.get(row['cell_line'], 0)):,}",
            cell(row["flags"]),
        ]
        for row in quality.sort_values("multiplier").head(MOST_LINES).to_dict("records")
    ]


def _sgrnas(sgrnas: pd.DataFrame, by: str) -> list[dict[str, Any]]:
    """The sgRNAs of most noise, or those that most probably depart from their gene."""
    largest = sgrnas[sgrnas[by].notna()].sort_values(by, ascending=False).head(MAX_ROWS)
    return [
        {"sgrna": row["sgrna"], "gene": row["gene"], "effect": f"{row['effect']:.2f}", "departs": row["departs"]}
        | {"noise": f"{row['noise']:.2f} ({html.interval(row, 'noise', 2)})", "p_departs": cell(row["p_departs"], "{:.3f}")}
        | {"departure": f"{row['departure']:.2f} ({html.interval(row, 'departure', 2)})"}
        for row in largest.to_dict("records")
    ]


def _searchable(matrices: Matrices) -> dict[str, Any]:
    """What the page's script reads: names, and whole numbers of VALUES, null without data."""
    found: dict[str, Any] = {"genes": matrices.genes.tolist(), "lines": matrices.lines.tolist(), "weak": matrices.is_weak.tolist()}
    for name, steps in VALUES.items():
        values = matrices.values[name]
        whole = np.where(np.isfinite(values), np.round(values * steps), 0).astype(int).astype(object)
        whole[~np.isfinite(values)] = None
        found[name] = whole.tolist()
    return found
