"""Labelled matrices and maps as DepMap and Chronos distribute them: HDF5 (data, dim_0, dim_1) or CSV, and CSV tables."""

import gzip
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from guidefit.base.errors import UserError
from guidefit.screens.ledger import MISSING, listed


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
        raise UserError(f"{path}: file type not known. Use .hdf5, .h5 or .csv; text may be .gz.")
    for axis, labels in (("row", matrix.index), ("column", matrix.columns)):
        doubled = labels[labels.duplicated()].unique()
        if len(doubled):
            raise UserError(f"{path}: {len(doubled)} {axis} name(s) stand there twice ({listed(doubled)}). Keep one of each.")
    return matrix


def _read_hdf5(path: Path) -> pd.DataFrame:
    import h5py  # only where there is such a file

    try:
        with h5py.File(path) as file:
            rows, columns = (file[name].asstr()[:] for name in ("dim_0", "dim_1"))
            return pd.DataFrame(file["data"][:].astype(float, copy=False), rows, columns)
    except OSError as error:
        raise UserError(f"{path}: cannot be read as HDF5: {error}.") from error
    except KeyError as error:
        raise UserError(f"{path}: no dataset of that name: {error}. It needs data, dim_0 and dim_1.") from error


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else open(path) as file:
            header = pd.read_csv(file, header=None, nrows=1, dtype=str, keep_default_na=False).iloc[0]
        doubled = header[header.duplicated()].unique()
        if len(doubled):
            raise UserError(f"{path}: {len(doubled)} column(s) stand in the header twice ({listed(doubled)}). Keep one of each.")
        # A row may well be called NA or None: only numbers are missing by a word.
        names = [header[0], *({"ModelID"} & set(header))]
        missing = {column: [""] if column in names else MISSING for column in header}
        table = pd.read_csv(
            path,
            dtype=dict.fromkeys(names, str),
            na_values=missing,
            keep_default_na=False,
            low_memory=False,
            header=0,
            names=header,
        )
    except (OSError, EOFError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(f"{path}: cannot be read as a table: {error}".rstrip()) from error
    words = [column for column in table.columns[1:] if not pd.api.types.is_numeric_dtype(table[column])]
    if "ModelID" in table and words:  # newer DepMap files have columns about the sequencing beside the genes
        if "IsDefaultEntryForModel" in table:
            table = table[table["IsDefaultEntryForModel"].isin(["Yes", True, "True"])]
        numbers = [column for column in table.columns if pd.api.types.is_numeric_dtype(table[column])]
        table = table.set_index("ModelID")[[column for column in table.columns if " (" in column] or numbers]
    else:
        table = table.set_index(table.columns[0])
    words = [column for column in table.columns if not pd.api.types.is_numeric_dtype(table[column])]
    if words:
        values = pd.to_numeric(table[words[0]], errors="coerce")
        row = table.index[values.isna() & table[words[0]].notna()]
        where = f", first in row {row[0]!r}: {table.loc[row[0], words[0]]!r}" if len(row) else ""
        raise UserError(f"{path}: {len(words)} column(s) with text among the numbers ({words[0]!r}{where}). Correct or remove it.")
    table.columns = table.columns.astype(str)
    table.index = table.index.astype(str)
    return table.astype(float)


def turned(matrix: pd.DataFrame, rows: Collection[str], columns: Collection[str], place: str, what: str) -> pd.DataFrame:
    """The matrix with `rows` as rows, whichever way the file has it. Raises UserError where nothing matches."""
    rows, columns = set(rows), set(columns)
    straight = min(len(rows & set(matrix.index)), len(columns & set(matrix.columns)))
    crossed = min(len(rows & set(matrix.columns)), len(columns & set(matrix.index)))
    if not straight and not crossed:
        raise UserError(
            f"{place}: its names fit neither way: rows such as {listed(matrix.index, 3)}, columns such as "
            f"{listed(matrix.columns, 3)}; needed: {what} (such as {listed(sorted(rows), 3)} and {listed(sorted(columns), 3)})."
        )
    return matrix if straight >= crossed else matrix.T


def read_map(
    path: str | Path, names: Mapping[str, Sequence[str]], own: Mapping[str, str], optional: Collection[str] = ()
) -> pd.DataFrame:
    """A CSV table of text with the columns that we know, under our names.

    names: ours -> names that files use; own: ours -> the name that the config gives; optional: those that may be absent.
    Raises UserError.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(f"{path}: cannot be read as a table: {error}".rstrip()) from error
    found, absent = {}, []
    for ours, theirs in names.items():
        known = [own[ours]] if ours in own else theirs
        column = next((name for name in known if name in table.columns), None)
        if column is not None:
            found[ours] = table[column].str.strip()
        elif ours in own or ours not in optional:
            absent.append(f"{' or '.join(known)} (screen.map_columns.{ours})")
    if absent:
        raise UserError(f"{path}: missing column {'; '.join(absent)}. The file has: {', '.join(table.columns[:15])}.")
    return pd.DataFrame(found)


def read_names(path: str | Path) -> list[str]:
    """The first column of a CSV file, such as a list of control genes. Raises UserError where it is empty."""
    names = read_map(path, {"name": [pd.read_csv(path, nrows=0).columns[0]]}, {})["name"] if Path(path).stat().st_size else []
    found = [name for name in names if name]
    if not found:
        raise UserError(f"{path}: no names. It needs a header line and a gene per line.")
    return found


def match_names(names: Sequence[str], wanted: Collection[str]) -> np.ndarray:
    """Which of the gene names are among the wanted ones; by symbol where one side has no "A1CF (29974)"."""
    exact = np.isin(names, list(wanted))
    by_symbol = np.isin([symbol(name) for name in names], [symbol(name) for name in wanted])
    return by_symbol if by_symbol.sum() > exact.sum() else exact


def symbol(label: str) -> str:
    """A1CF of "A1CF (29974)"."""
    head, bracket, rest = label.rpartition(" (")
    return head if bracket and rest.endswith(")") else label
