"""Simulation-based calibration of a study: are the rank statistics of the truths uniform?"""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.assess import calibration
from guidefit.base import parquet, randomness, tables

study, inputs = snakemake.wildcards.study, snakemake.input
ranks = calibration.read_rank_statistics(inputs.estimates, inputs.ranks)
failed = calibration.find_failed(tables.concatenate([parquet.read(path) for path in inputs.diagnostics]))
if snakemake.params.probabilities:
    ranks, failed = (calibration.of_own_truths(each, study, snakemake.params.probabilities) for each in (ranks, failed))
spread = calibration.spread_ranks(ranks, failed, randomness.generator(study, "", 0, "calibration"))
table = calibration.calibrate(spread, failed, snakemake.params.thresholds["calibration_level"]).assign(study=study)
tables.write(table[list(calibration.COLUMNS)], snakemake.output.table)
parquet.write(spread, snakemake.output.ranks)
