"""A real screen from the files that DepMap and Chronos distribute: read counts or logFC as a matrix, maps, gene copy numbers.

Replicates of a cell line are averaged. The matrix is held in memory once; the long table is made from it some genes at a time.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from guidefit.screens import copy_number_files, counted, matrices, replicates, samples
from guidefit.screens.counted import Counts
from guidefit.screens.covariates import Covariate
from guidefit.screens.depmap_blocks import Blocks, make_tables, make_tables_without_copies
from guidefit.screens.depmap_files import Files, Steps, read_guides
from guidefit.screens.ledger import Ledger
from guidefit.screens.replicates import Replicates

BLOCK_ROWS = 2_000_000


def import_depmap(
    files: Files,
    steps: Steps,
    covariate: Covariate,
    constant_covariate: str,
    copy_number_unit: str | None,
    logfc_max: float,
    lost_share: float,
    left_out: Sequence[str] = (),
    block_rows: int = BLOCK_ROWS,
) -> tuple[Iterator[pd.DataFrame], Ledger]:
    """The screen as blocks of its long table, gene by gene, and what was left out of it (complete after the last block).

    constant_covariate: "refuse", "drop" or "keep"; copy_number_unit: of copy_number.UNITS, None to recognise it;
    logfc_max: largest |logFC|
    of a matrix of logFC; lost_share: largest share of the screen's guides, genes or lines that may be lost in joins; left_out:
    samples of counts that are not used; block_rows: about how many rows a block has.
    Columns: those of every screen but study and seed, x_diploid, n_replicates,
    logfc_sd (sd of the replicates, missing for one), n_alignments, and Gene, the gene's name as DepMap writes it. Raises UserError
    where the files do not match each other.
    """
    ledger = Ledger(lost_share)
    guides = read_guides(files, ledger)
    if files.counts:
        counts = _read_counts(files, steps, guides, ledger).without(left_out, ledger)
        arms = counted.choose_arms(counts.sheet, steps, counts.sheet_place, ledger)
        found = replicates.from_counts(counts, arms, files, steps, ledger, 4 * block_rows)
    else:
        genes = {*guides["label"], *guides["gene"]}
        copies = copy_number_files.read(files.copy_number, genes, Ledger()) if files.copy_number else None
        found = replicates.from_logfc(files, steps, guides, copies, ledger, logfc_max)
    return make_screen(guides, found, files, steps, covariate, constant_covariate, copy_number_unit, ledger, block_rows), ledger


def read_all(files: Files, steps: Steps, ledger: Ledger) -> Counts:
    """The counts of all samples that the sequence map has."""
    return _read_counts(files, steps, read_guides(files, ledger), ledger)


def _read_counts(files: Files, steps: Steps, guides: pd.DataFrame, ledger: Ledger) -> Counts:
    assert files.counts
    assert files.sequence_map
    sheet = samples.read_sheet(files.sequence_map, files.map_columns, ledger)
    sheet = samples.leave_out_failed(sheet, steps.failed_qc, ledger)
    return counted.counts_of_matrix(files.counts, sheet, guides, files.sequence_map, ledger)


def make_screen(
    guides: pd.DataFrame,
    found: Replicates,
    files: Files,
    steps: Steps,
    covariate: Covariate,
    constant_covariate: str,
    copy_number_unit: str | None,
    ledger: Ledger,
    block_rows: int,
) -> Iterator[pd.DataFrame]:
    """The blocks of a screen from the logFC of its replicates, see `import_depmap`; without copy numbers cna is missing and x is
    0."""
    if files.copy_number is None:
        blocks = Blocks(guides, found, None, steps, ledger, block_rows)
        return make_tables_without_copies(blocks, ledger)
    genes = {*guides["label"], *guides["gene"]}
    copies = copy_number_files.read(files.copy_number, genes, ledger)
    copies = matrices.orient(copies, np.unique(found.lines), genes, files.copy_number, "cell lines and genes", ledger)
    copies = matrices.rename_rows(copies, np.unique(found.lines), "cell_line", ledger)
    unit, diploid = copy_number_unit, covariate.diploid
    copies = copy_number_files.to_linear(
        copies, found.lines, guides["label"], unit, diploid, files.copy_number, ledger, files.ploidy
    )
    blocks = Blocks(guides, found, copies, steps, ledger, block_rows, fewest_lines=1 if constant_covariate == "keep" else 2)
    return make_tables(blocks, covariate, constant_covariate, files.copy_number, ledger)
