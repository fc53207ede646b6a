"""Fitted lines of some genes on copy number, for figures."""

import numpy as np
import pandas as pd

from guidefit.base.arrays import evenly_spaced
from guidefit.base.tables import concatenate
from guidefit.effects.contents import ScreenContents
from guidefit.effects.draws import EffectDraws

LINE_COLUMNS = ("variant", "gene", "cna", "fitted", "lower", "upper")


def choose_genes(table: pd.DataFrame, wanted: list[str], most: int = 12) -> list[str]:
    """Genes to draw: the wanted ones that the table has, else those of strongest effect, steepest slope, highest copy number."""
    if wanted or table.empty:
        return [gene for gene in wanted if gene in set(table["gene"])]
    if table["cna_highest"].isna().all():  # without copy numbers
        half = most // 2
        return list(dict.fromkeys([*table.nsmallest(half, "effect")["gene"], *table.nlargest(most - half, "effect")["gene"]]))
    each = most // 3
    chosen = [
        *table.nsmallest(each, "effect")["gene"],
        *table.assign(z=table["slope"] / table["slope_sd"]).nsmallest(2 * each, "z")["gene"],
        *table.nlargest(most, "cna_highest")["gene"],
    ]
    return list(dict.fromkeys(chosen))[:most]


def fit_lines(
    effects: EffectDraws, contents: ScreenContents, screen: pd.DataFrame, genes: list[str], points: int = 60
) -> pd.DataFrame:
    """Fitted lines of some genes at copy numbers that each has: gene, cna, fitted (mean), lower, upper (95 % interval).

    screen: the rows of these genes at least.
    """
    parts = [pd.DataFrame(columns=[name for name in LINE_COLUMNS if name != "variant"])]
    for gene in genes:
        rows = screen[screen["gene"] == gene].drop_duplicates("cna").sort_values("cna")
        rows = rows.iloc[evenly_spaced(len(rows), points)]
        code = int(np.flatnonzero(contents.genes["gene"] == gene)[0])
        line = effects.fitted_line(code, rows["x"].to_numpy())
        low, high = np.quantile(line, [0.025, 0.975], axis=0)
        parts.append(pd.DataFrame({"gene": gene, "cna": rows["cna"], "fitted": line.mean(axis=0), "lower": low, "upper": high}))
    return concatenate(parts)
