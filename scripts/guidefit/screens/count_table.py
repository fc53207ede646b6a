"""Count tables as MAGeCK writes them: a row per sgRNA, its gene, and the read counts of every sample.

A table is read once, into a Parquet file that all studies with this table share; a study reads the samples that its sheet has.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from guidefit.base import messages, parquet
from guidefit.base.errors import UserError
from guidefit.screens import counted, labels, replicates, samples, text_files
from guidefit.screens.counted import Counts
from guidefit.screens.covariates import Covariate
from guidefit.screens.depmap import BLOCK_ROWS, make_screen
from guidefit.screens.depmap_files import Files, Steps, name_genes
from guidefit.screens.ledger import Ledger, listed

GUIDE_NAMES = ("sgrna", "grna", "guide", "guideid", "sgrnaid", "id", "sgrnaname", "construct", "barcode")
GENE_NAMES = ("gene", "genes", "genesymbol", "symbol", "hugosymbol", "target", "genename", "geneid")
NO_GENE = ("", "na", "nan", "none", "null", "nogene", "#n/a")  # in lower case: cells of guides without a gene


def convert(path: str, output: str | Path) -> Ledger:
    """Read a count table and write it as Parquet: the columns sgrna and gene, then each sample's counts. Returns what was noted.

    Raises UserError where it is no count table: columns, names or counts that are wrong.
    """
    ledger = Ledger()
    header = text_files.read_header(path)
    _refuse_header(path, header)
    table = text_files.read(path, text=header[:2], unique="all", ledger=ledger)
    header = [*table.columns]
    names = table.iloc[:, :2].fillna("").set_axis(["sgrna", "gene"], axis=1)
    _refuse_guides(path, names)
    names["gene"] = names["gene"].where(~names["gene"].str.lower().isin(NO_GENE), "")
    is_number = [pd.api.types.is_numeric_dtype(table[name]) and table[name].dtype != bool for name in header[2:]]
    text = [name for name, is_one in zip(header[2:], is_number, strict=True) if not is_one]
    numbers = [name for name, is_one in zip(header[2:], is_number, strict=True) if is_one]
    _refuse_text(path, table, text)
    if text:
        ledger.note(f"{path}: {len(text)} column(s) with text left out", text)
    if not numbers:
        raise UserError(f"{path}: no column of counts. Expected sgRNA, Gene, and a column of read counts for every sample.")
    values = {name: table[name].to_numpy(np.float32) for name in numbers}
    del table
    counted.check_values(values.values(), path, ledger)
    columns = {_PREFIX + name: pa.array(values.pop(name)) for name in numbers}
    content = pa.table({name: pa.array(names[name].tolist()) for name in names} | columns)
    with parquet.writer(output, content.schema) as file:
        file.write_table(content)
    return ledger


_PREFIX = "counts: "  # of the columns of samples, so that a sample may have any name


def _refuse_header(path: str, header: list[str]) -> None:
    if len(header) < 3:
        raise UserError(
            f"{path}: the header has {len(header)} column(s) ({listed(header)}). Expected sgRNA, Gene, and a column of read "
            "counts for "
            "every sample, separated by tabs, commas or semicolons."
        )
    if labels.fold(header[0]) in GENE_NAMES and labels.fold(header[1]) in GUIDE_NAMES:
        raise UserError(
            f"{path}: the first columns are {header[0]}, {header[1]}. Expected sgRNA and then Gene: swap the two columns."
        )


def _refuse_guides(path: str, names: pd.DataFrame) -> None:
    """Raise UserError where a row has no sgRNA, an sgRNA has several rows, or genes are numbers."""
    empty = names.index[names["sgrna"] == ""]
    if len(empty):
        raise UserError(f"{path}: {len(empty)} row(s) without sgRNA, first line {empty[0]}. Fill it in, or remove the row.")
    repeated = names["sgrna"][names["sgrna"].duplicated()].unique()
    if len(repeated):
        genes = names.loc[names["sgrna"] == repeated[0], "gene"].unique()
        raise UserError(
            f"{path}: {len(repeated)} sgRNA(s) have more than one row ({listed(repeated)}; {repeated[0]} has the gene(s) "
            f"{listed(genes)}). Expected one row per sgRNA: give each a name of its own, or keep one row of each."
        )
    numbers = pd.to_numeric(names["gene"], errors="coerce")
    if numbers.notna().mean() > 0.5 and numbers.nunique() > 0.1 * len(numbers) + 1:
        raise UserError(
            f"{path}: the second column holds numbers ({listed(names['gene'], 3)}). Expected sgRNA, Gene, then the samples. A "
            "matrix of "
            "counts without genes is given as screen.counts, with screen.guide_map."
        )


def _refuse_text(path: str, table: pd.DataFrame, text: list[str]) -> None:
    """Raise UserError for columns of counts in which some cells are no numbers; columns of text are annotations."""
    for name in text:
        numbers, is_no_number = text_files.as_numbers(table[name])
        if numbers.notna().sum() > is_no_number.sum():
            row = table.index[is_no_number][0]
            raise UserError(
                f"{path}: {is_no_number.sum()} cell(s) of sample {name!r} are not numbers, first on line {row}: "
                f"{str(table[name][row])[:40]!r}. Expected a read count: correct it."
            )


def read_sheet(table: str | Path, files: Files, steps: Steps, ledger: Ledger) -> pd.DataFrame:
    """The rows of the sample sheet that have counts in a converted table. Raises UserError where there are none."""
    assert files.sequence_map
    sheet = samples.read_sheet(files.sequence_map, files.map_columns, ledger)
    with parquet.opened(table) as file:
        known = [name.removeprefix(_PREFIX) for name in file.schema_arrow.names if name.startswith(_PREFIX)]
    match = labels.match(sheet["sample"], known, "sample")
    labels.note_spelling(match, "sample", ledger)
    found = match.found
    if not found.any():
        raise UserError(
            f"{files.sequence_map}: none of its {len(sheet)} samples ({listed(sheet['sample'], 3)}) is a column of the count "
            "table, which "
            f"has {listed(known, 3)}. Correct the column sample."
        )
    lost = sheet.loc[~found, "sample"]
    if len(lost):
        hint = messages.suggestion(lost.iloc[0], known)
        ledger.warn(f"{len(lost)} of {len(sheet)} samples of {files.sequence_map} are not in the count table.{hint}", lost)
    sheet = sheet[found].assign(column=[known[i] for i in match.positions[found]])
    unused = [name for name in known if name not in set(sheet["column"])]
    if unused:
        ledger.note(
            f"{len(unused)} of {len(known)} samples of the count table left out, as the sample sheet does not have them", unused
        )
    return samples.leave_out_failed(sheet, steps.failed_qc, ledger).reset_index(drop=True)


def read_counts(table: str | Path, sheet: pd.DataFrame, sheet_place: str, place: str) -> Counts:
    """The counts of the samples of a sheet. place: the count table that messages name."""
    with parquet.opened(table) as file:
        names = file.read(["sgrna", "gene"]).to_pandas()
        values = np.empty((len(sheet), len(names)), dtype=np.float32)
        for start in range(0, len(sheet), 50):
            some = [_PREFIX + name for name in sheet["column"][start : start + 50]]
            part = file.read(some)
            values[start : start + 50] = [part[name].to_numpy() for name in some]
    guides = name_genes(names.assign(marked=False, n_alignments=np.nan))
    return Counts(values, sheet, pd.Index(names["sgrna"]), guides, place, sheet_place)


def read_all(files: Files, steps: Steps, place: str, ledger: Ledger) -> Counts:
    """The counts of all samples that the sheet has."""
    assert files.counts
    assert files.sequence_map
    return read_counts(files.counts, read_sheet(files.counts, files, steps, ledger), files.sequence_map, place)


def import_count_table(
    files: Files,
    steps: Steps,
    covariate: Covariate,
    constant_covariate: str,
    copy_number_unit: str | None,
    lost_share: float,
    place: str,
    left_out: Sequence[str] = (),
    block_rows: int = BLOCK_ROWS,
) -> tuple[Iterator[pd.DataFrame], Ledger]:
    """The screen of the chosen samples of a converted count table (files.counts), as `import_depmap` returns it.

    place: the count table that messages name; left_out: samples that are not used.
    """
    assert files.counts
    assert files.sequence_map
    ledger = Ledger(lost_share)
    sheet = read_sheet(files.counts, files, steps, ledger)
    sheet = counted.without_samples(sheet, left_out, ledger)
    arms = counted.choose_arms(sheet, steps, files.sequence_map, ledger)
    counts = read_counts(files.counts, counted.used_samples(sheet, arms), files.sequence_map, place)
    found = replicates.from_counts(counts, arms, files, steps, ledger, 4 * block_rows)
    blocks = make_screen(counts.guides, found, files, steps, covariate, constant_covariate, copy_number_unit, ledger, block_rows)
    return blocks, ledger
