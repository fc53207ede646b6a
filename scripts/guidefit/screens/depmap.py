"""A real screen from the files that DepMap and Chronos distribute: read counts or logFC as a matrix, maps, gene copy numbers.

Replicates of a cell line are averaged. The matrix is held in memory once; the long table is made from it some genes at a time.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from guidefit.screens import matrices, replicates
from guidefit.screens.copy_number import check_unit
from guidefit.screens.covariates import Covariate
from guidefit.screens.depmap_blocks import Blocks, make_tables
from guidefit.screens.depmap_files import Files, Steps, read_guides
from guidefit.screens.ledger import Ledger

BLOCK_ROWS = 2_000_000


def import_depmap(
    files: Files,
    steps: Steps,
    covariate: Covariate,
    constant_covariate: str,
    copy_number_unit: str,
    logfc_max: float,
    block_rows: int = BLOCK_ROWS,
) -> tuple[Iterator[pd.DataFrame], Ledger]:
    """The screen as blocks of its long table, gene by gene, and what was left out of it (complete before the first block).

    constant_covariate: "refuse" or "drop"; copy_number_unit: "linear" or "log2"; logfc_max: largest |logFC| of a matrix of logFC;
    block_rows: about how many rows a block has. Columns: those of every screen but study and seed, x_diploid, n_replicates,
    logfc_sd (sd of the replicates, missing for one), n_alignments, and Gene, the gene's name as DepMap writes it. Raises UserError
    where the files do not match each other.
    """
    ledger = Ledger()
    guides = read_guides(files, ledger)
    copies = matrices.read(files.copy_number, ledger)
    if files.counts:
        found = replicates.from_counts(files, steps, guides, ledger, 4 * block_rows)
    else:
        found = replicates.from_logfc(files, steps, guides, copies, ledger, logfc_max)
    genes = {*guides["label"], *guides["gene"]}
    copies = matrices.orient(copies, np.unique(found.lines), genes, files.copy_number, "cell lines and genes", ledger)
    copies = matrices.rename_rows(copies, np.unique(found.lines), "cell_line", ledger)
    check_unit(copies.to_numpy().ravel(), copy_number_unit, covariate.diploid, files.copy_number, ledger)
    blocks = Blocks(guides, found, copies, steps, copy_number_unit, ledger, block_rows)
    return make_tables(blocks, covariate, constant_covariate, files.copy_number, ledger), ledger
