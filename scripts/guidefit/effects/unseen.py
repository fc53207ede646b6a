"""The copy-number correction on cell lines and genes that it was not fitted to.

In each fold a correction is fitted without the fold's cell lines and genes. It is judged on control genes in the lines of each
fold, and on those of them that the fold left out too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from guidefit.base import netcdf
from guidefit.effects.correction import BASELINES, judge_rows
from guidefit.effects.judged_rows import UNSEEN_GENES, UNSEEN_LINES
from guidefit.screens.screen_file import iterate_rows


@dataclass(frozen=True)
class Folds:
    """line, gene: name -> fold; slopes: variant -> (line,) slope on x that its correction, fitted without the line, removes there.

    The correction of a variant with multipliers of lines is the shared slope of the fold times the multiplier of the line.
    """

    line: pd.Series
    gene: pd.Series
    slopes: Mapping[str, pd.Series]

    @property
    def count(self) -> int:
        """The number of folds."""
        return int(self.line.max()) + 1


def read_folds(paths: Mapping[str, str | Path]) -> Folds | None:
    """The folds of some variants, which all have the same ones. paths: variant -> folds.nc. None without any folds."""
    found = {variant: netcdf.read(path).to_dataset() for variant, path in paths.items()}
    found = {variant: each for variant, each in found.items() if each.sizes.get("fold", 0)}
    if not found:
        return None
    first = next(iter(found.values()))
    slopes = {}
    for variant, each in found.items():
        of_folds = (each["shared_slope"].mean("draw") * each["multiplier"]).transpose("fold", "cell_line").values
        own = of_folds[each["fold_of_line"].values, np.arange(each.sizes["cell_line"])]
        slopes[variant] = pd.Series(own, each["cell_line"].values.astype(str))
    return Folds(_by_name(first, "cell_line", "fold_of_line"), _by_name(first, "gene", "fold_of_gene"), slopes)


def _by_name(found: xr.Dataset, dim: str, variable: str) -> pd.Series:
    return pd.Series(found[variable].values, index=found[dim].values.astype(str))


def compare_unseen(rows: pd.DataFrame, folds: Folds, screen: str | Path, seed: int, diploid: float) -> pd.DataFrame:
    """The rows of `correction.compare` for unseen lines, and for unseen lines and genes.

    rows: of control genes, see `correction.compare`; screen: file of all rows, from which the simple corrections are fitted.
    """
    fold = folds.line.loc[rows["cell_line"].astype(str)].to_numpy()
    own = folds.gene.loc[rows["gene"].astype(str)].to_numpy()
    gene = folds.gene.index.get_indexer(rows["gene"].astype(str))
    slopes = {name: (slope[fold, gene], "baseline") for name, slope in fit_baselines(folds, screen, seed).items()}
    line = rows["cell_line"].astype(str)
    slopes |= {name: (slope.loc[line].to_numpy(), "variant") for name, slope in folds.slopes.items()}
    distance, table = (rows["x"] - rows["x_diploid"]).to_numpy(), []
    for which, taken in ((UNSEEN_LINES, np.ones(len(rows), bool)), (UNSEEN_GENES, fold == own)):
        for name, (slope, kind) in slopes.items():
            if which == UNSEEN_GENES and name == "line per gene":
                continue  # a gene that was left out has no line
            corrected = rows["logfc"].to_numpy() - slope * distance
            figures = judge_rows(rows[taken], corrected[taken], diploid)
            table.append({"method": name, "kind": kind, "rows": which, **figures, "note": BASELINES.get(name, "")})
    return pd.DataFrame(table)


def fit_baselines(folds: Folds, screen: str | Path, seed: int) -> dict[str, np.ndarray]:
    """BASELINES -> (fold, gene) slope on x, least squares with an intercept per sgRNA in the rows that a fold keeps.

    One slope for all genes is fitted without the fold's lines and genes, those of single genes without its lines.
    """
    gene_of_sgrna, sums = _sum_by_sgrna(folds, screen, seed)
    kept = sums.sum(axis=2, keepdims=True) - sums  # (5, sgrna, fold): what each fold keeps
    n, x, y, xx, xy = kept
    safe = np.maximum(n, 1)
    genes = len(folds.gene)
    sxx, sxy = (
        np.stack([np.bincount(gene_of_sgrna, each, genes) for each in (total - x * other / safe).T])
        for total, other in ((xx, x), (xy, y))
    )
    of_gene = np.divide(sxy, sxx, out=np.zeros_like(sxy), where=sxx > 1e-12)
    is_kept = folds.gene.to_numpy() != np.arange(folds.count)[:, None]
    total = (sxx * is_kept).sum(axis=1)
    of_all = np.divide((sxy * is_kept).sum(axis=1), total, out=np.zeros_like(total), where=total > 0)
    values = (np.zeros_like(of_gene), np.repeat(of_all[:, None], genes, 1), of_gene)
    return dict(zip(BASELINES, values, strict=True))


def _sum_by_sgrna(folds: Folds, screen: str | Path, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(sgrna,) gene codes, and (5, sgrna, fold) sums of 1, x, y, x^2, x y, in one pass over the rows."""
    names, parts = ["gene", "sgrna", "fold"], []
    for rows in iterate_rows(screen, seed, ["gene", "sgrna", "cell_line", "x", "logfc"]):
        gene, line = (
            of.reindex(rows[name].cat.categories.astype(str)).to_numpy()[rows[name].cat.codes]
            for name, of in (("gene", pd.Series(np.arange(len(folds.gene)), folds.gene.index)), ("cell_line", folds.line))
        )
        x, y = rows["x"].to_numpy(), rows["logfc"].to_numpy()
        sums = {"gene": gene, "sgrna": rows["sgrna"].astype(str), "fold": line, "n": 1, "x": x, "y": y, "xx": x * x, "xy": x * y}
        parts.append(pd.DataFrame(sums).groupby(names).sum())
    wide = pd.concat(parts).groupby(level=names).sum().unstack("fold", fill_value=0)
    found = [wide[name].reindex(columns=range(folds.count), fill_value=0).to_numpy() for name in ("n", "x", "y", "xx", "xy")]
    return wide.index.get_level_values("gene").to_numpy(), np.array(found, dtype=float)
