"""Join the tables of all fits of a study, and take an excerpt of the estimates for the report."""

from guidefit import job

job.start(snakemake.log[0], snakemake.threads, snakemake.input)

import pandas as pd

from guidefit import summary, tables

for name in ("estimates", "diagnostics", "identifiability"):
    parts = [pd.read_parquet(path) for path in snakemake.input[name]]
    filled = [part for part in parts if len(part)] or parts[:1]
    table = pd.concat(filled, ignore_index=True)
    tables.write(table, snakemake.output[name])
    if name == "estimates":
        tables.write(summary.excerpt(table), snakemake.output.excerpt)
