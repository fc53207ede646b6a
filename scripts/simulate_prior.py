"""Simulate the screens of a batch of seeds with a truth drawn from a variant's own prior."""

from guidefit import job

job.start(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit import predictive, randomness, screen, simulation, variants

params, wildcards = snakemake.params, snakemake.wildcards
settings = dict(params.simulate)
design = settings.pop("design")
settings = {key: value for key, value in settings.items() if key not in ("truth", "effect_on", "variant")}
declared = variants.declare(snakemake.input.variant)
priors = variants.merge_priors(declared.priors, params.priors, f"studies.{wildcards.study}.variants.{wildcards.variant}.priors")
simulator = None

with screen.Writer(snakemake.output.screen, snakemake.output.truth, wildcards.study) as writer:
    for seed in params.seeds:
        # The layout and the copy numbers are those that every variant of the study sees.
        if design == "notebook":
            blueprint = simulation.notebook(seed)
        else:
            rng = randomness.generator(wildcards.study, "design", seed, "data")
            blueprint = simulation.general(simulation.Design(**settings), rng)
        table, _ = simulation.covariate_table(blueprint, params.covariate, params.winsor_quantiles)
        screen.refuse_constant_genes(table, f"studies.{wildcards.study}.simulate, seed {seed}", params.covariate)
        data = screen.model_data(table)
        simulator = simulator or predictive.PriorSimulator(variants.load(declared.path), priors, data)
        truth, table["logfc"] = simulator(data.x, randomness.integer(wildcards.study, wildcards.variant, seed, "truth"))
        writer.write(seed, table, simulation.truth_table(truth, screen.coords(table), simulator.dims))
