"""Amplified genes with strong negative effects: what was measured, what the correction took away, and what is left.

Genes are cut more often where they are amplified, which slows any cell; and amplified oncogenes are needed where they are
amplified. A correction has to remove the first and to keep the second, so that these genes show at once whether it does.
"""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from guidefit.base import parquet
from guidefit.effects.correction import AMPLIFIED

AMPLIFIED_COLUMNS = (
    *("study", "variant", "seed", "gene", "cell_line", "control", "cna", "sgrnas", "raw", "artefact", "corrected"),
    *("effect", "effect_sd", "effect_scaled", "p_dependent", "call", "information", "flags"),
)
STRONG = -0.5
"""LogFC at which an effect counts as a strong negative one."""
_OF_LINES = list(AMPLIFIED_COLUMNS[11:])
_PLACE = ["variant", "gene", "cell_line"]


def list_amplified(corrected: str | Path, gene_lines: str | Path, control: dict[str, str], diploid: float) -> pd.DataFrame:
    """One row per amplified gene, cell line and variant with a strong negative effect, AMPLIFIED_COLUMNS; by variant and effect.

    corrected, gene_lines: corrected_logfc.parquet and gene_line_effects.parquet; control: gene -> essential or nonessential.
    Amplified: AMPLIFIED times the diploid copy number or more. raw, artefact, corrected: mean over the gene's sgRNAs of logFC, of
    its copy-number part, and of logFC without it. The other columns are those of gene_line_effects.parquet, of variants that have
    them. Strong: raw, corrected or effect is STRONG or below.
    """
    needed = [*_PLACE, "study", "seed", "cna", "logfc", "copy_number_part", "corrected_logfc"]
    rows = parquet.read(corrected, needed, [("cna", ">=", AMPLIFIED * diploid)])
    rows = rows.astype(dict.fromkeys(["study", *_PLACE], "str"))
    means = {"raw": "logfc", "artefact": "copy_number_part", "corrected": "corrected_logfc", "cna": "cna"}
    found = rows.groupby(_PLACE, sort=False).agg(
        study=("study", "first"), seed=("seed", "first"), sgrnas=("logfc", "size"), **{k: (v, "mean") for k, v in means.items()}
    )
    found = found.reset_index().merge(_effects(gene_lines, found.index), on=_PLACE, how="left")
    strong = found[["raw", "corrected", "effect"]].min(axis=1) <= STRONG
    found = found[strong].assign(control=found["gene"].map(control).fillna(""), depth=found["effect"].fillna(found["corrected"]))
    variants = pd.Categorical(found["variant"], list(dict.fromkeys(found["variant"])))
    return found.assign(order=variants).sort_values(["order", "depth"], ignore_index=True)[list(AMPLIFIED_COLUMNS)]


def _effects(gene_lines: str | Path, places: pd.MultiIndex) -> pd.DataFrame:
    """The effects in these places (variant, gene, cell line)."""
    genes = sorted(set(places.get_level_values("gene")))
    if not genes or pq.read_metadata(gene_lines).num_rows == 0:
        return pd.DataFrame(columns=[*_PLACE, *_OF_LINES]).astype(dict.fromkeys(_PLACE, "str"))
    table = parquet.read(gene_lines, [*_PLACE, *_OF_LINES], [("gene", "in", genes)])
    table = table.astype(dict.fromkeys([*_PLACE, "call", "flags"], "str"))
    return table[pd.MultiIndex.from_frame(table[_PLACE]).isin(places)]
