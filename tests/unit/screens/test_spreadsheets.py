"""Names of genes that a spreadsheet has changed, and names that differ by case alone."""

import pandas as pd
import pytest

from guidefit.base.errors import UserError
from guidefit.screens.ledger import Ledger
from guidefit.screens.spreadsheets import check_gene_names, clean_case, find_changed_names, possible_genes

CHANGED = {
    "1-Mar": ["MARCH1", "MARC1"],
    "Sep-07": ["SEPT7"],
    "44441": ["SEPT2"],
    "44441.0": ["SEPT2"],
    "01. Dez": ["DEC1"],
    "1.Mrz": ["MARCH1", "MARC1"],
    "1. März": ["MARCH1", "MARC1"],
    "1 mars": ["MARCH1", "MARC1"],
    "12-déc": ["DEC12"],
    "6-sept.": ["SEPT6"],
    "2-set": ["SEPT2"],
    "4-ott": ["OCT4"],
    "1-mrt": ["MARCH1", "MARC1"],
    "4-okt": ["OCT4"],
    "1-дек": ["DEC1"],
    "3月1日": ["MARCH1", "MARC1"],
    "10-oct-20": ["OCT10"],
    "2006/09/02": ["SEPT2"],
    "2020-09-02 00:00:00": ["SEPT2"],
    "2021-09-02T00:00:00": ["SEPT2"],
    "02.09.2020": ["FEB9", "SEPT2"],
    "9/2/2020": ["SEPT2", "FEB9"],
    "2.31E+13": [],
    "2,31E+13": [],
}
GENES = [
    "MARCHF1",
    "H1-0",
    "NKX2-1",
    "HLA-A",
    "SEPTIN2",
    "DEC1",
    "MARC1",
    "E2F1",
    "10E5",
    "MT-ND1",
    "7SK",
    "RP11-1.2",
    "T.1",
    "6.5.4",
]


@pytest.mark.parametrize("name", CHANGED)
def test_changed_names_are_recognised_with_the_genes_they_may_have_been(name):
    assert find_changed_names([name, *GENES]) == [name]
    assert possible_genes(name) == CHANGED[name]


def test_numbers_among_numbers_are_ids():
    assert find_changed_names(["29974", "44441", "1-Mar", "7157"]) == ["1-Mar"]
    assert find_changed_names(["A1CF", "44441", "12345", "TP53"]) == ["44441"]


def guides(**genes):
    return pd.DataFrame([(sgrna, gene) for gene, names in genes.items() for sgrna in names], columns=["sgrna", "gene"])


def named(gene, count=4):
    return [f"{gene}_sg{i}" for i in range(count)]


def test_one_gene_under_a_changed_name_is_noted_with_its_possible_names():
    ledger = Ledger()
    check_gene_names(guides(A=named("A"), **{"2-Sep": named("SEPT2"), "1-Mar": list("abcd")}), "map.csv", ledger)
    entry = ledger.table().iloc[0]
    assert entry["reason"] == "map.csv: 2 gene name(s) that a spreadsheet has probably changed into dates or numbers"
    assert entry["examples"] == "1-Mar (was MARCH1 or MARC1), 2-Sep (was SEPT2)"
    check_gene_names(guides(A=named("A")), "map.csv", none := Ledger())
    assert none.table().empty


@pytest.mark.parametrize(
    ("own", "held"),
    [(named("MARCH1") + named("MARC1"), "MARCH1, MARC1"), ([f"ACGT{i}" for i in range(8)], "MARCH1 and MARC1")],
    ids=["by names of guides", "by their number"],
)
def test_two_genes_under_one_changed_name_are_refused(own, held):
    table = guides(A=named("A"), B=named("B"), **{"1-Mar": own})
    with pytest.raises(
        UserError, match=rf"map.csv: gene '1-Mar' has 8 guides, usual are 4: .* two genes \({held}\) into one. Restore"
    ):
        check_gene_names(table, "map.csv", Ledger())


def test_a_large_gene_under_a_name_of_one_gene_alone_is_no_pair():
    check_gene_names(guides(A=named("A"), B=named("B"), **{"2-Sep": [f"ACGT{i}" for i in range(8)]}), "map.csv", Ledger())


def test_names_that_differ_by_case_become_one_and_by_punctuation_are_warned_of():
    ledger = Ledger()
    names = pd.Series(["NON1", "non1", "NON1", "C9orf72", "HLA-A", "HLA.A", None])
    found = clean_case(names, "gene", "t.csv", ledger)
    assert found.fillna("?").tolist() == ["NON1", "NON1", "NON1", "C9orf72", "HLA-A", "HLA.A", "?"]
    assert ledger.table()["action"].tolist() == ["noted", "warned"]
    assert ledger.table()["examples"].tolist() == ["non1 = NON1", "HLA-A ~ HLA.A"]
