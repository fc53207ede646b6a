"""Predictive checks and pointwise LOO of a batch of fits."""

from guidefit import job

job.start(snakemake.log[0], snakemake.threads, snakemake.input)

import pandas as pd
import xarray as xr

from guidefit import posterior, predictive, randomness, screen, variants

params, wildcards, inputs = snakemake.params, snakemake.wildcards, snakemake.input
declared = variants.declare(inputs.variant)
# Predictions need the model alone, not the coordinates it was sampled in: a fit need not have the standardised effects.
priors = predictive.centred(declared.priors | params.priors)
build = variants.load(inputs.variant)

pictures, loo = {}, [predictive.loo_table(None)]
for seed, fit, _ in posterior.read_batch(inputs.posterior):
    if fit is None:
        continue
    model = build(screen.model_data(screen.of_seed(inputs.screen, seed)), priors)
    stream = randomness.integer(wildcards.study, wildcards.variant, seed, "checks")
    check = predictive.check(model, fit, params.draws, stream)
    loo.append(predictive.loo_table(check.loo, seed=seed, variant=wildcards.variant))
    if seed in params.figure_seeds:
        pictures[f"seed_{seed}"] = check.draws
pd.concat(loo, ignore_index=True).to_parquet(snakemake.output.loo)
xr.DataTree(children=pictures).to_netcdf(snakemake.output.predictive, engine="netcdf4")
