"""The section `screen`: a real screen."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from guidefit.config.section import REQUIRED, Problem, Section, key


class Columns(Section):
    """The names that a long table has for the five columns."""

    sgrna: str = key(REQUIRED, "Column of the sgRNA.", min_length=1)
    gene: str = key(REQUIRED, "Column of the gene.", min_length=1)
    cell_line: str = key(REQUIRED, "Column of the cell line.", min_length=1)
    cna: str = key(REQUIRED, "Column of the gene's copy number in the cell line.", min_length=1)
    logfc: str = key(REQUIRED, "Column of the log2 fold change.", min_length=1)

    def contradictions(self) -> Iterator[Problem]:
        """One column with two meanings."""
        seen: dict[str, str] = {}
        for ours, theirs in self.model_dump().items():
            if theirs in seen:
                yield ours, f"{theirs!r} is also the column of {seen[theirs]}. Give each its own column of the table."
            seen.setdefault(theirs, ours)


class MapColumns(Section):
    """The names of the maps' columns, if they differ from those in DepMap's files."""

    sequence: str | None = key(None, "Column of the sample in the sequence map.", without="DepMap's", min_length=1)
    cell_line: str | None = key(None, "Column of the cell line in the sequence map.", without="DepMap's", min_length=1)
    pdna_batch: str | None = key(None, "Column of the plasmid batch in the sequence map.", without="DepMap's", min_length=1)
    screen: str | None = key(None, "Column of the screen in the sequence map.", without="DepMap's", min_length=1)
    sgrna: str | None = key(None, "Column of the sgRNA in the guide map.", without="DepMap's", min_length=1)
    gene: str | None = key(None, "Column of the gene in the guide map.", without="DepMap's", min_length=1)


SOURCES = ("path", "counts", "logfc")
FILES = (*SOURCES, "sequence_map", "guide_map", "copy_number", "nonessential", "essential")
MATRIX_FILES = ("sequence_map", "guide_map", "copy_number", "map_columns")
STEPS = ("normalise", "pdna_batches", "min_pdna", "replicates", "multi_mapping", "drop_reason", "failed_qc")


class Screen(Section):
    """A real screen: a long table (path, columns), or the files of DepMap and Chronos (counts or logfc with their maps)."""

    path: str | None = key(None, "The long table, one row per sgRNA and cell line: Parquet or text.", min_length=1)
    columns: Columns | None = key(None, "Our name of each column -> the table's name of it; required with path.")
    counts: str | None = key(None, "Matrix of read counts, sequenced samples x sgRNAs or transposed: HDF5 or text.", min_length=1)
    logfc: str | None = key(None, "Matrix of logFC, sgRNAs x screens or transposed: HDF5 or text.", min_length=1)
    sequence_map: str | None = key(
        None,
        "Table (text) of the cell line and the plasmid batch of each sample (or screen); required with counts.",
        min_length=1,
    )
    guide_map: str | None = key(
        None, "Table (text) of the gene that each sgRNA targets; required with counts or logfc.", min_length=1
    )
    copy_number: str | None = key(
        None,
        "Matrix of gene copy numbers, cell lines x genes or transposed (HDF5 or text); required with counts or logfc.",
        min_length=1,
    )
    map_columns: MapColumns = key(MapColumns(), "Names of the maps' columns, if they differ from those in DepMap's files.")
    nonessential: str | None = key(
        None,
        "List of nonessential genes (text): they scale the samples of counts, and assess the correction.",
        min_length=1,
    )
    essential: str | None = key(
        None,
        "List of common essential genes (text): with nonessential, they assess the copy-number correction.",
        min_length=1,
    )
    copy_number_unit: Literal["linear", "log2", "log2_ratio"] | None = key(
        None,
        "Unit of the copy numbers: linear, log2 for log2(relative copy number + 1), log2_ratio for log2(relative copy number).",
        without="linear with path, log2 with a matrix, or the unit that the values show",
    )
    normalise: Literal["nonessential", "all"] = key(
        "nonessential",
        "The control guides, which scale a sample and have a median logFC of 0: those of nonessential genes, or all guides.",
    )
    pdna_batches: Literal["own", "pooled"] = key(
        "own", "The plasmid samples that a sample is compared with: those of its own batch, or all of them pooled."
    )
    min_pdna: float = key(
        50.0, "Guides whose scaled plasmid count is below this are left out; 0 keeps all guides.", unit="counts", ge=0
    )
    replicates: Literal["mean", "median"] = key("mean", "How the replicates of a cell line become one value.")
    multi_mapping: Literal["keep", "drop"] = key("keep", "What to do with guides that cut in several places of the genome.")
    drop_reason: Literal["drop", "keep"] = key(
        "drop", "What to do with guides that the guide map marks (DropReason given, or UsedByChronos false)."
    )
    failed_qc: Literal["keep", "drop"] = key("keep", "What to do with samples that failed quality control (PassesQC false).")
    missing: Literal["refuse", "drop"] = key(
        "refuse", "With path: what to do with rows that have missing values; dropped rows are counted."
    )
    constant_covariate: Literal["refuse", "drop"] = key(
        "refuse", "What to do with genes whose covariate does not vary, so that they have no slope."
    )
    logfc_max: float = key(
        50.0, "Screens with a larger |logFC| in path or logfc are refused, because no assay reaches it.", unit="logFC", gt=0
    )

    @property
    def kind(self) -> str:
        """Table or depmap."""
        return "table" if self.path is not None else "depmap"

    def settings(self) -> dict[str, Any]:
        """The keys that belong to this kind of screen, with all defaults; files that are not given are left out."""
        shared = {"copy_number_unit": self.copy_number_unit}
        given = self.model_dump(exclude_none=True)
        foreign = {*MATRIX_FILES, *STEPS} if self.kind == "table" else {"missing"}
        return {name: value for name, value in given.items() if name not in foreign} | shared

    def contradictions(self) -> Iterator[Problem]:
        """Files that do not go together."""
        kinds = [name for name in SOURCES if getattr(self, name) is not None]
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none of them"
            yield "", f"give exactly one of path (a long table), counts and logfc (matrices); it has {found}."
            return
        given = self.model_fields_set
        if self.path is not None:
            if self.columns is None:
                yield "columns", "a long table needs the names of its columns sgrna, gene, cell_line, cna, logfc. Add them."
            for name in MATRIX_FILES:
                if name in given and getattr(self, name) is not None:
                    yield name, "goes with counts or logfc, and this screen is a long table (path). Remove one of the two."
            return
        needed = ["guide_map", "copy_number", *(["sequence_map"] if self.counts is not None else [])]
        for name in needed:
            if getattr(self, name) is None:
                yield name, f"a screen from {kinds[0]} needs this file too. Add it."
        if self.columns is not None:
            yield "columns", "goes with path (a long table). For the columns of the maps use screen.map_columns."
        if self.counts is not None and self.normalise == "nonessential" and self.nonessential is None:
            yield "nonessential", "normalise: nonessential needs the list of these genes. Add it, or set normalise: all."

    def missing_files(self, folder: Path) -> Iterator[Problem]:
        """Files that do not exist, relative to `folder`."""
        for name in FILES:
            path = getattr(self, name)
            if path is not None and not (folder / path).is_file():
                yield name, f"no file {path!r}. Give its path relative to the folder in which you run snakemake."
