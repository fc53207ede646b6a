"""Files of screens: rows and truth by seed."""

import numpy as np
import pandas as pd

from guidefit.screens import arrays, screen_file
from helpers.long_tables import good_table, import_screen, save_table


def test_model_data_and_files_by_seed(tmp_path):
    table, _ = import_screen(save_table(tmp_path, good_table()))
    truth = pd.DataFrame({"variable": ["sigma"], "gene": [None], "sgrna": [None], "cell_line": [None], "truth": [0.3]}).astype(
        {"gene": "str", "sgrna": "str"}
    )
    with screen_file.ScreenWriter(tmp_path / "s.parquet", tmp_path / "t.parquet", "study") as writer:
        for seed in (3, 7):
            writer.write(seed, table.assign(logfc=float(seed)), truth.assign(truth=float(seed)))
    for seed in (3, 7):
        mine = screen_file.read_seed(tmp_path / "s.parquet", seed)
        assert set(mine["logfc"]) == {seed}
    truths = screen_file.read_truths(tmp_path / "t.parquet")
    assert truths["seed"].tolist() == truths["truth"].tolist() == [3, 7]
    assert [set(rows["logfc"]) for rows in screen_file.iterate_seeds(tmp_path / "s.parquet", [7, 3])] == [{7.0}, {3.0}]
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
    table, _ = import_screen(save_table(tmp_path, good_table()))
    with screen_file.ScreenWriter(tmp_path / "s.parquet", tmp_path / "t.parquet", "study") as writer:
        writer.write_rows(None, table)
    assert len(screen_file.read_seed(tmp_path / "s.parquet", 12)) == len(table)
    assert screen_file.read_truths(tmp_path / "t.parquet").empty
    assert list(screen_file.iterate_small_screens(tmp_path / "s.parquet", [12, 13], len(table) - 1)) == [None, None]
    (again,) = screen_file.iterate_small_screens(tmp_path / "s.parquet", [12], len(table))
    pd.testing.assert_frame_equal(again, screen_file.read_seed(tmp_path / "s.parquet", 12))


def test_an_own_column_of_mixed_kinds_is_kept_as_text(tmp_path):
    table = good_table()
    chrom = [1, 2, "X", None] * 4
    table.assign(chrom=chrom).to_csv(tmp_path / "s.csv")
    found, _ = import_screen(tmp_path / "s.csv")
    with screen_file.ScreenWriter(tmp_path / "o.parquet", tmp_path / "t.parquet", "study") as writer:
        writer.write_rows(None, found.assign(chrom=pd.Series(chrom, dtype=object), label=pd.Series(["a", 1] * 8, dtype=object)))
    assert screen_file.read_seed(tmp_path / "o.parquet", 1)["chrom"].tolist()[:3] == ["1", "2", "X"]


def test_truths_keep_their_order_and_seeds_when_they_are_written_together(tmp_path, monkeypatch):
    monkeypatch.setattr(screen_file, "TRUTH_ROWS", 5)
    rows = pd.DataFrame({"gene": ["a"], "sgrna": ["u"], "cell_line": ["c"], "cna": [1.0], "x": [0.5], "logfc": [0.1]})
    parts = []
    with screen_file.ScreenWriter(tmp_path / "screen.parquet", tmp_path / "truth.parquet", "s") as writer:
        for seed, count in enumerate([2, 2, 3, 1, 7, 1]):
            names = [f"v{i}" for i in range(count)]
            parts.append(
                pd.DataFrame({"variable": names, "gene": None, "sgrna": None, "cell_line": None, "truth": seed + np.arange(count)})
            )
            writer.write(seed, rows, parts[-1])
    found = screen_file.read_truths(tmp_path / "truth.parquet")
    assert found["seed"].tolist() == np.repeat(range(6), [2, 2, 3, 1, 7, 1]).tolist()
    assert found["variable"].tolist() == [name for part in parts for name in part["variable"]]
    assert found["truth"].tolist() == [value for part in parts for value in part["truth"]]
    assert set(found["study"]) == {"s"}


def test_names_of_categories_come_in_the_order_of_the_rows():
    plain = pd.DataFrame({name: ["b", "a", "b", "c"] for name in screen_file.IDS})
    unused = pd.CategoricalDtype(["a", "unused", "c", "b"])
    assert screen_file.coords(plain.astype(unused)) == screen_file.coords(plain)
    assert screen_file.coords(plain)["gene"] == ["b", "a", "c"]
