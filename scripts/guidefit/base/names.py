"""Names of parameters in tables.

Tables have columns for gene and sgrna; coordinates of other dims are part of the name, as in tau_c[line].
"""

import pandas as pd


def indexed(variable: str, *coordinates: object) -> str:
    """The name of one parameter: variable[coordinate, ...], or the name of the variable if there are no coordinates."""
    return f"{variable}[{', '.join(map(str, coordinates))}]" if coordinates else variable


def variable_of(names: pd.Series) -> pd.Series:
    """The variable that each of these parameters belongs to: the name without its coordinates."""
    return names.str.replace(r"\[.*", "", regex=True)
