"""Simulate the screens of a batch of seeds, and their truth, from a design."""

from guidefit import job

job.start(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit import randomness, screen, simulation
from guidefit.covariates import WITHIN_GENES, Covariate

params = snakemake.params
study = snakemake.wildcards.study
covariate = Covariate(**params.covariate)
settings = dict(params.simulate)
design, effect_on = settings.pop("design"), settings.pop("effect_on", "cna")
settings.pop("truth")
# A covariate that depends on all rows needs them all at once.
most_rows = simulation.BLOCK_ROWS if covariate.name in WITHIN_GENES else None


def blueprints(seed: int):
    if design == "notebook":
        return [simulation.notebook(seed)]
    rng = randomness.generator(study, "design", seed, "data")
    return simulation.blocks(simulation.Design(**settings), rng, most_rows)


with screen.Writer(snakemake.output.screen, snakemake.output.truth, study) as writer:
    for seed in params.seeds:
        truths, names = [], {"gene": [], "sgrna": [], "cell_line": []}
        for blueprint in blueprints(seed):
            table, truth = simulation.simulate(blueprint, covariate, effect_on)
            screen.refuse_constant_genes(table, f"studies.{study}.simulate, seed {seed}", covariate.name)
            writer.write_rows(seed, table)
            truths.append(truth)
            for dim, more in screen.coords(table).items():
                names[dim] = list(dict.fromkeys(names[dim] + more))
        writer.write_truth(seed, simulation.truth_table(simulation.join(truths), names))
