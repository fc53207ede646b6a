"""Join the tables of all fits of a study."""

from guidefit import job

job.start(snakemake.log[0], snakemake.threads)

import pandas as pd

for name in ("estimates", "diagnostics", "identifiability"):
    parts = [pd.read_parquet(path) for path in snakemake.input[name]]
    filled = [part for part in parts if len(part)] or parts[:1]
    pd.concat(filled, ignore_index=True).to_csv(snakemake.output[name], index=False)
