"""Estimates of effects by gene and cell line in simulated screens, from the moments that the engine `gibbs` keeps of them."""

import numpy as np
import pandas as pd
from scipy.special import ndtri

from guidefit.assess.estimates import COLUMNS, HDI_PROB
from guidefit.assess.fits import Fits
from guidefit.engines.mixture import QUANTILES


def estimate(fits: Fits, truth: pd.DataFrame, study: str, variant: str) -> pd.DataFrame:
    """Rows of estimates.csv for the effects whose truth is known; none for fits without moments.

    truth: seed, KEY and truth. The quantiles are those of a normal distribution with the posterior's mean and sd. Real screens have
    their effects in gene_line_effects.parquet.
    """
    found = [pd.DataFrame(columns=list(COLUMNS))]
    if fits.moments is None:
        return found[0]
    names = [str(name).removesuffix("_mean") for name in fits.moments if str(name).endswith("_mean")]
    known = truth[truth["variable"].isin(names)]
    for seed in fits.seeds if len(known) else ():
        moments = fits.moments.sel(seed=seed) if "seed" in fits.moments.dims else fits.moments
        for name in names:
            mine = known[(known["seed"] == seed) & (known["variable"] == name)]
            gene, line = (moments.indexes[dim].get_indexer(mine[dim]) for dim in ("gene", "cell_line"))
            mean, sd = (moments[f"{name}_{each}"].transpose("gene", "cell_line").values[gene, line] for each in ("mean", "sd"))
            found.append(_table(mine, mean.astype(float), sd.astype(float)).assign(study=study, variant=variant, seed=seed))
    return pd.concat(found[1:], ignore_index=True).reindex(columns=list(COLUMNS)) if found[1:] else found[0]


def _table(known: pd.DataFrame, mean: np.ndarray, sd: np.ndarray) -> pd.DataFrame:
    quantiles = {name: mean + ndtri(probability) * sd for name, probability in QUANTILES.items()}
    half = ndtri((1 + HDI_PROB) / 2) * sd
    columns = {"mean": mean, "sd": sd, **quantiles, "hdi_lower": mean - half, "hdi_upper": mean + half}
    table = known.drop(columns="seed").assign(**columns).reset_index(drop=True)
    return table[np.isfinite(mean) & np.isfinite(sd)]
