"""Simulate the screens of a batch of seeds with a truth drawn from a variant's own prior."""

from guidefit import job

job.start(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit import predictive, randomness, screen, simulation, variants
from guidefit.covariates import Covariate

params, wildcards, inputs = snakemake.params, snakemake.wildcards, snakemake.input
settings = dict(params.simulate)
covariate = Covariate(**params.covariate)
design = settings.pop("design")
settings = {key: value for key, value in settings.items() if key not in ("truth", "effect_on", "variant", "layout")}
declared = variants.declare(inputs.variant)
priors = variants.merge_priors(declared.priors, params.priors, f"studies.{wildcards.study}.variants.{wildcards.variant}.priors")
layout = simulation.on_layout(inputs.layout, covariate).drop(columns="logfc") if inputs.get("layout") else None
mend = screen.MORE_VARIATION if layout is None else screen.OTHER_COVARIATE
simulator = None


def rows(seed: int):
    """The layout and the copy numbers, which are those that every variant of the study sees."""
    if layout is not None:
        return layout.copy()
    if design == "notebook":
        blueprint = simulation.notebook(seed)
    else:
        blueprint = simulation.general(simulation.Design(**settings), randomness.generator(wildcards.study, "design", seed, "data"))
    return simulation.covariate_table(blueprint, covariate)[0]


with screen.Writer(snakemake.output.screen, snakemake.output.truth, wildcards.study) as writer:
    for seed in params.seeds:
        table = rows(seed)
        screen.refuse_constant_genes(table, f"studies.{wildcards.study}.simulate, seed {seed}", covariate.name, mend)
        data = screen.model_data(table)
        simulator = simulator or predictive.PriorSimulator(variants.load(declared.path), priors, data)
        truth, table["logfc"] = simulator(data.x, randomness.integer(wildcards.study, wildcards.variant, seed, "truth"))
        writer.write(seed, table, simulation.truth_table(truth, screen.coords(table), simulator.dims))
