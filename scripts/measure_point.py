"""Power, error rates, recovery, failures and cost at one point of a design study."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.assess import calls, design
from guidefit.base import parquet, tables

inputs, params = snakemake.input, snakemake.params
estimates = tables.concatenate([parquet.read(path, list(calls.COLUMNS)) for path in inputs.estimates])
recovered, diagnostics = tables.read(inputs.recovery), tables.read(inputs.diagnostics)
table = design.measure_point(estimates, recovered, diagnostics, params.thresholds, params.truth)
tables.write(table, snakemake.output[0])
