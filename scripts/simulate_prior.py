"""Simulate the screens of a batch of seeds with a truth drawn from a variant's own prior."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.screens import screen_file
from guidefit.screens.covariates import Covariate
from guidefit.simulation import prior_source, simulated_screen

params, wildcards, inputs = snakemake.params, snakemake.wildcards, snakemake.input
study, variant = wildcards.study, wildcards.variant
covariate = Covariate(**params.covariate)
source = prior_source.PriorSource(variant, inputs.variant, params.priors, f"studies.{study}.variants.{variant}.priors")
screens = simulated_screen.iterate_covariates(study, params.simulate, covariate, params.seeds, inputs.get("layout") or None)

with screen_file.ScreenWriter(snakemake.output.screen, snakemake.output.truth, study) as writer:
    for seed, table in screens:
        writer.write(seed, *source.draw(study, seed, table))
