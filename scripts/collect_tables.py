"""Concatenate the tables of all fits of a study, and select the rows of the estimates that the report shows."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.assess import excerpt
from guidefit.base import parquet, tables

for name in ("estimates", "diagnostics", "checks", "identifiability"):
    table = tables.concatenate([parquet.read(path) for path in snakemake.input[name]])
    tables.write(table, snakemake.output[name])
    if name == "estimates":
        tables.write(excerpt.select_rows(table), snakemake.output.excerpt)
