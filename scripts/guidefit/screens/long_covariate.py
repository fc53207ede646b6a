"""The covariate of a screen from one long table, and its genes whose covariate does not vary."""

import numpy as np
import pandas as pd

from guidefit.base.errors import UserError
from guidefit.screens.covariates import Covariate
from guidefit.screens.depmap_blocks import warn_of_constant_genes
from guidefit.screens.ledger import Ledger, listed
from guidefit.screens.screen_file import find_constant_genes


def with_varying_covariate(
    table: pd.DataFrame, covariate: Covariate, constant_covariate: str, place: str, ledger: Ledger
) -> pd.DataFrame:
    """The table with x and x_diploid, without the genes whose x does not vary, which are refused or dropped."""
    table = _with_covariate(table, covariate)
    constant = find_constant_genes(table)
    if not constant or constant_covariate == "keep":
        return table
    lines = table.index[table["gene"].isin(constant)]
    if constant_covariate == "refuse":
        raise UserError(
            f"{place}: no variation of the covariate {covariate.name} in {len(constant)} gene(s) "
            f"({listed(constant)}; {len(lines)} rows, first on line {lines[0]}), so no slope can be fitted for them. "
            "Remove them, or set screen.constant_covariate: drop to leave them out and count them."
        )
    warn_of_constant_genes(len(constant), table["gene"].nunique(), ledger)
    ledger.drop("no variation of the covariate", len(lines), [f"gene {gene}" for gene in constant])
    # Covariates that are scaled over all rows depend on the rows that are left.
    return _with_covariate(table.drop(index=lines), covariate)


def _with_covariate(table: pd.DataFrame, covariate: Covariate) -> pd.DataFrame:
    if table.empty:
        return table.assign(x=np.empty(0), x_diploid=np.empty(0))
    gene, _ = pd.factorize(table["gene"])
    cna = table["cna"].to_numpy()
    fitted = covariate.fit(cna, gene)
    return table.assign(x=fitted.x(cna, gene), x_diploid=fitted.x(np.full(len(cna), covariate.diploid), gene))
