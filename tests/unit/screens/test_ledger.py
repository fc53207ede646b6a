"""The ledger of an import."""

from guidefit.base import tables
from guidefit.screens.ledger import Ledger, find_date_like_names, listed, read_warnings


def test_names_that_a_spreadsheet_mangled():
    names = ["1-Mar", "2-Sep", "Dec-01", "2006/09/02", "MARCHF1", "H1-0", "NKX2-1", "HLA-A", "SEPTIN2", "DEC1"]
    assert find_date_like_names(names) == ["1-Mar", "2-Sep", "Dec-01", "2006/09/02"]


def test_the_ledger_counts_what_was_left_out_and_notes_what_was_kept():
    ledger = Ledger()
    ledger.drop("missing", 0, [])
    ledger.drop("missing", 7, [f"g{i}" for i in range(9)])
    ledger.note("odd", ["a"])
    table = ledger.table()
    assert table["action"].tolist() == ["dropped", "noted"]
    assert table["rows"].tolist()[0] == 7
    assert table["examples"].tolist() == ["g0, g1, g2, g3, g4, ...", "a"]
    assert listed(range(3), 2) == "0, 1, ..."


def test_warnings_are_read_back_with_their_examples(tmp_path):
    ledger = Ledger()
    ledger.note("odd", ["a"])
    ledger.warn("=2 samples failed", ["s1", "s2"])
    ledger.warn("the centre is no null")
    tables.write(ledger.table(), tmp_path / "dropped.csv")
    assert read_warnings(tmp_path / "dropped.csv") == ["=2 samples failed (s1, s2)", "the centre is no null"]
    tables.write(Ledger().table(), tmp_path / "dropped.csv")
    assert read_warnings(tmp_path / "dropped.csv") == []
