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


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx", " =1", "\ufeff=1", " \u200b@x", "\n+1", "\uff1d1"])
def test_a_spreadsheet_finds_no_formula_in_a_written_table(tmp_path, text):
    tables.write(pd.DataFrame({"gene": [text, "plain"], "effect": [-1.0, 2.0]}), tmp_path / "t.csv")
    back = pd.read_csv(tmp_path / "t.csv")
    assert back["gene"].tolist() == [f"'{text}", "plain"]
    assert back["effect"].tolist() == [-1.0, 2.0]


def test_read_gives_the_names_that_were_written(tmp_path):
    names = ["NA", "null", "007", "=1+1", "-x", "a;b", 'say "hi"', "two\nlines", "<b>", "plain"]
    table = pd.DataFrame({"gene": pd.array(names, dtype="str"), "note": pd.array([None, *names[1:]], dtype="str"), "effect": 0.5})
    tables.write(table, tmp_path / "t.csv")
    back = tables.read(tmp_path / "t.csv")
    assert back["gene"].tolist() == names
    assert back["note"].isna().tolist() == [True] + [False] * 9
    assert back["note"].tolist()[1:] == names[1:]
    assert back["effect"].dtype == float


def test_names_that_are_numbers_are_text(tmp_path):
    names = dict.fromkeys(("gene", "sgrna", "cell_line", "variant"), "0017")
    tables.write(pd.DataFrame([names | {"seed": 17}]), tmp_path / "t.csv")
    assert tables.read(tmp_path / "t.csv").iloc[0].to_dict() == names | {"seed": 17}


def test_read_takes_an_empty_table_and_empty_numbers(tmp_path):
    tables.write(pd.DataFrame({"variant": ["a"], "rank": [float("nan")]}), tmp_path / "t.csv")
    assert tables.read(tmp_path / "t.csv")["rank"].isna().all()
    tables.write(pd.DataFrame(columns=["variant", "gene", "rank"]), tmp_path / "t.csv")
    assert tables.read(tmp_path / "t.csv").empty


def test_formulas_in_names_of_columns_are_text_too(tmp_path):
    table = pd.DataFrame({"=cmd|' /C calc'!A0": [1.0], " @x": ["a"], "plain": ["b"]})
    tables.write(table, tmp_path / "t.csv")
    assert list(pd.read_csv(tmp_path / "t.csv").columns) == ["'=cmd|' /C calc'!A0", "' @x", "plain"]
    assert list(tables.read(tmp_path / "t.csv").columns) == list(table.columns)
