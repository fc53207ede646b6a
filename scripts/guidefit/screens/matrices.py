"""Labelled matrices and maps as DepMap and Chronos distribute them: HDF5 (data, dim_0, dim_1) or CSV, and CSV tables."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from guidefit.base.errors import UserError
from guidefit.screens import text_files
from guidefit.screens.ledger import listed


def read(path: str | Path) -> pd.DataFrame:
    """A matrix with its row and column names, float64, missing values as NaN.

    path: .hdf5 or .h5 with the datasets data, dim_0 (names of rows) and dim_1 (of columns), or .csv (also .gz) with the names of
    columns in the first line and those of rows in the first column, or in the column ModelID where there is one. Raises UserError.
    """
    path = Path(path)
    name = path.name.removesuffix(".gz")
    if name.endswith((".hdf5", ".h5")):
        matrix = _read_hdf5(path)
    elif name.endswith(".csv"):
        matrix = _read_csv(path)
    else:
        raise UserError(f"{path}: unknown file type. Expected .hdf5, .h5 or .csv; text may be .gz.")
    for axis, names in (("row", matrix.index), ("column", matrix.columns)):
        repeated = names[names.duplicated()].unique()
        if len(repeated):
            raise UserError(f"{path}: {len(repeated)} {axis} name(s) occur more than once ({listed(repeated)}). Keep one of each.")
        _refuse_invisible(names, f"{path}: {axis} names")
    return matrix


def _refuse_invisible(names: pd.Index, place: str) -> None:
    found = text_files.find_invisible(names)
    if found:
        shown = listed(text_files.show_invisible(name) for name in found)
        raise UserError(f"{place}: invisible characters in {len(found)} name(s) ({shown}). Remove these characters.")


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
    return pd.DataFrame(data.astype(float, copy=False), rows, columns)


def _read_csv(path: Path) -> pd.DataFrame:
    header = text_files.read_header(path)
    repeated = pd.Index(header)[pd.Index(header).duplicated()].unique()
    if len(repeated):
        raise UserError(
            f"{path}: {len(repeated)} column(s) occur more than once in the header ({listed(repeated)}). Keep one of each."
        )
    # A row may be called NA or None: words for missing values hold for numbers only.
    names = [header[0], *({"ModelID"} & set(header))]
    missing = {column: [""] if column in names else text_files.MISSING for column in header}
    table = text_files.read_csv(
        path,
        dtype=dict.fromkeys(names, str),
        na_values=missing,
        keep_default_na=False,
        low_memory=False,
        header=0,
        names=header,
    )
    matrix = _drop_annotations(table)
    _refuse_text(matrix, path)
    matrix.columns = matrix.columns.astype(str)
    matrix.index = matrix.index.astype(str)
    return matrix.astype(float)


def _drop_annotations(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its names of rows as index, and without the columns about sequencing that newer DepMap files have."""
    text = [column for column in table.columns[1:] if not _is_numeric(table[column])]
    if "ModelID" not in table or not text:
        return table.set_index(table.columns[0])
    if "IsDefaultEntryForModel" in table:
        table = table[table["IsDefaultEntryForModel"].isin(["Yes", True, "True"])]
    numbers = [column for column in table.columns if _is_numeric(table[column])]
    return table.set_index("ModelID")[[column for column in table.columns if " (" in column] or numbers]


def _is_numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _refuse_text(matrix: pd.DataFrame, path: Path) -> None:
    """Raise UserError with the first cell of the first column that holds text, or true and false, among the numbers."""
    text = [column for column in matrix.columns if not _is_numeric(matrix[column])]
    if not text:
        return
    _, is_no_number = text_files.as_numbers(matrix[text[0]])
    rows = matrix.index[is_no_number]
    where = f", first in row {rows[0]!r}: {str(matrix[text[0]][is_no_number].iloc[0])[:40]!r}" if len(rows) else ""
    raise UserError(
        f"{path}: {len(text)} column(s) with text among the numbers ({text[0]!r}{where}). Expected numbers: correct or remove it."
    )


def refuse_beyond(matrix: pd.DataFrame, largest: float, place: str) -> None:
    """Raise UserError where the matrix (sgRNA, sample) has a value beyond +-largest or an infinite one, with row and column."""
    with np.errstate(invalid="ignore"):
        rows, columns = np.nonzero(np.abs(matrix.to_numpy()) > largest)
    if len(rows):
        first = f"{matrix.iat[rows[0], columns[0]]:.3g} in row {matrix.index[rows[0]]!r}, column {matrix.columns[columns[0]]!r}"
        raise UserError(
            f"{place}: {len(rows)} value(s) beyond {largest:g}, which no log2 fold change reaches: {first} first. "
            "If the file holds read counts, give it as screen.counts; else correct the values."
        )


def orient(matrix: pd.DataFrame, rows: Collection[str], columns: Collection[str], place: str, what: str) -> pd.DataFrame:
    """The matrix with `rows` as rows, transposed where the file has them as columns. Raises UserError where no names match.

    what: says in the message what rows and columns are.
    """
    rows, columns = set(rows), set(columns)
    as_is = min(len(rows & set(matrix.index)), len(columns & set(matrix.columns)))
    transposed = min(len(rows & set(matrix.columns)), len(columns & set(matrix.index)))
    if not as_is and not transposed:
        raise UserError(
            f"{place}: its names match neither as they are nor transposed: rows such as {listed(matrix.index, 3)}, columns such as "
            f"{listed(matrix.columns, 3)}. Expected {what}, such as {listed(sorted(rows), 3)} and {listed(sorted(columns), 3)}."
        )
    return matrix if as_is >= transposed else matrix.T


def read_map(
    path: str | Path, names: Mapping[str, Sequence[str]], own: Mapping[str, str], optional: Collection[str] = ()
) -> pd.DataFrame:
    """A CSV table of text with the columns that we know, under our names.

    names: ours -> names that files use; own: ours -> the name that the config gives; optional: those that may be absent.
    Raises UserError.
    """
    table = text_files.read_csv(path, dtype=str, keep_default_na=False)
    found, absent = {}, []
    for ours, theirs in names.items():
        known = [own[ours]] if ours in own else theirs
        column = next((name for name in known if name in table.columns), None)
        if column is not None:
            found[ours] = table[column].str.strip()
            _refuse_invisible(pd.Index(found[ours].unique()), f"{path}: column {column!r}")
        elif ours in own or ours not in optional:
            absent.append(f"{' or '.join(known)} (screen.map_columns.{ours})")
    if absent:
        raise UserError(f"{path}: missing column {'; '.join(absent)}. The file has: {', '.join(table.columns[:15])}.")
    return pd.DataFrame(found)


def read_names(path: str | Path) -> list[str]:
    """The first column of a CSV file, such as a list of control genes. Raises UserError where it is empty."""
    path = Path(path)
    names = read_map(path, {"name": [text_files.read_header(path)[0]]}, {})["name"] if path.stat().st_size else []
    found = [name for name in names if name]
    if not found:
        raise UserError(f"{path}: the file has no names. Expected a header line and one gene per line.")
    return found


def match_names(names: Sequence[str], wanted: Collection[str]) -> np.ndarray:
    """Which of the gene names are among the wanted ones; by symbol where one side lacks the number of "A1CF (29974)"."""
    exact = np.isin(names, list(wanted))
    by_symbol = np.isin([symbol(name) for name in names], [symbol(name) for name in wanted])
    return by_symbol if by_symbol.sum() > exact.sum() else exact


def symbol(label: str) -> str:
    """A1CF of "A1CF (29974)"."""
    head, bracket, rest = label.rpartition(" (")
    return head if bracket and rest.endswith(")") else label
