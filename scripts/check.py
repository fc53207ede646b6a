"""Predictive checks and pointwise LOO of a batch of fits."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import xarray as xr

from guidefit.assess import leave_one_out
from guidefit.base import netcdf, parquet, randomness, tables
from guidefit.engines import posterior_file
from guidefit.models import declaration

params, wildcards, inputs = snakemake.params, snakemake.wildcards, snakemake.input
declared = declaration.declare(declaration.file_of(wildcards.variant, inputs.variant))
if params.engine == "nuts":
    from guidefit.assess import predictive as way
else:
    from guidefit.assess import closed_checks as way
checker = way.make_checker(declared, declared.priors | params.priors, params.draws)

draws, loo = {}, [leave_one_out.loo_table(None)]
for seed, fit, _ in posterior_file.read_batch(inputs.posterior):
    if fit is None:
        continue
    data = way.read_screen(inputs.screen, seed)
    found = checker(data, fit, randomness.integer(wildcards.study, wildcards.variant, seed, "checks"))
    loo.append(leave_one_out.loo_table(found.loo, data, seed=seed, variant=wildcards.variant))
    if seed in params.figure_seeds:
        draws[f"seed_{seed}"] = found.draws
parquet.write(tables.concatenate(loo), snakemake.output.loo)
netcdf.write(xr.DataTree(children=draws), snakemake.output.predictive)
