"""What each figure of a study's page shows, in one or two sentences made from the tables."""

from collections.abc import Callable

import pandas as pd

from guidefit.assess import checks, wording
from guidefit.base.names import variable_of
from guidefit.report.pages import answers, correction
from guidefit.report.pages import genes as gene_page
from guidefit.report.pages.material import Material

MOST_LETTERS = 400  # of a sentence with names of parameters
CHECKS = {
    "prior_predictive": (checks.PRIOR_CONFLICT,),
    "trace": (checks.R_HAT, checks.ESS_BULK, checks.DIVERGENCES, checks.IMPORTANCE_K_HAT),
    "rank": (checks.R_HAT, checks.ESS_TAIL),
    "posterior_predictive": (checks.LOO_PIT,),
    "posterior_predictive_by_gene": (checks.LOO_PIT_GENES,),
    "posterior_predictive_by_line": (checks.LOO_PIT_LINES, checks.ESSENTIAL_BY_LINE),
    "loo_pit": (checks.LOO_PIT, checks.PARETO_K),
    "pair": (checks.CONTRACTION,),
}
HYPER = {"forest_intercept": ("mu_gamma", "alpha", "gamma_g", "alpha_s"), "forest_slope": ("mu_delta", "beta", "delta_g", "beta_s")}


def sentence(kind: str, variant: str, material: Material) -> str:
    """What a figure of this kind shows; empty where the tables hold nothing about it. variant: empty for the whole study."""
    if kind in CHECKS:
        return of_checks(material.checks(variant), CHECKS[kind])
    if kind in HYPER:
        return _of_level(material.estimates(variant), HYPER[kind])
    return _OF[kind](variant, material) if kind in _OF else ""


def of_checks(rows: pd.DataFrame, names: tuple[str, ...]) -> str:
    """The sentences on these checks of one fit; rows: of checks.csv."""
    worst = checks.worst_of_each(rows[rows["check"].isin(names)])
    return " ".join(_short(_capital(wording.sentence(row))) + "." for row in worst.to_dict("records"))


def inside(rows: pd.DataFrame) -> tuple[int, int]:
    """How many known truths lie within their 95 % intervals, and how many there are; rows: of estimates.csv."""
    known = rows.dropna(subset=["truth"])
    return int(((known["q025"] <= known["truth"]) & (known["truth"] <= known["q975"])).sum()), len(known)


def _of_level(rows: pd.DataFrame, names: tuple[str, ...]) -> str:
    """The hyper-parameter of a side with its interval, and how many of the other parameters' truths are covered."""
    variables = variable_of(rows["variable"].astype("str"))
    texts = []
    for row in rows[variables.isin(names[:2])].head(1).to_dict("records"):
        truth = f"; the truth is {row['truth']:.2f}" if pd.notna(row["truth"]) else ""
        texts.append(f"{row['variable']} is {row['mean']:.2f} (95 % interval {row['q025']:.2f} to {row['q975']:.2f}{truth}).")
    several = rows[variables.isin(names[2:3])]
    if len(several) > 1:
        low, high = several.loc[several["mean"].idxmin()], several.loc[several["mean"].idxmax()]
        texts.append(f"By gene the means run from {low['mean']:.2f} ({low['gene']}) to {high['mean']:.2f} ({high['gene']}).")
    return " ".join(texts)


def _truth(variant: str, material: Material) -> str:
    rows = material.estimates(variant)
    covered, known = inside(rows)
    if not known:
        return ""
    text = f"{covered} of {known} true values lie within their 95 % intervals (expected: about {0.95 * known:.0f})."
    outside = rows[rows["truth"].notna() & ~rows["truth"].between(rows["q025"], rows["q975"])]
    names = [_name(row) for row in outside.head(4).to_dict("records")]
    return text + (f" Outside: {', '.join(names)}{', ...' if len(outside) > len(names) else ''}." if names else "")


def _name(row: dict) -> str:
    places = [str(row[name]) for name in ("gene", "sgrna", "cell_line") if pd.notna(row[name])]
    return f"{row['variable']}{' of ' + ', '.join(places) if places else ''}"


def _by_copy_number(column: str) -> Callable[[str, Material], str]:
    def text(_: str, material: Material) -> str:
        screen = material.screen
        if screen is None or screen.empty or screen[column].isna().all():
            return ""
        within = screen[["logfc", column]] - screen.groupby("gene", observed=True)[["logfc", column]].transform("mean")
        correlation = within["logfc"].corr(within[column])
        values = screen[column]
        return (
            f"{len(screen):,} rows; {column} runs from {values.min():.2f} to {values.max():.2f}; within genes its correlation "
            f"with logFC is {correlation:.2f}."
        )

    return text


def _density(_: str, material: Material) -> str:
    if material.screen is None or material.screen.empty:
        return ""
    medians = material.screen.groupby("gene", observed=True)["logfc"].median()
    low, high = medians.idxmin(), medians.idxmax()
    return f"Medians of {len(medians):,} genes run from {medians[low]:.2f} ({low}) to {medians[high]:.2f} ({high}) logFC."


def _model(variant: str, material: Material) -> str:
    rows = material.estimates(variant)
    if rows.empty:
        return ""
    kinds = variable_of(rows["variable"].astype("str")).nunique()
    return f"{variant} estimates {len(rows):,} parameters of {kinds} kinds."


def _diagnostics(_: str, material: Material) -> str:
    counts = material.tables.diagnostics["verdict"].value_counts()
    parts = [f"{counts[name]:,} {name}" for name in checks.VERDICTS if name in counts]
    return f"Verdicts of {len(material.tables.diagnostics):,} fits: {', '.join(parts)}."


def _comparison(_: str, material: Material) -> str:
    table = material.tables.comparison
    return "" if table is None or table.empty else answers.of_comparison(table[table["seed"] == material.seed])


def _recovery(_: str, material: Material) -> str:
    table = material.tables.recovery
    if table is None or table.empty:
        return ""
    rows = answers.of_recovery(table, material.tables.diagnostics, material.settings["thresholds"]["failed_share_max"])
    return " ".join(f"{row['variant']}: {row['lines'][1]}." for row in rows if len(row["lines"]) > 1)


def _calibration(variant: str, material: Material) -> str:
    table = material.tables.calibration
    if table is None or table.empty:
        return ""
    rows = answers.of_calibration(table, material.settings["thresholds"]["failed_share_max"])
    return " ".join(_capital(line) + "." for row in rows if row["variant"] == variant for line in row["lines"][1:3])


def _genes(variant: str, material: Material) -> str:
    if material.genes is None:
        return ""
    table = material.genes.genes[material.genes.genes["variant"] == variant]
    if table.empty:
        return ""
    counts, low = table["verdict"].value_counts(), table.loc[table["effect"].idxmin()]
    parts = [f"{counts.get(name, 0):,} {name}" for name in gene_page.VERDICTS]
    return (
        f"Of {len(table):,} genes: {', '.join(parts)}. The strongest effect is that of {low['gene']} ({low['effect']:.2f} logFC)."
    )


def _guides(variant: str, material: Material) -> str:
    if material.genes is None:
        return ""
    table = material.genes.sgrnas[material.genes.sgrnas["variant"] == variant]
    certain = (table["departure_q025"] > 0) | (table["departure_q975"] < 0)
    return f"{int(certain.sum()):,} of {len(table):,} sgRNAs differ from their gene with 95 % certainty."


def _correction(_: str, material: Material) -> str:
    if material.genes is None or material.genes.correction is None or material.genes.genes.empty:
        return ""
    return correction.judge(material.genes.correction, material.chosen[0])[0]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _short(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else text[:MOST_LETTERS] + " ..."


_OF: dict[str, Callable[[str, Material], str]] = {
    "logfc_by_cna": _by_copy_number("cna"),
    "logfc_by_x": _by_copy_number("x"),
    "logfc_density": _density,
    "model": _model,
    "truth": _truth,
    "diagnostics": _diagnostics,
    "comparison": _comparison,
    "coverage": _recovery,
    "bias": _recovery,
    "calibration_ecdf": _calibration,
    "calibration_ranks": _calibration,
    "genes": _genes,
    "gene_ranking": _genes,
    "guides": _guides,
    "correction": _correction,
}
