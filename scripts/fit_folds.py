"""Fit one variant without some of the cell lines and genes, once for each fold, from the state of the fit to the whole screen."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import xarray as xr

from guidefit.base import netcdf, randomness
from guidefit.engines import gibbs, gibbs_folds, interface, posterior_file
from guidefit.models import declaration

params, wildcards, inputs = snakemake.params, snakemake.wildcards, snakemake.input
study, variant, seed = wildcards.study, wildcards.variant, params.seed
place = f"studies.{study}.variants.{variant}"
declared = declaration.declare(declaration.file_of(variant, inputs.variant))
priors = declaration.merge_priors(declared.priors, params.priors, f"{place}.priors")
engine = gibbs.make_engine(declared, priors, interface.Settings(**params.settings), snakemake.threads, 0, place)
fit = posterior_file.read_fit(inputs.posterior, seed)
found = xr.Dataset()
if fit is not None:
    (data,) = engine.read(inputs.screen, [seed])
    streams = randomness.stream(study, "", seed, "folds"), randomness.stream(study, variant, seed, "sampling of folds")
    found = gibbs_folds.fit_folds(engine, data, fit, *streams)
netcdf.write(xr.DataTree(found), snakemake.output.folds)
