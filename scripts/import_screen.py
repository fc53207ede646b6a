"""Read and check a real screen, and give it its covariate."""

from guidefit import job

job.start(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit import screen

params = snakemake.params
table, dropped = screen.import_screen(
    snakemake.input.table, params.columns, params.covariate, params.missing, params.constant_covariate, params.winsor_quantiles
)
with screen.Writer(snakemake.output.screen, snakemake.output.truth, snakemake.wildcards.study) as writer:
    writer.write(None, table, None)
dropped.to_csv(snakemake.output.dropped, index=False)
