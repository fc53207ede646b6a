"""Simulate the screens of a batch of seeds, and their truth, from a design."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.screens import screen_file
from guidefit.screens.covariates import Covariate
from guidefit.simulation import simulated_screen, truth

params, study = snakemake.params, snakemake.wildcards.study
covariate = Covariate(**params.covariate)

with screen_file.ScreenWriter(snakemake.output.screen, snakemake.output.truth, study) as writer:
    for seed in params.seeds:
        truths, coords = [], []
        for table, known in simulated_screen.simulate_in_blocks(study, params.simulate, covariate, seed):
            screen_file.refuse_constant_genes(table, f"studies.{study}.simulate, seed {seed}", covariate.name)
            writer.write_rows(seed, table)
            truths.append(known)
            coords.append(screen_file.coords(table))
        writer.write_truth(seed, truth.truth_table(truth.join_blocks(truths), truth.join_coords(coords)))
