"""Compare the copy-number correction of every variant with simple corrections, and shapes of the artefact, on control genes."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.assess import checks
from guidefit.base import parquet, tables
from guidefit.effects import artefact_shapes, correction, unseen
from guidefit.screens import controls, matrices, screen_file, sufficient

inputs, params = snakemake.input, snakemake.params
labels = screen_file.read_gene_labels(inputs.screen, params.seed)
control = controls.classify_genes(labels, {kind: matrices.read_names(inputs[kind], labels) for kind in controls.KINDS})
rows, corrected = correction.read_control_rows(inputs.screen, inputs.corrected, control)
statistics = sufficient.from_parquet(inputs.screen, params.seed)
table = correction.compare(rows, statistics, corrected, params.diploid)
shapes = artefact_shapes.no_shapes()
if folds := unseen.read_folds(dict(zip(params.folded, inputs.folds, strict=True))):
    table = tables.concatenate([table, unseen.compare_unseen(rows, folds, inputs.screen, params.seed, params.diploid)])
    quality, sgrnas = tables.read(inputs.line_quality), parquet.read(inputs.sgrnas, ["variant", "sgrna", "noise"])
    shapes = artefact_shapes.compare_for_variants(rows, folds, quality, sgrnas, params.covariate)
table = correction.list_stopped(table, checks.read_csv(inputs.checks), params.seed)
ids = {"study": snakemake.wildcards.study, "seed": params.seed}
tables.write(table.assign(**ids)[list(correction.COLUMNS)], snakemake.output.correction)
tables.write(shapes.assign(**ids)[list(artefact_shapes.SHAPE_COLUMNS)], snakemake.output.shapes)
