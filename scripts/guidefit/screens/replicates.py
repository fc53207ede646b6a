"""LogFC of the replicates of a screen, from a matrix of logFC or from read counts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from guidefit.screens import conditions, counted, labels, matrices, samples
from guidefit.screens.conditions import Arms
from guidefit.screens.counted import Counts
from guidefit.screens.depmap_files import Files, Steps
from guidefit.screens.ledger import Ledger


@dataclass(frozen=True)
class Replicates:
    """LogFC of replicates, computed for the guides that are asked for.

    logfc: positions of guides -> ((replicate, guide) logFC, and where it is missing because there are too few reads of the guide);
    lines: (replicate,) names of cell lines, sorted; sgrnas: names of all guides.
    """

    logfc: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    lines: np.ndarray
    sgrnas: np.ndarray


def from_logfc(
    files: Files, steps: Steps, guides: pd.DataFrame, copies: pd.DataFrame | None, ledger: Ledger, logfc_max: float
) -> Replicates:
    """The replicates of a matrix of logFC. Its columns are cell lines of the copy numbers, or samples of the sequence map."""
    assert files.logfc
    matrix = matrices.read(files.logfc, ledger)
    if files.sequence_map:
        matrix, lines = _with_lines_of_map(matrix, files, steps, guides, ledger)
    else:
        known = {*matrix.index, *matrix.columns} - {*guides["sgrna"]} if copies is None else {*copies.index, *copies.columns}
        matrix = matrices.orient(matrix, guides["sgrna"], known, files.logfc, "sgRNAs of the guide map and cell lines", ledger)
        lines = matrix.columns.to_numpy().astype(str)
    matrix = matrices.rename_rows(matrix, guides["sgrna"], "sgrna", ledger)
    matrices.refuse_beyond(matrix, logfc_max, files.logfc)
    order = np.flatnonzero((lines != "") & (lines != samples.PLASMID))
    order = order[np.argsort(lines[order], kind="stable")]
    values = matrix.to_numpy().T

    def logfc(where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = values[np.ix_(order, where)]
        return found, np.zeros(found.shape, dtype=bool)

    return Replicates(logfc, lines[order], matrix.index.to_numpy())


def _with_lines_of_map(
    matrix: pd.DataFrame, files: Files, steps: Steps, guides: pd.DataFrame, ledger: Ledger
) -> tuple[pd.DataFrame, np.ndarray]:
    """The matrix (sgRNA, sample), and each sample's cell line by the sequence map: '' where the map has none."""
    assert files.logfc
    assert files.sequence_map
    sheet = samples.read_sheet(files.sequence_map, files.map_columns, ledger, ("cell_line",))
    names = {labels.fold(str(name)) for name in (*matrix.index, *matrix.columns)}
    key = max(("sample", "screen", "cell_line"), key=lambda key: len(names & set(sheet[key].map(labels.fold)) - {""}))
    sheet = samples.leave_out_failed(sheet[sheet[key].map(labels.fold).isin(names)], steps.failed_qc, ledger)
    if key != "cell_line":
        sheet = conditions.select(sheet, steps.of, files.sequence_map, ledger)
    line_of_sample = dict(zip(sheet[key], sheet["cell_line"], strict=True))
    what = "sgRNAs of the guide map and samples of the sequence map"
    matrix = matrices.orient(matrix, guides["sgrna"], line_of_sample, files.logfc, what, ledger)
    matrix = matrices.rename_rows(matrix.T, line_of_sample, "sample", ledger).T
    lines = np.array([line_of_sample.get(name, "") for name in matrix.columns])
    unknown = matrix.columns[lines == ""]
    if len(unknown):
        ledger.note(f"{len(unknown)} column(s) of the logFC left out, for which the sequence map has no cell line", unknown)
    return matrix, lines


def from_counts(counts: Counts, arms: Arms, files: Files, steps: Steps, ledger: Ledger, block_values: int) -> Replicates:
    """The replicates of read counts (see `counted`). block_values: values that are computed at once. Raises UserError."""
    controls = counted.find_controls(counts, files, steps, ledger)
    found = counted.compare(counts, arms, controls, steps.min_pdna, block_values, ledger)
    return Replicates(found.logfc, arms.chosen["cell_line"].to_numpy(), counts.sgrnas.to_numpy())
