"""The table of sgRNAs: effect, slope, and how far each departs from its gene."""

import numpy as np
import pandas as pd

from guidefit.effects.contents import ScreenContents
from guidefit.effects.draws import EffectDraws, summarise

SGRNA_COLUMNS = (
    *("study", "variant", "seed", "sgrna", "gene"),
    *("effect", "effect_sd", "effect_q025", "effect_q975", "slope", "slope_sd", "slope_q025", "slope_q975"),
    *("departure", "departure_sd", "departure_q025", "departure_q975", "departure_scaled", "rows", "n_alignments"),
)


def tabulate_sgrnas(effects: EffectDraws, contents: ScreenContents) -> pd.DataFrame:
    """One row per sgRNA: SGRNA_COLUMNS without the ids; no rows where the sgRNAs of a gene do not differ.

    departure: the sgRNA's effect less its gene's, logFC; departure_scaled: in units of the sd of sgRNAs around their gene.
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
    sd = effects.sgrna_sd
    return table.assign(departure_scaled=table["departure"] / sd if sd else np.nan)
