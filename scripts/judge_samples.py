"""Quality figures and flags of the samples of a real screen, and whether what they are centred on is a null."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.base import tables
from guidefit.screens import controls, count_table, depmap, quality
from guidefit.screens.ledger import Ledger

params, inputs = snakemake.params, dict(snakemake.input.items())
lists = {kind: inputs[kind] for kind in controls.KINDS if kind in inputs}
files = depmap.Files(**{name: path for name, path in inputs.items() if name != "essential"}, **params.map_columns)
steps = depmap.Steps(**params.steps)
known = Ledger()  # the import reports what it found
counts = count_table.read_all(files, steps, params.place, known) if params.place else depmap.read_all(files, steps, known)
table, ledger = quality.judge(counts, files, steps, lists, params.thresholds, params.drops)
tables.write(table, snakemake.output.samples)
tables.write(ledger.table(), snakemake.output.warnings)
