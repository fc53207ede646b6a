"""A real screen from the files that DepMap and Chronos distribute: read counts or logFC as a matrix, maps, gene copy numbers.

Counts become logFC in these steps: scale each sequenced sample so that its control guides have a median count of 500; log2(count
+ 1); subtract the plasmid (pDNA) of the same batch; leave out guides that the plasmid hardly has; move each replicate so that its
control guides have median 0; average replicates. Controls are the nonessential genes' guides, or all. (Meyers et al. 2017; Dempster
et al. 2021.) The matrix of counts is held once, the long table it becomes is made some genes at a time.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from guidefit.screens import matrices
from guidefit.screens.covariates import WITHIN_GENES, Covariate, FittedCovariate
from guidefit.base.errors import UserError
from guidefit.screens.ledger import Ledger, listed, note_date_like_names
from guidefit.screens.copy_number import check_unit, linear

MEDIAN_COUNT = 500.0
BLOCK_ROWS = 2_000_000
PLASMID = "pDNA"  # where a cell line's name would stand

# ours -> the names that releases of DepMap and Chronos have used
SEQUENCES = {
    "sequence": ("sequence_ID", "SequenceID"),
    "cell_line": ("cell_line_name", "ModelID", "DepMap_ID"),
    "pdna_batch": ("pDNA_batch", "pDNABatch"),
    "screen": ("ScreenID",),
    "passes_qc": ("PassesQC",),
    "type": ("ScreenType",),
}
GUIDES = {
    "sgrna": ("sgrna", "sgRNA"),
    "gene": ("gene", "Gene"),
    "n_alignments": ("nAlignments",),
    "drop_reason": ("DropReason",),
    "used": ("UsedByChronos",),
}


@dataclass(frozen=True)
class Files:
    """Paths. Either counts or logfc; sequence_map is needed with counts; nonessential: a list of genes, for controls."""

    guide_map: str
    copy_number: str
    counts: str | None = None
    logfc: str | None = None
    sequence_map: str | None = None
    nonessential: str | None = None
    map_columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Steps:
    """How counts become logFC, and what is left out; see the config's `screen`."""

    normalise: str = "nonessential"
    pdna_batches: str = "own"
    min_pdna: float = 50.0
    replicates: str = "mean"
    multi_mapping: str = "keep"
    drop_reason: str = "drop"
    failed_qc: str = "keep"


@dataclass(frozen=True)
class Replicates:
    """LogFC of replicates, made when asked for.

    logfc: guides' positions -> ((replicate, guide) logFC, and where it is missing because the plasmid has too little of the guide);
    lines: (replicate,) names of cell lines, sorted; sgrnas: names of all guides.
    """

    logfc: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    lines: np.ndarray
    sgrnas: np.ndarray


def import_depmap(
    files: Files, steps: Steps, covariate: Covariate, constant_covariate: str, copy_number_unit: str
) -> tuple[Iterator[pd.DataFrame], Ledger]:
    """The screen as blocks of its long table, gene by gene, and what was left out of it (complete before the first block).

    Columns: those of every screen but study and seed, x_diploid, n_replicates, logfc_sd (sd of the replicates, missing for one),
    n_alignments, and Gene, the gene's name as DepMap writes it. Raises UserError where the files do not fit together.
    """
    ledger = Ledger()
    guides = _read_guides(files)
    copies = matrices.read(files.copy_number)
    replicates = _from_counts(files, steps, guides, ledger) if files.counts else _from_logfc(files, steps, guides, copies, ledger)
    genes = {*guides["label"], *guides["gene"]}
    copies = matrices.turned(copies, np.unique(replicates.lines), genes, files.copy_number, "cell lines and genes")
    check_unit(copies.to_numpy().ravel(), copy_number_unit, covariate.diploid, files.copy_number, ledger)
    long = _LongTable(guides, replicates, copies, steps, copy_number_unit, ledger)
    return long.finish(covariate, constant_covariate, files.copy_number, ledger), ledger


def _read_guides(files: Files) -> pd.DataFrame:
    """sgrna, label (the gene as the file has it), gene (its symbol where that is unique), n_alignments, and whether it is marked.

    A map may have a row per alignment: an alignment without a gene adds none, and a mark of one is a mark of the guide.
    """
    optional = ("n_alignments", "drop_reason", "used")
    own = {name: column for name, column in files.map_columns.items() if name in GUIDES}
    guides = matrices.read_map(files.guide_map, GUIDES, own, optional)
    guides = guides[guides["sgrna"] != ""].drop_duplicates()
    if guides.empty:
        raise UserError(f"{files.guide_map}: no rows. It needs a row per sgRNA with its gene.")
    marked = guides.get("drop_reason", pd.Series("", guides.index)) != ""
    marked |= guides.get("used", pd.Series("", guides.index)).str.lower() == "false"
    many = pd.to_numeric(guides.get("n_alignments", pd.Series(np.nan, guides.index)), errors="coerce")
    of_guide = guides.assign(marked=marked, n_alignments=many, known=guides["gene"] != "").groupby("sgrna", sort=False)
    guides = guides.assign(marked=of_guide["marked"].transform("any"), n_alignments=of_guide["n_alignments"].transform("max"))
    guides = guides[(guides["gene"] != "") | ~of_guide["known"].transform("any")]
    labels = guides["gene"].unique()
    symbols = pd.Series([matrices.symbol(label) for label in labels], index=labels)
    unique = symbols.where(~symbols.duplicated(keep=False), symbols.index.to_series())
    return guides.rename(columns={"gene": "label"}).assign(gene=lambda g: g["label"].map(unique))


# --- logFC of replicates -----------------------------------------------------------------------------------------


def _from_logfc(files: Files, steps: Steps, guides: pd.DataFrame, copies: pd.DataFrame, ledger: Ledger) -> Replicates:
    """A matrix of logFC as it is; its screens are cell lines of the copy numbers, or the sequence map says whose each is."""
    assert files.logfc
    matrix = matrices.read(files.logfc)
    line_of: dict[str, str] = {}
    if files.sequence_map:
        sequences = _read_sequences(files, ("screen", "passes_qc", "type", "pdna_batch"))
        labels = set(matrix.index) | set(matrix.columns)
        keys = [key for key in ("sequence", "screen", "cell_line") if key in sequences]
        best = max(keys, key=lambda key: len(labels & set(sequences[key])))
        sequences = _without_failed(sequences[sequences[best].isin(labels)], steps, ledger)
        line_of = dict(zip(sequences[best], sequences["cell_line"], strict=True))
        matrix = matrices.turned(
            matrix, guides["sgrna"], line_of, files.logfc, "sgRNAs of the guide map and samples of the sequence map"
        )
    else:
        lines = {*copies.index, *copies.columns}
        matrix = matrices.turned(matrix, guides["sgrna"], lines, files.logfc, "sgRNAs of the guide map and cell lines")
    names = np.array([line_of.get(name, "" if line_of else name) for name in matrix.columns])
    if (names == "").any():
        unknown = matrix.columns[names == ""]
        ledger.note(f"{len(unknown)} column(s) of the logFC left out, for which the sequence map has no cell line", unknown)
    order = np.flatnonzero((names != "") & (names != PLASMID))
    order = order[np.argsort(names[order], kind="stable")]
    values = matrix.to_numpy().T

    def logfc(where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = values[np.ix_(order, where)]
        return found, np.zeros(found.shape, dtype=bool)

    return Replicates(logfc, names[order], matrix.index.to_numpy())


def _read_sequences(files: Files, optional: tuple[str, ...]) -> pd.DataFrame:
    assert files.sequence_map
    own = {name: column for name, column in files.map_columns.items() if name in SEQUENCES}
    sequences = matrices.read_map(files.sequence_map, SEQUENCES, own, optional)
    doubled = sequences["sequence"][sequences["sequence"].duplicated()].unique()
    if len(doubled):
        raise UserError(
            f"{files.sequence_map}: {len(doubled)} sequence(s) more than once ({listed(doubled)}). Keep one row of each."
        )
    if "type" in sequences:
        sequences.loc[sequences["type"] == PLASMID, "cell_line"] = PLASMID
    return sequences


def _without_failed(sequences: pd.DataFrame, steps: Steps, ledger: Ledger) -> pd.DataFrame:
    """The sequences without those that failed quality control, or with them, counted."""
    if "passes_qc" not in sequences:
        return sequences
    failed = sequences[sequences["passes_qc"].str.lower().isin(["false", "0", "no"])]
    what = "left out" if steps.failed_qc == "drop" else "kept (screen.failed_qc: drop leaves them out)"
    if len(failed):
        ledger.note(f"{len(failed)} sequence(s) that failed quality control {what}", failed["sequence"])
    return sequences.drop(index=failed.index) if steps.failed_qc == "drop" else sequences


def _from_counts(files: Files, steps: Steps, guides: pd.DataFrame, ledger: Ledger) -> Replicates:
    """LogFC from read counts (see the module)."""
    assert files.counts
    sequences = _read_sequences(files, ("screen", "passes_qc", "type"))
    counts = matrices.read(files.counts)
    counts = matrices.turned(
        counts, sequences["sequence"], guides["sgrna"], files.counts, "sequences of the sequence map and sgRNAs of the guide map"
    )
    if (counts.to_numpy() < 0).any():
        raise UserError(f"{files.counts}: negative read counts. Are these logFC? Then give the file as screen.logfc.")
    unknown = counts.index.difference(sequences["sequence"])
    if len(unknown):
        ledger.note(f"{len(unknown)} sequence(s) of the counts left out, as the sequence map does not have them", unknown)
    sequences = sequences[sequences["sequence"].isin(counts.index)]
    sequences = _without_failed(sequences, steps, ledger)
    plasmid = sequences["cell_line"] == PLASMID
    if not plasmid.any():
        raise UserError(f"{files.sequence_map}: no {PLASMID} sample among the counts. Its row needs {PLASMID} as cell line.")
    samples = sequences[~plasmid].sort_values(["cell_line", "sequence"], kind="stable")
    batches = samples["pdna_batch"].unique()
    if steps.pdna_batches == "own":
        absent = sorted(set(batches) - set(sequences.loc[plasmid, "pdna_batch"]))
        if absent:
            raise UserError(
                f"{files.sequence_map}: no {PLASMID} sample of batch {listed(absent)}, which "
                f"{samples['pdna_batch'].isin(absent).sum()} sample(s) have. Add it to counts and map, or set "
                "screen.pdna_batches: pooled to use all plasmid samples for every batch."
            )

    values = counts.to_numpy()
    controls = _controls(files, steps, guides, counts.columns, ledger)
    scale = np.full(len(counts), np.nan)
    for row in counts.index.get_indexer(sequences["sequence"]):
        middle = np.nanmedian(values[row, controls]) if np.isfinite(values[row, controls]).any() else 0.0
        if middle == 0:
            raise UserError(
                f"{files.counts}: sample {counts.index[row]!r}: the median count of its {len(controls)} control guides is 0, so it "
                "cannot be scaled. Take the sample out of the sequence map."
            )
        scale[row] = MEDIAN_COUNT / middle

    rows = counts.index.get_indexer(samples["sequence"])
    batch_of = samples["pdna_batch"].to_numpy()
    plasmids = {}
    for batch in batches:
        mine = plasmid & ((sequences["pdna_batch"] == batch) if steps.pdna_batches == "own" else True)
        plasmids[batch] = counts.index.get_indexer(sequences.loc[mine, "sequence"])
    centre = np.zeros(len(rows))

    def scaled(where_rows: np.ndarray, where: np.ndarray) -> np.ndarray:
        return values[np.ix_(where_rows, where)] * scale[where_rows, None]

    def logfc(where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found, low = np.log2(scaled(rows, where) + 1), np.zeros((len(rows), len(where)), dtype=bool)
        for batch, own in plasmids.items():
            mine, before = batch_of == batch, scaled(own, where)
            low[mine] = _median(before) < steps.min_pdna
            found[mine] -= _median(np.log2(before + 1))
        found[low] = np.nan
        return found - centre[:, None], low

    parts = np.array_split(controls, max(1, len(controls) * len(rows) // (4 * BLOCK_ROWS)))
    centre = np.nanmedian(np.concatenate([logfc(part)[0] for part in parts], axis=1), axis=1)
    return Replicates(logfc, samples["cell_line"].to_numpy(), counts.columns.to_numpy())


def _controls(files: Files, steps: Steps, guides: pd.DataFrame, sgrnas: pd.Index, ledger: Ledger) -> np.ndarray:
    """Positions of the guides that normalise."""
    if steps.normalise == "all":
        return np.flatnonzero(sgrnas.isin(guides["sgrna"]))
    assert files.nonessential
    wanted = matrices.read_names(files.nonessential)
    mine = guides.loc[matrices.match_names(guides["label"].tolist(), wanted), "sgrna"]
    found = np.flatnonzero(sgrnas.isin(mine))
    if not len(found):
        raise UserError(
            f"{files.nonessential}: no gene of it ({listed(wanted, 3)}) has a guide in the counts (genes such as "
            f"{listed(guides['label'].unique(), 3)}). Correct the names, or set screen.normalise: all."
        )
    ledger.note(f"{len(found):,} guides of nonessential genes scale and centre the samples", sgrnas[found])
    return found


def _median(values: np.ndarray) -> np.ndarray:
    """Median over the first axis; missing where all are, and quietly."""
    if len(values) == 1:
        return values[0]
    with np.errstate(all="ignore"):
        middle = np.median(values, axis=0)
    holes = np.isnan(middle) & np.isfinite(values).any(axis=0)
    middle[holes] = np.nanmedian(values[:, holes], axis=0)
    return middle


# --- the long table ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Block:
    """Some genes: guides' rows of the guide map; (line, guide) arrays, of which `kept` says which are rows of the screen."""

    guides: pd.DataFrame
    logfc: np.ndarray
    cna: np.ndarray
    count: np.ndarray
    sd: np.ndarray
    kept: np.ndarray

    @property
    def genes(self) -> tuple[np.ndarray, np.ndarray]:
        """(guide,) gene codes within the block, and the genes' names."""
        codes, names = pd.factorize(self.guides["gene"])
        return codes, np.asarray(names)


def _selected(
    guides: pd.DataFrame, sgrnas: np.ndarray, lines: np.ndarray, copies: pd.DataFrame, steps: Steps, ledger: Ledger
) -> pd.DataFrame:
    """The guides that the screen is made of, gene by gene, with their `position` in the data and their gene's in `copies`.

    sgrnas: names of the data's guides; lines: cell lines with data. What is left out goes into the ledger.
    """
    known = lines[np.isin(lines, copies.index)]

    def leave_out(reason: str, names: Any, pairs: int) -> None:
        ledger.drop(f"{reason}: {len(names):,} guide(s)", len(names) * pairs, names)

    leave_out("not in the guide map", sgrnas[~np.isin(sgrnas, guides["sgrna"])], len(lines))
    absent = guides.loc[~guides["sgrna"].isin(sgrnas), "sgrna"]
    if len(absent):
        ledger.note(f"{len(absent):,} guide(s) of the guide map are not among the data", absent)
    guides = guides.drop(index=absent.index)

    several = guides.groupby("sgrna")["gene"].transform("nunique") > 1
    leave_out("aligns to several genes", guides.loc[several, "sgrna"].unique(), len(lines))
    guides = guides[~several].drop_duplicates("sgrna")
    if steps.drop_reason == "drop":
        leave_out("marked in the guide map (DropReason, UsedByChronos)", guides.loc[guides["marked"], "sgrna"], len(lines))
        guides = guides[~guides["marked"]]
    many = guides["n_alignments"] > 1
    what = f"{many.sum():,} guide(s) that cut in several places of the genome kept (screen.multi_mapping: drop leaves them out)"
    if steps.multi_mapping == "drop":
        leave_out("cuts in several places of the genome", guides.loc[many, "sgrna"], len(lines))
        guides = guides[~many]
    elif many.any():
        ledger.note(what, guides.loc[many, "sgrna"])

    without = np.setdiff1d(lines, known)
    ledger.drop(f"no copy numbers for {len(without)} cell line(s)", len(guides) * len(without), without)
    if len(known) < 2:
        raise UserError(
            f"fewer than two cell lines with data and copy numbers ({listed(known) or 'none'}; data have {listed(lines)}). "
            "A slope on copy number needs at least two."
        )
    guides = guides.assign(copies=guides["label"].map(_columns(guides["label"].unique(), copies.columns)))
    missing = guides["copies"].isna()
    leave_out("no copy numbers for the gene", guides.loc[missing, "sgrna"], len(known))
    guides = guides[~missing]
    if guides.empty:
        raise UserError(
            f"no gene with both guides and copy numbers: guides of genes such as {listed(guides['label'], 3)}, copy numbers of "
            f"{listed(copies.columns, 3)}. Are the names of one kind?"
        )
    note_date_like_names(guides["gene"].unique(), ledger)
    position = pd.Series(np.arange(len(sgrnas)), index=sgrnas)
    return guides.assign(position=guides["sgrna"].map(position)).sort_values(["gene", "sgrna"], kind="stable")


def _columns(labels: np.ndarray, genes: pd.Index) -> dict[str, int]:
    """Gene label -> its column among the copy numbers, by the whole label, or by the symbol where none fits as a whole."""
    exact = {name: i for i, name in enumerate(genes)}
    found = {label: exact[label] for label in labels if label in exact}
    symbols = {matrices.symbol(name): i for i, name in enumerate(genes)}
    return found or {label: symbols[matrices.symbol(label)] for label in labels if matrices.symbol(label) in symbols}


class _LongTable:
    """Guides, lines and copy numbers that belong together, and the table they become."""

    def __init__(
        self, guides: pd.DataFrame, replicates: Replicates, copies: pd.DataFrame, steps: Steps, unit: str, ledger: Ledger
    ) -> None:
        self.replicates, self.copies, self.steps, self.unit = replicates, copies, steps, unit
        names = replicates.lines
        self.lines = np.unique(names[np.isin(names, copies.index)])
        self.guides = _selected(guides, replicates.sgrnas, np.unique(names), copies, steps, ledger)
        self._line_rows = copies.index.get_indexer(self.lines)
        # replicates stand line by line: where each line's start among those that are kept
        self._kept_replicates = np.flatnonzero(np.isin(names, self.lines))
        self._starts = np.searchsorted(names[self._kept_replicates], self.lines)

    def blocks(self, ledger: Ledger | None = None) -> Iterator[_Block]:
        """All genes, some at a time. With a ledger, what is left out of them is counted there at the end."""
        sizes = self.guides.groupby("gene", sort=False).size()
        of_gene = np.cumsum(sizes.to_numpy()) * len(self.lines) // BLOCK_ROWS
        number = self.guides["gene"].map(dict(zip(sizes.index, of_gene, strict=True)))
        no_plasmid, no_counts, no_copies = 0, 0, 0
        for _, guides in self.guides.groupby(number, sort=False):
            each, low = self.replicates.logfc(guides["position"].to_numpy())
            each, low = each[self._kept_replicates], low[self._kept_replicates]
            logfc, count, sd = self._averaged(each)
            cna = self.copies.to_numpy()[np.ix_(self._line_rows, guides["copies"].to_numpy(int))]
            missing = count == 0
            scarce = missing & np.logical_or.reduceat(low, self._starts, axis=0)
            no_plasmid += int(scarce.sum())
            no_counts += int((missing & ~scarce).sum())
            no_copies += int((~missing & ~np.isfinite(cna)).sum())
            yield _Block(guides, logfc, linear(cna, self.unit), count, sd, ~missing & np.isfinite(cna))
        if ledger:
            ledger.drop(f"scaled pDNA count below {self.steps.min_pdna:g}", no_plasmid, [])
            ledger.drop("no count or logFC", no_counts, [])
            ledger.drop("no copy number for the gene in the cell line", no_copies, [])

    def _averaged(self, each: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(line, guide) average of the replicates, how many have a value, and their sd (missing for one)."""
        known = np.isfinite(each)
        count = np.add.reduceat(known, self._starts, axis=0, dtype=int)
        with np.errstate(invalid="ignore", divide="ignore"):
            middle = np.add.reduceat(np.where(known, each, 0.0), self._starts, axis=0) / count
            sizes = np.diff([*self._starts, len(each)])
            away = np.where(known, each - np.repeat(middle, sizes, axis=0), 0.0)
            sd = np.sqrt(np.add.reduceat(away**2, self._starts, axis=0) / (count - 1))
        if self.steps.replicates == "median":
            parts = np.split(each, self._starts[1:])
            middle = np.stack([_median(part) for part in parts])
        return middle, count, np.where(count > 1, sd, np.nan)

    def finish(self, covariate: Covariate, constant_covariate: str, place: str, ledger: Ledger) -> Iterator[pd.DataFrame]:
        """Two rounds: look at the copy numbers of all rows, then make the table's blocks."""
        ends: dict[str, np.ndarray] = {}  # gene -> lowest and highest copy number of its rows
        rows: dict[str, int] = {}
        everything: dict[str, np.ndarray] = {}
        for block in self.blocks(ledger):
            codes, names = block.genes
            for i, gene in enumerate(names):
                cna = block.cna[:, codes == i][block.kept[:, codes == i]]
                rows[gene] = len(cna)
                if len(cna):
                    ends[gene] = np.array([cna.min(), cna.max()])
                    if covariate.name not in WITHIN_GENES:
                        everything[gene] = cna

        def settle() -> FittedCovariate | None:
            """A covariate that depends on all rows."""
            cna = np.concatenate([*everything.values()]) if everything else np.empty(0)
            return covariate.fit(cna, np.zeros(len(cna), dtype=int)) if everything else None

        fitted = settle()
        constant = []
        for gene, two in ends.items():
            x = fitted.x(two, np.zeros(2, dtype=int)) if fitted else two
            if x[1] - x[0] <= 1e-9:
                constant.append(gene)
        if constant and constant_covariate == "refuse":
            raise UserError(
                f"{place}: no variation of the covariate {covariate.name} in {len(constant)} gene(s) ({listed(constant)}), so no "
                "slope can be fitted for them. Set screen.constant_covariate: drop to leave them out and have them counted."
            )
        ledger.drop(f"no variation of the covariate in {len(constant)} gene(s)", sum(rows[gene] for gene in constant), constant)
        for gene in constant:
            everything.pop(gene, None)
        total = sum(rows.values()) - sum(rows[gene] for gene in constant)
        if not total:
            raise UserError(f"{place}: no rows are left. What was left out:\n{ledger.table().to_string(index=False)}")
        fitted = settle()
        return self._tables(covariate, fitted, set(constant))

    def _tables(self, covariate: Covariate, fitted: FittedCovariate | None, left_out: set[str]) -> Iterator[pd.DataFrame]:
        for block in self.blocks():
            codes, names = block.genes
            kept = block.kept & ~np.isin(names, list(left_out))[codes]
            if kept.any():
                yield self._table(block, kept, covariate, fitted)

    def _table(self, block: _Block, kept: np.ndarray, covariate: Covariate, fitted: FittedCovariate | None) -> pd.DataFrame:
        codes, names = block.genes
        guide, line = np.nonzero(kept.T)  # guide by guide, and cell lines in order
        cna, gene = block.cna.T[kept.T], codes[guide]
        if fitted is None:  # by the block's own genes, of which some may have no row
            _, of_gene = np.unique(gene, return_inverse=True)
            fitted = covariate.fit(cna, of_gene)
        else:
            of_gene = np.zeros(len(cna), dtype=int)
        x, x_diploid = fitted.x(cna, of_gene), fitted.x(np.full(len(cna), covariate.diploid), of_gene)
        labels = block.guides.drop_duplicates("gene")["label"].tolist()
        table = {
            "gene": pd.Categorical.from_codes(gene, names.tolist()),
            "sgrna": pd.Categorical.from_codes(guide, block.guides["sgrna"].tolist()),
            "cell_line": pd.Categorical.from_codes(line, self.lines.tolist()),
            "cna": cna,
            "x": x,
            "logfc": block.logfc.T[kept.T],
            "x_diploid": x_diploid,
            "n_replicates": block.count.T[kept.T].astype(np.int32),
            "logfc_sd": block.sd.T[kept.T].astype(np.float32),
            "Gene": pd.Categorical.from_codes(gene, labels),
            "n_alignments": block.guides["n_alignments"].to_numpy()[guide],
        }
        return pd.DataFrame(table)
