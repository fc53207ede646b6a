"""A small long table of a real screen, good in all respects, and its import with the config's defaults."""

import numpy as np
import pandas as pd

from guidefit.config.screen import Screen
from guidefit.config.thresholds import Thresholds
from guidefit.screens import long_table
from helpers.defaults import Covariate, default_of

COLUMNS = {"sgrna": "guide", "gene": "symbol", "cell_line": "line", "cna": "copies", "logfc": "lfc"}
LOG2 = Covariate("log2", diploid=1.0)


def good_table(lines=4):
    rng = np.random.default_rng(0)
    rows = [(f"s{s}", f"g{s // 2}", f"c{c}", 0.6 + (s // 2 + c * 0.3) % 1.1, rng.normal()) for s in range(4) for c in range(lines)]
    return pd.DataFrame(rows, columns=["guide", "symbol", "line", "copies", "lfc"]).assign(note="kept", x=1)


def import_screen(path, **changed):
    """The table in this file as a screen; changed: settings that differ from the config's defaults."""
    settings = {name: default_of(Screen, name) for name in ("missing", "constant_covariate", "logfc_max")}
    settings |= {"lost_share": default_of(Thresholds, "lost_share")}
    given = {"columns": COLUMNS, "covariate": LOG2, "copy_number_unit": "linear"}
    return long_table.import_screen(path, **given | settings | changed)


def save_table(folder, table, name="screen.csv"):
    """Write the table as CSV; returns its path."""
    table.to_csv(folder / name, index=False)
    return folder / name
