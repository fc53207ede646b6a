"""Pictures of one screen."""

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.report import figures
from guidefit.screens import screen_file
from guidefit.report.figures import data

output, wildcards = snakemake.output, snakemake.wildcards
path, seed = snakemake.input.screen, int(wildcards.seed)
name = f"{wildcards.study}, {wildcards.source}, seed {seed}"
if screen_file.count_rows(path, seed) <= figures.MAX_ROWS:
    table = screen_file.read_seed(path, seed)
else:
    table, genes = screen_file.read_some_genes(path, seed, figures.MAX_LINES)
    name += f"; {figures.MAX_LINES} of {genes:,} genes"
figures.save(data.scatter(table, "cna", figures.CNA, f"LogFC against copy number ({name})"), output.cna)
figures.save(
    data.scatter(table, "x", figures.COVARIATES[snakemake.params.covariate], f"LogFC against the covariate ({name})"), output.x
)
figures.save(data.densities(table, f"LogFC by gene ({name})"), output.density)
