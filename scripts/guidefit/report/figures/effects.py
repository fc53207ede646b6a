"""Pictures of a real screen's answers: genes, their lines on copy number, their guides, and the check of the correction."""

import numpy as np
import pandas as pd
import plotnine as p9
from scipy import stats

from guidefit.report.figures import BLUE, GREEN, GREY, LOGFC, VERMILION, look, nothing

EFFECT = "effect at the diploid copy number (logFC)"
CONTROLS = {"essential": VERMILION, "nonessential": BLUE, "other": GREY}
_CERTAIN = 20.0  # -log10 of a probability, at most
_TICKS = (1, 0.5, 1.5, 0, 2, 4, 8, 16, 32, 64, 128)  # times diploid; first come, first served


def volcano(genes: pd.DataFrame, title: str, names: int = 16) -> p9.ggplot:
    """Effect of each gene against how certain its sign is; the most extreme genes have names where there is room."""
    z = (genes["effect"] / genes["effect_sd"]).abs()
    certainty = np.minimum(-stats.norm.logsf(z) / np.log(10), _CERTAIN)
    control = genes["control"].where(genes["control"] != "", "other")
    table = genes.assign(certainty=certainty, control=pd.Categorical(control, list(CONTROLS)))
    used = [kind for kind in CONTROLS if (control == kind).any()]
    table = table.sort_values("control", ascending=False)
    width, height = np.ptp(table["effect"]) or 1.0, np.ptp(certainty) or 1.0
    extreme = (table["effect"] / width).abs() + table["certainty"] / height / 2
    named = _with_room(table.loc[extreme.sort_values(ascending=False).index], width, height, names)
    return (
        p9.ggplot(table, p9.aes("effect", "certainty"))
        + p9.geom_vline(xintercept=0, color="#BBBBBB")
        + p9.geom_point(p9.aes(color="control"), size=1.6, alpha=0.6, stroke=0)
        + p9.geom_text(p9.aes(label="gene"), data=named, size=7, va="bottom", nudge_y=0.012 * height)
        + p9.scale_color_manual(values={kind: CONTROLS[kind] for kind in used}, limits=used)
        + p9.labs(
            x=EFFECT,
            y="-log10 P(the effect has the other sign)",
            color="control genes",
            title=title,
            subtitle=f"{len(table):,} genes; certainty by a normal approximation, cut at {_CERTAIN:g}",
        )
        + p9.expand_limits(y=1.05 * float(np.max(certainty)))
        + p9.guides(color=p9.guide_legend(override_aes={"size": 3, "alpha": 1}))
        + look(8, 5.5)
    )


def _with_room(table: pd.DataFrame, width: float, height: float, most: int) -> pd.DataFrame:
    """The first genes whose names do not run into those before them."""
    places: list[tuple[float, float]] = []
    kept = []
    for row in table.itertuples():
        x, y = row.effect / width, row.certainty / height
        if all(abs(x - other_x) > 0.11 or abs(y - other_y) > 0.035 for other_x, other_y in places):
            places.append((x, y))
            kept.append(row.Index)
        if len(kept) == most:
            break
    return table.loc[kept]


def ranking(genes: pd.DataFrame, title: str, lowest: int = 25, highest: int = 10) -> p9.ggplot:
    """The lowest and highest effects with their 95 % intervals; hollow where the gene has a flag."""
    ordered = genes.sort_values("effect")
    if len(ordered) > lowest + highest:
        table = pd.concat([ordered.head(lowest), ordered.tail(highest)])
        note = f"the {lowest} lowest and {highest} highest of {len(genes):,} genes"
    else:
        table, note = ordered, f"all {len(genes)} genes"
    table = table.assign(
        gene=pd.Categorical(table["gene"], table["gene"][::-1]), marked=np.where(table["flags"] == "", "no flag", "flagged")
    )
    return (
        p9.ggplot(table, p9.aes("gene", "effect"))
        + p9.geom_hline(yintercept=0, color="#BBBBBB")
        + p9.geom_linerange(p9.aes(ymin="effect_q025", ymax="effect_q975"), color=BLUE)
        + p9.geom_point(p9.aes(fill="marked"), color=BLUE, size=2.2)
        + p9.scale_fill_manual(values={"no flag": BLUE, "flagged": "white"})
        + p9.coord_flip()
        + p9.labs(x="", y=EFFECT, fill="", title=title, subtitle=f"{note}; line: 95 % interval")
        + look(7, 1.6 + 0.19 * len(table))
    )


def lines(
    screen: pd.DataFrame, fitted: pd.DataFrame, genes: pd.DataFrame, diploid: float, absent: list[str], title: str
) -> p9.ggplot:
    """LogFC against copy number of some genes, with the gene's fitted line, its 95 % interval, and its effect at diploid.

    absent: genes that were asked for and are not there.
    """
    names = list(dict.fromkeys(fitted["gene"]))
    if not names:
        return nothing(title, "this variant has no effects of genes")

    def placed(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(gene=pd.Categorical(table["gene"], names), at=np.log2(table["cna"] + diploid))

    rows = placed(screen[screen["gene"].isin(names)])
    effect = genes[genes["gene"].isin(names)].assign(gene=lambda t: pd.Categorical(t["gene"], names))
    effect = effect.assign(at=np.log2(2 * diploid))
    columns = min(4, len(names))

    def ticks(limits: tuple[float, float]) -> list[float]:
        """Those of _TICKS that a panel has room for, diploid first."""
        kept: list[float] = []
        for at in np.log2((np.array(_TICKS) + 1) * diploid):
            if limits[0] <= at <= limits[1] and all(abs(at - other) > 0.11 * (limits[1] - limits[0]) for other in kept):
                kept.append(float(at))
        return kept

    return (
        p9.ggplot(rows, p9.aes("at", "logfc"))
        + p9.geom_hline(yintercept=0, color="#BBBBBB")
        + p9.geom_vline(xintercept=float(np.log2(2 * diploid)), color="#888888", linetype="dotted")
        + p9.geom_point(p9.aes(group="sgrna"), color=GREY, alpha=0.5, size=1.1, stroke=0)
        + p9.geom_ribbon(p9.aes("at", ymin="lower", ymax="upper"), data=placed(fitted), inherit_aes=False, fill=BLUE, alpha=0.25)
        + p9.geom_line(p9.aes("at", "fitted"), data=placed(fitted), color=BLUE, size=0.8)
        + p9.geom_point(p9.aes("at", "effect"), data=effect, color=VERMILION, size=2)
        + p9.facet_wrap("gene", ncol=columns, scales="free")
        + p9.scale_x_continuous(breaks=ticks, labels=lambda at: [f"{2**tick - diploid:.3g}" for tick in at])
        + p9.labs(
            x="copy number (as given; the axis is logarithmic)",
            y=LOGFC,
            title=title,
            subtitle="dots: sgRNA in a cell line; line and band: the gene's fit and 95 % interval;\n"
            "red: its effect at the diploid copy number (dotted); axes differ between panels"
            + (f"\nnot in the screen: {', '.join(absent)}" if absent else ""),
        )
        + look(2.5 * columns + 0.8, 1.5 + 2.1 * -(-len(names) // columns))
    )


def guides(sgrnas: pd.DataFrame, genes: pd.DataFrame, names: list[str], title: str) -> p9.ggplot:
    """Effects of the sgRNAs of some genes around the gene's own."""
    table = sgrnas[sgrnas["gene"].isin(names)]
    if table.empty:
        return nothing(title, "this variant has no effects of sgRNAs")
    order = pd.Categorical(table["gene"], names)
    table = table.assign(gene=order).sort_values(["gene", "effect"])
    table["sgrna"] = pd.Categorical(table["sgrna"], list(dict.fromkeys(table["sgrna"])))
    own = genes[genes["gene"].isin(names)].assign(gene=lambda t: pd.Categorical(t["gene"], names))
    return (
        p9.ggplot(table, p9.aes("sgrna", "effect"))
        + p9.geom_hline(yintercept=0, color="#BBBBBB")
        + p9.geom_rect(
            p9.aes(xmin=-np.inf, xmax=np.inf, ymin="effect_q025", ymax="effect_q975"),
            data=own,
            inherit_aes=False,
            fill=GREEN,
            alpha=0.25,
        )
        + p9.geom_linerange(p9.aes(ymin="effect_q025", ymax="effect_q975"), color=BLUE)
        + p9.geom_point(color=BLUE, size=2)
        + p9.facet_grid(rows="gene", scales="free_y", space="free_y")
        + p9.coord_flip()
        + p9.labs(
            x="", y=EFFECT, title=title, subtitle="dot and line: an sgRNA and its 95 % interval; band: 95 % interval of its gene"
        )
        + look(8, 1.5 + 0.19 * len(table) + 0.12 * len(names))
    )


def correction(table: pd.DataFrame, title: str) -> p9.ggplot:
    """What is left of the copy-number dependence, and how far control genes stay apart, by correction."""
    panels = {
        "slope": "slope on x in nonessential\ngenes (logFC per unit; right: 0)",
        "amplified_shift": "shift of nonessential genes where\namplified (logFC; right: 0)",
        "nnmd": "essential less nonessential\n(NNMD, in sd; lower is better)",
    }
    long = pd.concat(
        [
            pd.DataFrame(
                {"method": table["method"], "value": table[name], "se": table[f"{name}_se"], "panel": label, "kind": table["kind"]}
            )
            for name, label in panels.items()
        ]
    ).dropna(subset=["value"])
    long["panel"] = pd.Categorical(long["panel"], list(panels.values()))
    long["method"] = pd.Categorical(long["method"], table["method"].tolist()[::-1])
    zero = pd.DataFrame({"panel": pd.Categorical(list(panels.values())[:2], list(panels.values())), "at": 0.0})
    return (
        p9.ggplot(long, p9.aes("method", "value", color="kind"))
        + p9.geom_hline(p9.aes(yintercept="at"), data=zero, color="#888888", linetype="dashed")
        + p9.geom_linerange(p9.aes(ymin="value - 2 * se", ymax="value + 2 * se"), size=0.8)
        + p9.geom_point(size=2.6)
        + p9.scale_color_manual(values={"baseline": GREY, "variant": BLUE})
        + p9.facet_wrap("panel", ncol=3, scales="free_x")
        + p9.coord_flip()
        + p9.labs(x="", y="", color="", title=title, subtitle="lines: 2 standard errors")
        + look(10, 2.1 + 0.28 * len(table))
    )
