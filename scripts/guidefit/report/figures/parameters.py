"""Parameters of one fit: chains, intervals, truth against estimate, and the joint distribution of two parameters."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
import plotnine as p9
import xarray as xr

from guidefit.assess import curved_ridges, identifiability
from guidefit.assess.draws import of_dataset
from guidefit.assess.identifiability import Direction
from guidefit.base import parquet
from guidefit.base.arrays import evenly_spaced
from guidefit.base.names import variable_of
from guidefit.engines import posterior_file
from guidefit.report.figures import chains, style

INTERCEPT_SIDE = ("alpha", "mu_gamma", "sigma_gamma", "gamma_g", "sigma_alpha", "alpha_s", "sigma_line", "tau_c")
SLOPE_SIDE = ("beta", "mu_delta", "sigma_delta", "delta_g", "rho_gene", "sigma_beta", "beta_s", "rho", "kappa", "ratio")

OTHER_UNITS = {"rho": "", "rho_gene": "", "ratio": "", "kappa": " (units of x)"}  # of variables on the slope side

MAX_POINTS = 1000  # coordinates of a variable
JOINT_DRAWS = 2000


def draw(inputs: Mapping[str, Any], outputs: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Draw the parameters of the fit of one variant and seed.

    inputs: posterior, estimates. outputs: trace, rank_plot, forest_intercept, forest_slope, truth, pair.
    settings: variant, seed, contraction_pass.
    """
    seed = int(settings["seed"])
    name = f"({settings['variant']}, seed {seed})"
    fit = posterior_file.read_fit(inputs["posterior"], seed)
    if fit is None:
        style.save_message(f"No estimates {name}", "this fit stopped with an error: see diagnostics.csv", outputs.values())
        return
    posterior, prior = (posterior_file.reported(fit[group].to_dataset()) for group in ("posterior", "prior"))
    estimates = parquet.read(inputs["estimates"]).query("seed == @seed")
    draws = of_dataset(posterior)
    values = chains.values_of(draws, chains.choose(draws, estimates))
    style.save(chains.trace(values, f"Chains {name}: densities and traces"), outputs["trace"])
    style.save(chains.rank_plot(values, chains.ess_of(values, estimates), f"Ranks of chains {name}"), outputs["rank_plot"])
    intercepts = forest(estimates, INTERCEPT_SIDE, "logFC (scales and intercepts at x = 0)", f"Intercepts and scales {name}")
    style.save(intercepts, outputs["forest_intercept"])
    slopes = forest(estimates, SLOPE_SIDE, f"logFC per unit of x{_other_units(posterior)}", f"Slopes {name}")
    style.save(slopes, outputs["forest_slope"])
    style.save(truth_against_estimate(estimates, f"Truth against estimate {name}"), outputs["truth"])
    limit = settings["contraction_pass"]
    ((_, directions),) = identifiability.find_unidentified_directions(of_dataset(posterior), of_dataset(prior), limit)
    if not directions:
        (ridges,) = curved_ridges.find_curved_ridges(of_dataset(posterior), of_dataset(prior))
        directions = [*ridges]
    style.save(joint_draws(posterior, prior, directions, f"Joint draws {name}"), outputs["pair"])


def forest(estimates: pd.DataFrame, variables: Sequence[str], unit: str, title: str) -> p9.ggplot:
    """Mean, 50 % and 95 % interval and truth of each parameter, one panel per variable.

    estimates: rows of estimates.csv of one fit. Of a variable with many coordinates only the lowest and highest means are drawn, so
    that names remain readable.
    """
    rows, left_out = [], []
    labels = estimates["sgrna"].fillna(estimates["gene"]).fillna(estimates["cell_line"]).fillna(estimates["variable"])
    estimates = estimates.assign(label=labels, variable=variable_of(estimates["variable"]))
    for variable in (v for v in variables if v in set(estimates["variable"])):
        mine = estimates[estimates["variable"] == variable].sort_values("mean")
        most = 16 if len(estimates) > 2 * style.MAX_NAMES else style.MAX_NAMES
        if len(mine) > most:
            left_out.append(f"{variable}: {most // 2} lowest and {most // 2} highest of {len(mine):,}")
            mine = pd.concat([mine.head(most // 2), mine.tail(most // 2)])
        elif len(mine) > 1:
            mine = mine.sort_index(ascending=False)
        rows.append(mine)
    if not rows:
        return style.message(title, "this variant has no parameters of this kind")
    table = pd.concat(rows)
    table["label"] = pd.Categorical(table["label"], list(dict.fromkeys(table["label"])))
    table["variable"] = pd.Categorical(table["variable"], list(dict.fromkeys(table["variable"])))
    known = table.dropna(subset=["truth"])
    key = f"{len(estimates.loc[estimates['variable'].isin(variables)]):,} parameters; line: 95 %, bar: 50 %, dot: mean"
    key += "; diamond: truth (where it has a counterpart on the scale of x)" if len(known) else ""
    return (
        p9.ggplot(table, p9.aes("label"))
        + p9.geom_hline(yintercept=0, color=style.REFERENCE_LINE)
        + p9.geom_linerange(p9.aes(ymin="q025", ymax="q975"), color=style.BLUE, size=0.6)
        + p9.geom_linerange(p9.aes(ymin="q25", ymax="q75"), color=style.BLUE, size=1.8)
        + p9.geom_point(p9.aes(y="mean"), color=style.BLUE, size=2)
        + p9.geom_point(
            p9.aes(y="truth"),
            data=known,
            shape="D",
            size=2.4,
            stroke=0.7,
            fill="none",
            color=style.VERMILION,
        )
        + p9.facet_grid(rows="variable", scales="free_y", space="free_y")
        + p9.coord_flip()
        + p9.labs(x="", y=unit, title=title, subtitle=fill(key, 80), caption="\n".join(left_out))
        + style.theme(7.5, 1.5 + 0.2 * len(table) + 0.12 * table["variable"].nunique())
    )


def truth_against_estimate(estimates: pd.DataFrame, title: str) -> p9.ggplot:
    """Posterior mean and 94 % HDI against the truth, one panel per variable. estimates: rows of estimates.csv of one fit."""
    table = estimates.dropna(subset=["truth"])
    if table.empty:
        return style.message(title, "no variable of this variant has a truth on the scale of x")
    known = len(table)
    table = table.assign(variable=variable_of(table["variable"]))
    order = list(dict.fromkeys(table["variable"]))
    parts = [table[table["variable"] == variable] for variable in order]
    fewer = [part.iloc[evenly_spaced(len(part), MAX_POINTS)] for part in parts]
    left_out = [
        f"{len(few):,} of {len(part):,} {name}" for few, part, name in zip(fewer, parts, order, strict=True) if len(few) < len(part)
    ]
    table = pd.concat(fewer)
    table = table.assign(variable=pd.Categorical(table["variable"], order))
    count = len(order)
    columns = min(3, count)
    return (
        p9.ggplot(table, p9.aes("truth", "mean"))
        + p9.geom_abline(color=style.NOMINAL, linetype="dashed")
        + p9.geom_blank(p9.aes("hdi_lower", "hdi_lower"))  # both axes of a panel have the same range
        + p9.geom_blank(p9.aes("hdi_upper", "hdi_upper"))
        + p9.geom_linerange(p9.aes(ymin="hdi_lower", ymax="hdi_upper"), color=style.BLUE, alpha=0.6)
        + p9.geom_point(color=style.BLUE, size=1.8)
        + p9.facet_wrap("variable", ncol=columns, scales="free")
        + p9.labs(
            x="truth (logFC; slopes: logFC per unit of x)",
            y="estimate (same units)",
            title=title,
            subtitle=f"{known:,} parameters; dot: posterior mean; line: 94 % highest density interval; dashed: truth = estimate",
            caption=", ".join(left_out) + " shown" if left_out else "",
        )
        + style.theme(3 * columns + 0.8, 1.2 + 2.4 * -(-count // columns))
    )


def scalar_variables(posterior: xr.Dataset, most: int = 8) -> list[str]:
    """Up to `most` variables with no dims except chain and draw; if there are fewer than two, the first `most` variables."""
    names = [str(n) for n in posterior.data_vars if set(posterior[n].dims) <= {"chain", "draw"}]
    return names[:most] if len(names) > 1 else [str(n) for n in posterior.data_vars][:most]


def joint_draws(posterior: xr.Dataset, prior: xr.Dataset, directions: list[Direction], title: str) -> p9.ggplot:
    """Joint prior and posterior draws of two parameters: of the first unidentified direction, else of the most correlated pair."""
    if directions:
        first, second = list(directions[0].loadings)[:2]
        why = f"the data carry no information about {directions[0].name}: along it the posterior is as wide as the prior"
    else:
        names = scalar_variables(posterior, most=20)
        matrix = np.array([posterior[name].values.reshape(-1) for name in names])
        correlation = np.abs(np.corrcoef(matrix)) - np.eye(len(names)) if len(names) > 1 else np.zeros((1, 1))
        i, j = sorted(np.unravel_index(np.argmax(correlation), correlation.shape))
        first, second = names[i], names[j]
        why = f"most correlated pair of scalar parameters (|r| = {correlation[i, j]:.2f})"
    after, before = _joint(posterior, first, second), _joint(prior, first, second)
    low_x, high_x = _window(after["first"], before["first"])
    low_y, high_y = _window(after["second"], before["second"])
    return (
        p9.ggplot(after, p9.aes("first", "second"))
        + p9.geom_point(p9.aes(color="'prior'"), data=before, size=1.2, alpha=0.6, stroke=0)
        + p9.geom_point(p9.aes(color="'posterior'"), size=1, alpha=0.35, stroke=0)
        + p9.scale_color_manual(values={"prior": style.GREY, "posterior": style.BLUE})
        + p9.guides(color=p9.guide_legend(override_aes={"size": 3, "alpha": 1}))
        + p9.coord_cartesian(xlim=(low_x, high_x), ylim=(low_y, high_y))
        + p9.labs(
            x=_with_unit(first),
            y=_with_unit(second),
            color="",
            title=title,
            subtitle=fill(f"{why}; {len(before):,} prior and {len(after):,} posterior draws", 90),
        )
        + style.theme(6.5, 5)
    )


def _other_units(posterior: xr.Dataset) -> str:
    """A note on the variables of the slope side whose unit is not logFC per unit of x."""
    notes = [f"{name}:{unit or ' no unit'}" for name, unit in OTHER_UNITS.items() if name in posterior]
    return f"; {', '.join(notes)}" if notes else ""


def _with_unit(parameter: str) -> str:
    """The label of a parameter's axis; parameters whose unit is not known have none."""
    variable = parameter.split("[")[0]
    if variable in OTHER_UNITS:
        return f"{parameter}{OTHER_UNITS[variable]}"
    if variable in SLOPE_SIDE:
        return f"{parameter} (logFC per unit of x)"
    return f"{parameter} (logFC)" if variable in (*INTERCEPT_SIDE, "sigma") else parameter


def _joint(draws: xr.Dataset, first: str, second: str) -> pd.DataFrame:
    flat = of_dataset(draws)
    names, matrix = flat.parameters.names, flat.matrix(0)
    table = pd.DataFrame({"first": matrix[:, names.index(first)], "second": matrix[:, names.index(second)]})
    return table.iloc[evenly_spaced(len(table), JOINT_DRAWS)]


def _window(after: pd.Series, before: pd.Series) -> tuple[float, float]:
    """Limits of an axis: all posterior draws and the central 98 % of the prior, at most 20 posterior ranges on either side."""
    low, high = float(after.min()), float(after.max())
    room = 20 * max(high - low, 1e-9)
    return max(min(low, float(before.quantile(0.01))), low - room), min(max(high, float(before.quantile(0.99))), high + room)
