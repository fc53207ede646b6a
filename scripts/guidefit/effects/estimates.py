"""The estimated effects of one variant after another, and the files that they are written to."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from guidefit.base import parquet, tables
from guidefit.effects.contents import ScreenContents
from guidefit.effects.corrected_logfc import correct_rows, no_corrected_rows
from guidefit.effects.draws import EffectDraws
from guidefit.effects.fitted_lines import LINE_COLUMNS, choose_genes, fit_lines
from guidefit.effects.gene_line_table import no_gene_lines, tabulate_gene_lines
from guidefit.effects.gene_table import GENE_COLUMNS, tabulate_genes
from guidefit.effects.line_fit import LineFit
from guidefit.effects.line_table import LINE_QUALITY_COLUMNS, tabulate_lines
from guidefit.effects.sgrna_table import SGRNA_COLUMNS, tabulate_sgrnas
from guidefit.screens.screen_file import arrow_columns, read_rows_of_genes


@dataclass(frozen=True)
class EffectPaths:
    """Where the effects of a study are written.

    gene_effects, sgrna_effects: CSV for people, with the source's own names; corrected: Parquet, a row per row of the screen and
    variant; gene_lines: Parquet, a row per gene, cell line and variant with such effects; line_quality: CSV, a row per cell line of
    such variants; genes, sgrnas, lines: the same tables and the fitted lines as Parquet, for figures and pages.
    """

    gene_effects: str | Path
    sgrna_effects: str | Path
    corrected: str | Path
    gene_lines: str | Path
    line_quality: str | Path
    genes: str | Path
    sgrnas: str | Path
    lines: str | Path


class EffectsWriter:
    """Writes the effects of all variants of a study; corrected rows as they come, tables at the end.

    ids: study and seed; source_names: gene, sgrna and cell_line -> the column names of the source; labels: gene -> its name there.
    """

    def __init__(self, paths: EffectPaths, ids: Mapping[str, Any], source_names: Mapping[str, str], labels: pd.Series) -> None:
        self._paths, self._ids, self._source_names, self._labels = paths, ids, source_names, labels
        self._genes = [pd.DataFrame(columns=list(GENE_COLUMNS))]
        self._sgrnas = [pd.DataFrame(columns=list(SGRNA_COLUMNS))]
        self._lines = [pd.DataFrame(columns=list(LINE_COLUMNS))]
        self._line_quality = [pd.DataFrame(columns=list(LINE_QUALITY_COLUMNS))]
        self._corrected: pq.ParquetWriter | None = None
        self._gene_lines: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for opened in (self._corrected, self._gene_lines):
            if opened:
                opened.close()
        if kind is None:
            self._write_tables()

    def add(self, variant: str, genes: pd.DataFrame, sgrnas: pd.DataFrame, lines: pd.DataFrame) -> None:
        """Add the tables of a variant."""
        self._genes.append(genes.assign(**self._ids, variant=variant))
        self._sgrnas.append(sgrnas.assign(**self._ids, variant=variant))
        self._lines.append(lines.assign(variant=variant))

    def write_corrected(self, rows: pd.DataFrame) -> None:
        """Append corrected rows (CORRECTED_COLUMNS)."""
        table = pa.table(arrow_columns(add_source_names(rows, self._source_names, self._labels)))
        if self._corrected is None:
            self._corrected = parquet.writer(self._paths.corrected, table.schema)
        self._corrected.write_table(table)

    def write_gene_lines(self, rows: pd.DataFrame, line_quality: pd.DataFrame) -> None:
        """Append the effects by gene and cell line of a variant (GENE_LINE_COLUMNS), and add its table of lines."""
        self._line_quality.append(line_quality)
        table = pa.table(arrow_columns(add_source_names(rows, self._source_names, self._labels)))
        if self._gene_lines is None:
            self._gene_lines = parquet.writer(self._paths.gene_lines, table.schema)
        self._gene_lines.write_table(table)

    def _write_tables(self) -> None:
        if self._corrected is None:
            parquet.write(no_corrected_rows(), self._paths.corrected)
        if self._gene_lines is None:
            parquet.write(no_gene_lines(), self._paths.gene_lines)
        genes = tables.concatenate(self._genes, GENE_COLUMNS)
        sgrnas = tables.concatenate(self._sgrnas, SGRNA_COLUMNS)
        line_quality = tables.concatenate(self._line_quality, LINE_QUALITY_COLUMNS)
        parquet.write(genes, self._paths.genes)
        parquet.write(sgrnas, self._paths.sgrnas)
        tables.write(add_source_names(genes, self._source_names, self._labels), self._paths.gene_effects)
        tables.write(add_source_names(sgrnas, self._source_names, self._labels), self._paths.sgrna_effects)
        tables.write(add_source_names(line_quality, self._source_names, self._labels), self._paths.line_quality)
        parquet.write(tables.concatenate(self._lines), self._paths.lines)


@dataclass(frozen=True)
class Screen:
    """What all variants of a study share: the screen's file and contents, control genes, and settings.

    ids: study and seed; control: gene -> essential or nonessential; diploid: copies of a diploid gene; thresholds: of verdicts and
    flags; show_genes: genes that the figures show, none: those of strongest effects.
    """

    path: str | Path
    contents: ScreenContents
    ids: Mapping[str, Any]
    control: Mapping[str, str]
    diploid: float
    thresholds: Mapping[str, float]
    show_genes: list[str]


def estimate_variant(screen: Screen, variant: str, effects: EffectDraws, line_fit: LineFit | None, writer: EffectsWriter) -> None:
    """Write the effects of one variant: its genes, its sgRNAs, fitted lines of some genes, and the corrected logFC of every row.

    line_fit: of a variant with effects by gene and cell line, which are written too, with the quality of the lines.
    """
    genes = tabulate_genes(effects, screen.contents, screen.control, screen.diploid, screen.thresholds, line_fit)
    shown = choose_genes(genes, screen.show_genes)
    rows = read_rows_of_genes(screen.path, screen.ids["seed"], shown)
    writer.add(
        variant, genes, tabulate_sgrnas(effects, screen.contents, line_fit), fit_lines(effects, screen.contents, rows, shown)
    )
    for corrected in correct_rows(effects, screen.contents, screen.path, {**screen.ids, "variant": variant}):
        writer.write_corrected(corrected)
    if line_fit:
        _estimate_gene_lines(screen, variant, line_fit, writer)


def _estimate_gene_lines(screen: Screen, variant: str, line_fit: LineFit, writer: EffectsWriter) -> None:
    """Write the effects by gene and cell line of one variant, and the table of its lines."""
    ids = {**screen.ids, "variant": variant}
    gene_lines = tabulate_gene_lines(line_fit, screen.control, screen.thresholds, ids)
    writer.write_gene_lines(gene_lines, tabulate_lines(line_fit, gene_lines, screen.thresholds["multiplier_min"], ids))


def add_source_names(table: pd.DataFrame, names: Mapping[str, str], labels: pd.Series) -> pd.DataFrame:
    """The table with gene, sgRNA and cell line in further columns that are named as in the source.

    names: our column -> the source's; labels: gene -> its name in the source.
    """
    for ours in ("gene", "sgrna", "cell_line"):
        theirs = names.get(ours, ours)
        if ours not in table or theirs in table:
            continue
        column = table[ours]
        if ours == "gene":
            is_category = isinstance(column.dtype, pd.CategoricalDtype)
            column = column.cat.rename_categories(labels) if is_category else column.map(labels)
        table = table.assign(**{theirs: column})
    return table
