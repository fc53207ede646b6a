import pandas as pd
import pytest

from guidefit.base import tables

FULL = pd.DataFrame({"gene": pd.array(["a", "b"], dtype="str"), "effect": [1.0, 2.0]})
NONE = pd.DataFrame({"gene": [], "effect": []}, dtype=object)


def test_concatenate_leaves_out_empty_tables():
    table = tables.concatenate([NONE, FULL, NONE, FULL])
    assert table["effect"].tolist() == [1.0, 2.0, 1.0, 2.0]
    assert table.index.tolist() == [0, 1, 2, 3]
    assert table.dtypes.equals(FULL.dtypes)


def test_concatenate_of_empty_tables_keeps_the_columns_and_types_of_the_first():
    table = tables.concatenate([FULL.iloc[:0], NONE])
    assert table.empty
    assert table.dtypes.equals(FULL.dtypes)


def test_concatenate_chooses_columns():
    assert list(tables.concatenate([FULL, FULL], ["effect"])) == ["effect"]
    assert list(tables.concatenate([], ["effect", "gene"])) == ["effect", "gene"]
    assert tables.concatenate([]).empty


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx"])
def test_a_spreadsheet_finds_no_formula_in_a_written_table(tmp_path, text):
    tables.write(pd.DataFrame({"gene": [text, "plain"], "effect": [-1.0, 2.0]}), tmp_path / "t.csv")
    back = pd.read_csv(tmp_path / "t.csv")
    assert back["gene"].tolist() == [f"'{text}", "plain"]
    assert back["effect"].tolist() == [-1.0, 2.0]
