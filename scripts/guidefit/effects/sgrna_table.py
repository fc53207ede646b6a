"""The table of sgRNAs: effect, slope, and how far each departs from its gene."""

import numpy as np
import pandas as pd

from guidefit.effects.contents import ScreenContents
from guidefit.effects.draws import EffectDraws, summarise
from guidefit.effects.line_fit import LineFit

SGRNA_COLUMNS = (
    *("study", "variant", "seed", "sgrna", "gene"),
    *("effect", "effect_sd", "effect_q025", "effect_q975", "slope", "slope_sd", "slope_q025", "slope_q975"),
    *("departure", "departure_sd", "departure_q025", "departure_q975", "departure_scaled"),
    *("noise", "noise_sd", "noise_q025", "noise_q975", "p_departs", "departs", "rows", "n_alignments"),
)
OF_LINES = ("noise", "noise_sd", "noise_q025", "noise_q975", "p_departs")


def tabulate_sgrnas(effects: EffectDraws, contents: ScreenContents, line_fit: LineFit | None = None) -> pd.DataFrame:
    """One row per sgRNA: SGRNA_COLUMNS without the ids; no rows where the sgRNAs of a gene do not differ.

    departure: the sgRNA's effect less its gene's, logFC; departure_scaled: in units of the sd of sgRNAs around their gene.
    line_fit: for a variant with effects by gene and cell line. noise: u_s, the variance of the sgRNA's logFC in units of the
    average sgRNA's; p_departs: probability that it departs from its gene altogether; departs: lower (as toxic guides are) or higher
    (as inactive guides of essential genes are) than its gene where that is more likely than not. Empty for other variants.
    """
    if not effects.has("sgrna"):
        return pd.DataFrame(columns=list(SGRNA_COLUMNS))
    gene_of_sgrna = contents.gene_of_sgrna
    x_diploid = contents.genes["x_diploid"].to_numpy()
    effect, slope = effects.at_diploid("sgrna", x_diploid[gene_of_sgrna])
    effect_of_gene, _ = effects.at_diploid("gene", x_diploid)
    departure = effect - (effect_of_gene[:, gene_of_sgrna] if effect_of_gene.shape[1] > 1 else effect_of_gene)
    summaries = [summarise(effect, "effect"), summarise(slope, "slope"), summarise(departure, "departure")]
    table = pd.concat([contents.sgrnas, *summaries], axis=1)
    of_lines = line_fit.summarise_sgrnas(contents.sgrnas["sgrna"].tolist()) if line_fit else pd.DataFrame(index=table.index)
    table = pd.concat([table, of_lines.reindex(columns=list(OF_LINES))], axis=1)
    direction = np.where(table["departure"] < 0, "lower", "higher")
    sd = line_fit.sgrna_sds(contents.genes["gene"].tolist())[gene_of_sgrna] if line_fit else effects.sgrna_sd or np.nan
    return table.assign(departure_scaled=table["departure"] / sd, departs=np.where(table["p_departs"] > 0.5, direction, ""))
