"""A small long table of a real screen, good in all respects."""

import numpy as np
import pandas as pd

from helpers.defaults import Covariate

COLUMNS = {"sgrna": "guide", "gene": "symbol", "cell_line": "line", "cna": "copies", "logfc": "lfc"}
LOG2 = Covariate("log2", diploid=1.0)


def good_table(lines=4):
    rng = np.random.default_rng(0)
    rows = [(f"s{s}", f"g{s // 2}", f"c{c}", 1 + (s // 2 + c * 0.3) % 2, rng.normal()) for s in range(4) for c in range(lines)]
    return pd.DataFrame(rows, columns=["guide", "symbol", "line", "copies", "lfc"]).assign(note="kept", x=1)


def save_table(folder, table, name="screen.csv"):
    """Write the table as CSV; returns its path."""
    table.to_csv(folder / name, index=False)
    return folder / name
