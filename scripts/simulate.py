"""Simulate the screens of a batch of seeds, and their truth, from a design."""

from guidefit import job

job.start(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit import covariates, randomness, screen, simulation

params = snakemake.params
study = snakemake.wildcards.study
settings = dict(params.simulate)
design, effect_on = settings.pop("design"), settings.pop("effect_on", "cna")
settings.pop("truth")
# A covariate that depends on all rows needs them all at once.
most_rows = simulation.BLOCK_ROWS if params.covariate in covariates.WITHIN_GENES else None


def blueprints(seed: int):
    if design == "notebook":
        return [simulation.notebook(seed)]
    rng = randomness.generator(study, "design", seed, "data")
    return simulation.blocks(simulation.Design(**settings), rng, most_rows)


with screen.Writer(snakemake.output.screen, snakemake.output.truth, study) as writer:
    for seed in params.seeds:
        truths, names = [], {"gene": [], "sgrna": []}
        for blueprint in blueprints(seed):
            table, truth = simulation.simulate(blueprint, params.covariate, effect_on, params.winsor_quantiles)
            screen.refuse_constant_genes(table, f"studies.{study}.simulate, seed {seed}", params.covariate)
            writer.write_rows(seed, table)
            truths.append(truth)
            for dim, more in screen.coords(table).items():
                names[dim] += more
        writer.write_truth(seed, simulation.truth_table(simulation.join(truths), names))
