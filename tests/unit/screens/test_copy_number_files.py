"""Files of copy numbers: matrices of either orientation, with annotations; tidy tables; segments are refused."""

import numpy as np
import pandas as pd
import pytest

from guidefit.base.errors import UserError
from guidefit.screens import copy_number_files, matrices
from guidefit.screens.ledger import Ledger

LINES, GENES = ["HT29", "A375", "K562"], ["A1CF (29974)", "TP53 (7157)", "EGFR (1956)", "MYC (4609)"]
COPIES = pd.DataFrame(np.random.default_rng(2).gamma(20, 0.05, (3, 4)), LINES, GENES)
TIDY = COPIES.rename_axis("line").reset_index().melt("line", var_name="gene", value_name="cn")


def read(tmp_path, table, index=False, name="cn.csv", **options):
    table.to_csv(tmp_path / name, index=index, **options)
    ledger = Ledger()
    found = copy_number_files.read(tmp_path / name, GENES, ledger)
    found = matrices.orient(found, LINES, {*GENES, *(gene.split(" ")[0] for gene in GENES)}, name, "lines and genes", ledger)
    return found.loc[LINES], ledger


def by_symbol(table):
    return table.rename(columns=lambda label: label.split(" ")[0])


@pytest.mark.parametrize("form", ["lines x genes", "genes x lines", "semicolons"])
def test_matrices(tmp_path, form):
    table = COPIES.T if form == "genes x lines" else COPIES
    found, _ = read(tmp_path, table, index=True, **{"sep": ";", "decimal": ","} if form == "semicolons" else {})
    pd.testing.assert_frame_equal(found, COPIES, check_names=False, check_column_type=False)


def test_annotations_of_genes_among_the_lines(tmp_path):
    """As portals write it: the symbol, the Entrez id and the band of each gene, then the lines."""
    table = by_symbol(COPIES).T.rename_axis("Hugo_Symbol").reset_index()
    table.insert(1, "Entrez_Gene_Id", [29974, 7157, 1956, 4609])
    table.insert(2, "Cytoband", ["10q11", "17p13", "7p11", "8q24"])
    found, ledger = read(tmp_path, table, sep="\t")
    pd.testing.assert_frame_equal(found[by_symbol(COPIES).columns], by_symbol(COPIES), check_names=False, check_column_type=False)
    assert "1 column(s) of text left out" in " ".join(ledger.table()["reason"])


def test_the_column_of_genes_may_not_be_the_first_one(tmp_path):
    table = by_symbol(COPIES).T.rename_axis("symbol").reset_index()
    table.insert(0, "location", ["10q11.1", "17p13.1", "7p11.2", "8q24.2"])
    found, _ = read(tmp_path, table)
    pd.testing.assert_frame_equal(found, by_symbol(COPIES), check_names=False, check_column_type=False)


@pytest.mark.parametrize(
    "columns",
    [
        {"line": "cell_line", "gene": "gene", "cn": "copy_number"},
        {"line": "ModelID", "gene": "Symbol", "cn": "CN"},
        {"line": "who", "gene": "what", "cn": "how_much"},
    ],
)
def test_tidy_tables(tmp_path, columns):
    found, ledger = read(tmp_path, TIDY.sample(frac=1, random_state=1).rename(columns=columns))
    pd.testing.assert_frame_equal(found[GENES], COPIES, check_names=False, check_column_type=False)
    assert "read as a table with a row for each cell line and gene" in " ".join(ledger.table()["reason"])


def test_tidy_tables_with_further_columns_and_without_some_pairs(tmp_path):
    table = TIDY.assign(chromosome="7", start=np.arange(12) // 3, end=np.arange(12) // 3 + 9, purity=0.5).rename(
        columns={"cn": "log2"}
    )
    found, _ = read(tmp_path, table.drop(index=0))
    assert found.isna().sum().sum() == 1
    np.testing.assert_allclose(found[GENES].to_numpy().ravel()[1:], COPIES.to_numpy().ravel()[1:])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: t.assign(other=t["cn"] * 1.1).rename(columns={"cn": "one"}),
            "it is not clear which column holds the copy numbers",
        ),
        (
            lambda t: pd.concat([t, t.tail(1).assign(cn=9.0)]),
            "1 pair.s. of line and gene have several values, first MYC .4609. in K562",
        ),
        (
            lambda t: t.astype({"cn": object}).replace({"cn": {t["cn"][3]: "many"}}).rename(columns={"cn": "copy_number"}),
            "column 'copy_number' is not a number on line 5: 'many'",
        ),
    ],
    ids=["two columns of numbers", "two values", "text"],
)
def test_tidy_tables_that_are_not_clear(tmp_path, change, message):
    with pytest.raises(UserError, match=rf"cn.csv: .*{message}"):
        read(tmp_path, change(TIDY))


def test_segments_are_refused_by_their_name(tmp_path):
    segments = pd.DataFrame({"Sample": LINES, "Chromosome": 1, "Start": 1, "End": [5, 6, 7], "Num_Probes": 3, "Segment_Mean": 0.1})
    with pytest.raises(UserError, match=r"cn.csv: these are segments of chromosomes .*average the segments over each gene"):
        read(tmp_path, segments)


def test_the_unit_is_judged_by_the_cells_of_the_screen_alone(tmp_path):
    wide = COPIES.assign(Entrez_Gene_Id=[29974.0, 7157.0, 1956.0])
    found = copy_number_files.to_linear(wide, LINES, GENES, "linear", 1.0, "cn.csv", ledger := Ledger())
    assert found is wide
    assert f"highest: {COPIES.max().max():.3g} times diploid" in " ".join(ledger.table()["reason"])
    logarithms = np.log2(COPIES + 1)
    np.testing.assert_allclose(copy_number_files.to_linear(logarithms, LINES, GENES, "log2", 1.0, "cn.csv", Ledger()), COPIES)
