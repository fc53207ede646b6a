"""Join the tables of all fits of a study, and take an excerpt of the estimates for the report."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import pandas as pd

from guidefit.base import tables
from guidefit.report import summary_page

for name in ("estimates", "diagnostics", "identifiability"):
    parts = [pd.read_parquet(path) for path in snakemake.input[name]]
    filled = [part for part in parts if len(part)] or parts[:1]
    table = pd.concat(filled, ignore_index=True)
    tables.write(table, snakemake.output[name])
    if name == "estimates":
        tables.write(summary_page.excerpt(table), snakemake.output.excerpt)
