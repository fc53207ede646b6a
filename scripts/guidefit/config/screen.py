"""The section `screen`: a real screen."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from guidefit.config.section import REQUIRED, Problem, Section, key


class Columns(Section):
    """The names that a long table has for our columns."""

    sgrna: str = key(REQUIRED, "Column of the sgRNA.", min_length=1)
    gene: str = key(REQUIRED, "Column of the gene.", min_length=1)
    cell_line: str = key(REQUIRED, "Column of the cell line.", min_length=1)
    cna: str | None = key(None, "Column of the gene's copy number in the cell line.", without="no copy numbers", min_length=1)
    logfc: str = key(REQUIRED, "Column of the log2 fold change.", min_length=1)

    def contradictions(self) -> Iterator[Problem]:
        """One column with two meanings."""
        seen: dict[str, str] = {}
        for ours, theirs in self.model_dump(exclude_none=True).items():
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


SOURCES = ("path", "counts", "logfc", "count_table")
FILES = (*SOURCES, "samples", "sequence_map", "guide_map", "copy_number", "ploidy", "nonessential", "essential")
MATRIX_FILES = ("samples", "sequence_map", "guide_map", "copy_number", "map_columns")
STEPS = (
    *("normalise", "control_guides", "of", "against", "pdna_batches", "min_pdna", "replicates", "multi_mapping", "drop_reason"),
    "failed_qc",
)
OF_SAMPLES = ("of", "against", "control_guides", "drop_failing_samples")
LIST_ENDINGS = (".csv", ".tsv", ".txt", ".gz", ".list")


def _as_text(value: Any) -> Any:
    """A number of a day as text, so that 14 and "14" are the same."""
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else value


Value = Annotated[
    str, BeforeValidator(_as_text), Field(min_length=1), WithJsonSchema({"type": ["string", "number"], "minLength": 1})
]


class Selection(Section):
    """The samples that have these values in the sample sheet."""

    condition: Value | None = key(None, "Their condition; case does not matter.", without="not asked for")
    day: Value | None = key(None, "Their day.", without="not asked for; samples of day 0 are references")
    cell_line: Value | None = key(None, "Their cell line.", without="all cell lines")

    def contradictions(self) -> Iterator[Problem]:
        """A selection that selects nothing."""
        if not self.model_dump(exclude_none=True):
            yield "", "it names no condition, day or cell line. Name one of them, or remove this key."


class Screen(Section):
    """A real screen: a count table with a sample sheet, a long table (path, columns), or the files of DepMap and Chronos."""

    path: str | None = key(None, "The long table, one row per sgRNA and cell line: Parquet or text.", min_length=1)
    columns: Columns | None = key(None, "Our name of each column -> the table's name of it; required with path.")
    counts: str | None = key(None, "Matrix of read counts, sequenced samples x sgRNAs or transposed: HDF5 or text.", min_length=1)
    logfc: str | None = key(None, "Matrix of logFC, sgRNAs x screens or transposed: HDF5 or text.", min_length=1)
    count_table: str | None = key(
        None,
        "Count table as MAGeCK writes it: sgRNA, Gene, then a column of read counts for each sample (text).",
        min_length=1,
    )
    samples: str | None = key(
        None,
        "Sample sheet (text), required with count_table: columns sample and cell_line, and as far as known condition, day, "
        "replicate, reference (names of its reference samples, separated by semicolons) and batch.",
        min_length=1,
    )
    of: Selection | None = key(
        None, "The samples that the screen consists of, where the sample sheet or sequence map has several conditions or days."
    )
    against: Selection | None = key(
        None,
        "A contrast: the other arm, whose samples are the references; what it does not name is as in of.",
        without="the references are the samples of day 0 of the cell line, else the plasmids of the batch",
    )
    sequence_map: str | None = key(
        None,
        "Table (text) of the cell line and the plasmid batch of each sample (or screen); required with counts. It may have the "
        "columns of a sample sheet.",
        min_length=1,
    )
    guide_map: str | None = key(
        None, "Table (text) of the gene that each sgRNA targets; required with counts or logfc.", min_length=1
    )
    copy_number: str | None = key(
        None,
        "Matrix of gene copy numbers, cell lines x genes or transposed (HDF5 or text).",
        without="none: only variants without a slope can be fitted",
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
    ploidy: str | None = key(
        None,
        "Table (text) with the columns cell_line and ploidy, for absolute copy numbers: those of each line are divided by its "
        "ploidy, and are relative ones then.",
        without="the copy numbers of all lines have one scale (diploid)",
        min_length=1,
    )
    control_guides: str | None = key(
        None,
        "Guides that are known to have no effect, such as non-targeting or cutting controls, with or without a gene: a list (.csv, "
        ".txt) of their names, or a pattern of the names of guides or genes with * and ?, such as NTC*.",
        without="none",
        min_length=1,
    )
    normalise: Literal["nonessential", "control_guides", "all"] | None = key(
        None,
        "The guides that scale a sample and have a median logFC of 0: those of nonessential genes, control_guides, or all guides.",
        without="control_guides where they are given, else nonessential",
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
    drop_failing_samples: bool = key(
        False, "Whether samples whose quality figures are beyond their thresholds are left out; false keeps them and warns."
    )
    missing: Literal["refuse", "drop"] = key(
        "refuse", "With path: what to do with rows that have missing values; dropped rows are counted."
    )
    constant_covariate: Literal["refuse", "drop", "keep"] = key(
        "refuse",
        "What to do with genes whose covariate does not vary, so that they have no slope; keep them for one_line, which reads copy "
        "number across the genes of a single cell line.",
    )
    logfc_max: float = key(
        50.0, "Screens with a larger |logFC| in path or logfc are refused, because no assay reaches it.", unit="logFC", gt=0
    )

    @property
    def kind(self) -> str:
        """Table, count_table or depmap."""
        if self.count_table is not None:
            return "count_table"
        return "table" if self.path is not None else "depmap"

    @property
    def has_copy_numbers(self) -> bool:
        """Whether the screen has copy numbers, so that slopes on them can be fitted."""
        if self.path is not None:
            return self.columns is None or self.columns.cna is not None
        return self.copy_number is not None

    @property
    def normalised_by(self) -> str:
        """`normalise`, with its default."""
        return self.normalise or ("control_guides" if self.control_guides is not None else "nonessential")

    def settings(self) -> dict[str, Any]:
        """The keys that belong to this kind of screen, with all defaults; files that are not given are left out."""
        shared: dict[str, Any] = {"copy_number_unit": self.copy_number_unit}
        given = self.model_dump(exclude_none=True)
        foreign = {*MATRIX_FILES, *STEPS, *OF_SAMPLES} if self.kind == "table" else {"missing"}
        if self.kind != "table":
            shared |= {"normalise": self.normalised_by, "of": given.get("of", {}), "against": given.get("against")}
            is_list = self.control_guides is not None and self.control_guides.lower().endswith(LIST_ENDINGS)
            shared["control_guides"] = None if is_list else self.control_guides
            if is_list:
                shared["control_list"] = self.control_guides
        if self.count_table is not None:
            shared["table"] = table_name(self.count_table)
        return {name: value for name, value in given.items() if name not in {*foreign, "control_guides"}} | shared

    def contradictions(self) -> Iterator[Problem]:
        """Files that do not go together."""
        kinds = [name for name in SOURCES if getattr(self, name) is not None]
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none of them"
            yield (
                "",
                "give exactly one of count_table (as of MAGeCK), path (a long table), counts and logfc (matrices); "
                f"it has {found}.",
            )
            return
        yield from self._problems_of_ploidy()
        given = self.model_fields_set
        if self.path is not None:
            if self.columns is None:
                yield (
                    "columns",
                    "a long table needs the names of its columns: sgrna, gene, cell_line, logfc, and cna if any.",
                )
            for name in MATRIX_FILES:
                if name in given and getattr(self, name) is not None:
                    yield (
                        name,
                        "can be used only with counts or a count table; this screen is a long table (path). Remove one of them.",
                    )
            for name in OF_SAMPLES:
                if getattr(self, name):
                    yield (
                        name,
                        "can be used only with read counts (count_table, counts); this screen is a long table (path). Remove it.",
                    )
            return
        needed = {"count_table": ("samples",), "counts": ("guide_map", "sequence_map"), "logfc": ("guide_map",)}[kinds[0]]
        for name in needed:
            if getattr(self, name) is None:
                yield name, f"a screen from {kinds[0]} needs this file too. Add it."
        unused = ("guide_map", "sequence_map") if self.count_table is not None else ("samples",)
        for name in unused:
            if getattr(self, name) is not None:
                instead = "samples" if name == "sequence_map" else "sequence_map" if name == "samples" else ""
                hint = f"Give the file as {instead}." if instead else "The count table has the genes: remove it."
                yield name, f"cannot be combined with {kinds[0]}. {hint}"
        if self.columns is not None:
            yield "columns", "can be used only with path (a long table). For the columns of the maps use screen.map_columns."
        yield from self._problems_of_steps(kinds[0])

    def _problems_of_ploidy(self) -> Iterator[Problem]:
        if self.ploidy is None:
            return
        if not self.has_copy_numbers:
            yield (
                "ploidy",
                "needs copy numbers, and this screen has none. Add screen.copy_number (long table: columns.cna), or remove it.",
            )
        if self.copy_number_unit in ("log2", "log2_ratio"):
            yield (
                "ploidy",
                f"can be used only with absolute copy numbers, and copy_number_unit is {self.copy_number_unit}, which is relative "
                "to the ploidy already. Remove one of the two.",
            )

    def _problems_of_steps(self, kind: str) -> Iterator[Problem]:
        if kind == "logfc":
            for name in ("against", "control_guides", "drop_failing_samples"):
                if getattr(self, name):
                    yield name, "needs read counts (count_table or counts). Remove it."
            return
        if self.against is not None and self.of is None:
            yield "against", "a contrast needs both arms. Name the samples that are compared with these as screen.of."
        if self.normalised_by == "nonessential" and self.nonessential is None:
            yield (
                "nonessential",
                "normalise: nonessential needs the list of these genes. Add it, or name guides that are known to have no effect as "
                "control_guides. normalise: all is right only where most genes of the library have no effect.",
            )
        if self.normalised_by == "control_guides" and self.control_guides is None:
            yield "control_guides", "normalise: control_guides needs the list or pattern of these guides. Add it."

    def missing_files(self, folder: Path) -> Iterator[Problem]:
        """Files that do not exist, relative to `folder`."""
        for name in FILES:
            path = getattr(self, name)
            if path is not None and not (folder / path).is_file():
                yield name, f"no file {path!r}. Give its path relative to the folder in which you run snakemake."
        controls = self.control_guides
        if controls is not None and controls.lower().endswith(LIST_ENDINGS) and not (folder / controls).is_file():
            yield "control_guides", f"no file {controls!r}. Give its path relative to the folder in which you run snakemake."


def table_name(path: str) -> str:
    """The name of a count table's import, which studies with the same table share: the file's name and a checksum of its path."""
    stem = re.sub(r"\W+", "_", Path(path).name.split(".")[0], flags=re.ASCII)
    return f"{stem}_{hashlib.sha256(path.encode()).hexdigest()[:8]}"
