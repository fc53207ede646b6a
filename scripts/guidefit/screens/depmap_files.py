"""The files of DepMap and Chronos: their paths, how they are processed, and their map of guides."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from guidefit.base.errors import UserError
from guidefit.screens import labels, matrices
from guidefit.screens.ledger import Ledger
from guidefit.screens.spreadsheets import clean_case

# our column -> the names that releases of DepMap and Chronos have used
GUIDES = {
    "sgrna": ("sgrna", "sgRNA"),
    "gene": ("gene", "Gene"),
    "n_alignments": ("nAlignments",),
    "drop_reason": ("DropReason",),
    "used": ("UsedByChronos",),
}


@dataclass(frozen=True)
class Files:
    """Paths: either counts or logfc; sequence_map (or a sample sheet) is needed with counts; nonessential lists genes, control_list
    guides that normalise.

    Without copy_number a screen has no covariate; ploidy is for absolute copy numbers. A count table has no guide_map. map_columns:
    key of screen.map_columns -> the name in the maps of what it is about, where the known names do not include it.
    """

    map_columns: Mapping[str, str]
    guide_map: str | None = None
    copy_number: str | None = None
    ploidy: str | None = None
    counts: str | None = None
    logfc: str | None = None
    sequence_map: str | None = None
    nonessential: str | None = None
    control_list: str | None = None


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
    control_guides: str | None
    of: Mapping[str, str]
    against: Mapping[str, str] | None


def read_guides(files: Files, ledger: Ledger) -> pd.DataFrame:
    """The guide map: sgrna, label (the gene as the file writes it), gene, n_alignments, and whether the guide is marked.

    gene: the label's symbol where no other label has the same one, else the label. A map may have a row per alignment: an alignment
    without a gene is ignored where the guide has one with a gene, and a mark of one alignment marks the guide. Raises UserError.
    """
    assert files.guide_map
    own = {name: column for name, column in files.map_columns.items() if name in GUIDES}
    guides = matrices.read_map(files.guide_map, GUIDES, own, ("n_alignments", "drop_reason", "used"), ledger)
    guides = guides.assign(gene=clean_case(guides["gene"], "gene", str(files.guide_map), ledger))
    guides = guides[guides["sgrna"] != ""].drop_duplicates()
    if guides.empty:
        raise UserError(f"{files.guide_map}: the file has no rows. Expected one row per sgRNA with its gene.")
    return name_genes(_merge_alignments(guides))


def _merge_alignments(guides: pd.DataFrame) -> pd.DataFrame:
    """The map with one mark and one number of alignments per guide, without alignments outside genes."""
    marked = guides.get("drop_reason", pd.Series("", guides.index)) != ""
    marked |= guides.get("used", pd.Series("", guides.index)).str.lower() == "false"
    n_alignments = pd.to_numeric(guides.get("n_alignments", pd.Series(np.nan, guides.index)), errors="coerce")
    has_gene = guides["gene"] != ""
    of_guide = guides.assign(marked=marked, n_alignments=n_alignments, has_gene=has_gene).groupby("sgrna", sort=False)
    guides = guides.assign(marked=of_guide["marked"].transform("any"), n_alignments=of_guide["n_alignments"].transform("max"))
    return guides[has_gene | ~of_guide["has_gene"].transform("any")]


def name_genes(guides: pd.DataFrame) -> pd.DataFrame:
    """Guides with the gene that a file names, with `label` and `gene` as `read_guides` returns them."""
    found = guides["gene"].unique()
    symbols = pd.Series([labels.symbol(label) for label in found], index=found)
    genes = symbols.where(~symbols.duplicated(keep=False), symbols.index.to_series())
    guides = guides.rename(columns={"gene": "label"})
    return guides.assign(gene=guides["label"].map(genes))
