"""Simulate the screens of a batch of seeds, and their truth, from a design."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.base import randomness
from guidefit.screens import screen_file
from guidefit.simulation import designs
from guidefit.screens.covariates import WITHIN_GENES, Covariate

params = snakemake.params
study = snakemake.wildcards.study
covariate = Covariate(**params.covariate)
settings = dict(params.simulate)
design, effect_on = settings.pop("design"), settings.pop("effect_on", "cna")
settings.pop("truth")
# A covariate that depends on all rows needs them all at once.
most_rows = designs.BLOCK_ROWS if covariate.name in WITHIN_GENES else None


def blueprints(seed: int):
    if design == "notebook":
        return [designs.notebook(seed)]
    rng = randomness.generator(study, "design", seed, "data")
    return designs.blocks(designs.Design(**settings), rng, most_rows)


with screen_file.ScreenWriter(snakemake.output.screen, snakemake.output.truth, study) as writer:
    for seed in params.seeds:
        truths, names = [], {"gene": [], "sgrna": [], "cell_line": []}
        for blueprint in blueprints(seed):
            table, truth = designs.simulate(blueprint, covariate, effect_on)
            screen_file.refuse_constant_genes(table, f"studies.{study}.simulate, seed {seed}", covariate.name)
            writer.write_rows(seed, table)
            truths.append(truth)
            for dim, more in screen_file.coords(table).items():
                names[dim] = list(dict.fromkeys(names[dim] + more))
        writer.write_truth(seed, designs.truth_table(designs.join(truths), names))
