"""LogFC without its copy-number part."""

import numpy as np
import pandas as pd

from guidefit.effects.corrected_logfc import CORRECTED_COLUMNS, correct_rows, no_corrected_rows
from guidefit.effects.draws import EffectDraws
from guidefit.screens import arrays
from helpers.effects import draws_of

IDS = {"study": "s", "variant": "varying_effects", "seed": 1}


def test_corrected_logfc_is_logfc_without_the_copy_number_part(hostile_table, hostile_path, contents):
    declared, draws = draws_of("varying_effects", arrays.model_data(hostile_table))
    found = EffectDraws(draws, declared, contents)
    rows = pd.concat(part.astype({"sgrna": "str"}) for part in correct_rows(found, contents, hostile_path, IDS))
    slope = draws["beta_s"].mean(("chain", "draw")).to_series()
    np.testing.assert_allclose(
        rows["corrected_logfc"], hostile_table["logfc"] - hostile_table["sgrna"].map(slope) * hostile_table["x"]
    )
    assert rows["sgrna"].tolist() == hostile_table["sgrna"].tolist()
    assert list(rows.columns) == list(CORRECTED_COLUMNS) == list(no_corrected_rows().columns)
