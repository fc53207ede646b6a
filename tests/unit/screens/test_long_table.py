"""Long tables: every file type, and every kind of malformed input with its place in the message."""

import numpy as np
import pandas as pd
import pytest

from guidefit.base.errors import UserError
from helpers.long_tables import good_table, import_screen


def import_text(tmp_path, text, name="screen.csv", **settings):
    (tmp_path / name).write_text(text)
    table, ledger = import_screen(tmp_path / name, **settings)
    return table, ledger.table()


def import_table(tmp_path, table, **settings):
    return import_text(tmp_path, table.to_csv(index=False), **settings)


@pytest.mark.parametrize("name", ["s.csv", "s.tsv", "s.txt", "s.parquet", "s.csv.gz", "s.tsv.gz"])
def test_every_file_type_gives_the_same_table(tmp_path, name):
    table, path = good_table(), tmp_path / name
    if name.endswith("parquet"):
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False, sep="," if ".csv" in name else "\t")  # gzipped by its name
    found, ledger = import_screen(path)
    dropped = ledger.table()
    assert list(found.columns) == ["gene", "sgrna", "cell_line", "cna", "x", "logfc", "x_diploid", "note", "source_x"]
    np.testing.assert_allclose(found["logfc"], table["lfc"])
    np.testing.assert_allclose(found["x"], np.log2(table["copies"] + 1))
    assert dropped["action"].eq("noted").all()
    assert (found["x_diploid"] == 1).all()


def change(column, row, value):
    def changed(table):
        table = table.astype({column: object})
        table.loc[row, column] = value
        return table

    return changed


BAD_TABLES = {
    "missing column": (
        lambda t: t.drop(columns="copies"),
        [r"missing column 'copies' \(screen.columns.cna\)", "The file has: guide"],
    ),
    "not a number": (change("copies", 2, "two"), ["'copies': not a number .'two'. in 1 row", r"line\(s\) 4"]),
    "infinite": (change("lfc", 0, np.inf), ["'lfc': infinite value in 1 row", r"line\(s\) 2"]),
    "negative copy number": (change("copies", [1, 3], -0.5), ["'copies': negative copy number in 2 row", r"line\(s\) 3, 5"]),
    "missing value": (change("lfc", 5, None), ["'lfc': missing value in 1 row", r"line\(s\) 7", "screen.missing: drop"]),
    "missing gene": (change("symbol", 5, None), ["'symbol': missing value in 1 row"]),
    "duplicate": (lambda t: pd.concat([t, t.tail(1)]), ["same sgRNA and cell line more than once .s3 in c3. in 2 row", "17, 18"]),
    "sgRNA of two genes": (change("symbol", 0, "g9"), ["1 sgRNA.s. of several genes .s0."]),
    "one cell line": (lambda t: t[t["line"] == "c0"], ["'line': fewer than two cell lines .c0."]),
    "no variation": (
        lambda t: t.assign(copies=t["copies"].where(t["symbol"] != "g0", 2.0)),
        ["'copies': no variation", "g0; 8 rows", "constant_covariate: drop"],
    ),
    "beyond any assay": (
        change("lfc", [3, 4], [-71.0, 1e6]),
        [r"'lfc': value beyond 50 \(up to 1e\+06\), which no log2 fold change reaches, in 2 row", r"line\(s\) 5, 6"],
    ),
    "true as a number": (change("copies", 2, True), [r"'copies': not a number \('True'\) in 1 row", r"line\(s\) 4"]),
    "escape character": (
        change("symbol", 6, "g0\x1b"),
        [r"'symbol': control characters \(g0\\u001b\) in 1 row", r"line\(s\) 8", "remove these characters"],
    ),
    "fold changes": (
        lambda t: pd.concat([t.assign(lfc=2 ** t["lfc"]), t.assign(guide="more" + t["guide"], lfc=1.0)]),
        ["'lfc': no value is negative, so these are not log2 fold changes"],
    ),
    "no rows": (lambda t: t.head(0), ["no rows under the header"]),
    "two headers of one name": (
        lambda t: t.rename(columns={"note": "lfc"}),
        [r"1 column\(s\) occur more than once in the header \(lfc\)"],
    ),
}


@pytest.mark.parametrize(("spoil", "messages"), BAD_TABLES.values(), ids=BAD_TABLES.keys())
def test_a_malformed_table_is_refused_with_its_place(tmp_path, spoil, messages):
    with pytest.raises(UserError) as error:
        import_table(tmp_path, spoil(good_table()))
    for message in ["screen.csv", *messages]:
        error.match(message)


def test_files_that_are_no_tables(tmp_path):
    with pytest.raises(UserError, match="the file is empty"):
        import_text(tmp_path, "")
    with pytest.raises(UserError, match="no such file"):
        import_screen(tmp_path / "none.csv")
    with pytest.raises(UserError, match=r"screen.xlsx: this is a workbook of a spreadsheet program"):
        import_text(tmp_path, "x", name="screen.xlsx")
    (tmp_path / "broken.parquet").write_text("no parquet")
    with pytest.raises(UserError, match="cannot be read"):
        import_screen(tmp_path / "broken.parquet")


def test_all_problems_are_reported_at_once(tmp_path):
    table = change("copies", 2, "two")(change("lfc", 0, np.inf)(good_table()))
    with pytest.raises(UserError, match="2 problem"):
        import_table(tmp_path, table)


def test_missing_values_are_dropped_and_counted_where_asked(tmp_path):
    table = change("lfc", [0, 1], None)(change("symbol", 5, None)(good_table()))
    found, dropped = import_table(tmp_path, table, missing="drop")
    assert len(found) == len(table) - 3
    assert dropped.query("action == 'dropped'").set_index("reason")["rows"].to_dict() == {"missing symbol": 1, "missing lfc": 2}


def test_genes_without_variation_are_dropped_and_counted_where_asked(tmp_path):
    table = good_table().assign(copies=lambda t: t["copies"].where(t["symbol"] != "g0", 2.0))
    found, dropped = import_table(tmp_path, table, constant_covariate="drop")
    assert set(found["gene"]) == {"g1"}
    assert dropped.query("action == 'dropped'")["rows"].tolist() == [8]


def test_a_gene_may_be_called_NA(tmp_path):
    found, _ = import_table(tmp_path, good_table().replace({"symbol": {"g0": "NA", "g1": "nan"}}))
    assert set(found["gene"]) == {"NA", "nan"}


def test_names_are_cleaned_and_what_was_removed_is_noted(tmp_path):
    one, _ = import_table(tmp_path, good_table())
    dirty = change("symbol", [0, 6], ["g0\u200b", " g0"])(change("line", [1, 4], ["\ufeffc1", "c0\u00a0 "])(good_table()))
    for name in ("s.csv", "s.parquet"):
        dirty.to_csv(tmp_path / name, index=False) if name == "s.csv" else dirty.to_parquet(tmp_path / name)
        found, ledger = import_screen(tmp_path / name)
        pd.testing.assert_frame_equal(found.assign(symbol=0), one.assign(symbol=0))
    _, ledger = import_table(tmp_path, dirty)
    assert "removed from 2 name(s) in column 'line'" in " ".join(ledger["reason"])


def test_true_and_false_are_no_numbers_in_parquet_either(tmp_path):
    good_table().assign(copies=[True, False] * 8).to_parquet(tmp_path / "s.parquet")
    with pytest.raises(UserError, match=r"'copies': not a number \('True', 'False', 'True'\) in 16 row"):
        import_screen(tmp_path / "s.parquet")


def test_rows_with_more_cells_than_the_header(tmp_path):
    lines = good_table().to_csv(index=False).splitlines()
    first = "\n".join([lines[0], *(f"{i},{line}" for i, line in enumerate(lines[1:]))])
    with pytest.raises(UserError, match=r"screen.csv: line 2 has 8 cells, but the header has 7 names.*row.names = FALSE"):
        import_text(tmp_path, first)
    lines[5] += ",more"
    with pytest.raises(UserError, match=r"screen.csv: cannot be read as a table: line 6 has 8 cells, but 7 are expected"):
        import_text(tmp_path, "\n".join(lines))


def test_the_bound_of_logfc_is_an_argument(tmp_path):
    table = change("lfc", 0, -71.0)(good_table())
    found, _ = import_table(tmp_path, table, logfc_max=80)
    assert found["logfc"].min() == -71


def test_a_table_without_copy_numbers_has_no_covariate(tmp_path):
    columns = {name: name for name in ("sgrna", "gene", "cell_line", "logfc")}
    text = "sgrna,gene,cell_line,logfc,cna\ns1,A,c1,-1.0,2\ns2,B,c1,0.5,2\n"
    table, ledger = import_text(tmp_path, text, columns=columns)
    assert table["logfc"].tolist() == [-1.0, 0.5]
    assert table["cna"].isna().all()
    assert (table[["x", "x_diploid"]] == 0).all(axis=None)
    assert table["source_cna"].tolist() == [2, 2]
    assert not len(ledger)
    with pytest.raises(UserError, match=r"column 'logfc': missing value in 1 row"):
        import_text(tmp_path, text.replace("0.5", ""), columns=columns)
