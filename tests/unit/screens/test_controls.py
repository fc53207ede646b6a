"""Control genes by their names in the source, and lists of them that cannot be used."""

import pandas as pd
import pytest

from guidefit.base.errors import UserError
from guidefit.screens import controls, screen_file
from guidefit.screens.ledger import Ledger


def test_control_genes_by_their_name_in_the_source(hostile_path, contents):
    labels = screen_file.read_gene_labels(hostile_path, 1)
    pd.testing.assert_series_equal(labels, contents.labels, check_names=False)
    named = labels + " (7)"  # as DepMap writes them; lists by symbol alone
    lists = {"essential": ["=1+1", "gene_4", "1-Mar"], "nonessential": ["1-Mar", "none"]}
    assert controls.classify_genes(named, lists) == {"=1+1": "essential", "gene_4": "essential"}


@pytest.fixture
def lists(tmp_path, hostile_table, hostile_path):
    """Writes lists of genes by rank of their median logFC, lowest first, and validates them."""
    median = hostile_table.groupby("gene")["logfc"].median()
    genes = median.sort_values().index

    def validate(**ranks):
        paths = {}
        for kind, chosen in ranks.items():
            names = [genes[rank] if isinstance(rank, int) else rank for rank in chosen]
            paths[kind] = tmp_path / f"{kind}.csv"
            pd.DataFrame({"Gene": names}).to_csv(paths[kind], index=False)
        return controls.validate_lists(hostile_path, 1, paths, Ledger()), median[genes]

    return validate


def test_valid_lists_are_tabulated(lists):
    found, median = lists(essential=[0, 1, "none"], nonessential=[4])
    assert list(found.columns) == list(controls.COLUMNS)
    assert found["control"].tolist() == ["essential", "nonessential"]
    assert found["listed"].tolist() == [3, 1]
    assert found["found"].tolist() == [2, 1]
    assert found["median_logfc"].tolist() == pytest.approx([median.iloc[:2].median(), median.iloc[4]])
    assert lists(nonessential=[2])[0]["found"].tolist() == [1]
    assert lists()[0].empty


def test_swapped_lists_are_refused_with_both_medians(lists):
    with pytest.raises(UserError, match=r"essential.csv: the genes of screen.essential have a median logFC of .* swapped"):
        lists(essential=[4], nonessential=[0, 1])


@pytest.mark.parametrize(
    ("ranks", "message"),
    [
        ({"essential": ["A", "B"]}, r"essential.csv: the screen has none of its 2 genes \(A, B\); genes of the screen are such as"),
        ({"essential": [0], "nonessential": [0, 1]}, r"essential.csv: each of its genes .* is in .*nonessential.csv as well"),
    ],
)
def test_useless_lists_are_refused(lists, ranks, message):
    with pytest.raises(UserError, match=message):
        lists(**ranks)


def test_an_empty_list_is_refused(tmp_path, hostile_path):
    (tmp_path / "essential.csv").write_text("Gene\n")
    with pytest.raises(UserError, match=r"essential.csv: the file has no names. Expected one gene per line"):
        controls.validate_lists(hostile_path, 1, {"essential": tmp_path / "essential.csv"}, Ledger())


def test_lists_are_found_in_a_config_of_this_workflow_alone():
    """A workflow that uses this one as a module has a config of its own, whatever its form."""
    own = {"studies": {"real": {"screen": {"essential": "e.csv", "nonessential": None, "path": "s.csv"}}}}
    assert controls.find_lists(own, "real") == {"essential": "e.csv"}
    others = (
        {},
        {"guidefit": own},
        {"studies": ["real"]},
        {"studies": {"real": "x"}},
        {"studies": {"real": {"screen": None}}},
        None,
    )
    assert [controls.find_lists(config, "real") for config in others] == [{}] * len(others)
    assert controls.find_lists(own, "other") == {}
