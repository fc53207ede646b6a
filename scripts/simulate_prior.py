"""Simulate the screens of a batch of seeds with a truth drawn from a variant's own prior."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.base import randomness
from guidefit.models import declaration
from guidefit.screens import arrays, screen_file
from guidefit.simulation import designs, simulators
from guidefit.screens.covariates import Covariate

params, wildcards, inputs = snakemake.params, snakemake.wildcards, snakemake.input
settings = dict(params.simulate)
covariate = Covariate(**params.covariate)
design = settings.pop("design")
settings = {key: value for key, value in settings.items() if key not in ("truth", "effect_on", "variant", "layout")}
declared = declaration.declare(declaration.file_of(wildcards.variant, inputs.variant))
priors = declaration.merge_priors(declared.priors, params.priors, f"studies.{wildcards.study}.variants.{wildcards.variant}.priors")
layout = designs.on_layout(inputs.layout, covariate).drop(columns="logfc") if inputs.get("layout") else None
remedy = screen_file.MORE_VARIATION if layout is None else screen_file.OTHER_COVARIATE
simulator = None


def rows(seed: int):
    """The layout and the copy numbers, which are those that every variant of the study sees."""
    if layout is not None:
        return layout.copy()
    if design == "notebook":
        blueprint = designs.notebook(seed)
    else:
        blueprint = designs.general(designs.Design(**settings), randomness.generator(wildcards.study, "design", seed, "data"))
    return designs.covariate_table(blueprint, covariate)[0]


with screen_file.ScreenWriter(snakemake.output.screen, snakemake.output.truth, wildcards.study) as writer:
    for seed in params.seeds:
        table = rows(seed)
        screen_file.refuse_constant_genes(table, f"studies.{wildcards.study}.simulate, seed {seed}", covariate.name, remedy)
        data = arrays.model_data(table)
        simulator = simulator or simulators.PriorSimulator(declaration.load(declared.path), priors, data)
        truth, table["logfc"] = simulator(data.x, randomness.integer(wildcards.study, wildcards.variant, seed, "truth"))
        writer.write(seed, table, designs.truth_table(truth, screen_file.coords(table), simulator.dims))
