"""Names of parameters: tables have columns for gene and sgrna; coordinates of other dims stand in the name, as in tau_c[line]."""

import pandas as pd


def indexed(variable: str, *coordinates: object) -> str:
    """The name of one parameter: variable[coordinate, ...], or the variable's own where it has no coordinates."""
    return f"{variable}[{', '.join(map(str, coordinates))}]" if coordinates else variable


def variable_of(names: pd.Series) -> pd.Series:
    """The variable that each of these parameters belongs to."""
    return names.str.replace(r"\[.*", "", regex=True)
