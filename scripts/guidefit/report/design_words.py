"""The words for keys, values and quantities of a design study, which its figures and its page share."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

VARIABLES = {"gamma_g": "gene effects", "delta_g": "copy-number slopes", "e_gl": "gene x line effects"}
_KEYS = {
    "genes": "genes",
    "sgrnas_per_gene": "guides per gene",
    "cell_lines": "cell lines",
    "replicates": "replicates",
    "arms": "arms",
    "effect_share": "share of real effects",
    "effect_size": "size of real effects (logFC)",
    "slope_share": "share of real slopes",
    "slope_size": "size of real slopes",
    "line_effect_share": "share of gene x line effects",
    "line_effect_size": "size of gene x line effects (logFC)",
    "sigma": "noise (sigma)",
    "outlier_nu": "degrees of freedom of the noise",
    "copy_number.mean": "mean copies",
    "copy_number.noise": "noise of copy numbers",
}


def key(name: str) -> str:
    """A key of the grid in words."""
    return _KEYS.get(name, name)


def value(number: Any) -> str:
    """A value of a key of the grid; none where the key was null."""
    return "none" if pd.isna(number) else f"{number:g}"


def place(values: Mapping[Any, Any]) -> str:
    """A point, or what is known of it, in words, such as "cell lines 20, guides per gene 4"."""
    return ", ".join(f"{key(str(name))} {value(number)}" for name, number in values.items())


def as_category(values: pd.Series) -> pd.Categorical:
    """Values of a key of the grid as text, in the order of the numbers, with none last."""
    order = [value(number) for number in sorted(values.dropna().unique())] + (["none"] if values.isna().any() else [])
    return pd.Categorical([value(number) for number in values], order)
