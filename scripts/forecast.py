"""Forecast what the whole config costs from the first batch of each variant of each study."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from pathlib import Path

from guidefit.base import tables
from guidefit.report import forecast

params = snakemake.params
table = forecast.forecast([forecast.read_batch(**each) for each in params.first_batches])
tables.write(table, snakemake.output.table)
Path(snakemake.output.text).write_text(forecast.describe(table, params.other_jobs, params.cores, params.bounded))
