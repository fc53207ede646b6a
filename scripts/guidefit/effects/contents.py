"""What a screen contains: its genes and sgRNAs, and how much the data of each can show."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from guidefit.screens.screen_file import iterate_rows


@dataclass(frozen=True)
class ScreenContents:
    """The genes and sgRNAs of a screen.

    genes: one row per gene: gene, label (its name in the source), sgrnas, rows, cell_lines, x_diploid, cna_lowest, cna_highest,
    cna_sd (all cna in copies), leverage (largest share of one cell line in the sum of squares of x), leverage_cell_line.
    sgrnas: one row per sgRNA: sgrna, gene, rows, n_alignments, logfc (mean over its rows).
    """

    genes: pd.DataFrame
    sgrnas: pd.DataFrame

    @property
    def labels(self) -> pd.Series:
        """gene -> its name in the source."""
        return self.genes.set_index("gene")["label"]

    @property
    def gene_of_sgrna(self) -> np.ndarray:
        """(sgrna,) gene codes."""
        return pd.Index(self.genes["gene"]).get_indexer(self.sgrnas["gene"])


def read_contents(path: str | Path, seed: int) -> ScreenContents:
    """The contents of a screen's file, read in two passes over its rows, some rows at a time."""
    parts = [
        _sum_rows(rows)
        for rows in iterate_rows(path, seed, ["gene", "sgrna", "cna", "x", "x_diploid", "logfc", "n_alignments", "Gene"])
    ]
    again = dict.fromkeys(("rows", "x", "cna", "cna2", "logfc"), "sum") | {"cna_lowest": "min", "cna_highest": "max"}
    again |= dict.fromkeys(("x_diploid", "label"), "first")
    sgrnas = pd.concat(parts).groupby(["sgrna", "gene"], sort=False).agg(again | {"n_alignments": "first"}).reset_index()
    genes = sgrnas.groupby("gene", sort=False).agg(again | {"sgrna": "size"}).rename(columns={"sgrna": "sgrnas"})
    genes["cna_sd"] = np.sqrt((genes["cna2"] / genes["rows"] - (genes["cna"] / genes["rows"]) ** 2).clip(lower=0))
    genes["cna_sd"] = genes["cna_sd"].where(genes["cna_highest"].notna())  # the sum of missing ones is 0
    genes = genes.join(_leverage(path, seed, genes["x"] / genes["rows"])).drop(columns=["x", "cna", "cna2", "logfc"])
    sgrnas = sgrnas.assign(logfc=sgrnas["logfc"] / sgrnas["rows"])
    return ScreenContents(genes.reset_index(), sgrnas[["sgrna", "gene", "rows", "n_alignments", "logfc"]])


def _sum_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts, sums and ends by sgRNA, of some rows."""
    sums = {"rows": ("x", "size"), "x": ("x", "sum"), "cna": ("cna", "sum"), "cna2": ("cna2", "sum"), "logfc": ("logfc", "sum")}
    sums |= {"cna_lowest": ("cna", "min"), "cna_highest": ("cna", "max")}
    sums |= {name: (name, "first") for name in ("x_diploid", "label", "n_alignments")}
    n_alignments = pd.to_numeric(rows.get("n_alignments", np.nan), errors="coerce")
    rows = rows.assign(cna2=rows["cna"] ** 2, n_alignments=n_alignments, label=rows.get("Gene", rows["gene"]))
    by_sgrna = rows.groupby(["sgrna", "gene"], observed=True, sort=False)
    return by_sgrna.agg(**sums).reset_index().astype({"gene": "str", "sgrna": "str", "label": "str"})


def _leverage(path: str | Path, seed: int, mean: pd.Series) -> pd.DataFrame:
    """By gene: cell_lines, leverage and leverage_cell_line. mean: gene -> its mean x."""
    codes_of_lines: dict[str, int] = {}
    parts = []
    for rows in iterate_rows(path, seed, ["gene", "cell_line", "x"]):
        genes, lines = rows["gene"].cat, rows["cell_line"].cat
        gene = mean.index.get_indexer(genes.categories)[genes.codes]
        line = np.array([codes_of_lines.setdefault(name, len(codes_of_lines)) for name in lines.categories])[lines.codes]
        squares = pd.Series((rows["x"].to_numpy() - mean.to_numpy()[gene]) ** 2)
        parts.append(squares.groupby(gene * (1 << 32) + line).sum())
    squares = pd.concat(parts)
    squares = squares.groupby(squares.index).sum()
    gene, line = squares.index.to_numpy() >> 32, squares.index.to_numpy() & ((1 << 32) - 1)
    total = np.bincount(gene, squares, len(mean))
    share = np.divide(squares.to_numpy(), total[gene], out=np.zeros(len(squares)), where=total[gene] > 0)
    largest = pd.Series(share).groupby(gene).idxmax().to_numpy()
    found = {
        "cell_lines": np.bincount(gene),
        "leverage": share[largest],
        "leverage_cell_line": np.array(list(codes_of_lines))[line[largest]],
    }
    return pd.DataFrame(found, index=mean.index)
