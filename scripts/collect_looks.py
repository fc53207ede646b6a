"""Gather the looks at a study with until in one table."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import json
from pathlib import Path

from guidefit.assess import stopping
from guidefit.base import tables

looks = [json.loads(Path(path).read_text()) for path in snakemake.input]
tables.write(stopping.tabulate(looks, snakemake.wildcards.study), snakemake.output[0])
