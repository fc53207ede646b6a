import numpy as np
import pandas as pd
import pytest

from guidefit.base.errors import UserError
from guidefit.screens import arrays, long_table, screen_file
from guidefit.screens.covariates import Covariate

COLUMNS = {"sgrna": "guide", "gene": "symbol", "cell_line": "line", "cna": "copies", "logfc": "lfc"}
LOG2 = Covariate("log2", diploid=1.0)


def good(lines=4):
    rng = np.random.default_rng(0)
    rows = [(f"s{s}", f"g{s // 2}", f"c{c}", 1 + (s // 2 + c * 0.3) % 2, rng.normal()) for s in range(4) for c in range(lines)]
    return pd.DataFrame(rows, columns=["guide", "symbol", "line", "copies", "lfc"]).assign(note="kept", x=1)


def import_text(tmp_path, text, name="screen.csv", **settings):
    (tmp_path / name).write_text(text)
    table, ledger = long_table.import_screen(tmp_path / name, COLUMNS, LOG2, **settings)
    return table, ledger.table()


def import_table(tmp_path, table, **settings):
    return import_text(tmp_path, table.to_csv(index=False), **settings)


@pytest.mark.parametrize("name", ["s.csv", "s.tsv", "s.txt", "s.parquet", "s.csv.gz", "s.tsv.gz"])
def test_every_file_type_gives_the_same_table(tmp_path, name):
    table, path = good(), tmp_path / name
    if name.endswith("parquet"):
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False, sep="," if ".csv" in name else "\t")  # gzipped by its name
    found, ledger = long_table.import_screen(path, COLUMNS, LOG2)
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
    "no rows": (lambda t: t.head(0), ["no rows under the header"]),
    "two headers of one name": (lambda t: t.rename(columns={"note": "lfc"}), ["header has column 'lfc' twice"]),
}


@pytest.mark.parametrize(("spoil", "messages"), BAD_TABLES.values(), ids=BAD_TABLES.keys())
def test_a_malformed_table_is_refused_with_its_place(tmp_path, spoil, messages):
    with pytest.raises(UserError) as error:
        import_table(tmp_path, spoil(good()))
    for message in ["screen.csv", *messages]:
        error.match(message)


def test_files_that_are_no_tables(tmp_path):
    with pytest.raises(UserError, match="the file is empty"):
        import_text(tmp_path, "")
    with pytest.raises(UserError, match="no such file"):
        long_table.import_screen(tmp_path / "none.csv", COLUMNS, LOG2)
    with pytest.raises(UserError, match="unknown file type"):
        import_text(tmp_path, "x", name="screen.xlsx")
    with pytest.raises(UserError, match="cannot be read"):
        import_text(tmp_path, "guide,symbol\n1,2\n1,2,3,4\n")
    (tmp_path / "broken.parquet").write_text("no parquet")
    with pytest.raises(UserError, match="cannot be read"):
        long_table.import_screen(tmp_path / "broken.parquet", COLUMNS, LOG2)


def test_all_problems_are_reported_at_once(tmp_path):
    table = change("copies", 2, "two")(change("lfc", 0, np.inf)(good()))
    with pytest.raises(UserError, match="2 problem"):
        import_table(tmp_path, table)


def test_missing_values_are_dropped_and_counted_where_asked(tmp_path):
    table = change("lfc", [0, 1], None)(change("symbol", 5, None)(good()))
    found, dropped = import_table(tmp_path, table, missing="drop")
    assert len(found) == len(table) - 3
    assert dropped.query("action == 'dropped'").set_index("reason")["rows"].to_dict() == {"missing symbol": 1, "missing lfc": 2}


def test_genes_without_variation_are_dropped_and_counted_where_asked(tmp_path):
    table = good().assign(copies=lambda t: t["copies"].where(t["symbol"] != "g0", 2.0))
    found, dropped = import_table(tmp_path, table, constant_covariate="drop")
    assert set(found["gene"]) == {"g1"}
    assert dropped.query("action == 'dropped'")["rows"].tolist() == [8]


def test_a_gene_may_be_called_NA(tmp_path):
    found, _ = import_table(tmp_path, good().replace({"symbol": {"g0": "NA", "g1": "nan"}}))
    assert set(found["gene"]) == {"NA", "nan"}


def test_model_data_and_files_by_seed(tmp_path):
    table, _ = import_table(tmp_path, good())
    truth = pd.DataFrame({"variable": ["sigma"], "gene": [None], "sgrna": [None], "truth": [0.3]}).astype(
        {"gene": "str", "sgrna": "str"}
    )
    with screen_file.ScreenWriter(tmp_path / "s.parquet", tmp_path / "t.parquet", "study") as writer:
        for seed in (3, 7):
            writer.write(seed, table.assign(logfc=float(seed)), truth.assign(truth=float(seed)))
    for seed in (3, 7):
        mine = screen_file.read_seed(tmp_path / "s.parquet", seed)
        assert set(mine["logfc"]) == {seed}
        assert screen_file.read_truth(tmp_path / "t.parquet", seed)["truth"].tolist() == [seed]
    assert list(mine.columns[:8]) == list(screen_file.COLUMNS)
    data = arrays.model_data(mine)
    assert data.genes == ["g0", "g1"]
    assert data.sgrnas == ["s0", "s1", "s2", "s3"]
    assert data.gene_of_sgrna.tolist() == [0, 0, 1, 1]
    assert np.array_equal(np.array(data.genes)[data.gene_of_row], mine["gene"])
    shuffled = arrays.model_data(mine.sample(frac=1, random_state=1))
    assert not data.has_same_design(shuffled)
    assert data.has_same_design(arrays.model_data(mine))


def test_a_real_screen_serves_every_seed(tmp_path):
    table, _ = import_table(tmp_path, good())
    with screen_file.ScreenWriter(tmp_path / "s.parquet", tmp_path / "t.parquet", "study") as writer:
        writer.write_rows(None, table)
    assert len(screen_file.read_seed(tmp_path / "s.parquet", 12)) == len(table)
    assert screen_file.read_truth(tmp_path / "t.parquet", 12).empty


def test_other_cell_lines_are_another_layout():
    table = good().set_axis(["sgrna", "gene", "cell_line", "cna", "logfc", "note", "x"], axis=1)
    data, same = arrays.model_data(table), arrays.model_data(table.assign(logfc=0.0))
    assert data.cell_lines == ["c0", "c1", "c2", "c3"]
    assert data.cell_line_of_row.tolist() == [0, 1, 2, 3] * 4
    assert data.has_same_design(same)
    assert data.digest() != same.digest()
    swapped = table.assign(cell_line=table["cell_line"].where(table.index < 12, "c" + (3 - table.index % 4).astype(str)))
    for other in (arrays.model_data(swapped), arrays.model_data(table.assign(cell_line="x" + table["cell_line"]))):
        assert not data.has_same_design(other)
        assert data.digest() != other.digest()


def test_an_own_column_of_mixed_kinds_is_kept_as_text(tmp_path):
    table = good()
    chrom = [1, 2, "X", None] * 4
    table.assign(chrom=chrom).to_csv(tmp_path / "s.csv")
    found, _ = long_table.import_screen(tmp_path / "s.csv", COLUMNS, LOG2)
    with screen_file.ScreenWriter(tmp_path / "o.parquet", tmp_path / "t.parquet", "study") as writer:
        writer.write_rows(None, found.assign(chrom=pd.Series(chrom, dtype=object), label=pd.Series(["a", 1] * 8, dtype=object)))
    assert screen_file.read_seed(tmp_path / "o.parquet", 1)["chrom"].tolist()[:3] == ["1", "2", "X"]
