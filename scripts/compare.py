"""Compare the variants of a study by PSIS-LOO and evidence, seed by seed."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import pandas as pd

from guidefit.assess import comparison

study, thresholds = snakemake.wildcards.study, snakemake.params.thresholds
diagnostics = pd.read_csv(snakemake.input.diagnostics)
parts = [pd.read_parquet(path) for path in snakemake.input.get("loo", [])]
loo = pd.concat(parts, ignore_index=True) if parts else None
tables = [pd.DataFrame(columns=comparison.COLUMNS)]
for seed, fits in diagnostics.groupby("seed", sort=True):
    rows = loo[loo["seed"] == seed] if loo is not None else None
    if rows is None or len(rows):
        table = comparison.compare(rows, fits, thresholds["elpd_diff_min"], thresholds["elpd_se_min"])
        tables.append(table.assign(study=study, seed=seed)[list(comparison.COLUMNS)])
pd.concat(tables[1:] or tables, ignore_index=True).to_csv(snakemake.output[0], index=False)
