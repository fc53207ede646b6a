"""Hold the estimates of a study against the truth, over seeds."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import pandas as pd

from guidefit.assess import recovery

estimates = pd.concat([pd.read_parquet(path) for path in snakemake.input.estimates], ignore_index=True)
fits = pd.concat([pd.read_parquet(path) for path in snakemake.input.diagnostics], ignore_index=True)
failed = fits.loc[fits["verdict"] == "fail", ["variant", "seed"]].assign(failed=True)
healthy = estimates.merge(failed, on=["variant", "seed"], how="left")["failed"].isna().to_numpy()
parts = [recovery.recover(estimates)]
if not healthy.all():
    parts.append(recovery.recover(estimates[healthy], "without failed"))
table = pd.concat(parts, ignore_index=True).assign(study=snakemake.wildcards.study)
table[list(recovery.COLUMNS)].to_csv(snakemake.output[0], index=False)
