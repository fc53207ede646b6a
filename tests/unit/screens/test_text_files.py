"""Text files that pandas would accept without a word, or refuse in its own terms."""

import gzip

import numpy as np
import pandas as pd
import pytest

from guidefit.base.errors import UserError
from guidefit.screens import text_files


def test_a_nul_character_is_refused_with_its_line(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_bytes(b"a,b\n1,2\n3\x00,4\n")
    with pytest.raises(UserError, match=r"t.csv: line 3 contains a NUL character"):
        text_files.read_csv(tmp_path / "t.csv")
    monkeypatch.setattr(text_files, "CHUNK_BYTES", 3)  # the line is counted over several chunks
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n3\x00,4\n"))
    with pytest.raises(UserError, match=r"t.csv.gz: line 3 contains a NUL character"):
        text_files.read_csv(tmp_path / "t.csv.gz")


def test_a_file_of_another_encoding_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\nä,1\n", encoding="utf-16")
    with pytest.raises(UserError, match=r"t.csv: line 1 contains a NUL character.*UTF-8"):
        text_files.read_csv(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("a,b\nä,1\n", encoding="latin-1")
    with pytest.raises(UserError, match=r"t.csv: cannot be read as a table: .*utf-8"):
        text_files.read_csv(tmp_path / "t.csv")


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n", encoding="utf-8-sig")
    assert text_files.read_header(tmp_path / "t.csv") == ["a", "b"]
    assert list(text_files.read_csv(tmp_path / "t.csv").columns) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2,3\n", "line 2 has 3 cells, but the header has 2 names"),
        ("a,b\n\n1,2,3\n", "line 3 has 3 cells, but the header has 2 names"),
        ("a,b\n1,2\n1,2\n1,2,3\n", "line 4 has 3 cells, but 2 are expected. Remove the surplus cells"),
        ("", "the file is empty. Expected a header line"),
    ],
)
def test_malformed_lines_are_named(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        text_files.read_csv(tmp_path / "t.csv")


def test_invisible_characters_are_found_and_shown():
    names = ["plain", "soft\u00adhyphen", "zero\u200bwidth", "tab\there", 7, "zero\u200bwidth", "ä β 基因"]
    assert [text_files.show_invisible(name) for name in text_files.find_invisible(names)] == [
        "soft\\u00adhyphen",
        "zero\\u200bwidth",
        "tab\\u0009here",
    ]


def test_numbers_and_what_is_not_one():
    numbers, is_no_number = text_files.as_numbers(pd.Series(["1.5", "-2e3", None, "two", "True"], dtype=object))
    np.testing.assert_array_equal(numbers, [1.5, -2000, np.nan, np.nan, np.nan])
    assert is_no_number.tolist() == [False, False, False, True, True]
    numbers, is_no_number = text_files.as_numbers(pd.Series([1, True, 2.5, None], dtype=object))
    np.testing.assert_array_equal(numbers, [1, np.nan, 2.5, np.nan])
    assert is_no_number.tolist() == [False, True, False, False]
    assert text_files.as_numbers(pd.Series([True, False]))[1].all()
