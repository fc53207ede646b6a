"""Pictures of a screen."""

import numpy as np
import pandas as pd
import plotnine as p9

from guidefit.report.figures import BLUE, LOGFC, MAX_LINES, MAX_PANELS, look, shown


def _genes(screen: pd.DataFrame, most: int) -> tuple[pd.DataFrame, list[str], str]:
    """The rows of at most `most` genes, spread evenly over the genes ordered by median logFC."""
    by_median = screen.groupby("gene", observed=True)["logfc"].median().sort_values().index.astype(str).tolist()
    genes, note = shown(by_median, most)
    rows = screen[screen["gene"].astype(str).isin(genes)]
    note = f"{note.replace('shown', 'genes shown')}, evenly over the genes by median logFC" if note else ""
    return rows, genes, note


def scatter(screen: pd.DataFrame, column: str, label: str, title: str) -> p9.ggplot:
    """LogFC against the copy number or the covariate, a panel per gene, a line per sgRNA (least squares)."""
    rows, genes, note = _genes(screen, MAX_PANELS)
    rows = rows.assign(gene=pd.Categorical(rows["gene"].astype(str), sorted(genes, key=_natural)), sgrna=rows["sgrna"].astype(str))
    columns = min(4, len(genes))
    height = 1.2 + 2.1 * -(-len(genes) // columns)
    return (
        p9.ggplot(rows, p9.aes(column, "logfc"))
        + p9.geom_hline(yintercept=0, color="#BBBBBB")
        + p9.geom_point(color=BLUE, alpha=0.6, size=1.7, stroke=0)
        + p9.geom_smooth(p9.aes(group="sgrna"), method="lm", se=False, size=0.4, color="#333333")
        + p9.facet_wrap("gene", ncol=columns, scales="free")
        + p9.labs(
            x=label,
            y=LOGFC,
            title=title,
            subtitle="; ".join(filter(None, ["a line per sgRNA (least squares); axes differ between panels", note])),
        )
        + look(2.4 * columns + 1, height)
    )


def densities(screen: pd.DataFrame, title: str) -> p9.ggplot:
    """Density of logFC by gene, genes ordered by their median."""
    rows, genes, note = _genes(screen, MAX_LINES)
    rows = rows.assign(gene=pd.Categorical(rows["gene"].astype(str), genes))
    return (
        p9.ggplot(rows, p9.aes("gene", "logfc"))
        + p9.geom_hline(yintercept=0, color="#BBBBBB")
        + p9.geom_violin(fill=BLUE, alpha=0.35, color="#333333", size=0.3, scale="width")
        + p9.stat_summary(fun_y=np.median, geom="point", size=1.5, color="black")
        + p9.coord_flip()
        + p9.labs(x="gene", y=LOGFC, title=title, subtitle="; ".join(filter(None, ["dot: median", note])))
        + look(7, 1.3 + 0.3 * max(len(genes), 5))
    )


def _natural(name: str) -> tuple[str, int]:
    digits = name[len(name.rstrip("0123456789")) :]
    return name.rstrip("0123456789"), int(digits or 0)
