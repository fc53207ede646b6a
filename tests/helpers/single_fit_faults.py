"""Faults that a single fit shows by itself. benchmarks/faults_found.py says in what share of fits it does."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from guidefit.assess import checks, diagnostics, estimates, fits
from guidefit.assess.checks import Checks
from guidefit.engines import interface, registry
from guidefit.models import declaration
from guidefit.screens import arrays
from guidefit.simulation import blueprints, simulated_screen
from helpers.defaults import Covariate, Design, Settings
from helpers.fits import THRESHOLDS

FAULTS = {
    "straight ridge": "a constant is added to all gene effects (`global_intercept`)",
    "curved ridge": "a factor multiplies all gene effects",
    "conflict": "the prior of mu_gamma is Normal(3, 0.5), and the truth is -0.5",
    "sensitivity": "the prior of mu_gamma is Normal(-1, 0.1), as narrow as what 20 genes say about it",
}
CHECKS = {
    "straight ridge": checks.CONTRACTION,
    "curved ridge": checks.CURVED_CONTRACTION,
    "conflict": checks.PRIOR_CONFLICT,
    "sensitivity": checks.PRIOR_SENSITIVITY,
}
NAMED = {
    "straight ridge": "alpha - mu_gamma",
    "curved ridge": "k x",
    "conflict": "mu_gamma",
    "sensitivity": "Normal(mu=-1.0, sigma=0.1) of mu_gamma",
}
"""What the check has to name."""
WORDS = {
    "straight ridge": "not identified: `alpha - mu_gamma`",
    "curved ridge": "not identified: the product `k x gamma_g`",
    "conflict": "conflict of prior and data",
    "sensitivity": "sensitivity to the prior (power-scaling)",
}
PRODUCT = '''"""A factor times gene effects: only the product is known."""

import pymc as pm

from guidefit.models.parts import effects, prior, rows

PRIORS = {
    "k": {"distribution": "LogNormal", "mu": 0, "sigma": 0.5},
    "mu_gamma": {"distribution": "Normal", "mu": -1, "sigma": 1},
    "sigma_gamma": {"distribution": "Exponential", "lam": 2},
    "gamma_g": {"distribution": "Normal"},
    "sigma": {"distribution": "Exponential", "lam": 1},
}


def build(data, priors):
    with pm.Model(coords=data.coords) as model:
        x, logfc = rows(data)
        gamma_g = effects("gamma_g", priors, prior("mu_gamma", priors), prior("sigma_gamma", priors), "gene")
        pm.Normal("logfc", prior("k", priors) * gamma_g[data.gene_of_row], prior("sigma", priors), observed=logfc, dims="row")
    return model
'''


def make_engine(fault: str, folder: Path) -> tuple[interface.Engine, declaration.Priors]:
    """The engine and the priors with a fault, or those of varying_effects ("none")."""
    path = declaration.VARIANTS / ("global_intercept.py" if fault == "straight ridge" else "varying_effects.py")
    settings: dict[str, Any] = {"engine": "collapsed", "draws": 500}
    if fault == "curved ridge":
        path = folder / "product.py"
        path.write_text(PRODUCT)
        settings = {"engine": "nuts", "draws": 500, "tune": 1000}
    changed = {
        "conflict": {"mu_gamma": {"distribution": "Normal", "mu": 3.0, "sigma": 0.5}},
        "sensitivity": {"mu_gamma": {"distribution": "Normal", "mu": -1.0, "sigma": 0.1}},
    }
    declared = declaration.declare(path)
    priors = declared.priors | changed.get(fault, {})
    return registry.make_engine(declared, priors, Settings(**settings), 1, 1, "faults"), priors


def data_of(seed: int) -> arrays.ModelData:
    """A screen of 20 genes in 12 cell lines whose gene effects have the mean -0.5 and the sd 0.4."""
    design = Design(genes=20, sgrnas_per_gene=3, cell_lines=12, sigma_gamma=0.4)
    blueprint = blueprints.draw(design, np.random.default_rng([seed, 12]))
    return arrays.model_data(simulated_screen.simulate(blueprint, Covariate("zscore_within_gene"), "x")[0])


def judge(model: interface.Engine, priors: declaration.Priors, seed: int) -> Checks:
    """The checks of the fit to the data of one seed."""
    fit = fits.of_tree(model.fit(data_of(seed), seed), [seed])
    truth = np.full((1, len(fit.posterior.parameters.names)), np.nan)
    estimated = estimates.estimate(fit, truth, 100, [np.random.default_rng(0)])
    return diagnostics.diagnose(fit, estimated, THRESHOLDS, priors)[0].checks


def is_named(found: Checks, fault: str) -> bool:
    """Whether the check of this fault is not passed and names it."""
    rows = [row for row in found.rows if row["check"] == CHECKS[fault] and row["level"] != "pass"]
    return any(NAMED[fault] in row["where"] for row in rows)


def share_named(fault: str, seeds: range) -> dict[str, Any]:
    """How many fits name the fault, and how many fits of the right model to the same data do not pass the same check."""
    with tempfile.TemporaryDirectory() as folder:
        faulty, right = make_engine(fault, Path(folder)), make_engine("none", Path(folder))
        named = sum(is_named(judge(*faulty, seed), fault) for seed in seeds)
    alarms = 0
    for seed in seeds:
        rows = judge(*right, seed).rows
        alarms += any(row["check"] == CHECKS[fault] and row["level"] != "pass" and "mu_gamma" in row["where"] for row in rows)
    return {"named": named, "right": alarms, "fits": len(seeds), "where": WORDS[fault]}
