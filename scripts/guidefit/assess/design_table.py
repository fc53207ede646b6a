"""The table of a design study, design.csv: what was measured at all points of its grid."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from guidefit.base import tables

POINT_COLUMNS = ("variant", "quantity", "variable", "value", "mcse", "seeds")
POWER, ASSURANCE = "power", "assurance"  # of a fixed truth; averaged over the truths of a prior


def collect(points: Mapping[str, pd.DataFrame], values: Mapping[str, Mapping[str, Any]], design: str) -> pd.DataFrame:
    """design.csv: the rows of all points, with columns design, point, and one per key of the grid.

    points: name of a point -> its table from `measure_point`; values: name of a point -> key of the grid -> value.
    """
    parts = []
    for name, table in points.items():
        keys = pd.DataFrame({"design": design, "point": name, **values[name]}, index=table.index)
        parts.append(pd.concat([keys, table], axis=1))
    return tables.concatenate(parts)


def keys_of(table: pd.DataFrame) -> list[str]:
    """The keys of the grid of design.csv, in their order."""
    columns = list(table.columns)
    return columns[columns.index("point") + 1 : columns.index("variant")]
