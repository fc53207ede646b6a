"""Predictive checks of one fit: predicted data sets against the data, overall, by gene and by cell line, and LOO-PIT."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotnine as p9

from guidefit.assess.predicted_lines import STATISTICS
from guidefit.assess.uniformity import pit_band
from guidefit.base import netcdf, parquet
from guidefit.base.arrays import evenly_spaced
from guidefit.report.figures import style

DATA_SETS = 40
ROWS = 2000


def draw(inputs: Mapping[str, Any], outputs: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Draw the predictive checks of the fit of one variant and seed.

    inputs: predictive, loo, lines. outputs: prior, posterior, by_gene, by_line, loo_pit. settings: variant, seed, band_prob.
    """
    seed = int(settings["seed"])
    name = f"({settings['variant']}, seed {seed})"
    loo = parquet.read(inputs["loo"]).query("seed == @seed")
    if loo.empty:
        style.save_message(f"No predictive checks {name}", "this fit stopped with an error: see diagnostics.csv", outputs.values())
        return
    checks = netcdf.read(inputs["predictive"])
    groups = {kind: checks[f"seed_{seed}/{kind}"].to_dataset()["logfc"] for kind in ("prior_predictive", "posterior_predictive")}
    prior, posterior = (each.to_numpy() for each in groups.values())
    data = checks[f"seed_{seed}/observed_data"].to_dataset()["logfc"]
    logfc, gene = data.to_numpy(), data["gene"].to_numpy().astype(str)
    style.save(prior_check(prior, logfc, f"Prior predictive check {name}"), outputs["prior"])
    style.save(posterior_check(posterior, logfc, f"Posterior predictive check {name}"), outputs["posterior"])
    style.save(check_by_gene(posterior, logfc, gene, f"Posterior predictive check by gene {name}"), outputs["by_gene"])
    lines = parquet.read(inputs["lines"]).query("seed == @seed")
    if lines.empty:
        style.save_message(
            f"No predictions by cell line {name}",
            "fits by engine nuts have them only for variants with effects by cell line",
            [outputs["by_line"]],
        )
    else:
        style.save(check_by_line(lines, f"Posterior predictive check by cell line {name}"), outputs["by_line"])
    style.save(loo_pit(loo["pit"].to_numpy(), settings["band_prob"], f"LOO-PIT {name}"), outputs["loo_pit"])


def posterior_check(draws: np.ndarray, observed: np.ndarray, title: str) -> p9.ggplot:
    """Densities of predicted data sets and of the data, over the range of the data and a quarter of it on either side.

    draws: (sample, row); observed: (row,).
    """
    predicted, _ = _data_sets(draws)
    room = np.ptp(observed) / 4
    inside = predicted["logfc"].between(observed.min() - room, observed.max() + room)
    outside = f"; {1 - inside.mean():.2%} of their rows lie outside the axis" if not inside.all() else ""
    return _densities(predicted[inside], observed, title, outside) + p9.labs(x=style.LOGFC, y="density (per unit of logFC)")


def prior_check(draws: np.ndarray, observed: np.ndarray, title: str) -> p9.ggplot:
    """The same on an axis that is logarithmic in both directions, because predictions from wide priors reach far.

    draws: (sample, row); observed: (row,).
    """
    predicted, chosen = _data_sets(draws)
    breaks = [-10000, -1000, -100, -10, -1, 0, 1, 10, 100, 1000, 10000]
    low, high = np.quantile(np.append(chosen.ravel(), observed), [0.005, 0.995])
    return (
        _densities(predicted, observed, title, "")
        + p9.scale_x_continuous(trans="pseudo_log", breaks=breaks)
        + p9.coord_cartesian(xlim=(low, high))
        + p9.labs(x=f"{style.LOGFC}; the axis is logarithmic in both directions", y="density (on this axis)")
    )


def _data_sets(draws: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """At most DATA_SETS of the predicted data sets and ROWS of their rows: as a table (logfc, set) and as an array (set, row)."""
    chosen = draws[evenly_spaced(len(draws), DATA_SETS)][:, evenly_spaced(draws.shape[1], ROWS)]
    return pd.DataFrame({"logfc": chosen.ravel(), "set": np.repeat(np.arange(len(chosen)), chosen.shape[1])}), chosen


def _densities(predicted: pd.DataFrame, observed: np.ndarray, title: str, note: str) -> p9.ggplot:
    data = pd.DataFrame({"logfc": observed, "set": -1})
    sizes = f"{predicted['set'].nunique()} predicted data sets; {len(data):,} rows of data"
    return (
        p9.ggplot(predicted, p9.aes("logfc", group="set"))
        + p9.geom_line(p9.aes(color="'predicted data sets'"), stat="density", size=0.3, alpha=0.5)
        + p9.geom_line(p9.aes(color="'data'"), data=data, stat="density", size=1.1)
        + p9.scale_color_manual(values={"predicted data sets": style.BLUE, "data": "black"})
        + p9.labs(color="", title=title, subtitle=f"{sizes}{note}")
        + style.theme(7, 4)
    )


def check_by_gene(draws: np.ndarray, observed: np.ndarray, gene: np.ndarray, title: str) -> p9.ggplot:
    """Mean and standard deviation of each gene's logFC: the data and the central 90 % of the predicted data sets.

    draws: (sample, row); observed, gene: (row,).
    """
    by_mean = sorted(dict.fromkeys(gene), key=lambda name: float(observed[gene == name].mean()))
    genes, count = style.some_of(by_mean, style.MAX_NAMES)
    rows = []
    for name in genes:
        mine = gene == name
        for statistic, function in (("mean of logFC", np.mean), ("standard deviation of logFC", np.std)):
            low, high = np.quantile(function(draws[:, mine], axis=1), [0.05, 0.95])
            rows.append((name, statistic, low, high, function(observed[mine])))
    table = pd.DataFrame(rows, columns=["gene", "statistic", "low", "high", "observed"])
    table["gene"] = pd.Categorical(table["gene"], genes)
    note = f";\n{count} genes, evenly spaced in the order of their means" if count else ""
    subtitle = f"bar: central 90 % of {len(draws)} predicted data sets; cross: data{note}"
    return _intervals(table, "gene", title, subtitle) + style.theme(8, 1.3 + 0.24 * max(len(genes), 5))


def check_by_line(table: pd.DataFrame, title: str) -> p9.ggplot:
    """Statistics of each cell line's logFC: the data and the central 95 % of the predicted data sets.

    table: rows of one fit (predicted_lines.TYPES).
    """
    order = table[table["statistic"] == table["statistic"].iloc[-1]].sort_values("observed")["cell_line"].tolist()
    lines, count = style.some_of(order, style.MAX_NAMES)
    shown = table[table["cell_line"].isin(lines)]
    shown = shown.assign(
        cell_line=pd.Categorical(shown["cell_line"], lines),
        statistic=pd.Categorical(shown["statistic"].map(STATISTICS), list(STATISTICS.values())).remove_unused_categories(),
    )
    note = f";\n{count} lines, evenly spaced in the order of the last statistic" if count else ""
    subtitle = f"bar: central 95 % of predicted data sets with new effects by gene and line; cross: data{note}"
    return _intervals(shown, "cell_line", title, subtitle) + style.theme(9, 1.3 + 0.2 * max(len(lines), 5))


def _intervals(table: pd.DataFrame, name: str, title: str, subtitle: str) -> p9.ggplot:
    """For each name and statistic (a panel each) what was predicted, low to high, and what was observed."""
    return (
        p9.ggplot(table, p9.aes(name))
        + p9.geom_linerange(p9.aes(ymin="low", ymax="high"), color=style.BLUE, size=2.2, alpha=0.5)
        + p9.geom_point(p9.aes(y="observed"), shape="x", size=2.2, stroke=0.8, color="black")
        + p9.coord_flip()
        + p9.facet_wrap("statistic", scales="free_x")
        + p9.labs(x=name.replace("_", " "), y=style.LOGFC, title=title, subtitle=subtitle)
    )


def loo_pit(pit: np.ndarray, prob: float, title: str) -> p9.ggplot:
    """ECDF of the LOO-PIT values (row,) minus the ECDF of the uniform distribution, with its simultaneous band."""
    band = pit_band(pit, prob)
    return (
        p9.ggplot(band, p9.aes("pit"))
        + p9.geom_ribbon(p9.aes(ymin="lower", ymax="upper"), fill=style.BAND)
        + p9.geom_hline(yintercept=0, color=style.REFERENCE_LINE)
        + p9.geom_step(p9.aes(y="difference"), color=style.BLUE)
        + p9.labs(
            x="LOO-PIT (probability)",
            y="ECDF minus uniform ECDF (probability)",
            title=title,
            subtitle=f"{len(pit):,} rows; shaded: simultaneous {prob:.0%} band of calibrated predictions",
        )
        + style.theme(6, 4)
    )
