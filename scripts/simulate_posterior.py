"""Simulate the screens of a batch of seeds for posterior SBC (Säilynoja, Schmitt, Bürkner & Vehtari 2025).

For each seed the truth is a draw from the posterior given a real screen. The data to fit are the rows of that screen and, after
them, the same rows replicated from the truth. Given the real screen, truth and replicate are a joint draw from the model, so that
the truth is also a draw from the posterior given both. Its rank statistics in that posterior are uniform if the model's code and
the engine are correct in the region of the parameters that the real screen leads to.
"""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.base import randomness
from guidefit.base.errors import UserError
from guidefit.engines import posterior_file
from guidefit.models import declaration
from guidefit.screens import arrays, screen_file
from guidefit.screens.covariates import Covariate
from guidefit.simulation import simulated_screen, simulators
from guidefit.simulation.truth import truth_table

params, wildcards, inputs = snakemake.params, snakemake.wildcards, snakemake.input
study, variant, layout = wildcards.study, wildcards.variant, params.simulate["layout"]
observed = simulated_screen.read_layout(inputs.layout, Covariate(**params.covariate))
fit = posterior_file.read_fit(inputs.posterior, params.layout_seed)
if fit is None:
    raise UserError(
        f"studies.{study}.simulate: the fit of {variant} to {layout} (seed {params.layout_seed}) stopped with an error, so that "
        f"there is no posterior to draw from. See results/{layout}/diagnostics.csv for the error, fix its cause, and run again."
    )
posterior = fit["posterior"].to_dataset()
declared = declaration.declare(declaration.file_of(variant, inputs.variant))
priors = declaration.merge_priors(declared.priors, params.priors, f"studies.{study}.variants.{variant}.priors")
simulator = simulators.ConditionalSimulator(declaration.load(declared.path), priors, arrays.model_data(observed))

with screen_file.ScreenWriter(snakemake.output.screen, snakemake.output.truth, study) as writer:
    for seed in params.seeds:
        draw = posterior_file.one_draw(posterior, randomness.generator(study, variant, seed, "truth"))
        values = {name: each.values for name, each in draw.data_vars.items()}
        table = simulated_screen.append_replicate(observed, simulator(values, randomness.integer(study, variant, seed, "data")))
        truth = {name: values[name] for name in posterior_file.reported(draw).data_vars}
        dims = {name: each.dims for name, each in draw.data_vars.items()}
        coords = {dim: draw[dim].values.tolist() for dim in draw.dims}
        writer.write(seed, table, truth_table(truth, coords, dims))
