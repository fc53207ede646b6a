"""Draw the figures of one rule. The param `figure` names their module in guidefit.report.figures."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from importlib import import_module

figure = import_module(f"guidefit.report.figures.{snakemake.params.figure}")
settings = dict(snakemake.params.items()) | dict(snakemake.wildcards.items())
figure.draw(dict(snakemake.input.items()), dict(snakemake.output.items()), settings)
