"""Absolute copy numbers become relative to the ploidy of each line; lines of another ploidy than the diploid one are warned of."""

import numpy as np
import pandas as pd
import pytest

from guidefit.screens import ploidy
from guidefit.screens.ledger import Ledger
from helpers.long_tables import good_table, import_screen, save_table
from helpers.remedies import import_with
from helpers.remedies_of_matrices import PLOIDY, times_ploidy


def warnings(ledger):
    return [f"{row.reason} {row.examples}" for row in ledger[ledger["action"] == "warned"].itertuples()]


def test_absolute_copies_of_a_matrix():
    expected, _ = import_with("counts")
    found, ledger = import_with("counts", times_ploidy)
    pd.testing.assert_frame_equal(found, expected)
    assert not warnings(ledger)
    assert "copy numbers relative to the ploidy of each cell line, 1.9 to 4" in ledger["reason"].tolist()


def test_absolute_copies_of_a_long_table(tmp_path):
    table = good_table()
    expected, _ = import_screen(save_table(tmp_path, table))
    of_line = {"c0": 2.0, "c1": 3.3, "c2": 4.0, "c3": 2.9}
    pd.DataFrame({"Model ID": list(of_line), "Ploidy": list(of_line.values())}).to_csv(tmp_path / "ploidy.csv", index=False)
    absolute = save_table(tmp_path, table.assign(copies=table["copies"] * table["line"].map(of_line)), "absolute.csv")
    found, _ = import_screen(absolute, copy_number_unit=None, ploidies=str(tmp_path / "ploidy.csv"))
    pd.testing.assert_frame_equal(found, expected)


def test_a_unit_that_is_known_is_not_doubted(tmp_path):
    pd.DataFrame({"cell_line": [f"c{i}" for i in range(8)], "ploidy": 2.0}).to_csv(tmp_path / "ploidy.csv", index=False)
    table = good_table(lines=8)
    _, ledger = import_screen(save_table(tmp_path, table.assign(copies=2 * table["copies"])), ploidies=str(tmp_path / "ploidy.csv"))
    assert not warnings(ledger.table())


def test_a_line_with_another_median_than_its_ploidy_is_named():
    ploidies, medians = pd.Series(PLOIDY), pd.Series({"L1": 2.0, "L2": 3.0, "L3": 3.9, "L4": 2.0})
    wrong = pd.Series({**PLOIDY, "L1": 6.5})
    for counts, of_line, expected in ((50, ploidies, 0), (50, wrong, 1), (5, wrong, 0)):
        ledger = Ledger()
        ploidy.check(medians, pd.Series(counts, medians.index), of_line, "ploidy.csv", "cn.csv", ledger)
        assert len(warnings(ledger.table())) == expected
        if expected:
            (warning,) = warnings(ledger.table())
    assert "of 1 of 4 cell line(s) is far from their ploidy" in warning
    assert "L1: " in warning
    assert "with ploidy 6.5" in warning


@pytest.mark.parametrize(
    ("diploid", "medians", "named"), [(2.0, [2.0, 1.9, 3.9], "c: 3.9"), (2.0, [2.0, 2.4, 1.7], ""), (1.0, [1, 1, 2], "")]
)
def test_lines_of_another_ploidy_are_warned_of_where_numbers_are_absolute(diploid, medians, named):
    ledger = Ledger()
    medians = pd.Series(medians, list("abc"))
    ploidy.warn_of_other_ploidies(medians, pd.Series(50, list("abc")), diploid, "cn.csv", ledger)
    found = warnings(ledger.table())
    assert len(found) == bool(named)
    assert not named or (found[0].endswith(named) and "screen.ploidy" in found[0])
    few = Ledger()
    ploidy.warn_of_other_ploidies(medians, pd.Series(5, list("abc")), diploid, "cn.csv", few)
    assert few.table().empty


def test_medians_of_lines_ignore_missing_values():
    copies = pd.DataFrame([[1.0, 3.0, np.nan], [np.nan] * 3], ["a", "b"])
    medians, counts = ploidy.of_matrix(copies)
    assert medians["a"] == 2
    assert np.isnan(medians["b"])
    assert counts.tolist() == [2, 0]
