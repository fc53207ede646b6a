"""Effects that one variant finds in a real screen: genes, their dependence on copy number, and their sgRNAs."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotnine as p9

from guidefit.base import parquet
from guidefit.screens import screen_file
from guidefit.report.figures import style

logger = logging.getLogger("guidefit")

EFFECT = "effect at the diploid copy number (logFC)"
CONTROLS = {"essential": style.VERMILION, "nonessential": style.BLUE, "other": style.GREY}
_NORMAL_975 = 1.959964
FEW = 200  # genes, whose points are large enough to be found
TICKS = (1, 0.5, 1.5, 0, 2, 4, 8, 16, 32, 64, 128)  # copy numbers in units of the diploid one; earlier ones take precedence


def draw(inputs: Mapping[str, Any], outputs: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Draw the effects that one variant finds.

    inputs: screen, genes, sgrnas, lines. outputs: genes, ranking, guides, and lines where there are copy numbers.
    settings: study, variant, seed, diploid, show_genes.
    """
    tables = {name: parquet.read(inputs[name]) for name in ("genes", "sgrnas", "lines")}
    genes, sgrnas, lines = (table[table["variant"] == settings["variant"]] for table in tables.values())
    name = f"({settings['study']}, {settings['variant']})"
    if genes.empty:
        reason = "this variant has no gene effects, or its fit stopped with an error"
        style.save_message(f"No effects {name}", reason, outputs.values())
        return
    shown = list(dict.fromkeys(lines["gene"]))
    rows = screen_file.read_rows_of_genes(inputs["screen"], int(settings["seed"]), shown)
    absent = [gene for gene in settings["show_genes"] if gene not in shown]
    if absent:
        logger.warning("show_genes: these genes are not in the screen: %s", ", ".join(absent))
    title = f"LogFC against copy number {name}"
    style.save(volcano(genes, f"Effects of genes {name}"), outputs["genes"])
    style.save(ranking(genes, f"Strongest effects of genes {name}"), outputs["ranking"])
    if "lines" in outputs:
        style.save(copy_number_lines(rows, lines, genes, settings["diploid"], absent, title), outputs["lines"])
    style.save(guides(sgrnas, genes, shown, f"Effects of sgRNAs by gene {name}"), outputs["guides"])


def volcano(genes: pd.DataFrame, title: str, names: int = 16) -> p9.ggplot:
    """Effect of each gene against its evidence, the effect in units of its sd; called genes of most evidence are labelled.

    genes: one row per gene (effect, effect_sd, control, call, gene). names: labels at most, where there is room.
    """
    control = genes["control"].where(genes["control"] != "", "other")
    evidence = (genes["effect"] / genes["effect_sd"]).abs()
    table = genes.assign(evidence=evidence, height=np.sqrt(evidence), control=pd.Categorical(control, list(CONTROLS)))
    used = [kind for kind in CONTROLS if (control == kind).any()]
    table = table.sort_values("control", ascending=False)
    width, height = np.ptp(table["effect"]) or 1.0, float(table["height"].max()) or 1.0
    called = table[table["call"] != ""].sort_values("evidence", ascending=False)
    return (
        p9.ggplot(table, p9.aes("effect", "evidence"))
        + p9.geom_vline(xintercept=0, color=style.REFERENCE_LINE)
        + p9.geom_hline(yintercept=_NORMAL_975, color=style.REFERENCE_LINE, linetype="dotted")
        + p9.geom_point(p9.aes(color="control"), size=1.6 if len(table) > FEW else 2.6, alpha=0.6, stroke=0)
        + p9.geom_text(p9.aes(label="gene"), data=_with_room(called, width, height, names), size=7, va="bottom")
        + p9.scale_color_manual(values={kind: CONTROLS[kind] for kind in used}, limits=used)
        + p9.scale_y_sqrt()
        + p9.labs(
            x=EFFECT,
            y="|effect| / posterior sd (square-root axis)",
            color="control genes",
            title=title,
            subtitle=f"{len(table):,} genes; above the dotted line the 95 % interval excludes 0; labels: called genes, by evidence",
        )
        + p9.expand_limits(y=1.1 * float(evidence.max()))
        + p9.guides(color=p9.guide_legend(override_aes={"size": 3, "alpha": 1}))
        + style.theme(8, 5.5)
    )


def _with_room(table: pd.DataFrame, width: float, height: float, most: int) -> pd.DataFrame:
    """The first `most` genes whose labels do not overlap those of earlier ones. width, height: range of the axes as drawn."""
    places: list[tuple[float, float]] = []
    kept = []
    for row in table.itertuples():
        x, y = row.effect / width, row.height / height
        if all(abs(x - other_x) > 0.11 or abs(y - other_y) > 0.045 for other_x, other_y in places):
            places.append((x, y))
            kept.append(row.Index)
        if len(kept) == most:
            break
    return table.loc[kept]


def ranking(genes: pd.DataFrame, title: str, lowest: int = 25, highest: int = 10) -> p9.ggplot:
    """The lowest and highest effects with their 95 % intervals; hollow points mark genes with a flag."""
    ordered = genes.sort_values("effect")
    if len(ordered) > lowest + highest:
        table = pd.concat([ordered.head(lowest), ordered.tail(highest)])
        note = f"{lowest} lowest and {highest} highest of {len(genes):,} genes"
    else:
        table, note = ordered, f"{len(genes)} genes"
    table = table.assign(
        gene=pd.Categorical(table["gene"], table["gene"][::-1]), marked=np.where(table["flags"] == "", "no flag", "flagged")
    )
    return (
        p9.ggplot(table, p9.aes("gene", "effect"))
        + p9.geom_hline(yintercept=0, color=style.REFERENCE_LINE)
        + p9.geom_linerange(p9.aes(ymin="effect_q025", ymax="effect_q975"), color=style.BLUE)
        + p9.geom_point(p9.aes(fill="marked"), color=style.BLUE, size=2.2)
        + p9.scale_fill_manual(values={"no flag": style.BLUE, "flagged": "white"})
        + p9.coord_flip()
        + p9.labs(x="gene", y=EFFECT, fill="", title=title, subtitle=f"{note}; line: 95 % interval")
        + style.theme(7, 1.6 + 0.19 * len(table))
    )


def copy_number_lines(
    screen: pd.DataFrame, fitted: pd.DataFrame, genes: pd.DataFrame, diploid: float, absent: list[str], title: str
) -> p9.ggplot:
    """LogFC against copy number of some genes, with the gene's fitted line, its 95 % interval, and its effect at diploid.

    screen: rows (gene, sgrna, cna, logfc). fitted: gene, cna, fitted, lower, upper. absent: requested genes that the screen lacks.
    """
    names = list(dict.fromkeys(fitted["gene"]))
    if not names:
        return style.message(title, "this variant has no gene effects")

    def placed(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(gene=pd.Categorical(table["gene"], names), at=np.log2(table["cna"] + diploid))

    def ticks(limits: tuple[float, float]) -> list[float]:
        """The TICKS that fit into a panel without overlap."""
        kept: list[float] = []
        for at in np.log2((np.array(TICKS) + 1) * diploid):
            if limits[0] <= at <= limits[1] and all(abs(at - other) > 0.11 * (limits[1] - limits[0]) for other in kept):
                kept.append(float(at))
        return kept

    rows = placed(screen[screen["gene"].isin(names)])
    at_diploid = float(np.log2(2 * diploid))
    effect = genes[genes["gene"].isin(names)].assign(gene=lambda table: pd.Categorical(table["gene"], names), at=at_diploid)
    columns = min(4, len(names))
    return (
        p9.ggplot(rows, p9.aes("at", "logfc"))
        + p9.geom_hline(yintercept=0, color=style.REFERENCE_LINE)
        + p9.geom_vline(xintercept=at_diploid, color=style.NOMINAL, linetype="dotted")
        + p9.geom_point(p9.aes(group="sgrna"), color=style.NOMINAL, alpha=0.5, size=1.4, stroke=0)
        + p9.geom_ribbon(
            p9.aes("at", ymin="lower", ymax="upper"), data=placed(fitted), inherit_aes=False, fill=style.BLUE, alpha=0.25
        )
        + p9.geom_line(p9.aes("at", "fitted"), data=placed(fitted), color=style.BLUE, size=0.8)
        + p9.geom_point(p9.aes("at", "effect"), data=effect, color=style.VERMILION, size=2)
        + p9.facet_wrap("gene", ncol=columns, scales="free")
        + p9.scale_x_continuous(breaks=ticks, labels=lambda at: [f"{2**tick - diploid:.3g}" for tick in at])
        + p9.labs(
            x="copy number (copies, as given; logarithmic axis)",
            y=style.LOGFC,
            title=title,
            subtitle="dots: one sgRNA in one cell line; line and band: fit of the gene and its 95 % interval;\n"
            "red: effect at the diploid copy number (dotted); axes differ between panels"
            + (f"\nnot in the screen: {', '.join(absent)}" if absent else ""),
        )
        + style.theme(2.3 * columns + 0.8, 1.5 + 2.1 * -(-len(names) // columns))
    )


def guides(sgrnas: pd.DataFrame, genes: pd.DataFrame, names: list[str], title: str) -> p9.ggplot:
    """Effects of the sgRNAs of the genes `names`, with the 95 % interval of the gene's effect as a band."""
    table = sgrnas[sgrnas["gene"].isin(names)]
    if table.empty:
        return style.message(title, "this variant has no sgRNA effects")
    table = table.assign(gene=pd.Categorical(table["gene"], names)).sort_values(["gene", "effect"])
    table["sgrna"] = pd.Categorical(table["sgrna"], list(dict.fromkeys(table["sgrna"])))
    own = genes[genes["gene"].isin(names)].assign(gene=lambda rows: pd.Categorical(rows["gene"], names))
    return (
        p9.ggplot(table, p9.aes("sgrna", "effect"))
        + p9.geom_hline(yintercept=0, color=style.REFERENCE_LINE)
        + p9.geom_rect(
            p9.aes(xmin=-np.inf, xmax=np.inf, ymin="effect_q025", ymax="effect_q975"),
            data=own,
            inherit_aes=False,
            fill=style.BLUE,
            alpha=0.25,
        )
        + p9.geom_linerange(p9.aes(ymin="effect_q025", ymax="effect_q975"), color=style.BLUE)
        + p9.geom_point(color=style.BLUE, size=2)
        + p9.facet_grid(rows="gene", scales="free_y", space="free_y")
        + p9.coord_flip()
        + p9.labs(
            x="sgRNA",
            y=EFFECT,
            title=title,
            subtitle=f"{len(table)} sgRNAs; dot and line: an sgRNA and its 95 % interval; band: 95 % interval of its gene",
        )
        + style.theme(8, 1.5 + 0.19 * len(table) + 0.12 * len(names))
    )
