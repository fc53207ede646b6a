"""Parquet files whose pages have checksums, and which know what they were written for."""

import json
import random

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from guidefit.base import parquet
from guidefit.base.errors import UserError

TABLE = pd.DataFrame(
    {
        "gene": pd.Series(["TP53", "NA", ""] * 2000, dtype="str"),
        "kind": pd.Categorical(["u", "v"] * 3000),
        "value": np.random.default_rng(1).normal(size=6000),
    }
)
FIT = "results/s/fits/v/seeds_0-4/estimates.parquet"


def place(folder, path):
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    return folder / path


@pytest.mark.parametrize("table", [TABLE, TABLE.head(0), pd.DataFrame(columns=["a", "b"])])
def test_a_table_is_read_as_pandas_would(table, tmp_path):
    path = place(tmp_path, FIT)
    parquet.write(table, path)
    table.to_parquet(tmp_path / "plain.parquet")
    pd.testing.assert_frame_equal(parquet.read(path), pd.read_parquet(tmp_path / "plain.parquet"))
    some = parquet.read(path, list(table.columns[:1]))
    pd.testing.assert_frame_equal(some, table[list(table.columns[:1])])


def test_filters_select_rows(tmp_path):
    parquet.write(TABLE, tmp_path / "t.parquet")
    assert set(parquet.read(tmp_path / "t.parquet", ["gene", "value"], [("gene", "in", ["TP53"])])["gene"]) == {"TP53"}


def test_flipped_bytes_are_found_wherever_they_are(tmp_path):
    """Either the file is refused, or the flip was in bytes that carry no data and the table is right."""
    path = place(tmp_path, FIT)
    parquet.write(TABLE, path)
    content = path.read_bytes()
    messages = []
    for at in random.Random(1).sample(range(4, len(content) - 8), 150):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x41]) + content[at + 1 :])
        try:
            pd.testing.assert_frame_equal(parquet.read(path), TABLE)
        except UserError as error:
            messages.append(str(error))
    assert len(messages) > 140
    assert all(message.startswith(f"{path} is damaged (") for message in messages)
    assert all(message.endswith("Delete it and run again: the workflow then makes it again.") for message in messages)


def test_flipped_bytes_are_found_by_row_groups_too(tmp_path):
    path = tmp_path / "t.parquet"
    parquet.write(TABLE, path)
    content = path.read_bytes()
    at = content.index(TABLE["value"].iloc[4000].tobytes())
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    with pytest.raises(UserError, match=r"t\.parquet is damaged .*CRC"), parquet.opened(path) as file:
        file.read_row_groups([0])


def test_a_truncated_or_missing_file_is_left_to_the_start_of_the_job(tmp_path):
    path = tmp_path / "t.parquet"
    parquet.write(TABLE, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(pa.ArrowInvalid):
        parquet.read(path)
    with pytest.raises(FileNotFoundError):
        parquet.read(tmp_path / "none.parquet")


def test_a_file_names_its_fit(tmp_path):
    path = place(tmp_path, FIT)
    parquet.write(TABLE, path)
    ids = json.loads(pq.read_schema(path).metadata[parquet.KEY])
    assert ids == {"study": "s", "variant": "v", "seeds": "0-4", "file": "estimates.parquet"}


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("results/t/fits/v/seeds_0-4/estimates.parquet", "study t, variant v, seeds 0-4"),
        ("results/s/fits/w/seeds_0-4/estimates.parquet", "study s, variant w, seeds 0-4"),
        ("results/s/fits/v/seeds_5-9/estimates.parquet", "study s, variant v, seeds 5-9"),
        ("results/s/fits/v/seeds_0-4/ranks.parquet", "study s, variant v, seeds 0-4, file ranks.parquet"),
    ],
)
def test_the_file_of_another_fit_is_refused(other, expected, tmp_path):
    path = place(tmp_path, FIT)
    parquet.write(TABLE, path)
    moved = place(tmp_path / "elsewhere", other)
    moved.write_bytes(path.read_bytes())
    message = rf"{moved} was written for study s, variant v, seeds 0-4, .*, and {expected}.* was expected in its place. Delete it"
    with pytest.raises(UserError, match=message):
        parquet.read(moved)
    with pytest.raises(UserError, match=message), parquet.opened(moved):
        pass


def test_results_may_move_as_a_whole(tmp_path):
    path = place(tmp_path, FIT)
    parquet.write(TABLE, path)
    moved = place(tmp_path / "archive", FIT)
    path.rename(moved)
    assert len(parquet.read(moved)) == len(TABLE)
    unrelated = tmp_path / "mine.parquet"
    unrelated.write_bytes(moved.read_bytes())
    assert len(parquet.read(unrelated)) == len(TABLE)
