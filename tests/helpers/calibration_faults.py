"""Known faults in a fit, which calibration must find. benchmarks/faults_found.py says with how many seeds it does."""

from dataclasses import replace

import numpy as np
import pandas as pd

from guidefit.assess import calibration, fits
from guidefit.assess.quantities import Quantities, place_in_prior
from guidefit.engines import interface, registry
from guidefit.models import declaration
from guidefit.models.declaration import Priors
from guidefit.screens import arrays
from guidefit.simulation import blueprints, simulated_screen
from guidefit.simulation.truth import truth_table
from helpers.defaults import Covariate, Design, Settings
from helpers.fits import rank_all

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
    }
    return declaration.declare(VARIANT).priors | changed.get(fault, {})


def engine(fault: str) -> interface.Engine:
    """The engine that fits the data sets."""
    declared = declaration.declare(VARIANT)
    settings = Settings(engine="collapsed", draws=50, prior_draws=2)
    if fault == "stopped early":
        settings = Settings(engine="nuts", draws=25, tune=10, chains=2, prior_draws=2)
    return registry.make_engine(declared, priors_of_fit(fault), settings, 1, 1, "faults")


def ranks(fault: str, seeds: range) -> pd.DataFrame:
    """The ranks of truths from the prior of the right model (calibration.RANK_COLUMNS), fitted with a fault."""
    declared, model, right = declaration.declare(VARIANT), engine(fault), layout()
    quantities = Quantities(declared, priors_of_fit(fault))
    structure = Quantities(declared, declared.priors).structure
    own = {name: prior for name, prior in priors_of_fit(fault).items() if len(prior) > 1}
    found = []
    for seed in seeds:
        rng = np.random.default_rng([seed, 11])
        true = {name: each[0] for name, each in structure.prior_draws(right.gene_of_sgrna, 1, rng).items()}
        noise = np.sqrt(true["sigma"]) if fault == "variance" else true["sigma"]
        line = true["alpha_s"][right.sgrna_of_row] + true["beta_s"][right.sgrna_of_row] * right.x
        data = replace(right, logfc=line + noise * rng.standard_normal(len(line)))
        seen = data
        if fault == "covariate":
            seen = replace(data, x=copy_number())
        if fault == "gene index":
            seen = replace(data, gene_of_sgrna=np.roll(data.gene_of_sgrna, 1))
        fit = fits.of_tree(model.fit(seen, seed), [seed])
        truth = truth_table(true, data.coords)
        places = place_in_prior(own, fit.posterior, 0, 100, rng)
        ranked = rank_all(quantities, data, fit.posterior, truth, rng, places)
        found.append(ranked.assign(variant=fault, seed=seed))
    return pd.concat(found, ignore_index=True)


def verdict(table: pd.DataFrame) -> pd.DataFrame:
    """calibration.csv of one fault."""
    fits = table[["variant", "seed"]].drop_duplicates().assign(failed=False)
    spread = calibration.spread_ranks(table, fits, np.random.default_rng(0))
    found = calibration.calibrate(spread, fits, 0.01)
    return found[found["fits"] == "all"]
