"""Screens with missing rows, and their files."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from guidefit.simulation import blueprints, simulated_screen
from helpers.defaults import Covariate, Design


def unbalanced(seed=1, keep=0.7):
    """A screen in random order with rows missing, an sgRNA of one row, and one whose x does not vary."""
    rng = np.random.default_rng(seed)
    blueprint = blueprints.draw(Design(genes=4, sgrnas_per_gene=[1, 2, 3, 4], cell_lines=12), rng)
    table, _ = simulated_screen.simulate(blueprint, Covariate("zscore"), "x")
    table = table[rng.random(len(table)) < keep]
    table.loc[table["sgrna"] == "sgRNA_4", "x"] = 0.7
    alone = table[table["sgrna"] == "sgRNA_2"].index[1:]
    return table.drop(index=alone).sample(frac=1, random_state=seed).reset_index(drop=True)


def write(table, path, row_group_rows, seed=3):
    full = table.assign(study="s", seed=pd.array([seed] * len(table), dtype="Int64"))
    pq.write_table(pa.Table.from_pandas(full, preserve_index=False), path, row_group_size=row_group_rows)
