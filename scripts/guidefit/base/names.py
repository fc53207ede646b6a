"""Names of parameters in tables.

Tables have columns for gene, sgrna and cell_line; coordinates of other dims are part of the name, as in eta[batch].
"""

import pandas as pd

DIM_COLUMNS = ("gene", "sgrna", "cell_line")
"""Dims of variables that have a column of their own in tables; it is empty for variables without the dim."""
KEY = ("variable", *DIM_COLUMNS)
"""What identifies a parameter of a fit in tables."""


def indexed(variable: str, *coordinates: object) -> str:
    """The name of one parameter: variable[coordinate, ...], or the name of the variable if there are no coordinates."""
    return f"{variable}[{', '.join(map(str, coordinates))}]" if coordinates else variable


def variable_of(names: pd.Series) -> pd.Series:
    """The variable that each of these parameters belongs to: the name without its coordinates."""
    return names.str.replace(r"\[.*", "", regex=True)
