"""Write the page that answers by gene."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from pathlib import Path

import pandas as pd

from guidefit.report import gene_page

inputs = snakemake.input
page = gene_page.page(
    snakemake.wildcards.study,
    pd.read_parquet(inputs.genes),
    pd.read_parquet(inputs.sgrnas),
    pd.read_csv(inputs.diagnostics),
    pd.read_csv(inputs.comparison) if inputs.get("comparison") else None,
    pd.read_csv(inputs.correction) if inputs.get("correction") else None,
    snakemake.params.thresholds,
)
Path(snakemake.output[0]).write_text(page)
