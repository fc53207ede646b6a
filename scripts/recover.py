"""Compare the estimates of a study with the truth, over seeds."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.assess import calibration, recovery
from guidefit.base import parquet, tables

estimates, checks = (tables.concatenate([parquet.read(path) for path in snakemake.input[name]]) for name in ("estimates", "checks"))
study, probabilities = snakemake.wildcards.study, snakemake.params.probabilities
if probabilities:
    estimates, checks = (calibration.of_own_truths(each, study, probabilities) for each in (estimates, checks))
table = recovery.recover_study(estimates, checks).assign(study=study)
tables.write(table[list(recovery.COLUMNS)], snakemake.output[0])
