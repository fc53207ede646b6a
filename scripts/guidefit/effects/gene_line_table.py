"""The table of genes by cell lines: the effect of each gene in each line, from the moments of a fit."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from guidefit.assess.calls import false_discovery_rate
from guidefit.effects.control_scale import control_scale
from guidefit.effects.line_fit import WEAK, LineFit

GENE_LINE_COLUMNS = (
    *("study", "variant", "seed", "gene", "cell_line", "control", "effect", "effect_sd", "q025", "q975"),
    *("effect_scaled", "effect_scaled_sd", "p_dependent", "call", "lfsr", "information", "flags"),
)
_NORMAL_975 = 1.959964
_CONTROLS = ["", "essential", "nonessential"]


def tabulate_gene_lines(
    fit: LineFit, control: Mapping[str, str], thresholds: Mapping[str, float], ids: Mapping[str, Any]
) -> pd.DataFrame:
    """One row per gene and cell line with data, GENE_LINE_COLUMNS, by gene; text columns are categories.

    control: gene -> essential or nonessential. thresholds: fdr, multiplier_min (lines with a smaller k_l are flagged). ids: study,
    variant and seed.

    effect: gamma_g + e_gl + (delta_g - mu_delta) x_gl, less mu_gamma of the null genes where there are classes: what the line
    loses without the gene, without the part of copy number that all genes share, in units of a line with k_l = 1. q025, q975: the
    mean less and plus 1.96 sd. effect_scaled, effect_scaled_sd: on the scale on which the median effect of nonessential genes is 0
    and that of essential genes -1; missing without both kinds. p_dependent: probability that the effect is below half way between
    the means of the two classes, or below the config's dependent_below. call: dependent, as long as the expected share of false
    ones among the calls is at most fdr. lfsr: the smaller of P(effect > 0) and P(effect < 0). information: share of the prior
    variance of e_gl that the data of this line removed.
    """
    moments = fit.moments
    gene, line = np.nonzero(np.isfinite(moments["effect"].transpose("gene", "cell_line").values))
    found = {name: moments[name].transpose("gene", "cell_line").values[gene, line].astype(np.float32) for name in _TAKEN}
    half_width = _NORMAL_975 * found["effect_sd"]
    genes, lines = moments["gene"].values, moments["cell_line"].values
    kinds = np.array([_CONTROLS.index(control.get(name, "")) for name in genes], np.int8)
    control_of_row = pd.Categorical.from_codes(kinds[gene], _CONTROLS)
    zero, unit = control_scale(pd.Series(found["effect"]), pd.Series(control_of_row))
    is_called = false_discovery_rate(1 - found["p_dependent"].astype(float)) <= thresholds["fdr"]
    weak = fit.find_weak_lines(thresholds["multiplier_min"])
    table = pd.DataFrame(
        {
            "gene": pd.Categorical.from_codes(gene, genes),
            "cell_line": pd.Categorical.from_codes(line, lines),
            "control": control_of_row,
            "effect": found["effect"],
            "effect_sd": found["effect_sd"],
            "q025": found["effect"] - half_width,
            "q975": found["effect"] + half_width,
            "effect_scaled": (found["effect"] - zero) / unit,
            "effect_scaled_sd": found["effect_sd"] / unit,
            "p_dependent": found["p_dependent"],
            "call": pd.Categorical.from_codes(is_called.astype(int), ["", "dependent"]),
            "lfsr": np.minimum(found["p_negative"], 1 - found["p_negative"]),
            "information": found["information"],
            "flags": pd.Categorical.from_codes(weak[line].astype(int), ["", WEAK]),
            "seed": ids["seed"],
        }
    )
    constant = {key: pd.Categorical.from_codes(np.zeros(len(table), int), [ids[key]]) for key in ("study", "variant")}
    return table.assign(**constant)[list(GENE_LINE_COLUMNS)]


_TAKEN = ("effect", "effect_sd", "p_dependent", "p_negative", "information")


def no_gene_lines() -> pd.DataFrame:
    """A table of GENE_LINE_COLUMNS without rows."""
    text = ("study", "variant", "gene", "cell_line", "control", "call", "flags")
    return pd.DataFrame({name: pd.Series(dtype="str" if name in text else "float64") for name in GENE_LINE_COLUMNS})
