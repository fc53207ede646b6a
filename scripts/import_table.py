"""Read and check a real screen that is one long table, and give it its covariate."""

from guidefit import job

job.start(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit import long_table, screen, tables
from guidefit.covariates import Covariate

table, ledger = long_table.import_screen(
    snakemake.input[0], covariate=Covariate(**snakemake.params.covariate), **snakemake.params.table
)
with screen.Writer(snakemake.output.screen, snakemake.output.truth, snakemake.wildcards.study) as writer:
    writer.write_rows(None, table)
tables.write(ledger.table(), snakemake.output.dropped)
