"""The layout of a real screen with cell lines or sgRNAs left out or added: what would a smaller or larger screen of this kind show?

Lines and sgRNAs are taken in an order that is drawn once for each screen, so that a smaller design is part of a larger one. What
is added beyond those of the screen repeats them: a line with the copy numbers of another one, an sgRNA of the same gene.
"""

import numpy as np
import pandas as pd

from guidefit.base import randomness


def resize(table: pd.DataFrame, layout: str, cell_lines: int | None, sgrnas_per_gene: int | None) -> pd.DataFrame:
    """The rows of a real screen (gene, sgrna, cell_line and others) with these numbers of cell lines and of sgRNAs of each gene.

    layout: name of the study with the screen; None: those of the screen. Rows are in the order of genes, sgRNAs and lines.
    """
    if sgrnas_per_gene is not None:
        taken = _take_sgrnas(table, sgrnas_per_gene, randomness.generator(layout, "", 0, "sgrnas"))
        table = _rows_of(table, "sgrna", taken)
    if cell_lines is not None:
        names = pd.unique(table["cell_line"].astype(str))
        order = names[randomness.generator(layout, "", 0, "cell_lines").permutation(len(names))]
        table = _rows_of(table, "cell_line", _repeat(order.tolist(), cell_lines))
    return table


def _take_sgrnas(table: pd.DataFrame, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Columns source and name of the sgRNAs to have: `count` of each gene."""
    pairs = table[["gene", "sgrna"]].drop_duplicates().astype(str)
    of_genes = pairs.iloc[rng.permutation(len(pairs))].groupby("gene")["sgrna"]
    return pd.concat([_repeat(names.tolist(), count) for _, names in of_genes], ignore_index=True)


def _repeat(names: list[str], count: int) -> pd.DataFrame:
    """The first `count` of the names, which begin again where there are fewer; the second time "name (2)", and so on."""
    rounds = [(names[i % len(names)], i // len(names) + 1) for i in range(count)]
    taken = [(name, name if number == 1 else f"{name} ({number})") for name, number in rounds]
    return pd.DataFrame(taken, columns=["source", "name"])


def _rows_of(table: pd.DataFrame, column: str, taken: pd.DataFrame) -> pd.DataFrame:
    """The rows of the sources in a column, once for each of their names, in the order of the table."""
    numbered = table.assign(source=table[column].astype(str), place=np.arange(len(table)))
    rows = numbered.merge(taken.assign(order=np.arange(len(taken))), on="source").sort_values(["place", "order"], kind="stable")
    found = rows.assign(**{column: pd.Categorical(rows["name"], categories=pd.unique(rows["name"]))})
    return found.drop(columns=["source", "place", "name", "order"]).reset_index(drop=True)
