"""Pictures of one screen."""

from guidefit import job

job.start(snakemake.log[0], snakemake.threads)

from guidefit import figures, screen
from guidefit.figures import data

output, wildcards = snakemake.output, snakemake.wildcards
table = screen.of_seed(snakemake.input.screen, int(wildcards.seed))
name = f"{wildcards.study}, {wildcards.source}, seed {wildcards.seed}"
figures.save(data.scatter(table, "cna", figures.CNA, f"LogFC against copy number ({name})"), output.cna)
figures.save(
    data.scatter(table, "x", figures.COVARIATES[snakemake.params.covariate], f"LogFC against the covariate ({name})"), output.x
)
figures.save(data.densities(table, f"LogFC by gene ({name})"), output.density)
