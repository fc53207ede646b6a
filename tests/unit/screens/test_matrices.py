"""Matrices and maps: malformed ones are refused with their place."""

import h5py
import numpy as np
import pandas as pd
import pytest

from guidefit.base.errors import UserError
from guidefit.screens import matrices
from guidefit.screens.ledger import Ledger
from helpers.release import write_matrix

MATRIX = pd.DataFrame([[0.5, -1.0], [2.0, np.nan]], ["s1", "s2"], ["L1", "L2"])


@pytest.mark.parametrize("ending", [".csv", ".hdf5"])
def test_a_matrix_is_read_as_it_was_written(tmp_path, ending):
    write_matrix(tmp_path / f"m{ending}", MATRIX)
    pd.testing.assert_frame_equal(matrices.read(tmp_path / f"m{ending}"), MATRIX, check_names=False, check_column_type=False)


def write_hdf5(path, data, rows=("s1", "s2"), columns=("L1", "L2")):
    with h5py.File(path, "w") as file:
        file["data"] = data
        file["dim_0"], file["dim_1"] = list(rows), list(columns)


def test_hdf5_that_holds_no_matrix_of_numbers(tmp_path):
    write_hdf5(tmp_path / "m.h5", [[True, False], [True, True]])
    with pytest.raises(UserError, match=r"m.h5: dataset data holds bool values. Expected numbers"):
        matrices.read(tmp_path / "m.h5")
    write_hdf5(tmp_path / "n.h5", [[1.0, 2.0]])
    with pytest.raises(UserError, match=r"n.h5: dataset data has shape \(1, 2\), but dim_0 has 2 names and dim_1 2"):
        matrices.read(tmp_path / "n.h5")


def test_true_and_false_among_the_numbers_of_a_csv_file(tmp_path):
    (tmp_path / "m.csv").write_text(",L1,L2\ns1,1,True\ns2,2,False\n")
    with pytest.raises(UserError, match=r"m.csv: 1 column.s. with text among the numbers .'L2', first in row 's1': 'True'"):
        matrices.orient(matrices.read(tmp_path / "m.csv"), ["s1"], ["L1", "L2"], "m.csv", "guides and lines")


def test_rows_with_names_that_the_header_lacks(tmp_path):
    (tmp_path / "m.csv").write_text("L1,L2\ns1,1,2\ns2,3,4\n")
    with pytest.raises(UserError, match=r"m.csv: line 2 has 3 cells, but the header has 2 names"):
        matrices.read(tmp_path / "m.csv")


def test_invisible_characters_in_names(tmp_path):
    MATRIX.rename(columns={"L1": "L1\u200b"}, index={"s1": " s1"}).to_csv(tmp_path / "m.csv")
    pd.testing.assert_frame_equal(matrices.read(tmp_path / "m.csv"), MATRIX, check_names=False, check_column_type=False)
    (tmp_path / "map.csv").write_text("sgrna,gene\ns1,A\u200bB\n")
    names = {"sgrna": ["sgrna"], "gene": ["gene"]}
    assert matrices.read_map(tmp_path / "map.csv", names, {})["gene"].tolist() == ["AB"]
    (tmp_path / "map.csv").write_text("sgrna,gene\ns1,A\x1bB\n")
    with pytest.raises(UserError, match=r"map.csv: column 'gene': control characters in 1 name.s. \(A\\u001bB\)"):
        matrices.read_map(tmp_path / "map.csv", names, {})


def test_values_without_a_sign():
    counts = pd.DataFrame(np.arange(40.0).reshape(20, 2))
    with pytest.raises(UserError, match=r"m.csv: no value is negative, so these are not log2 fold changes .*screen.counts"):
        matrices.refuse_beyond(counts, 50, "m.csv")
    matrices.refuse_beyond(counts - 5, 50, "m.csv")
    matrices.refuse_beyond(counts[:5], 50, "m.csv")


def test_values_beyond_any_assay():
    matrices.refuse_beyond(MATRIX, 50, "m.csv")
    for value, shown in ((-70.0, "-70"), (np.inf, "inf")):
        extreme = MATRIX.copy()
        extreme.loc["s2", "L1"] = value
        with pytest.raises(
            UserError, match=rf"m.csv: 1 value.s. beyond 50, .*: {shown} in row 's2', column 'L1' first. .*screen.counts"
        ):
            matrices.refuse_beyond(extreme, 50, "m.csv")


GUIDES = {"sgrna": ["sgrna"], "gene": ["gene", "Gene"], "n_alignments": ["nAlignments"]}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("s1\tACGTACGTACGTACGTACGT\tA\ns2\tACGTACGTACGTACGTACGA\tA\ns3\tACGTACGTACGTACGTACGC\tB\n", ["s1 A", "s2 A", "s3 B"]),
        ("A,s1\nA,s2\nB,s3\n", ["s1 A", "s2 A", "s3 B"]),
        ("SGRNA;GENE \ns1;A\n", ["s1 A"]),
    ],
    ids=["library of MAGeCK", "genes first", "other case"],
)
def test_maps_of_guides_with_and_without_a_header(tmp_path, text, rows):
    (tmp_path / "map.txt").write_text(text)
    found = matrices.read_map(tmp_path / "map.txt", GUIDES, {}, ["n_alignments"], ledger := Ledger())
    assert (found["sgrna"] + " " + found["gene"]).tolist() == rows
    assert ("without header" in " ".join(ledger.table()["reason"])) == (len(rows) > 1)


def test_a_map_with_an_unknown_header_has_one(tmp_path):
    (tmp_path / "map.csv").write_text("construct,target\ns1,A\ns2,A\ns3,B\n")
    with pytest.raises(UserError, match=r"missing column sgrna .*; gene or Gene .*The file has: .*construct"):
        matrices.read_map(tmp_path / "map.csv", GUIDES, {}, ["n_alignments"])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Gene\nA\nB\nX\n", ["A", "B", "X"]),
        ("A\nB\nX\n", ["A", "B", "X"]),
        ("GENE\tHGNC_ID\tENTREZ_ID\nA\tHGNC:1\t7\nB\tHGNC:2\t8\n", ["A", "B"]),
        ("id;name\n1;A (7)\n2;B (8)\n", ["A (7)", "B (8)"]),
        ("\ufeffGene\r\nA\r\n\r\nB\r\n", ["A", "B"]),
        ("a\nb\n", ["a", "b"]),
    ],
    ids=["header", "none", "three columns", "second column", "byte order mark", "other case"],
)
def test_lists_of_names(tmp_path, text, names):
    (tmp_path / "list.txt").write_text(text)
    assert matrices.read_names(tmp_path / "list.txt", ["A (7)", "B (8)", "C (9)"]) == names
