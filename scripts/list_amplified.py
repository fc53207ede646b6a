"""List amplified genes with strong negative effects before and after the copy-number correction."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.base import tables
from guidefit.effects.amplified import list_amplified
from guidefit.screens import controls, matrices, screen_file

inputs, params = snakemake.input, snakemake.params
labels = screen_file.read_gene_labels(inputs.screen, params.seed)
lists = {kind: matrices.read_names(inputs[kind], labels) for kind in controls.KINDS if inputs.get(kind)}
table = list_amplified(inputs.corrected, inputs.gene_lines, controls.classify_genes(labels, lists), params.diploid)
tables.write(table, snakemake.output[0])
