"""Write the page that answers in words."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from pathlib import Path

import pandas as pd

from guidefit.report import summary_page

inputs = snakemake.input
text = {"gene": str, "sgrna": str}
missing = {name: [""] for name in ("gene", "sgrna", "truth", "r_hat", "ess_bulk", "ess_tail", "rank")}
page = summary_page.page(
    snakemake.wildcards.study,
    pd.read_csv(inputs.diagnostics),
    pd.read_csv(inputs.estimates, dtype=text, keep_default_na=False, na_values=missing),
    pd.read_csv(inputs.comparison) if inputs.get("comparison") else None,
    pd.read_csv(inputs.dropped) if inputs.get("dropped") else None,
    pd.read_csv(inputs.recovery) if inputs.get("recovery") else None,
    pd.read_csv(inputs.calibration) if inputs.get("calibration") else None,
    [pd.read_csv(path) for path in inputs.on_layout] if inputs.get("dropped") else None,
    snakemake.params.thresholds,
)
Path(snakemake.output[0]).write_text(page)
