"""Simulate the screens of a batch of seeds, each from the prior of a variant that is drawn by its probability."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.screens import screen_file
from guidefit.screens.covariates import Covariate
from guidefit.simulation import drawn_variant, prior_source, simulated_screen

params, study, inputs = snakemake.params, snakemake.wildcards.study, snakemake.input
covariate = Covariate(**params.covariate)
sources = {
    name: prior_source.PriorSource(name, own["files"], own["priors"], f"studies.{study}.variants.{name}.priors")
    for name, own in params.variants.items()
}
screens = simulated_screen.iterate_covariates(study, params.simulate, covariate, params.seeds, inputs.get("layout") or None)

with screen_file.ScreenWriter(snakemake.output.screen, snakemake.output.truth, study) as writer:
    for seed, table in screens:
        variant = drawn_variant.draw_variant(study, seed, params.simulate["variant_probabilities"])
        writer.write(seed, *sources[variant].draw(study, seed, table))
