"""The overview of a study's diagnostics."""

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import pandas as pd

from guidefit.report import figures
from guidefit.report.figures import studies

table = pd.read_csv(snakemake.input[0])
figures.save(studies.diagnostics(table, f"Diagnostics of study {snakemake.wildcards.study}"), snakemake.output[0])
