"""The picture of the check of the copy-number correction."""

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import pandas as pd

from guidefit.report import figures
from guidefit.report.figures import effects

table = pd.read_csv(snakemake.input[0])
figures.save(effects.correction(table, f"Is the correction right? ({snakemake.wildcards.study})"), snakemake.output[0])
