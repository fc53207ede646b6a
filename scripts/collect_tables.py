"""Join the tables of all fits of a study, and take an excerpt of the estimates for the report."""

from guidefit import job

job.start(snakemake.log[0], snakemake.threads, snakemake.input)

import pandas as pd

from guidefit import summary

for name in ("estimates", "diagnostics", "identifiability"):
    parts = [pd.read_parquet(path) for path in snakemake.input[name]]
    filled = [part for part in parts if len(part)] or parts[:1]
    table = pd.concat(filled, ignore_index=True)
    table.to_csv(snakemake.output[name], index=False)
    if name == "estimates":
        summary.excerpt(table).to_csv(snakemake.output.excerpt, index=False)
