"""Pictures of recovery over seeds."""

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import pandas as pd

from guidefit.report import figures
from guidefit.report.figures import seeds

table, study = pd.read_csv(snakemake.input[0]), snakemake.wildcards.study
figures.save(seeds.coverage(table, f"Coverage of the truth, study {study}"), snakemake.output.coverage)
figures.save(seeds.bias(table, f"Bias and contraction, study {study}"), snakemake.output.bias)
