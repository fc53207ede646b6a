"""A made-up design.csv, whose power is known."""

import itertools

import pandas as pd

from guidefit.assess.design_table import POINT_COLUMNS


def design_csv(power, grid, mcse=0.01, quantity="power", variant="v", **shares):
    """design.csv of a grid (key -> values). power: function of the values of a point; shares: quantity -> value at every point."""
    parts = []
    for values in itertools.product(*grid.values()):
        at = dict(zip(grid, values, strict=True))
        point = {"design": "d", "point": "d_" + "_".join(f"{key}{value}" for key, value in at.items())} | at | {"variant": variant}
        rows = [
            {"quantity": quantity, "variable": "gamma_g", "value": power(**at), "mcse": mcse},
            {"quantity": "fdr", "variable": "gamma_g", "value": shares.get("fdr", 0.04), "mcse": mcse},
            {"quantity": "coverage_95", "variable": "gamma_g", "value": shares.get("coverage_95", 0.95), "mcse": mcse},
            {"quantity": "failed", "variable": None, "value": shares.get("failed", 0.0), "mcse": mcse},
            {"quantity": "seconds", "variable": None, "value": 0.02, "mcse": 0.001},
        ]
        parts += [point | row | {"seeds": 100} for row in rows]
    return pd.DataFrame(parts, columns=["design", "point", *grid, *POINT_COLUMNS])
