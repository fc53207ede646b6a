"""The ledger of an import."""

import pytest

from guidefit.base import tables
from guidefit.base.errors import UserError
from guidefit.screens.ledger import JOINS, Ledger, listed, read_warnings


def test_joins_are_recorded_and_losses_of_the_screen_warned_of_or_refused():
    ledger = Ledger(lost_share=0.34)
    ledger.join("guide map", "guides of the data", 5, [])
    ledger.join("data", "guides of the guide map", 50, [f"g{i}" for i in range(40)])
    ledger.join_of_screen("copy numbers", "cell lines of the data", 3, ["HT-29"])
    assert ledger.joins().columns.tolist() == list(JOINS)
    assert ledger.joins()[["total", "matched", "lost"]].to_numpy().tolist() == [[5, 5, 0], [50, 10, 40], [3, 2, 1]]
    assert ledger.joins()["examples"].tolist() == ["", "g0, g1, g2, g3, g4, ...", "HT-29"]
    assert ledger.table()["reason"].tolist() == ["1 of 3 cell lines of the data are not in the copy numbers, and are left out"]
    assert ledger.table()["action"].tolist() == ["warned"]
    with pytest.raises(
        UserError, match=r"2 of 3 cell lines of the data are not in the copy numbers \(A, B\): .* A ~ a\. Correct the"
    ):
        ledger.join_of_screen("copy numbers", "cell lines of the data", 3, ["A", "B"], "Alike: A ~ a. ")


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
    assert listed(["x" * 500, "y"]) == f"{'x' * 40}..., y"


def test_warnings_are_read_back_with_their_examples(tmp_path):
    ledger = Ledger()
    ledger.note("odd", ["a"])
    ledger.warn("=2 samples failed", ["s1", "s2"])
    ledger.warn("the centre is no null")
    tables.write(ledger.table(), tmp_path / "dropped.csv")
    assert read_warnings(tmp_path / "dropped.csv") == ["=2 samples failed (s1, s2)", "the centre is no null"]
    tables.write(Ledger().table(), tmp_path / "dropped.csv")
    assert read_warnings(tmp_path / "dropped.csv") == []
