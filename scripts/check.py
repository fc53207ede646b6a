"""Predictive checks and pointwise LOO of a batch of fits."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import xarray as xr

from guidefit.assess import leave_one_out, predicted_lines
from guidefit.base import netcdf, parquet, randomness, tables
from guidefit.engines import posterior_file
from guidefit.models import declaration
from guidefit.screens import controls

params, wildcards, inputs = snakemake.params, snakemake.wildcards, snakemake.input
declared = declaration.declare(declaration.file_of(wildcards.variant, inputs.variant))
if params.engine == "nuts" and declared.structure is None and declared.one_line is None:
    from guidefit.assess import predictive as way
else:
    from guidefit.assess import closed_checks as way
lists = {kind: inputs[kind] for kind in controls.KINDS if inputs.get(kind)}
essential = controls.find_essential(inputs.screen, params.first_seed, lists) if lists else []
checker = way.make_checker(declared, declared.priors | params.priors, params.draws, essential)

draws, lines, loo = {}, [], [leave_one_out.loo_table(None)]
for seed, fit, _ in posterior_file.read_batch(inputs.posterior):
    if fit is None:
        continue
    data = way.read_screen(inputs.screen, seed)
    found = checker(data, fit, randomness.integer(wildcards.study, wildcards.variant, seed, "checks"))
    loo.append(leave_one_out.loo_table(found.loo, data, seed=seed, variant=wildcards.variant))
    if found.lines is not None:
        lines.append(found.lines.assign(seed=seed, variant=wildcards.variant))
    if seed in params.figure_seeds:
        draws[f"seed_{seed}"] = found.draws
parquet.write(tables.concatenate(loo), snakemake.output.loo)
parquet.write(predicted_lines.make_table(lines), snakemake.output.lines)
netcdf.write(xr.DataTree(children=draws), snakemake.output.predictive)
