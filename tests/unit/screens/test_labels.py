"""Names are cleaned, and matched between files label by label."""

import pandas as pd
import pytest

from guidefit.screens import labels
from guidefit.screens.labels import GeneIds, clean, fold, match, parse_gene


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("A1CF", "A1CF"),
        (" A1CF\t", "A1CF"),
        ("A1\u200bCF\u00a0", "A1CF"),
        ("NKX2\u20111", "NKX2-1"),
        ("NKX2\u22121", "NKX2-1"),
        ("\uff28\uff2c\uff21-A", "HLA-A"),
        ("SK\u00a0MEL  5\u00a0", "SK MEL 5"),
        ("ä β 基因", "ä β 基因"),
    ],
)
def test_clean(name, cleaned):
    assert clean(name) == cleaned


def test_clean_columns_keep_what_is_missing():
    names = labels.clean_column(pd.Series([" a", None, "b ", "", "a", 7], index=range(5, 11)))
    assert names.fillna("?").tolist() == ["a", "?", "b", "?", "a", "7"]
    assert names.index.tolist() == [*range(5, 11)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("HT-29", "HT29", True),
        ("NCI-H460", "nci_h460", True),
        ("MDA-MB-231", "MDAMB231", True),
        ("SK-N-BE(2)", "SKNBE2", True),
        ("U-2 OS", "U2OS", True),
        ("NKX2-1", "NKX2.1", True),
        ("NKX2-1", "NKX21", False),
        ("ABC1_1", "ABC_11", False),
        ("H1-0", "H10", False),
    ],
)
def test_fold(one, other, same):
    assert (fold(one) == fold(other)) is same


@pytest.mark.parametrize(
    ("label", "ids"),
    [
        ("A1CF", GeneIds("A1CF", None, None)),
        ("A1CF (29974)", GeneIds("A1CF", "29974", None)),
        ("A1CF..29974.", GeneIds("A1CF", "29974", None)),
        ("A1CF|29974", GeneIds("A1CF", "29974", None)),
        ("A1CF (ENSG00000148584.15)", GeneIds("A1CF", None, "ENSG00000148584")),
        ("ENSG00000148584.15", GeneIds(None, None, "ENSG00000148584")),
        ("29974", GeneIds(None, "29974", None)),
        ("29974.0", GeneIds(None, "29974", None)),
        ("HLA-A (transcript)", GeneIds("HLA-A (transcript)", None, None)),
        ("NKX2.1", GeneIds("NKX2.1", None, None)),
    ],
)
def test_ids_in_a_label(label, ids):
    assert parse_gene(label) == ids


@pytest.mark.parametrize(
    ("names", "known", "kind", "expected"),
    [
        # label by label: one exact match does not keep the others from being matched by symbol
        (["A (1)", "B", "C (3)"], ["A (1)", "B (2)", "C"], "gene", ["A (1)", "B (2)", "C"]),
        (["A (1)", "B (2)"], ["1", "2"], "gene", ["1", "2"]),
        (["MARCH1 (55016)"], ["MARCHF1 (55016)"], "gene", ["MARCHF1 (55016)"]),
        (["ENSG00000148584.15"], ["A1CF (ENSG00000148584)"], "gene", ["A1CF (ENSG00000148584)"]),
        (["A (1)"], ["A (2)"], "gene", [None]),  # two genes of one symbol
        (["A"], ["A (1)", "A (2)"], "gene", [None]),  # could be both
        (["SEPT9", "MARC1", "MARCH2"], ["SEPTIN9", "MTARC1", "MARCHF2"], "gene", ["SEPTIN9", "MTARC1", "MARCHF2"]),
        (["c9ORF72", "HLA.A"], ["C9orf72", "HLA-A"], "gene", ["C9orf72", "HLA-A"]),
        (["NON1", "non1"], ["NON1"], "gene", ["NON1", None]),  # taken
        (["HT-29", "K-562"], ["HT29", "K562", "A375"], "cell_line", ["HT29", "K562"]),
        (["HT29_LARGE_INTESTINE", "A375"], ["HT29", "A375_SKIN"], "cell_line", ["HT29", "A375_SKIN"]),
        (["TT"], ["TT_THYROID", "TT_OESOPHAGUS"], "cell_line", [None]),
        (["T.T", "KM-H2"], ["TT", "KMH2"], "cell_line", [None, None]),
        (["A375_SKIN"], ["ACH-000219"], "cell_line", [None]),
        (["293T-rep1"], ["X293T.rep1"], "sample", ["X293T.rep1"]),
        (["A-1", "A_1"], ["A.1"], "sgrna", [None, None]),  # two guides, one row
        ([], ["A"], "gene", []),
        (["A"], [], "gene", [None]),
    ],
)
def test_matching(names, known, kind, expected):
    found = match(names, known, kind)
    assert [found.known[i] if i >= 0 else None for i in found.positions] == expected
    assert found.lost == [name for name, other in zip(names, expected, strict=True) if other is None]


def test_what_was_matched_by_spelling_and_what_is_near():
    found = match(["HT-29", "A375", "T.T", "SKMEL5"], ["HT29", "A375", "TT", "SKMEL55", "X"], "cell_line")
    assert found.by_spelling() == ["HT-29 = HT29"]
    assert found.near() == ["T.T ~ TT", "SKMEL5 ~ SKMEL55"]


def test_repeated_names_are_matched_alike():
    assert match(["ht29", "ht29"], ["HT-29"], "cell_line").positions.tolist() == [0, 0]
