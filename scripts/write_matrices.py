"""Write the effects by gene and cell line of one variant as matrices in the form of DepMap's."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.effects.depmap_matrices import write_matrices

variant, outputs = snakemake.wildcards.variant, dict(snakemake.output.items())
write_matrices(snakemake.input.gene_lines, variant, snakemake.params.source_names, outputs)
