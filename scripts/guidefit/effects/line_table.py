"""The table of cell lines: how strongly each responds, its noise, and how well it separates control genes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from guidefit.effects.draws import summarise
from guidefit.effects.line_fit import WEAK, LineFit
from guidefit.effects.separation import separate_by_line

LINE_QUALITY_COLUMNS = (
    *("study", "variant", "seed", "cell_line", "flags"),
    *("multiplier", "multiplier_sd", "multiplier_q025", "multiplier_q975"),
    *("noise", "noise_sd", "noise_q025", "noise_q975"),
    *("auroc", "nnmd", "genes_essential", "genes_nonessential"),
)


def tabulate_lines(fit: LineFit, gene_lines: pd.DataFrame, multiplier_min: float, ids: Mapping[str, Any]) -> pd.DataFrame:
    """One row per cell line, LINE_QUALITY_COLUMNS. ids: study, variant and seed.

    gene_lines: effects of genes in cell lines with the column control (`tabulate_gene_lines`).
    multiplier: k_l, how strongly the line responds in units of the average line; noise: v_l, variance of its logFC in units of the
    average line's. auroc, nnmd: separation of essential from nonessential genes by their effects in the line (`separate_by_line`).
    """
    names = fit.moments["cell_line"].values.astype(str).tolist()
    table = pd.DataFrame({"cell_line": names, "flags": np.where(fit.find_weak_lines(multiplier_min), WEAK, "")})
    parts = [table, summarise(fit.values(fit.structure.line_noise[0], "cell_line", names), "noise")]
    if fit.structure.multiplier:
        parts.append(summarise(fit.values(fit.structure.multiplier[0], "cell_line", names), "multiplier"))
    separated = separate_by_line(gene_lines, "effect")
    found = pd.concat(parts, axis=1).merge(separated, on="cell_line", how="left").assign(**ids)
    return found.reindex(columns=list(LINE_QUALITY_COLUMNS))
