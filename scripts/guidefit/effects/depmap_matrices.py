"""Effects by gene and cell line as the matrices that DepMap distributes: a row per cell line, a column per gene."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from guidefit.base import parquet, tables

VALUES = {"effects": "effect", "sds": "effect_sd", "dependencies": "p_dependent"}
"""Matrix -> the column of gene_line_effects.parquet that it holds; effects and sds are scaled where the controls allow it."""


def write_matrices(
    gene_lines: str | Path, variant: str, source_names: Mapping[str, str], outputs: Mapping[str, str | Path]
) -> None:
    """Write the matrices (VALUES) of one variant as CSV, cells without data empty.

    gene_lines: gene_line_effects.parquet; source_names: gene and cell_line -> the source's column, whose names the matrices have.
    """
    present = set(pq.read_schema(gene_lines).names)
    gene, line = (ours if source_names.get(ours) not in present else source_names[ours] for ours in ("gene", "cell_line"))
    scaled = ["effect_scaled", "effect_scaled_sd"]
    columns = list(dict.fromkeys([gene, line, *VALUES.values(), *scaled]))
    table = parquet.read(gene_lines, columns, [("variant", "=", variant)])
    if table["effect_scaled"].notna().any():
        table = table.assign(effect=table["effect_scaled"], effect_sd=table["effect_scaled_sd"])
    for name, value in VALUES.items():
        tables.write(_pivot(table, gene, line, value), outputs[name])


def _pivot(table: pd.DataFrame, gene: str, line: str, value: str) -> pd.DataFrame:
    """ModelID and a column for each gene, in the order of the screen."""
    (genes, columns), (lines, index) = (pd.factorize(table[name]) for name in (gene, line))
    values = np.full((len(index), len(columns)), np.nan)
    values[lines, genes] = table[value].to_numpy()
    return pd.DataFrame(values, pd.Index(index.astype("str"), name="ModelID"), columns.astype("str")).round(6).reset_index()
