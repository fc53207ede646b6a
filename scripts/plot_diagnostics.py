"""The overview of a study's diagnostics."""

from guidefit import job

job.start(snakemake.log[0], snakemake.threads, snakemake.input)

import pandas as pd

from guidefit import figures
from guidefit.figures import studies

table = pd.read_csv(snakemake.input[0])
figures.save(studies.diagnostics(table, f"Diagnostics of study {snakemake.wildcards.study}"), snakemake.output[0])
