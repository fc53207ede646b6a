"""Compare the variants of a study by PSIS-LOO and evidence, seed by seed."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import pandas as pd

from guidefit.assess import comparison
from guidefit.base import parquet, tables

inputs, thresholds = snakemake.input, snakemake.params.thresholds
loo = tables.concatenate([parquet.read(path, comparison.LOO_COLUMNS) for path in inputs.loo]) if inputs.get("loo") else None
limits = comparison.Limits(*(thresholds[name] for name in ("elpd_diff_min", "elpd_se_min", "pareto_k_share_max")))
table = comparison.compare_study(snakemake.wildcards.study, loo, pd.read_csv(inputs.diagnostics), limits)
tables.write(table, snakemake.output[0])
