"""The screen: logFC against copy number and against the covariate, and the distribution of logFC by gene."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotnine as p9

from guidefit.report.figures import style
from guidefit.screens import screen_file

COPY_NUMBER = "copy number (copies, as given)"
COVARIATES = {
    "raw": "covariate x: copy number (copies)",
    "centred": "covariate x: copy number minus its mean (copies)",
    "zscore_within_gene": "covariate x: copy number, z-score within the gene (sd)",
    "zscore": "covariate x: copy number, z-score over all rows (sd)",
    "log2": "covariate x: log2(copy number + 1)",
    "log2_diploid": "covariate x: log2((copy number + 1) / (diploid + 1))",
    "saturating": "covariate x: (copy number - diploid) / (copy number + diploid)",
    "winsorised": "covariate x: copy number, extreme values clipped (copies)",
}
MAX_ROWS = 2_000_000  # of larger screens only some genes are read
MAX_PANELS = 12


def draw(inputs: Mapping[str, Any], outputs: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Draw the screen of one seed.

    inputs: screen. outputs: density, and cna and x where the screen has copy numbers. settings: study, source, seed, covariate.
    """
    path, seed = inputs["screen"], int(settings["seed"])
    name = f"{settings['study']}, {settings['source']}, seed {seed}"
    if screen_file.count_rows(path, seed) <= MAX_ROWS:
        screen = screen_file.read_seed(path, seed)
    else:
        screen, genes = screen_file.read_some_genes(path, seed, style.MAX_NAMES)
        name += f"; {style.MAX_NAMES} of {genes:,} genes"
    if screen.empty:
        style.save_message(f"No data ({name})", "the screen has no rows", outputs.values())
        return
    if "cna" in outputs:
        label = COVARIATES[settings["covariate"]]
        style.save(scatter(screen, "cna", COPY_NUMBER, f"LogFC against copy number ({name})"), outputs["cna"])
        style.save(scatter(screen, "x", label, f"LogFC against the covariate ({name})"), outputs["x"])
    style.save(densities(screen, f"LogFC by gene ({name})"), outputs["density"])


def scatter(screen: pd.DataFrame, column: str, label: str, title: str) -> p9.ggplot:
    """LogFC against the column `cna` or `x`: one panel per gene, one least-squares line per sgRNA."""
    rows, genes, note = _rows_of_some_genes(screen, MAX_PANELS)
    rows = rows.assign(
        gene=pd.Categorical(rows["gene"].astype(str), sorted(genes, key=_natural_order)), sgrna=rows["sgrna"].astype(str)
    )
    columns = min(4, len(genes))
    return (
        p9.ggplot(rows, p9.aes(column, "logfc"))
        + p9.geom_hline(yintercept=0, color=style.REFERENCE_LINE)
        + p9.geom_point(color=style.BLUE, alpha=0.6, size=1.7, stroke=0)
        + p9.geom_smooth(p9.aes(group="sgrna"), method="lm", se=False, size=0.4, color="#333333")
        + p9.facet_wrap("gene", ncol=columns, scales="free")
        + p9.labs(
            x=label,
            y=style.LOGFC,
            title=title,
            subtitle=f"{len(rows):,} rows; one least-squares line per sgRNA; axes differ between panels{note}",
        )
        + style.theme(2.25 * columns + 1, 1.2 + 2.1 * -(-len(genes) // columns))
    )


def densities(screen: pd.DataFrame, title: str) -> p9.ggplot:
    """Density of logFC by gene; genes in the order of their medians."""
    rows, genes, note = _rows_of_some_genes(screen, style.MAX_NAMES)
    rows = rows.assign(gene=pd.Categorical(rows["gene"].astype(str), genes))
    return (
        p9.ggplot(rows, p9.aes("gene", "logfc"))
        + p9.geom_hline(yintercept=0, color=style.REFERENCE_LINE)
        + p9.geom_violin(fill=style.BLUE, alpha=0.35, color="#333333", size=0.3, scale="width")
        + p9.stat_summary(fun_y=np.median, geom="point", size=1.5, color="black")
        + p9.coord_flip()
        + p9.labs(x="gene", y=style.LOGFC, title=title, subtitle=f"{len(rows):,} rows; dot: median{note}")
        + style.theme(7, 1.3 + 0.3 * max(len(genes), 5))
    )


def _rows_of_some_genes(screen: pd.DataFrame, most: int) -> tuple[pd.DataFrame, list[str], str]:
    """The rows of at most `most` genes, evenly spaced over the genes in the order of median logFC; the genes; a note."""
    by_median = screen.groupby("gene", observed=True)["logfc"].median().sort_values().index.astype(str).tolist()
    genes, count = style.some_of(by_median, most)
    note = f";\n{count} genes, evenly spaced in the order of their medians" if count else ""
    return screen[screen["gene"].astype(str).isin(genes)], genes, note


def _natural_order(name: str) -> tuple[str, int]:
    """Sort key under which Gene_2 precedes Gene_10."""
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or 0)
