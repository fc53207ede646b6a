"""Write the page that answers by gene."""

import sys

sys.path.insert(0, sys.path[-1])  # the library next to this script goes before any other of its name

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
