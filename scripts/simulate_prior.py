"""Simulate the screens of a batch of seeds with a truth drawn from a variant's own prior."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.base import randomness
from guidefit.models import declaration, promises
from guidefit.screens import arrays, screen_file
from guidefit.screens.covariates import Covariate
from guidefit.simulation import simulated_screen, simulators
from guidefit.simulation.truth import truth_table

params, wildcards, inputs = snakemake.params, snakemake.wildcards, snakemake.input
study, variant = wildcards.study, wildcards.variant
covariate = Covariate(**params.covariate)
declared = declaration.declare(declaration.file_of(variant, inputs.variant))
priors = declaration.merge_priors(declared.priors, params.priors, f"studies.{study}.variants.{variant}.priors")
if inputs.get("layout"):
    remedy = screen_file.OTHER_COVARIATE
    layout = simulated_screen.read_layout(inputs.layout, covariate).drop(columns="logfc")
else:
    remedy, layout = screen_file.MORE_VARIATION, None
simulator = None

with screen_file.ScreenWriter(snakemake.output.screen, snakemake.output.truth, study) as writer:
    for seed in params.seeds:
        # The copy numbers of a seed are the same for every variant of the study.
        table = simulated_screen.draw_covariates(study, params.simulate, covariate, seed) if layout is None else layout.copy()
        screen_file.refuse_constant_genes(table, f"studies.{study}.simulate, seed {seed}", covariate.name, remedy)
        data = arrays.model_data(table)
        if simulator is None:
            build = promises.load(declared.path)
            if promises.is_own(declared.path):
                promises.build_checked(build, priors, data, declared.path)
            simulator = simulators.PriorSimulator(build, priors, data)
        truth, table["logfc"] = simulator(data.x, randomness.integer(study, variant, seed, "truth"))
        writer.write(seed, table, truth_table(truth, screen_file.coords(table), simulator.dims))
