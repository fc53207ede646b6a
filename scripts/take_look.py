"""Look whether a study with until has enough seeds, and decide how many it has next."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import json
from pathlib import Path

from guidefit.assess import calls, stopping
from guidefit.base import parquet, tables

params, study = snakemake.params, snakemake.wildcards.study
columns = [*calls.COLUMNS, "mean", "sd", "contraction"]
estimates = tables.concatenate([parquet.read(path, columns) for path in snakemake.input.estimates])
until = stopping.Until(**params.until)
found = stopping.take_look(estimates, until, params.sizes, params.done, params.thresholds, f"studies.{study}.until")
Path(snakemake.output[0]).write_text(json.dumps({"look": int(snakemake.wildcards.look)} | found, indent=1))
