"""Estimates, diagnostics, identifiability and ranks of test quantities of a batch of fits."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import pandas as pd

from guidefit.assess import calibration, diagnostics
from guidefit.base import randomness
from guidefit.engines import posterior_file
from guidefit.models import declaration
from guidefit.screens import arrays, screen_file

params, wildcards, inputs = snakemake.params, snakemake.wildcards, snakemake.input
loo = pd.read_parquet(inputs.loo) if inputs.get("loo") else None
declared = declaration.declare(declaration.file_of(wildcards.variant, inputs.variant))
quantities = calibration.Quantities(declared, declared.priors | params.priors) if params.calibrate else None
estimates, health, unlearnt, derived = [], [], [], [pd.DataFrame(columns=calibration.RANK_COLUMNS)]
for seed, fit, error in posterior_file.read_batch(inputs.posterior):
    ids = {"study": wildcards.study, "variant": wildcards.variant, "seed": seed}
    if fit is None:
        health.append(ids | {"verdict": "error", "reasons": f"error: {error}"} | params.settings)
        continue
    rng = randomness.generator(wildcards.study, wildcards.variant, seed, "ranks")
    draws, prior = (posterior_file.reported(fit[group].to_dataset()) for group in ("posterior", "prior"))
    truth = screen_file.read_truth(inputs.truth, seed)
    known = fit["summary"].to_dataset() if "summary" in fit.children else None
    one = diagnostics.estimates(draws, truth, params.n_ranks, rng, known, diagnostics.is_mcmc(fit), prior)
    data = arrays.model_data(screen_file.read_seed(inputs.screen, seed)) if loo is not None or quantities else None
    mine = loo[loo["seed"] == seed] if loo is not None else None
    row, directions = diagnostics.diagnose(fit, one, mine, data, params.thresholds)
    info = {name: value.item() for name, value in fit["fit_info"].data_vars.items()}
    health.append(ids | row | params.settings | info | {"versions": fit.attrs["versions"]})
    estimates.append(one.assign(**ids))
    unlearnt += [ids | d.as_row(rank) for rank, d in enumerate(directions, 1)]
    if quantities:
        of_draws, of_truth = quantities(data, draws, truth)
        least = one["ess_bulk"].min()
        if len(of_draws.data_vars):
            derived.append(diagnostics.ranks(of_draws, of_truth, params.n_ranks, rng, least).assign(**ids))

diagnostics.estimate_table(estimates).to_parquet(snakemake.output.estimates)
diagnostics.diagnostics_table(health).to_parquet(snakemake.output.diagnostics)
diagnostics.identifiability_table(unlearnt).to_parquet(snakemake.output.identifiability)
pd.concat(derived[1:] or derived, ignore_index=True)[list(calibration.RANK_COLUMNS)].to_parquet(snakemake.output.ranks)
