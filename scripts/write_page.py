"""Write one page of the report. The param `page` names its module in guidefit.report.pages."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from importlib import import_module
from pathlib import Path

page = import_module(f"guidefit.report.pages.{snakemake.params.page}")
settings = dict(snakemake.params.items()) | dict(snakemake.wildcards.items())
for output, text in page.render(dict(snakemake.input.items()), settings).items():
    Path(snakemake.output[output]).write_text(text, encoding="utf-8")
