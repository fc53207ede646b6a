"""Validate a real screen's lists of control genes before anything is fitted to it."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.base import tables
from guidefit.screens import controls, ledger

inputs = snakemake.input
lists = {kind: inputs[kind] for kind in controls.KINDS if inputs.get(kind)}
found = ledger.Ledger()
tables.write(controls.validate_lists(inputs.screen, snakemake.params.seed, lists, found), snakemake.output.controls)
tables.write(tables.concatenate([tables.read(inputs.joins), found.joins()]), snakemake.output.joins)
