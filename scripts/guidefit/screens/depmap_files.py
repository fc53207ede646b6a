"""The files of DepMap and Chronos: their paths, how they are processed, and their maps of guides and sequenced samples."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from guidefit.base.errors import UserError
from guidefit.screens import labels, matrices
from guidefit.screens.ledger import Ledger, listed

PLASMID = "pDNA"  # in place of a cell line's name

# our column -> the names that releases of DepMap and Chronos have used
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
    """Paths: either counts or logfc; sequence_map is needed with counts; nonessential lists genes whose guides normalise.

    map_columns: our column (of SEQUENCES and GUIDES) -> its name in the maps, where the known names do not include it.
    """

    guide_map: str
    copy_number: str
    map_columns: Mapping[str, str]
    counts: str | None = None
    logfc: str | None = None
    sequence_map: str | None = None
    nonessential: str | None = None


@dataclass(frozen=True)
class Steps:
    """How counts become logFC, and what is left out; the config's `screen` explains each."""

    normalise: str
    pdna_batches: str
    min_pdna: float
    replicates: str
    multi_mapping: str
    drop_reason: str
    failed_qc: str


def read_guides(files: Files, ledger: Ledger) -> pd.DataFrame:
    """The guide map: sgrna, label (the gene as the file writes it), gene, n_alignments, and whether the guide is marked.

    gene: the label's symbol where no other label has the same one, else the label. A map may have a row per alignment: an alignment
    without a gene is ignored where the guide has one with a gene, and a mark of one alignment marks the guide. Raises UserError.
    """
    own = {name: column for name, column in files.map_columns.items() if name in GUIDES}
    guides = matrices.read_map(files.guide_map, GUIDES, own, ("n_alignments", "drop_reason", "used"), ledger)
    guides = guides[guides["sgrna"] != ""].drop_duplicates()
    if guides.empty:
        raise UserError(f"{files.guide_map}: the file has no rows. Expected one row per sgRNA with its gene.")
    return _name_genes(_merge_alignments(guides))


def _merge_alignments(guides: pd.DataFrame) -> pd.DataFrame:
    """The map with one mark and one number of alignments per guide, without alignments outside genes."""
    marked = guides.get("drop_reason", pd.Series("", guides.index)) != ""
    marked |= guides.get("used", pd.Series("", guides.index)).str.lower() == "false"
    n_alignments = pd.to_numeric(guides.get("n_alignments", pd.Series(np.nan, guides.index)), errors="coerce")
    has_gene = guides["gene"] != ""
    of_guide = guides.assign(marked=marked, n_alignments=n_alignments, has_gene=has_gene).groupby("sgrna", sort=False)
    guides = guides.assign(marked=of_guide["marked"].transform("any"), n_alignments=of_guide["n_alignments"].transform("max"))
    return guides[has_gene | ~of_guide["has_gene"].transform("any")]


def _name_genes(guides: pd.DataFrame) -> pd.DataFrame:
    """The map with `label` and `gene`, see `read_guides`."""
    found = guides["gene"].unique()
    symbols = pd.Series([labels.symbol(label) for label in found], index=found)
    genes = symbols.where(~symbols.duplicated(keep=False), symbols.index.to_series())
    guides = guides.rename(columns={"gene": "label"})
    return guides.assign(gene=guides["label"].map(genes))


def read_sequences(files: Files, optional: tuple[str, ...], ledger: Ledger) -> pd.DataFrame:
    """The sequence map, one row per sequenced sample; plasmid samples have PLASMID as cell line.

    optional: columns that the file may lack. Raises UserError.
    """
    assert files.sequence_map
    own = {name: column for name, column in files.map_columns.items() if name in SEQUENCES}
    sequences = matrices.read_map(files.sequence_map, SEQUENCES, own, optional, ledger)
    repeated = sequences["sequence"][sequences["sequence"].duplicated()].unique()
    if len(repeated):
        raise UserError(
            f"{files.sequence_map}: {len(repeated)} sequence(s) have more than one row ({listed(repeated)}). Expected one row per "
            "sequence: keep one of each."
        )
    if "type" in sequences:
        sequences.loc[sequences["type"] == PLASMID, "cell_line"] = PLASMID
    return sequences


def leave_out_failed(sequences: pd.DataFrame, steps: Steps, ledger: Ledger) -> pd.DataFrame:
    """The sequences without those that failed quality control, or with them where the config keeps them; noted either way."""
    if "passes_qc" not in sequences:
        return sequences
    failed = sequences[sequences["passes_qc"].str.lower().isin(["false", "0", "no"])]
    drops = steps.failed_qc == "drop"
    if len(failed):
        what = "left out" if drops else "kept (screen.failed_qc: drop leaves them out)"
        ledger.note(f"{len(failed)} sequence(s) that failed quality control {what}", failed["sequence"])
    return sequences.drop(index=failed.index) if drops else sequences
