"""Chains of one fit: densities and traces, and the ECDF of their ranks, of the hyper-parameters and the worst other parameters."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotnine as p9
import scipy.stats

from guidefit.assess.draws import Draws
from guidefit.assess.uniformity import pit_band
from guidefit.base.arrays import evenly_spaced
from guidefit.base.names import DIM_COLUMNS, indexed
from guidefit.report.figures import style

MAX_DRAWS = 500  # of a chain, in a trace
SIZES = (20, 50, 100, 200, MAX_DRAWS)  # of chains that are thinned for their ranks: few, since each has a band to be simulated
MAX_SCALARS, MAX_WORST = 8, 4
BAND = 0.99
DENSITY, TRACE = "density", "trace"


def choose(draws: Draws, estimates: pd.DataFrame) -> list[str]:
    """Names of the hyper-parameters, at most MAX_SCALARS, and of the MAX_WORST others of highest R-hat or lowest ESS.

    estimates: rows of estimates.csv of the fit.
    """
    scalars = [name for name, labels in draws.labels.items() if labels == [{}]][:MAX_SCALARS]
    known = _named(estimates)
    others = known[~known.index.isin(scalars) & known.index.isin(draws.parameters.names)]
    worst = others.sort_values(["r_hat", "ess_bulk"], ascending=[False, True]).index[:MAX_WORST]
    return [*scalars, *worst] or draws.parameters.names[:MAX_SCALARS]


def ess_of(values: dict[str, np.ndarray], estimates: pd.DataFrame) -> dict[str, float]:
    """Name of each parameter -> its bulk ESS, where it is known. estimates: rows of estimates.csv of the fit."""
    known = _named(estimates)["ess_bulk"]
    return {name: float(known[name]) for name in values if name in known}


def _named(estimates: pd.DataFrame) -> pd.DataFrame:
    """r_hat and ess_bulk of the parameters that have them, by name."""
    known = estimates[estimates["r_hat"].notna()]
    places = known[list(DIM_COLUMNS)].to_numpy()
    names = [indexed(name, *(x for x in place if pd.notna(x))) for name, place in zip(known["variable"], places, strict=True)]
    return known[["r_hat", "ess_bulk"]].set_axis(pd.Index(names, dtype="str"))


def values_of(draws: Draws, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Name of a parameter -> (chain, draw) its draws in the first fit."""
    where = {name: position for position, name in enumerate(draws.parameters.names)}
    matrix = draws.matrix(0)
    return {name: matrix[:, where[name]].reshape(draws.chains, -1) for name in names}


def trace(values: dict[str, np.ndarray], title: str) -> p9.ggplot:
    """Density and trace of each parameter, one colour per chain. values: name -> (chain, draw)."""
    parts = []
    for name, draws in values.items():
        kept = evenly_spaced(draws.shape[1], MAX_DRAWS)
        for chain, of_chain in enumerate(draws):
            parts.append(_density(of_chain).assign(panel=f"{name}: {DENSITY}", chain=str(chain)))
            parts.append(pd.DataFrame({"x": kept, "y": of_chain[kept], "panel": f"{name}: {TRACE}", "chain": str(chain)}))
    table = pd.concat(parts)
    table["panel"] = pd.Categorical(table["panel"], [f"{name}: {kind}" for name in values for kind in (DENSITY, TRACE)])
    return (
        p9.ggplot(table, p9.aes("x", "y", color="chain"))
        + p9.geom_line(size=0.4, alpha=0.8)
        + p9.facet_wrap("panel", ncol=2, scales="free")
        + _colours(values)
        + p9.labs(
            x="value (densities), draw (traces)", y="density (densities), value (traces)", title=title, subtitle=_size(values)
        )
        + style.theme(9, 1.5 + 1.15 * len(values))
    )


def rank_plot(values: dict[str, np.ndarray], ess: dict[str, float], title: str) -> p9.ggplot:
    """ECDF of each chain's ranks among all draws minus the uniform ECDF, with the band of independent draws.

    values: name -> (chain, draw); ess: name -> effective sample size of all chains, to which the draws are thinned first, so that
    they are about independent (Säilynoja, Bürkner & Vehtari 2022); missing ones leave the draws as they are.
    """
    lines, bands = [], []
    for name, draws in values.items():
        size = ess.get(name, np.nan)
        most = max([each for each in SIZES if not each > size / len(draws)], default=SIZES[0])
        kept = draws[:, evenly_spaced(draws.shape[1], most)]
        ranks = (scipy.stats.rankdata(kept).reshape(kept.shape) - 0.5) / kept.size
        for chain, u in enumerate(ranks):
            band = pit_band(u, BAND)
            lines.append(band.assign(parameter=name, chain=str(chain)))
        bands.append(band.assign(parameter=name))
    table, band = pd.concat(lines), pd.concat(bands)
    for each in (table, band):
        each["parameter"] = pd.Categorical(each["parameter"], list(values))
    return (
        p9.ggplot(table, p9.aes("pit"))
        + p9.geom_ribbon(p9.aes("pit", ymin="lower", ymax="upper"), data=band, inherit_aes=False, fill=style.BAND)
        + p9.geom_hline(yintercept=0, color=style.REFERENCE_LINE)
        + p9.geom_step(p9.aes(y="difference", color="chain"), size=0.5)
        + p9.facet_wrap("parameter", ncol=4)
        + _colours(values)
        + p9.scale_x_continuous(breaks=[0, 0.5, 1])
        + p9.labs(
            x="rank of a draw among the draws of all chains (share)",
            y="ECDF minus uniform ECDF (probability)",
            title=title,
            subtitle=f"{_size(values)}, thinned to independent ones; grey: simultaneous {BAND:.0%} band of one chain",
        )
        + style.theme(9, 1.6 + 1.7 * -(-len(values) // 4))
    )


def _density(draws: np.ndarray) -> pd.DataFrame:
    """x, y: a kernel density of draws (n,); of draws that are all the same no line."""
    low, high = draws.min(), draws.max()
    if not high > low:
        return pd.DataFrame({"x": [low], "y": [0.0]})
    x = np.linspace(low, high, 100)
    return pd.DataFrame({"x": x, "y": scipy.stats.gaussian_kde(draws)(x)})


def _colours(values: dict[str, np.ndarray]) -> p9.scale_color_manual:
    chains = len(next(iter(values.values())))
    return p9.scale_color_manual(values=[style.CATEGORIES[chain % len(style.CATEGORIES)] for chain in range(chains)])


def _size(values: dict[str, np.ndarray]) -> str:
    chains, draws = next(iter(values.values())).shape
    return f"{chains} chain{'s' if chains > 1 else ''} of {draws:,} draws"
