"""The rows of the estimates that the report shows."""

import pandas as pd


def select_rows(estimates: pd.DataFrame, most_rows: int = 5000) -> pd.DataFrame:
    """At most `most_rows` of the estimates: means and scales, then genes and cell lines, then sgRNAs; the first fits first."""
    level = (estimates["gene"].notna() | estimates["cell_line"].notna()) + 2 * estimates["sgrna"].notna()
    chosen = level.sort_values(kind="stable").index[:most_rows]
    return estimates.loc[chosen].sort_index()
