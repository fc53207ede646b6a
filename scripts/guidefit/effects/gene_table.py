"""The table of genes: effect at the diploid copy number, slope, verdict and flags."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from guidefit.assess.calls import false_discovery_rate
from guidefit.effects.contents import ScreenContents
from guidefit.effects.control_scale import control_scale
from guidefit.effects.draws import EffectDraws, summarise
from guidefit.effects.line_fit import SELECTIVITY_COLUMNS, SLOPE_COLUMNS, LineFit
from guidefit.screens.guides import scale_departures
from guidefit.screens.spreadsheets import find_changed_names

GENE_COLUMNS = (
    *("study", "variant", "seed", "gene", "control", "verdict", "flags"),
    *("effect", "effect_sd", "effect_q025", "effect_q975", "p_negative", "effect_scaled"),
    *("call", "fdr_depleted", "fdr_enriched"),
    *("slope", "slope_sd", "slope_q025", "slope_q975"),
    *("p_common", "fdr_common", "class_call", *SELECTIVITY_COLUMNS, *SLOPE_COLUMNS),
    *("sgrnas", "rows", "cell_lines", "cna_lowest", "cna_highest", "cna_sd", "leverage", "leverage_cell_line"),
)


def tabulate_genes(
    effects: EffectDraws,
    contents: ScreenContents,
    control: Mapping[str, str],
    diploid: float,
    thresholds: Mapping[str, float],
    line_fit: LineFit | None = None,
) -> pd.DataFrame:
    """One row per gene: GENE_COLUMNS without the ids, and those of `ScreenContents.genes`; no rows where genes do not differ.

    line_fit: for a variant with effects by gene and cell line. p_common: probability that the gene belongs to the second class,
    common; class_call: that class where its false discovery rate, fdr_common, is at most the threshold; selectivity: tau_g, the sd
    of the gene's effects over lines. slope_artefact: the mean slope of the first class, or of all genes, which is the artefact of
    cutting amplified regions; slope_biology: what the gene's slope has beyond it. Empty for other variants.

    control: gene -> essential or nonessential, where known. effect_scaled: the effect on DepMap's scale, on which the median
    nonessential gene is 0 and the median essential gene -1; missing without both kinds. call: depleted or enriched where the false
    discovery rate of that, fdr_depleted or fdr_enriched, is at most the threshold, unless one guide alone is the reason.
    """
    genes = contents.genes
    if not effects.has("gene"):
        return pd.DataFrame(columns=list(GENE_COLUMNS))
    effect, slope = effects.at_diploid("gene", genes["x_diploid"].to_numpy())
    table = pd.concat([genes, summarise(effect, "effect"), summarise(slope, "slope")], axis=1)
    control_of_gene = table["gene"].map(control).fillna("")
    false = _probabilities_of_false_calls(effect, thresholds["effect_min"])
    rates = {name: false_discovery_rate(probability) for name, probability in false.items()}
    call = np.select([rate <= thresholds["fdr"] for rate in rates.values()], list(rates), "")
    verdict = judge_effects(effect, thresholds["effect_min"], thresholds["effect_prob"])
    far, without = _leave_far_guides_out(effect, contents, thresholds["guide_departure_max"])
    is_driven = _drives_verdict(far, without, effect, verdict, contents, thresholds)
    loses_call = _loses_call(far, without, call, false, thresholds)
    zero, unit = control_scale(table["effect"], control_of_gene)
    table = pd.concat([table, _of_lines(line_fit, effects, genes["gene"].tolist(), thresholds["fdr"])], axis=1)
    return table.assign(
        p_negative=(effect < 0).mean(axis=0),
        control=control_of_gene,
        verdict=verdict,
        effect_scaled=(table["effect"] - zero) / unit,
        call=np.where(loses_call, "", call),
        fdr_depleted=rates["depleted"],
        fdr_enriched=rates["enriched"],
        flags=_flag_genes(contents, diploid, thresholds, effects.has("sgrna"), is_driven | loses_call),
    )


def _of_lines(line_fit: LineFit | None, effects: EffectDraws, genes: list[str], fdr: float) -> pd.DataFrame:
    """The columns of variants with effects by gene and cell line, or with classes of genes in one line; empty ones for others."""
    columns = ["p_common", "fdr_common", "class_call", *SELECTIVITY_COLUMNS, *SLOPE_COLUMNS]
    table = line_fit.summarise_genes(genes) if line_fit else pd.DataFrame(index=range(len(genes)))
    table = table.reindex(columns=columns).assign(class_call="")
    if line_fit and line_fit.structure.classes:
        rate = false_discovery_rate(1 - table["p_common"].to_numpy())
        return table.assign(fdr_common=rate, class_call=np.where(rate <= fdr, line_fit.structure.classes[1], ""))
    if classes := effects.second_class(genes):
        name, probability = classes
        rate = false_discovery_rate(1 - probability)
        return table.assign(p_common=probability, fdr_common=rate, class_call=np.where(rate <= fdr, name, ""))
    return table


def judge_effects(effect: np.ndarray, smallest: float, probability: float) -> np.ndarray:
    """(gene,) verdict: depleted, enriched or no effect, else unclear.

    effect: (draw, gene) logFC. A gene is depleted, enriched or without effect where the posterior probability of an effect below
    -smallest, above smallest, or between the two is at least `probability` (Kruschke 2018).
    """
    shares = {
        "depleted": (effect < -smallest).mean(axis=0),
        "enriched": (effect > smallest).mean(axis=0),
        "no effect": (np.abs(effect) < smallest).mean(axis=0),
    }
    return np.select([share >= probability for share in shares.values()], list(shares), "unclear")


def _probabilities_of_false_calls(effect: np.ndarray, smallest: float) -> dict[str, np.ndarray]:
    """depleted, enriched -> (gene,) posterior probability that the effect, (draw, gene) logFC, is not beyond `smallest`."""
    return {"depleted": (effect >= -smallest).mean(axis=0), "enriched": (effect <= smallest).mean(axis=0)}


def _leave_far_guides_out(effect: np.ndarray, contents: ScreenContents, farthest: float) -> tuple[np.ndarray, np.ndarray]:
    """(k,) codes of genes with a guide that is far from their others, and (draw, k) effects, logFC, without this guide.

    farthest: robust standard deviations. Of two guides that are far apart either may be left out: the gene is there twice. Guides
    of a gene have the same copy numbers, so that leaving one out moves the effect by the change of the mean of their logFC, for
    every variant.
    """
    guides = contents.sgrnas.assign(scaled=scale_departures(contents.sgrnas).abs(), gene_code=contents.gene_of_sgrna)
    far = guides[guides["scaled"] > farthest]
    far = far[far["scaled"] == far.groupby("gene_code")["scaled"].transform("max")]
    gene = far["gene_code"].to_numpy(dtype=int)
    of_gene = guides.groupby("gene_code")["logfc"].agg(["mean", "size"])
    mean, size = (of_gene[name].reindex(gene).to_numpy(dtype=float) for name in ("mean", "size"))
    shift = (mean - far["logfc"].to_numpy(dtype=float)) / (size - 1)
    return gene, effect[:, gene if effect.shape[1] > 1 else np.zeros_like(gene)] + shift


def _drives_verdict(
    far: np.ndarray,
    without: np.ndarray,
    effect: np.ndarray,
    verdict: np.ndarray,
    contents: ScreenContents,
    thresholds: Mapping[str, float],
) -> np.ndarray:
    """(gene,) whether the verdict is another one without a far guide. far, without: see `_leave_far_guides_out`.

    A gene that is depleted or enriched by its only guide has no verdict without it.
    """
    verdict = np.broadcast_to(verdict, len(contents.genes))
    is_driven = (contents.genes["sgrnas"] == 1).to_numpy() & np.isin(verdict, ["depleted", "enriched"])
    other = judge_effects(without, thresholds["effect_min"], thresholds["effect_prob"])
    is_driven[far[other != verdict[far]]] = True
    return is_driven


def _loses_call(
    far: np.ndarray, without: np.ndarray, call: np.ndarray, false: Mapping[str, np.ndarray], thresholds: Mapping[str, float]
) -> np.ndarray:
    """(gene,) whether a gene is called only because of a far guide: without it, it is less certain than all called genes.

    call: by false discovery rate; false: see `_probabilities_of_false_calls`.
    """
    loses = np.zeros(len(call), bool)
    for direction, probability in _probabilities_of_false_calls(without, thresholds["effect_min"]).items():
        called = call == direction
        limit = false[direction][called].max(initial=0.0)
        loses[far[called[far] & (probability > limit)]] = True
    return loses


def _flag_genes(
    contents: ScreenContents, diploid: float, thresholds: Mapping[str, float], has_guides: bool, is_driven: np.ndarray
) -> list[str]:
    """(gene,) what to keep in mind about a gene's data, joined by semicolons.

    has_guides: whether guides of a gene differ in the variant, else it takes all rows of a guide for independent ones, and the
    interval of a gene with few guides is too narrow; is_driven: whether one guide drives the verdict or the call.
    """
    genes = contents.genes
    has_few = genes["sgrnas"] < thresholds["few_guides"]
    cuts_elsewhere = (contents.sgrnas["n_alignments"] > 1).groupby(contents.sgrnas["gene"]).any()
    flags = {
        "one guide drives the effect": is_driven,
        "few guides": has_few,
        "interval ignores differences between guides": has_few & (not has_guides) & (genes["rows"] > genes["sgrnas"]),
        "no copy-number variation": genes["cna_sd"] < thresholds["cna_sd_min"] * diploid,
        "one-line leverage": genes["leverage"] > thresholds["leverage_max"],
        "guides cut elsewhere too": genes["gene"].map(cuts_elsewhere).astype(bool),
        "name changed by a spreadsheet": genes["gene"].isin(find_changed_names(genes["gene"])),
    }
    return ["; ".join(name for name, on in zip(flags, row, strict=True) if on) for row in zip(*flags.values(), strict=True)]
