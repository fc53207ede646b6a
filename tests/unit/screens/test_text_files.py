"""One reader for text files of every usual form; what cannot be read is refused with its line."""

import bz2
import gzip
import lzma
import zipfile

import numpy as np
import pandas as pd
import pytest

from guidefit.base.errors import UserError
from guidefit.screens import text_files, text_layout
from guidefit.screens.ledger import Ledger

PLAIN = "sgrna,gene,lfc,n\ns1,NA,-1.25,1000\ns2,MÄRZ-1,0.5,2\ns3,B,,3\n"
EXPECTED = pd.DataFrame(
    {"sgrna": ["s1", "s2", "s3"], "gene": ["NA", "MÄRZ-1", "B"], "lfc": [-1.25, 0.5, np.nan], "n": [1000, 2, 3]}
)
GERMAN = PLAIN.replace(",", ";").replace(".", ",")
QUOTED = "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in PLAIN.splitlines())


def zipped(text, extra=()):
    def write(path):
        with zipfile.ZipFile(path, "w") as archive:
            for name in ("folder/table.csv", *extra):
                archive.writestr(name, text)

    return write


FORMS = {
    "plain": ("t.csv", PLAIN.encode(), ""),
    "byte order mark and CRLF": ("t.csv", PLAIN.replace("\n", "\r\n").encode("utf-8-sig"), ""),
    "lines end with CR": ("t.csv", PLAIN.replace("\n", "\r").encode(), ""),
    "UTF-16": ("t.txt", PLAIN.replace(",", "\t").encode("utf-16"), "in the encoding utf-16"),
    "UTF-16 without a mark": ("t.txt", PLAIN.replace(",", "\t").encode("utf-16-le"), "in the encoding utf-16-le"),
    "UTF-16, big end first": ("t.csv", b"\xfe\xff" + PLAIN.encode("utf-16-be"), "in the encoding utf-16"),
    "Windows": ("t.csv", PLAIN.encode("cp1252"), "in the encoding cp1252"),
    "tab as .csv": ("t.csv", PLAIN.replace(",", "\t").encode(), "separated by tab"),
    "comma as .txt": ("t.txt", PLAIN.encode(), "separated by comma"),
    "semicolon": ("t.csv", PLAIN.replace(",", ";").encode(), "separated by semicolon"),
    "semicolon, decimal comma": ("t.csv", GERMAN.encode(), "separated by semicolon, with decimal commas"),
    "tab, decimal comma": ("t.tsv", GERMAN.replace(";", "\t").encode(), "with decimal commas"),
    "Excel's first line": (
        "t.csv",
        b"sep=;\n" + GERMAN.encode(),
        "separated by semicolon, with decimal commas, without its first 1",
    ),
    "comments": ("t.csv", b"#1.2\n# made by hand\n" + PLAIN.encode(), "without its first 2 line"),
    "quoted": ("t.csv", QUOTED.encode(), ""),
    "blanks": ("t.csv", PLAIN.replace(",", " , ").encode(), "blanks or invisible characters removed"),
    "empty rows and columns": ("t.csv", (PLAIN.replace("\n", ",,\n") + ",,,,,\n,,,,,\n").encode(), ""),
    "gzip": ("t.csv.gz", gzip.compress(PLAIN.encode()), ""),
    "bzip2": ("t.csv.bz2", bz2.compress(PLAIN.encode()), ""),
    "xz": ("t.csv.xz", lzma.compress(PLAIN.encode()), ""),
    "gzip without its ending": ("t.csv", gzip.compress(PLAIN.encode()), ""),
    "zip": ("t.csv.zip", zipped(PLAIN), ""),
    "zip from a Mac": ("t.zip", zipped(PLAIN, ["__MACOSX/._table.csv"]), ""),
}


@pytest.mark.parametrize(("name", "content", "noted"), FORMS.values(), ids=FORMS.keys())
def test_every_form_gives_the_same_table(tmp_path, name, content, noted):
    path, ledger = tmp_path / name, Ledger()
    content(path) if callable(content) else path.write_bytes(content)
    table = text_files.read(path, text=["sgrna", "gene"], ledger=ledger)
    pd.testing.assert_frame_equal(table.reset_index(drop=True), EXPECTED, check_dtype=False)
    reasons = " ".join(ledger.table()["reason"])
    assert noted in reasons
    assert bool(noted) == bool(reasons)


@pytest.mark.parametrize("word", ["#N/A", "#NV", "#N/D", "NA", "n/a", "-", ".", "NULL", "nan", "<NA>"])
def test_markers_of_missing_numbers(tmp_path, word):
    (tmp_path / "t.csv").write_text(f"sgrna,gene,lfc\ns1,A,{word}\ns2,B,1.5\n")
    assert text_files.read(tmp_path / "t.csv", text=["sgrna", "gene"])["lfc"].isna().tolist() == [True, False]


def test_a_name_may_be_a_word_for_a_missing_number_but_no_marker_of_a_spreadsheet(tmp_path):
    (tmp_path / "t.csv").write_text("sgrna,gene\ns1,NA\ns2,None\ns3,#N/A\ns4, #REF! \ns5,\n")
    table = text_files.read(tmp_path / "t.csv", text="all")
    assert table["gene"].fillna("missing").tolist() == ["NA", "None", "missing", "missing", "missing"]


def test_numbers_that_stay_text_keep_what_is_no_number(tmp_path):
    (tmp_path / "t.csv").write_text("sgrna;lfc\ns1;1,5\ns2;many\ns3;\n")
    table = text_files.read(tmp_path / "t.csv", text=["sgrna"], unparsed=["lfc"])
    numbers, is_no_number = text_files.as_numbers(table["lfc"])
    np.testing.assert_array_equal(numbers, [1.5, np.nan, np.nan])
    assert is_no_number.tolist() == [False, True, False]


def test_a_table_without_header_and_the_line_of_each_row(tmp_path):
    (tmp_path / "t.txt").write_text("A\nB\nC\n")
    assert text_files.read(tmp_path / "t.txt", text="all", has_header=False)["0"].tolist() == ["A", "B", "C"]
    (tmp_path / "t.csv").write_text("sep=,\na,b\n1,2\n3,4\n")
    assert text_files.read(tmp_path / "t.csv").index.tolist() == [3, 4]


def test_a_header_longer_than_the_first_look(tmp_path, monkeypatch):
    monkeypatch.setattr(text_layout, "SAMPLE_BYTES", 64)
    names = [f"guide_{i}" for i in range(50)]
    (tmp_path / "t.csv").write_text("\n".join([";".join(["", *names]), ";".join(["s1", *["1,5"] * 50])]))
    table = text_files.read(tmp_path / "t.csv", text=["Unnamed: 0"])
    assert list(table.columns[1:]) == names
    assert (table[names] == 1.5).all(axis=None)


def test_repeated_names_get_a_number_or_are_refused(tmp_path):
    (tmp_path / "t.csv").write_text("a,b,b\n1,2,3\n")
    assert list(text_files.read(tmp_path / "t.csv", unique=["a"])) == ["a", "b", "b.2"]
    for unique in ("all", ["b"]):
        with pytest.raises(UserError, match=r"t.csv: 1 column.s. occur more than once in the header \(b\)"):
            text_files.read(tmp_path / "t.csv", unique=unique)


def test_columns_are_found_but_for_case_and_punctuation():
    assert text_files.find_column("cell line", ["gene", "Cell_Line"]) == "Cell_Line"
    assert text_files.find_column("gene", ["Gene", "GENE"]) is None
    assert text_files.find_column("gene", ["Gene", "gene"]) == "gene"


def workbook(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "")
        archive.writestr("xl/workbook.xml", "")


REFUSED = {
    "NUL": ("t.csv", b"a,b\n1,2\n3\x00,4\n", "t.csv: line 3 contains a NUL character"),
    "NUL in gzip": ("t.csv.gz", gzip.compress(b"a,b\n1,2\n3\x00,4\n"), "t.csv.gz: line 3 contains a NUL character"),
    "wide first row": ("t.csv", b"a,b\n1,2,3\n", "line 2 has 3 cells, but the header has 2 names.*row.names = FALSE"),
    "wide first row after a blank line": ("t.csv", b"a,b\n\n1,2,3\n", "line 3 has 3 cells, but the header has 2 names"),
    "wide row": ("t.csv", b"a,b\n1,2\n1,2\n1,2,3\n", "line 4 has 3 cells, but 2 are expected. Remove the surplus cells"),
    "empty": ("t.csv", b"", "the file is empty. Expected a header line"),
    "blank lines": ("t.csv", b"\n\n", "the file is empty. Expected a header line"),
    "workbook": ("t.xlsx", b"PK\x03\x04", "this is a workbook of a spreadsheet program, which is not read.*CSV in UTF-8"),
    "workbook by content": ("t.csv", workbook, "t.csv: this is a workbook of a spreadsheet program"),
    "old workbook": ("t.csv", b"\xd0\xcf\x11\xe0\xa1\xb1", r"a workbook of a spreadsheet program \(.xls\)"),
    "web page": ("t.csv", b"<!DOCTYPE html><html>", "this is a web page or XML, not a table. Download the file itself"),
    "PDF": ("t.csv", b"%PDF-1.7", "this is a PDF document"),
    "two tables in a zip": ("t.zip", zipped(PLAIN, ["b.csv"]), r"holds 2 files \(folder/table.csv, b.csv\). Expected one"),
    "broken zip": ("t.zip", b"PK\x03\x04broken", "cannot be read as a zip archive"),
    "broken gzip": ("t.csv.gz", gzip.compress(PLAIN.encode() * 99)[:-20], "cannot be read as a table"),
    "thousands": ("t.tsv", b"a\tb\n1,234\t5\n2,345\t6\n", "1,234, 2,345 may have a decimal comma or a separator of thousands"),
    "not there": ("", b"", "no such file"),
}


@pytest.mark.parametrize(("name", "content", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_is_refused(tmp_path, name, content, message):
    path = tmp_path / (name or "none.csv")
    if name:
        content(path) if callable(content) else path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        text_files.read(path)


def test_a_nul_character_is_counted_over_several_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(text_layout, "CHUNK_BYTES", 3)
    monkeypatch.setattr(text_layout, "SAMPLE_BYTES", 3)
    (tmp_path / "t.csv").write_bytes(b"a,b\n1,2\n1,2\n1,2\n1,2\n1,2\n3\x00,4\n")
    with pytest.raises(UserError, match="line 7 contains a NUL"):
        text_files.read(tmp_path / "t.csv")


def test_numbers_and_what_is_not_one():
    numbers, is_no_number = text_files.as_numbers(pd.Series(["1.5", "-2e3", None, "two", "True"], dtype=object))
    np.testing.assert_array_equal(numbers, [1.5, -2000, np.nan, np.nan, np.nan])
    assert is_no_number.tolist() == [False, False, False, True, True]
    numbers, is_no_number = text_files.as_numbers(pd.Series([1, True, 2.5, None], dtype=object))
    np.testing.assert_array_equal(numbers, [1, np.nan, 2.5, np.nan])
    assert is_no_number.tolist() == [False, True, False, False]
    assert text_files.as_numbers(pd.Series([True, False]))[1].all()
