"""Import a real screen from the files that DepMap distributes, with its covariate."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.base import tables
from guidefit.screens import controls, depmap, guides, quality, screen_file
from guidefit.screens.covariates import Covariate

params, inputs = snakemake.params, dict(snakemake.input.items())
failing = quality.read_failing(inputs.pop("judged", None))
blocks, ledger = depmap.import_depmap(
    depmap.Files(**inputs, **params.map_columns),
    depmap.Steps(**params.steps),
    covariate=Covariate(**params.covariate),
    lost_share=params.lost_share,
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
# Lists of control genes that cannot be used stop the run here, before anything is fitted. They are not inputs of this rule, so that
# a new list does not re-run the import and all fits; rule validate_controls looks at such a list.
controls.validate_lists(snakemake.output.screen, 0, controls.find_lists(snakemake.config, snakemake.wildcards.study), ledger)
