"""LogFC of the replicates of a screen, from a matrix of logFC or from read counts.

Counts become logFC in these steps: scale each sequenced sample so that its control guides have a median count of 500; take
log2(count + 1); subtract the plasmid (pDNA) of the same batch; leave out guides of which the plasmid has too few; shift each
replicate so that its control guides have median 0. Controls are the guides of nonessential genes, or all guides. (Meyers et al.
2017; Dempster et al. 2021.)
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from guidefit.base.errors import UserError
from guidefit.screens import labels, matrices
from guidefit.screens.depmap_files import PLASMID, Files, Steps, leave_out_failed, read_sequences
from guidefit.screens.ledger import Ledger, listed

MEDIAN_COUNT = 500.0


@dataclass(frozen=True)
class Replicates:
    """LogFC of replicates, computed for the guides that are asked for.

    logfc: positions of guides -> ((replicate, guide) logFC, and where it is missing because the plasmid has too few of the guide);
    lines: (replicate,) names of cell lines, sorted; sgrnas: names of all guides.
    """

    logfc: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    lines: np.ndarray
    sgrnas: np.ndarray


# --- a matrix of logFC -------------------------------------------------------------------------------------------


def from_logfc(
    files: Files, steps: Steps, guides: pd.DataFrame, copies: pd.DataFrame, ledger: Ledger, logfc_max: float
) -> Replicates:
    """The replicates of a matrix of logFC. Its columns are cell lines of the copy numbers, or samples of the sequence map."""
    assert files.logfc
    matrix = matrices.read(files.logfc, ledger)
    if files.sequence_map:
        matrix, lines = _with_lines_of_map(matrix, files, steps, guides, ledger)
    else:
        known = {*copies.index, *copies.columns}
        matrix = matrices.orient(matrix, guides["sgrna"], known, files.logfc, "sgRNAs of the guide map and cell lines", ledger)
        lines = matrix.columns.to_numpy().astype(str)
    matrix = matrices.rename_rows(matrix, guides["sgrna"], "sgrna", ledger)
    matrices.refuse_beyond(matrix, logfc_max, files.logfc)
    order = np.flatnonzero((lines != "") & (lines != PLASMID))
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
    sequences = read_sequences(files, ("screen", "passes_qc", "type", "pdna_batch"), ledger)
    names = {labels.fold(str(name)) for name in (*matrix.index, *matrix.columns)}
    keys = [key for key in ("sequence", "screen", "cell_line") if key in sequences]
    key = max(keys, key=lambda key: len(names & set(sequences[key].map(labels.fold))))
    sequences = leave_out_failed(sequences[sequences[key].map(labels.fold).isin(names)], steps, ledger)
    line_of_sample = dict(zip(sequences[key], sequences["cell_line"], strict=True))
    what = "sgRNAs of the guide map and samples of the sequence map"
    matrix = matrices.orient(matrix, guides["sgrna"], line_of_sample, files.logfc, what, ledger)
    matrix = matrices.rename_rows(matrix.T, line_of_sample, "sample", ledger).T
    lines = np.array([line_of_sample.get(name, "") for name in matrix.columns])
    unknown = matrix.columns[lines == ""]
    if len(unknown):
        ledger.note(f"{len(unknown)} column(s) of the logFC left out, for which the sequence map has no cell line", unknown)
    return matrix, lines


# --- read counts -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _CountedReplicates:
    """Read counts and what turns them into logFC.

    counts: (sample, guide); scale: (sample,) factor to a median control count of 500; replicates: positions of the samples that are
    not plasmids; plasmids: batch -> positions of its plasmid samples; batches: (replicate,); centres: (replicate,) median logFC of
    the control guides, subtracted at the end.
    """

    counts: np.ndarray
    scale: np.ndarray
    replicates: np.ndarray
    plasmids: dict[str, np.ndarray]
    batches: np.ndarray
    min_pdna: float
    centres: np.ndarray

    def _scaled(self, samples: np.ndarray, guides: np.ndarray) -> np.ndarray:
        return self.counts[np.ix_(samples, guides)] * self.scale[samples, None]

    def logfc(self, guides: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Replicates.logfc`."""
        found = np.log2(self._scaled(self.replicates, guides) + 1)
        is_scarce = np.zeros(found.shape, dtype=bool)
        for batch, plasmids in self.plasmids.items():
            in_batch, before = self.batches == batch, self._scaled(plasmids, guides)
            is_scarce[in_batch] = median(before) < self.min_pdna
            found[in_batch] -= median(np.log2(before + 1))
        found[is_scarce] = np.nan
        return found - self.centres[:, None], is_scarce

    def centred(self, controls: np.ndarray, block_values: int) -> "_CountedReplicates":
        """With the control guides of each replicate at median 0; at most about block_values values in memory at once."""
        parts = np.array_split(controls, max(1, len(controls) * len(self.replicates) // block_values))
        logfc = np.concatenate([self.logfc(part)[0] for part in parts], axis=1)
        return replace(self, centres=np.nanmedian(logfc, axis=1))


def from_counts(files: Files, steps: Steps, guides: pd.DataFrame, ledger: Ledger, block_values: int) -> Replicates:
    """The replicates of read counts (see the module). block_values: values that are computed at once. Raises UserError."""
    counts, sequences = _read_counts(files, steps, guides, ledger)
    plasmid = sequences["cell_line"] == PLASMID
    if not plasmid.any():
        raise UserError(
            f"{files.sequence_map}: the counts have no {PLASMID} sample, but logFC is relative to one. Add its counts, and give it "
            f"{PLASMID} as cell line in the sequence map."
        )
    samples = sequences[~plasmid].sort_values(["cell_line", "sequence"], kind="stable")
    plasmids = _plasmids_of_batches(files, steps, samples, sequences[plasmid], counts.index)
    controls = _find_controls(files, steps, guides, counts.columns, ledger)
    counted = _CountedReplicates(
        counts.to_numpy(),
        _scale_factors(files, counts, sequences["sequence"], controls),
        counts.index.get_indexer(samples["sequence"]),
        plasmids,
        samples["pdna_batch"].to_numpy(),
        steps.min_pdna,
        np.zeros(len(samples)),
    ).centred(controls, block_values)
    return Replicates(counted.logfc, samples["cell_line"].to_numpy(), counts.columns.to_numpy())


def _read_counts(files: Files, steps: Steps, guides: pd.DataFrame, ledger: Ledger) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The counts (sample, guide), and the rows of the sequence map that have counts."""
    assert files.counts
    sequences = read_sequences(files, ("screen", "passes_qc", "type"), ledger)
    what = "sequences of the sequence map and sgRNAs of the guide map"
    counts = matrices.read(files.counts, ledger)
    counts = matrices.orient(counts, sequences["sequence"], guides["sgrna"], files.counts, what, ledger)
    counts = matrices.rename_rows(counts, sequences["sequence"], "sample", ledger)
    counts = matrices.rename_rows(counts.T, guides["sgrna"], "sgrna", ledger).T
    if (counts.to_numpy() < 0).any():
        raise UserError(
            f"{files.counts}: negative values, but read counts are 0 or more. If the file holds logFC, give it as screen.logfc."
        )
    unknown = counts.index.difference(sequences["sequence"])
    if len(unknown):
        ledger.note(f"{len(unknown)} sequence(s) of the counts left out, as the sequence map does not have them", unknown)
    return counts, leave_out_failed(sequences[sequences["sequence"].isin(counts.index)], steps, ledger)


def _plasmids_of_batches(
    files: Files, steps: Steps, samples: pd.DataFrame, plasmids: pd.DataFrame, sequences: pd.Index
) -> dict[str, np.ndarray]:
    """Batch -> positions (among `sequences`) of the plasmid samples that its samples are compared with."""
    batches = samples["pdna_batch"].unique()
    if steps.pdna_batches != "own":
        return dict.fromkeys(batches, sequences.get_indexer(plasmids["sequence"]))
    absent = sorted(set(batches) - set(plasmids["pdna_batch"]))
    if absent:
        count = samples["pdna_batch"].isin(absent).sum()
        raise UserError(
            f"{files.sequence_map}: no {PLASMID} sample of batch {listed(absent)}, which {count} sample(s) have. Add it to counts "
            "and map, or set screen.pdna_batches: pooled to use all plasmid samples for every batch."
        )
    return {batch: sequences.get_indexer(plasmids.loc[plasmids["pdna_batch"] == batch, "sequence"]) for batch in batches}


def _scale_factors(files: Files, counts: pd.DataFrame, sequences: pd.Series, controls: np.ndarray) -> np.ndarray:
    """(sample,) factor that gives the control guides a median count of 500; NaN for samples that are not in use."""
    scale = np.full(len(counts), np.nan)
    for row in counts.index.get_indexer(sequences):
        of_controls = counts.to_numpy()[row, controls]
        middle = np.nanmedian(of_controls) if np.isfinite(of_controls).any() else 0.0
        if middle == 0:
            raise UserError(
                f"{files.counts}: sample {counts.index[row]!r}: the median count of its {len(controls)} control guides is 0, so it "
                "cannot be scaled. Remove the sample from the sequence map."
            )
        scale[row] = MEDIAN_COUNT / middle
    return scale


def _find_controls(files: Files, steps: Steps, guides: pd.DataFrame, sgrnas: pd.Index, ledger: Ledger) -> np.ndarray:
    """Positions of the guides that samples are scaled and centred by."""
    if steps.normalise == "all":
        return np.flatnonzero(sgrnas.isin(guides["sgrna"]))
    assert files.nonessential
    wanted = matrices.read_names(files.nonessential, guides["label"].unique(), ledger)
    of_controls = guides.loc[labels.match_genes(guides["label"].tolist(), wanted), "sgrna"]
    found = np.flatnonzero(sgrnas.isin(of_controls))
    if not len(found):
        raise UserError(
            f"{files.nonessential}: none of its genes ({listed(wanted, 3)}) has a guide in the counts, whose genes are such as "
            f"{listed(guides['label'].unique(), 3)}. Correct the names, or set screen.normalise: all."
        )
    ledger.note(f"{len(found):,} guides of nonessential genes scale and centre the samples", sgrnas[found])
    return found


def median(values: np.ndarray) -> np.ndarray:
    """Median over the first axis without missing values, NaN where all are missing; raises no warning."""
    if len(values) == 1:
        return values[0]
    with np.errstate(all="ignore"):
        middle = np.median(values, axis=0)
    holes = np.isnan(middle) & np.isfinite(values).any(axis=0)
    middle[holes] = np.nanmedian(values[:, holes], axis=0)
    return middle
