"""Labelled matrices and maps: HDF5 (data, dim_0, dim_1) as DepMap distributes them, or text files of any usual format."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from guidefit.base.errors import UserError
from guidefit.screens import labels, text_files
from guidefit.screens.ledger import Ledger, listed


def read(path: str | Path, ledger: Ledger | None = None) -> pd.DataFrame:
    """A matrix with its cleaned row and column names, float64, missing values as NaN; columns that hold text stay text.

    path: HDF5 with the datasets data, dim_0 (names of rows) and dim_1 (of columns), or a text file with the names of columns in the
    first line and those of rows in the first column, or in the column ModelID where there is one. Unusual formats of text files are
    noted in the ledger. Raises UserError.
    """
    path = Path(path)
    matrix = _read_hdf5(path) if is_hdf5(path) else _read_text(path, ledger)
    for axis, names in (("row", matrix.index), ("column", matrix.columns)):
        _refuse_repeated(names, path, axis)
        _refuse_control_characters(names, f"{path}: {axis} names")
    return matrix


def is_hdf5(path: Path) -> bool:
    """Whether a file is HDF5, by its first bytes, or claims to be by its name."""
    with open(path, "rb") as file:
        return file.read(8) == b"\x89HDF\r\n\x1a\n" or path.suffix in (".hdf5", ".h5")


def _refuse_repeated(names: pd.Index, path: Path, axis: str) -> None:
    repeated = names[names.duplicated()].unique()
    if len(repeated):
        raise UserError(f"{path}: {len(repeated)} {axis} name(s) occur more than once ({listed(repeated)}). Keep one of each.")


def _refuse_control_characters(names: pd.Index, place: str) -> None:
    found = [name for name in names if labels.CONTROL.search(str(name))]
    if found:
        shown = listed(labels.show_control(name) for name in found)
        raise UserError(f"{place}: control characters in {len(found)} name(s) ({shown}). Remove these characters.")


def _read_hdf5(path: Path) -> pd.DataFrame:
    import h5py  # only needed for such files

    try:
        with h5py.File(path) as file:
            rows, columns = (file[name].asstr()[:] for name in ("dim_0", "dim_1"))
            data = file["data"][:]
    except OSError as error:
        raise UserError(f"{path}: cannot be read as HDF5: {error}.") from error
    except KeyError as error:
        raise UserError(f"{path}: a dataset is missing: {error}. Expected the datasets data, dim_0 and dim_1.") from error
    if data.dtype.kind not in "iuf":
        raise UserError(f"{path}: dataset data holds {data.dtype} values. Expected numbers.")
    if data.shape != (len(rows), len(columns)):
        raise UserError(
            f"{path}: dataset data has shape {data.shape}, but dim_0 has {len(rows)} names and dim_1 {len(columns)}. Expected one "
            "name per row and per column."
        )
    rows, columns = ([labels.clean(name) for name in names] for names in (rows, columns))
    return pd.DataFrame(data.astype(float, copy=False), rows, columns)


def _read_text(path: Path, ledger: Ledger | None) -> pd.DataFrame:
    header = text_files.read_header(path)
    # A row may be called NA or None: words for missing values hold for numbers only.
    names = {header[0] or "Unnamed: 0", *({"ModelID"} & set(header))}
    table = text_files.read(path, text=names, unique="all", ledger=ledger)
    matrix = _drop_annotations(table)
    if matrix.index.hasnans:
        matrix = matrix[matrix.index.notna() | matrix.notna().any(axis=1)]
        if matrix.index.hasnans:
            line = table.index[table[table.columns[0]].isna()][0]
            raise UserError(f"{path}: line {line} has no name in its first column. Expected the name of the row.")
    matrix.columns = matrix.columns.astype(str)
    matrix.index = matrix.index.astype(str)
    text = set(_text_columns(matrix))
    return matrix.astype({column: "float64" for column in matrix.columns if column not in text}) if text else matrix.astype(float)


def _drop_annotations(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its names of rows as index, and without the columns about sequencing that newer DepMap files have."""
    text = [column for column in table.columns[1:] if not _is_numeric(table[column])]
    if "ModelID" not in table or not text:
        return table.set_index(table.columns[0])
    if "IsDefaultEntryForModel" in table:
        table = table[table["IsDefaultEntryForModel"].isin(["Yes", True, "True"])]
    numbers = [column for column in table.columns if _is_numeric(table[column])]
    return table.set_index("ModelID")[[column for column in table.columns if " (" in column] or numbers]


def _text_columns(matrix: pd.DataFrame) -> list[str]:
    """The columns that hold text, or true and false."""
    kinds = {kind: pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind) for kind in matrix.dtypes.unique()}
    return [] if all(kinds.values()) else matrix.columns[~matrix.dtypes.map(kinds).astype(bool)].tolist()


def _is_numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def refuse_text(matrix: pd.DataFrame, place: str) -> None:
    """Raise UserError with the first cell of the first column that holds text, or true and false, among the numbers."""
    text = _text_columns(matrix)
    if not text:
        return
    _, is_no_number = text_files.as_numbers(matrix[text[0]])
    rows = matrix.index[is_no_number]
    where = f", first in row {rows[0]!r}: {str(matrix[text[0]][is_no_number].iloc[0])[:40]!r}" if len(rows) else ""
    raise UserError(
        f"{place}: {len(text)} column(s) with text among the numbers ({text[0]!r}{where}). Expected numbers: correct or remove it."
    )


def refuse_beyond(matrix: pd.DataFrame, largest: float, place: str) -> None:
    """Raise UserError where a matrix (sgRNA, sample) holds no logFC: a value beyond +-largest or infinite, or none below 0."""
    with np.errstate(invalid="ignore"):
        rows, columns = np.nonzero(np.abs(matrix.to_numpy()) > largest)
    if len(rows):
        first = f"{matrix.iat[rows[0], columns[0]]:.3g} in row {matrix.index[rows[0]]!r}, column {matrix.columns[columns[0]]!r}"
        raise UserError(
            f"{place}: {len(rows)} value(s) beyond {largest:g}, which no log2 fold change reaches: {first} first. "
            "If the file holds read counts, give it as screen.counts; else correct the values."
        )
    if is_unsigned(matrix.to_numpy()):
        raise UserError(f"{place}: {explain_unsigned()} If the file holds read counts, give it as screen.counts.")


FEWEST_VALUES = 20  # of which all could hardly be 0 or more by chance


def is_unsigned(values: np.ndarray) -> bool:
    """Whether none of the values is negative, although there are enough of them."""
    finite = values[np.isfinite(values)]
    return finite.size >= FEWEST_VALUES and bool((finite >= 0).all())


def explain_unsigned() -> str:
    """What values without a sign are, and what to do."""
    return (
        "no value is negative, so these are not log2 fold changes but counts, or fold changes without the logarithm. Give log2 of "
        "the fold changes."
    )


def orient(
    matrix: pd.DataFrame,
    rows: Collection[str],
    columns: Collection[str],
    place: str,
    what: str,
    ledger: Ledger | None = None,
) -> pd.DataFrame:
    """The matrix with `rows` as rows, transposed where the file has them as columns; the names of rows may be in any text column.

    what: says in the message what rows and columns are. Columns of text that are neither, such as annotations of genes, are left
    out and noted. Raises UserError where no names match, or where a row or column holds text.
    """
    by_axis = [labels.keys(rows), labels.keys(columns)]
    text = _text_columns(matrix)
    candidates = [None, *(column for column in text if matrix[column].is_unique and matrix[column].notna().all())]
    best, score, is_transposed = None, 0, False
    for column in candidates:
        across, down = (
            labels.keys(map(str, matrix.columns)),
            labels.keys(map(str, matrix.index if column is None else matrix[column])),
        )
        for transposed, (wanted_down, wanted_across) in ((False, by_axis), (True, by_axis[::-1])):
            matches = min(len(down & wanted_down), len(across & wanted_across))
            if matches > score:
                best, score, is_transposed = column, matches, transposed
    if not score:
        raise UserError(
            f"{place}: its names match neither in this orientation nor transposed: rows such as {listed(matrix.index, 3)}, columns "
            f"such as {listed(matrix.columns, 3)}. Expected {what}, such as {listed(sorted(rows), 3)} "
            f"and {listed(sorted(columns), 3)}."
        )
    if best is not None:
        matrix = matrix.set_index(best)
    across = by_axis[0] if is_transposed else by_axis[1]
    annotations = [column for column in text if column != best and not labels.keys([column]) & across]
    if annotations and ledger:
        ledger.note(f"{place}: {len(annotations)} column(s) of text left out", annotations)
    matrix = matrix.drop(columns=annotations)
    refuse_text(matrix, place)
    matrix = matrix.astype(float, copy=False)
    return matrix.T if is_transposed else matrix


def rename_rows(matrix: pd.DataFrame, names: Iterable[str], kind: labels.Kind, ledger: Ledger) -> pd.DataFrame:
    """The matrix with the given names for those of its rows that have another spelling of one of them; they are noted."""
    found = labels.match(dict.fromkeys(names), matrix.index, kind)
    labels.note_spelling(found, kind, ledger)
    other = {found.known[i]: name for name, i in zip(found.names, found.positions, strict=True) if i >= 0}
    return matrix if all(theirs == ours for theirs, ours in other.items()) else matrix.rename(index=other)


def read_map(
    path: str | Path,
    names: Mapping[str, Sequence[str]],
    own: Mapping[str, str],
    optional: Collection[str] = (),
    ledger: Ledger | None = None,
) -> pd.DataFrame:
    """A table of text with the columns that we know, under our names.

    names: ours -> names that files use; own: ours -> the name that the config gives; optional: those that may be absent.
    Raises UserError.
    """
    table = text_files.read(path, text="all", ledger=ledger).fillna("")
    found, absent = {}, []
    for ours, theirs in names.items():
        known = [own[ours]] if ours in own else theirs
        column = next((name for wanted in known if (name := text_files.find_column(wanted, table.columns))), None)
        if column is not None:
            found[ours] = table[column]
            _refuse_control_characters(pd.Index(found[ours].unique()), f"{path}: column {column!r}")
        elif ours in own or ours not in optional:
            absent.append(f"{' or '.join(known)} (screen.map_columns.{ours})")
    if absent and not own and set(names) >= {"sgrna", "gene"}:
        guides = _read_guides_without_header(path, ledger)
        if guides is not None:
            return guides
    if absent:
        has = text_files.list_columns(table.columns, absent[0].split(" ")[0])
        raise UserError(f"{path}: missing column {'; '.join(absent)}. The file has: {has}.")
    return pd.DataFrame(found)


_SEQUENCE = re.compile(r"[ACGTN]{15,}", re.IGNORECASE)


def _read_guides_without_header(path: str | Path, ledger: Ledger | None) -> pd.DataFrame | None:
    """sgrna and gene of a map without header, such as a library of MAGeCK (id, sequence, gene); None where it is not one.

    The column of genes is one in which the first name occurs again; that of guides has no name twice.
    """
    table = text_files.read(path, text="all", has_header=False)
    if not 2 <= len(table.columns) <= 4 or len(table) < 2:
        return None
    genes = [name for name in table if (table[name][1:] == table[name].iloc[0]).any() and table[name].nunique() > 1]
    unique = [name for name in table if table[name].is_unique and table[name].notna().all()]
    unique.sort(key=lambda name: bool(table[name].str.fullmatch(_SEQUENCE).all()))  # ids go before sequences
    if len(genes) != 1 or not unique:
        return None
    if ledger:
        ledger.note(
            f"{path}: read as a table without header, with guides in column {int(unique[0]) + 1} and genes in column "
            f"{int(genes[0]) + 1}",
            [f"{table[unique[0]].iloc[0]} of {table[genes[0]].iloc[0]}"],
        )
    return pd.DataFrame({"sgrna": table[unique[0]], "gene": table[genes[0]].fillna("")})


def read_names(path: str | Path, genes: Collection[str], ledger: Ledger | None = None) -> list[str]:
    """The names in a list of genes, such as control genes: a name per line, or a table with a column of names.

    genes: those of the screen. The column is the one with most of them, the first line a header unless it is one of them. Raises
    UserError where the file has no names.
    """
    path = Path(path)
    table = text_files.read(path, text="all", ledger=ledger, has_header=False) if path.stat().st_size else pd.DataFrame()
    columns = [table[column].dropna().tolist() for column in table]
    matches = [int(labels.match(dict.fromkeys(names), genes, "gene").found.sum()) for names in columns]
    names = columns[matches.index(max(matches))] if columns else []
    if names and not labels.match(names[:1], genes, "gene").found.all() and (len(names) > 1 or _is_heading(names[0])):
        names = names[1:]
    if not names:
        raise UserError(f"{path}: the file has no names. Expected one gene per line, under a header line or without one.")
    return names


def _is_heading(name: str) -> bool:
    return labels.fold(name) in ("gene", "genes", "symbol", "genesymbol", "hugosymbol", "name", "geneid")
