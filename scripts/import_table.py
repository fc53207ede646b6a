"""Import a real screen from one long table, validated and with its covariate."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.base import tables
from guidefit.screens import controls, guides, long_table, screen_file
from guidefit.screens.covariates import Covariate

table, ledger = long_table.import_screen(
    snakemake.input.path,
    covariate=Covariate(**snakemake.params.covariate),
    lost_share=snakemake.params.lost_share,
    ploidies=snakemake.input.get("ploidy"),
    **snakemake.params.table,
)
with screen_file.ScreenWriter(snakemake.output.screen, snakemake.output.truth, snakemake.wildcards.study) as writer:
    writer.write_rows(None, table)
guides.warn_of_far_guides([guides.average(table)], snakemake.params.guide_departure, ledger)
tables.write(ledger.table(), snakemake.output.dropped)
tables.write(ledger.joins(), snakemake.output.joins)
# Lists of control genes that cannot be used stop the run here, before anything is fitted. They are not inputs of this rule, so that
# a new list does not re-run the import and all fits; rule validate_controls looks at such a list.
controls.validate_lists(snakemake.output.screen, 0, controls.find_lists(snakemake.config, snakemake.wildcards.study), ledger)
