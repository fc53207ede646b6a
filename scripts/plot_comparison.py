"""The comparison of a study's variants."""

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import pandas as pd

from guidefit.report import figures
from guidefit.report.figures import studies

table = pd.read_csv(snakemake.input[0])
title = f"Comparison by PSIS-LOO, study {snakemake.wildcards.study}"
figure = studies.comparison(table, title) if len(table) else figures.nothing(title, "no fit could be checked")
figures.save(figure, snakemake.output[0])
