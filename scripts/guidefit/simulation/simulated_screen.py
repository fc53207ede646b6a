"""Simulated screens as tables: from a blueprint, or on the rows of a real screen.

LogFC is alpha_s + beta_s * effect + tau_c + e_gl + noise. The effect is the copy number itself, the covariate x, or a curve of one
of these; tau_c is an intercept of the cell line, which may be 0, and e_gl an effect of the gene in the cell line, if there are any.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from guidefit.base import parquet
from guidefit.models import responses
from guidefit.screens import screen_file
from guidefit.screens.covariates import WITHIN_GENES, Covariate, Line, Truth, push_forward
from guidefit.simulation import blueprints
from guidefit.simulation.blueprints import Blueprint
from guidefit.simulation.resized_layout import resize

BLOCK_ROWS = 2_000_000  # larger screens are simulated in blocks of genes


def simulate_in_blocks(
    study: str, section: Mapping[str, Any], covariate: Covariate, seed: int, block_rows: int = BLOCK_ROWS
) -> Iterator[tuple[pd.DataFrame, Truth]]:
    """The screen of one seed of a study and its truth, in blocks of genes. section: the study's section `simulate`.

    A covariate that depends on the rows of all genes needs them all at once: then there is one block.
    """
    most_rows = block_rows if covariate.name in WITHIN_GENES else None
    for blueprint in blueprints.draw_for_study(study, section, seed, most_rows):
        yield simulate(blueprint, covariate, section.get("effect_on", "cna"))


def iterate_covariates(
    study: str, section: Mapping[str, Any], covariate: Covariate, seeds: Iterable[int], layout: str | None
) -> Iterator[tuple[int, pd.DataFrame]]:
    """Each seed of a study with its rows, still without logFC: the same for every variant of the study.

    layout: file of the screen whose rows all seeds have; None for those of the study's design. Raises UserError for a gene whose
    covariate does not vary.
    """
    table = None if layout is None else read_layout(layout, covariate, section).drop(columns="logfc")
    remedy = screen_file.MORE_VARIATION if table is None else screen_file.OTHER_COVARIATE
    for seed in seeds:
        if table is None:
            (blueprint,) = blueprints.draw_for_study(study, section, seed)
            rows = make_covariate_table(blueprint, covariate)[0]
        else:
            rows = table
        screen_file.refuse_constant_genes(rows, f"studies.{study}.simulate, seed {seed}", covariate.name, remedy)
        yield seed, rows


def simulate(blueprint: Blueprint, covariate: Covariate, effect_on: str) -> tuple[pd.DataFrame, Truth]:
    """A screen (gene, sgrna, cell_line, cna, x, logfc) and its truth on the scale of x.

    effect_on: "cna" (slopes multiply the raw copy number, as in the notebook) or "x" (slopes multiply what the model sees, so that
    the truth needs no conversion).
    """
    table, line = make_covariate_table(blueprint, covariate)
    if effect_on == "x":
        table["logfc"] = compute_logfc(blueprint, table["x"].to_numpy())
        return table, dict(blueprint.truth)
    table["logfc"] = compute_logfc(blueprint, blueprint.cna)
    return table, push_forward(blueprint.truth, line, blueprint.gene_of_sgrna)


def make_covariate_table(blueprint: Blueprint, covariate: Covariate) -> tuple[pd.DataFrame, Line | None]:
    """The rows as a table (gene, sgrna, cell_line as categories; cna, x) without logFC, and the line of the covariate, if any."""
    fitted = covariate.fit(blueprint.cna, blueprint.gene_of_row)
    table = pd.DataFrame(
        {
            "gene": _labels("gene", blueprint.gene_of_row, blueprint.first_gene),
            "sgrna": _labels("sgRNA", blueprint.sgrna_of_row, blueprint.first_sgrna),
            "cell_line": _labels("cell", blueprint.cell_line_of_row),
            "cna": blueprint.cna,
            "x": fitted.x(blueprint.cna, blueprint.gene_of_row),
        }
    )
    return table, fitted.line


def compute_logfc(blueprint: Blueprint, effect: np.ndarray) -> np.ndarray:
    """(row,) logFC of the blueprint's truth. effect: (row,) what the slopes multiply, cna or x."""
    sgrna, truth = blueprint.sgrna_of_row, blueprint.truth
    alpha_s, beta_s, tau_c = (np.asarray(truth[name]) for name in ("alpha_s", "beta_s", "tau_c"))
    if "kappa" in truth:
        effect = responses.saturating_curve(effect, truth["kappa"])
    else:
        effect = responses.piecewise_curve(effect, truth["ratio"])
    logfc = alpha_s[sgrna] + beta_s[sgrna] * effect + tau_c[blueprint.cell_line_of_row] + blueprint.noise
    if "e_gl" in truth:
        logfc = logfc + np.asarray(truth["e_gl"])[blueprint.gene_of_row, blueprint.cell_line_of_row]
    return logfc


def read_layout(path: str | Path, covariate: Covariate, section: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """The rows of a real screen (gene, sgrna, cell_line, cna, x, logfc), with x computed from cna by this covariate.

    section: the study's section `simulate`, which may ask for other numbers of cell lines and sgRNAs.
    """
    table = parquet.read(path, ["gene", "sgrna", "cell_line", "cna", "logfc"])
    if section is not None:
        table = resize(table, section["layout"], section.get("cell_lines"), section.get("sgrnas_per_gene"))
    gene, _ = pd.factorize(table["gene"])
    cna = table["cna"].to_numpy()
    table.insert(4, "x", covariate.fit(cna, gene).x(cna, gene))
    return table


def append_replicate(observed: pd.DataFrame, logfc: np.ndarray) -> pd.DataFrame:
    """The observed rows followed by the same rows with a simulated logFC (row,); the column `replicated` distinguishes them."""
    parts = [observed.assign(replicated=False), observed.assign(logfc=logfc, replicated=True)]
    return pd.concat(parts, ignore_index=True)


def _labels(prefix: str, codes: np.ndarray, first: int = 0) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, [f"{prefix}_{first + i}" for i in range(codes.max() + 1)])
