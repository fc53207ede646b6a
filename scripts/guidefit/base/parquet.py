"""Parquet files with checksums of their pages, which know for which study, variant and seeds they were written.

A reader verifies both, so that a damaged file, or the file of another fit in its place, is an error and not a wrong number.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from guidefit.base import places, startup
from guidefit.base.errors import AGAIN, UserError

KEY = places.KEY.encode()


def write(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table with checksums and the ids that its path names."""
    content = pa.Table.from_pandas(table)
    with writer(path, content.schema) as file:
        file.write_table(content)


def writer(path: str | Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A writer of tables of this schema, one after another, with checksums and the ids that the path names."""
    ids = places.ids_of(path)
    metadata = dict(schema.metadata or {}) | ({KEY: json.dumps(ids).encode()} if ids else {})
    return pq.ParquetWriter(path, schema.with_metadata(metadata or None), write_page_checksum=True)


def read(path: str | Path, columns: list[str] | None = None, filters: Any = None) -> pd.DataFrame:
    """The table of a file, or some of its columns and rows.

    Raises UserError where the file is damaged or belongs to another place of the results.
    """
    with _explained(path, ValueError, KeyError):
        _refuse_other(path, pq.read_schema(path).metadata)
        return pd.read_parquet(path, columns=columns, filters=filters, page_checksum_verification=True)


@contextmanager
def opened(path: str | Path, read_dictionary: list[str] | None = None) -> Iterator[pq.ParquetFile]:
    """A file whose row groups are read one after another, with the errors of `read`."""
    with _explained(path), pq.ParquetFile(path, read_dictionary=read_dictionary, page_checksum_verification=True) as file:
        _refuse_other(path, file.schema_arrow.metadata)
        yield file


@contextmanager
def _explained(path: str | Path, *further: type[Exception]) -> Iterator[None]:
    """Turns what PyArrow raises on a damaged file, and further errors, into a UserError that names the file.

    Errors that are clear (a missing file, no memory) stay as they are; the job's start explains a truncated file.
    """
    try:
        yield
    except (OSError, pa.ArrowException, *further) as error:
        is_clear = isinstance(error, UserError | MemoryError) or getattr(error, "errno", None) is not None
        if is_clear or startup.is_truncated(str(path)):
            raise
        raise UserError(f"{path} is damaged ({type(error).__name__}: {error}). {AGAIN}") from error


def _refuse_other(path: str | Path, metadata: Mapping[bytes, bytes] | None) -> None:
    places.refuse_other(path, json.loads((metadata or {}).get(KEY, b"{}")))
