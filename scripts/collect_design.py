"""Gather what was measured at all points of a design study in one table."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.assess import design_table
from guidefit.base import tables

points = dict(zip(snakemake.params.points, (tables.read(path) for path in snakemake.input), strict=True))
tables.write(design_table.collect(points, snakemake.params.points, snakemake.wildcards.design), snakemake.output[0])
