"""Simulate the screens of a batch of seeds, and their truth, from a design."""

from guidefit import job

job.start(snakemake.log[0], snakemake.threads)

from guidefit import randomness, screen, simulation

params = snakemake.params
study = snakemake.wildcards.study
settings = dict(params.simulate)
design, effect_on = settings.pop("design"), settings.pop("effect_on", "cna")
settings.pop("truth")


def blueprint(seed: int) -> simulation.Blueprint:
    if design == "notebook":
        return simulation.notebook(seed)
    return simulation.general(simulation.Design(**settings), randomness.generator(study, "design", seed, "data"))


with screen.Writer(snakemake.output.screen, snakemake.output.truth, study) as writer:
    for seed in params.seeds:
        table, truth = simulation.simulate(blueprint(seed), params.covariate, effect_on, params.winsor_quantiles)
        screen.refuse_constant_genes(table, f"studies.{study}.simulate, seed {seed}", params.covariate)
        writer.write(seed, table, simulation.truth_table(truth, screen.coords(table)))
