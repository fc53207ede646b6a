"""The logFC of every row of a screen without its copy-number part."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from guidefit.effects.contents import ScreenContents
from guidefit.effects.draws import EffectDraws
from guidefit.screens.screen_file import iterate_rows

CORRECTED_COLUMNS = (
    *("study", "variant", "seed", "gene", "sgrna", "cell_line", "cna", "x", "logfc"),
    *("copy_number_part", "corrected_logfc"),
)


def correct_rows(
    effects: EffectDraws, contents: ScreenContents, path: str | Path, ids: Mapping[str, Any]
) -> Iterator[pd.DataFrame]:
    """The rows of a screen's file with CORRECTED_COLUMNS, some at a time. ids: study, variant and seed."""
    codes = pd.Index(contents.sgrnas["sgrna"])
    for rows in iterate_rows(path, ids["seed"], ["gene", "sgrna", "cell_line", "cna", "x", "logfc", "x_diploid"]):
        names = rows["sgrna"].cat
        sgrna = codes.get_indexer(names.categories)[names.codes]
        x_diploid = rows.pop("x_diploid").to_numpy()
        part = effects.copy_number_part(sgrna, rows["cell_line"].array, rows["x"].to_numpy(), x_diploid)
        rows = rows.assign(copy_number_part=part, corrected_logfc=rows["logfc"].to_numpy() - part, seed=ids["seed"])
        constant = {key: pd.Categorical.from_codes(np.zeros(len(rows), int), [ids[key]]) for key in ("study", "variant")}
        yield rows.assign(**constant)[list(CORRECTED_COLUMNS)]


def no_corrected_rows() -> pd.DataFrame:
    """A table of CORRECTED_COLUMNS without rows."""
    text = ("study", "variant", "gene", "sgrna", "cell_line")
    return pd.DataFrame({name: pd.Series(dtype="str" if name in text else "float64") for name in CORRECTED_COLUMNS})
