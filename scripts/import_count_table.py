"""Import a real screen from a count table and its sample sheet, with its covariate."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.base import tables
from guidefit.screens import controls, count_table, depmap, guides, quality, screen_file
from guidefit.screens.covariates import Covariate

params, inputs = snakemake.params, dict(snakemake.input.items())
failing = quality.read_failing(inputs.pop("judged", None))
blocks, ledger = count_table.import_count_table(
    depmap.Files(**inputs, **params.map_columns),
    depmap.Steps(**params.steps),
    covariate=Covariate(**params.covariate),
    lost_share=params.lost_share,
    place=params.place,
    left_out=failing,
    **params.screen,
)
with screen_file.ScreenWriter(snakemake.output.screen, snakemake.output.truth, snakemake.wildcards.study) as writer:
    means = []
    for block in blocks:
        writer.write_rows(None, block)
        means.append(guides.average(block))
guides.warn_of_far_guides(means, params.guide_departure, ledger)
tables.write(ledger.table(), snakemake.output.dropped)
tables.write(ledger.joins(), snakemake.output.joins)
# Lists of control genes that cannot be used stop the run here, before anything is fitted (see scripts/import_depmap.py).
controls.validate_lists(snakemake.output.screen, 0, controls.find_lists(snakemake.config, snakemake.wildcards.study), ledger)
