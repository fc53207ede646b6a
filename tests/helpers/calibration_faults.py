"""Known faults in a fit, which calibration must find. benchmarks/faults_found.py says with how many seeds it does."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from guidefit.assess import calibration, diagnostics, estimates, fits
from guidefit.assess.fits import Fits
from guidefit.assess.quantities import Quantities, place_in_prior
from guidefit.engines import interface, registry
from guidefit.models import declaration
from guidefit.models.declaration import Priors
from guidefit.screens import arrays
from guidefit.screens.covariates import Truth
from guidefit.simulation import blueprints, simulated_screen
from guidefit.simulation.truth import truth_table
from helpers.defaults import Covariate, Design, Settings
from helpers.fits import THRESHOLDS, rank_all

VARIANT = declaration.VARIANTS / "varying_effects.py"
FAULTS = {
    "none": "the right model",
    "prior": "the fit's prior of sigma_gamma is four times as wide as the simulation's",
    "shifted prior": "the fit's prior of mu_gamma is shifted by 0.8 standard deviations",
    "covariate": "the fit sees the copy number where the simulation used its z-score",
    "gene index": "the fit assigns every sgRNA to the next gene in the list",
    "variance": "the simulation uses the noise's sd as its variance",
    "stopped early": "NUTS with 10 tuning iterations and 25 draws in two chains",
}
HELD_OUT = {
    "narrow prior": "the fit's prior of mu_delta is a fifth as wide as the simulation's",
    "noise prior": "the fit's prior of sigma has twice the mean of the simulation's",
    "correlation": "intercepts and slopes of sgRNAs correlate by 0.9, which the fit ignores",
    "line effects": "rows of a cell line share an effect with an sd of half that of the noise, which the fit ignores",
    "heavy tails": "the noise is Student-t with 3 degrees of freedom, the fit's is normal",
    "swapped rows": "a tenth of the rows have the logFC of another row",
    "inactive guides": "a fifth of the sgRNAs have no effect at all",
}
"""Faults that no part of calibration was made for."""
ALL = FAULTS | HELD_OUT


def layout() -> arrays.ModelData:
    """The design that all data sets share."""
    blueprint = blueprints.draw(Design(genes=5, sgrnas_per_gene=[1, 2, 3, 3, 4], cell_lines=12), np.random.default_rng(0))
    table, _ = simulated_screen.simulate(blueprint, Covariate("zscore_within_gene"), "cna")
    return arrays.model_data(table)


def copy_number() -> np.ndarray:
    """(row,) raw copy number of `layout`."""
    return blueprints.draw(Design(genes=5, sgrnas_per_gene=[1, 2, 3, 3, 4], cell_lines=12), np.random.default_rng(0)).cna


def priors_of_fit(fault: str) -> Priors:
    """The priors of the fits."""
    changed = {
        "prior": {"sigma_gamma": {"distribution": "Exponential", "lam": 0.25}},
        "shifted prior": {"mu_gamma": {"distribution": "Normal", "mu": 3.0, "sigma": 5.0}},
        "narrow prior": {"mu_delta": {"distribution": "Normal", "mu": -1.0, "sigma": 1.0}},
        "noise prior": {"sigma": {"distribution": "Exponential", "lam": 0.5}},
    }
    return declaration.declare(VARIANT).priors | changed.get(fault, {})


def engine(fault: str) -> interface.Engine:
    """The engine that fits the data sets."""
    declared = declaration.declare(VARIANT)
    settings = Settings(engine="collapsed", draws=50, prior_draws=2)
    if fault == "stopped early":
        settings = Settings(engine="nuts", draws=25, tune=10, chains=2, prior_draws=2)
    return registry.make_engine(declared, priors_of_fit(fault), settings, 1, 1, "faults")


def simulate(fault: str, true: Truth, right: arrays.ModelData, rng: np.random.Generator) -> arrays.ModelData:
    """Data of the layout `right` from the truth, with the fault if it is one of the simulation."""
    alpha, beta, sgrna = true["alpha_s"], true["beta_s"], right.sgrna_of_row
    if fault == "correlation":
        of_alpha = (alpha - true["gamma_g"][right.gene_of_sgrna]) / true["sigma_alpha"]
        own = (beta - true["delta_g"][right.gene_of_sgrna]) / true["sigma_beta"]
        mixed = 0.9 * of_alpha + np.sqrt(1 - 0.9**2) * own
        beta = true["delta_g"][right.gene_of_sgrna] + true["sigma_beta"] * mixed
        true["beta_s"] = beta
    if fault == "inactive guides":
        active = rng.random(len(alpha)) > 0.2
        alpha, beta = alpha * active, beta * active
    noise = np.sqrt(true["sigma"]) if fault == "variance" else true["sigma"]
    draws = rng.standard_t(3, len(sgrna)) if fault == "heavy tails" else rng.standard_normal(len(sgrna))
    logfc = alpha[sgrna] + beta[sgrna] * right.x + noise * draws
    if fault == "line effects":
        logfc = logfc + 0.5 * noise * rng.standard_normal(right.cell_line_of_row.max() + 1)[right.cell_line_of_row]
    if fault == "swapped rows":
        chosen = rng.permutation(len(logfc))[: len(logfc) // 10]
        logfc[chosen] = logfc[np.roll(chosen, 1)]
    return replace(right, logfc=logfc)


def as_seen(fault: str, data: arrays.ModelData) -> arrays.ModelData:
    """The data as the fit sees them."""
    if fault == "covariate":
        return replace(data, x=copy_number())
    if fault == "gene index":
        return replace(data, gene_of_sgrna=np.roll(data.gene_of_sgrna, 1))
    return data


def ranks(fault: str, seeds: range) -> pd.DataFrame:
    """The ranks of truths from the prior of the right model (calibration.RANK_COLUMNS), fitted with a fault."""
    return pd.concat([ranked for ranked, _, _ in _fit(fault, seeds, engine(fault))], ignore_index=True)


def right_fits(seeds: range) -> tuple[pd.DataFrame, Counter[str]]:
    """Ranks of the right model, and the number of its fits with each check that is not passed, as "check (level)"."""
    declared = declaration.declare(VARIANT)
    model = registry.make_engine(declared, declared.priors, Settings(engine="collapsed", draws=200), 1, 1, "faults")
    tables, found = [], Counter[str]()
    for ranked, fit, truth in _fit("none", seeds, model):
        tables.append(ranked)
        aligned = fit.posterior.parameters.align(truth.assign(seed=fit.seeds[0]), fit.seeds)
        estimated = estimates.estimate(fit, aligned, 100, [np.random.default_rng(0)])
        (diagnosis,) = diagnostics.diagnose(fit, estimated, THRESHOLDS, declared.priors)
        found.update({f"{row['check']} ({row['level']})" for row in diagnosis.checks.rows if row["level"] not in ("pass", "note")})
    return pd.concat(tables, ignore_index=True), found


def _fit(fault: str, seeds: range, model: interface.Engine) -> Iterator[tuple[pd.DataFrame, Fits, pd.DataFrame]]:
    """The ranks, the fit and the truth of each seed."""
    declared, right = declaration.declare(VARIANT), layout()
    quantities = Quantities(declared, priors_of_fit(fault))
    structure = Quantities(declared, declared.priors).structure
    own = {name: prior for name, prior in priors_of_fit(fault).items() if len(prior) > 1}
    for seed in seeds:
        rng = np.random.default_rng([seed, 11])
        true = {name: each[0] for name, each in structure.prior_draws(right.gene_of_sgrna, 1, rng).items()}
        data = simulate(fault, true, right, rng)
        fit = fits.of_tree(model.fit(as_seen(fault, data), seed), [seed])
        truth = truth_table(true, data.coords)
        places = place_in_prior(own, fit.posterior, 0, 100, rng)
        ranked = rank_all(quantities, data, fit.posterior, truth, rng, places)
        yield ranked.assign(variant=fault, seed=seed), fit, truth


def verdict(table: pd.DataFrame) -> pd.DataFrame:
    """calibration.csv of one fault."""
    fits = table[["variant", "seed"]].drop_duplicates().assign(failed=False)
    spread = calibration.spread_ranks(table, fits, np.random.default_rng(0))
    found = calibration.calibrate(spread, fits, 0.01)
    return found[found["fits"] == "all"]
