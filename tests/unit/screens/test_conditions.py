"""Which samples are compared with which."""

import pandas as pd
import pytest

from guidefit.base.errors import UserError
from guidefit.screens import conditions, samples
from guidefit.screens.ledger import Ledger


def sheet_of(*rows):
    """rows: sample, cell_line, condition, day, replicate, reference, batch; later ones may be left out."""
    names = ["sample", "cell_line", "condition", "day", "replicate", "reference", "batch"]
    table = pd.DataFrame([(*row, *[""] * (7 - len(row))) for row in rows], columns=names)
    return table.assign(is_plasmid=table["cell_line"] == samples.PLASMID)


def choose(sheet, of=None, against=None, batches="own"):
    ledger = Ledger()
    arms = conditions.choose(sheet, of or {}, against, batches, "sheet.csv", ledger)
    return dict(zip(arms.chosen["sample"], arms.references, strict=True)), ledger.table()


ARMS = sheet_of(
    ("p", "pDNA"),
    ("a0", "A", "", "0"),
    *((f"a{day}{arm[0]}{r}", "A", arm, day, r) for day in ("7", "14") for arm in ("Dmso", "Xeno") for r in "12"),
    ("b14X3", "B", "Xeno", "14", "3"),
    ("b14D1", "B", "Dmso", "14", "1"),
    ("c14X1", "C", "Xeno", "14", "1"),
)


def test_several_conditions_or_days_are_refused_with_the_choices():
    with pytest.raises(UserError) as error:
        choose(ARMS)
    message = str(error.value)
    assert "1 cell line(s) have samples of several days and the samples have several conditions (Dmso, Xeno)" in message
    assert "day 7, Dmso (2 samples), day 7, Xeno (2 samples), day 14, Dmso (3 samples)" in message
    assert "of: {condition: Dmso, day: 14}. To compare two arms, add screen.against." in message
    with pytest.raises(UserError, match=r"several days.*such as of: {day: 14}"):
        choose(ARMS, {"condition": "dmso"})


def test_references_are_initial_samples_of_the_line_else_plasmids():
    found, _ = choose(ARMS, {"condition": "dmso", "day": "14"})
    assert found == {"a14D1": ("a0",), "a14D2": ("a0",), "b14D1": ("p",)}


def test_plasmids_of_the_batch_and_named_references():
    sheet = sheet_of(
        ("p", "pDNA", "", "", "", "", "A"),
        ("q", "pDNA", "", "", "", "", "B"),
        ("a", "A", "", "21", "", "", "A"),
        ("b", "B", "", "14", "", "", "B"),
        ("c", "C", "", "14", "", "d; p", "B"),
        ("d", "D", "", "14"),
    )
    found, _ = choose(sheet[sheet["sample"] != "d"].replace({"d; p": "p"}))
    assert found == {"a": ("p",), "b": ("q",), "c": ("p",)}
    assert choose(sheet, batches="pooled")[0]["a"] == ("p", "q")
    assert choose(sheet, batches="pooled")[0]["c"] == ("d", "p")
    assert "d" not in choose(sheet, batches="pooled")[0]
    with pytest.raises(UserError, match="no pDNA sample of batch C, which 1 sample"):
        choose(sheet.assign(batch=sheet["batch"].where(sheet["sample"] != "a", "C")))
    with pytest.raises(UserError, match="the reference 'x' of sample 'c' is not a sample with counts"):
        choose(sheet.replace({"d; p": "x"}))


def test_without_any_reference():
    with pytest.raises(UserError, match=r"the counts have no pDNA sample, and 1 sample.s. .a. have no other reference"):
        choose(sheet_of(("a", "A", "", "14")))
    with pytest.raises(UserError, match=r"no sample is left to be compared with a reference; the sheet has day 0 .1 sample."):
        choose(sheet_of(("a", "A", "", "0")))


def test_a_contrast_is_paired_by_replicate_within_lines():
    found, ledger = choose(ARMS, {"condition": "xeno", "day": "14"}, {"condition": "dmso"})
    assert found == {"a14X1": ("a14D1",), "a14X2": ("a14D2",), "b14X3": ("b14D1",)}
    assert ledger["action"].tolist() == ["warned", "noted"]
    assert "1 cell line(s) without samples of screen.against left out" in ledger["reason"][0]
    assert "a contrast of 3 sample(s) with 3 of the other arm, 2 of them paired by replicate" in ledger["reason"][1]


def test_a_contrast_of_days():
    found, _ = choose(ARMS, {"condition": "dmso", "day": "14", "cell_line": "A"}, {"day": "d7"})
    assert found == {"a14D1": ("a7D1",), "a14D2": ("a7D2",)}
    assert choose(ARMS, {"condition": "dmso", "day": "14", "cell_line": "A"}, {"day": "T0", "condition": ""})[0]["a14D1"] == ("a0",)


@pytest.mark.parametrize(
    ("of", "against", "message"),
    [
        ({"condition": "dsmo"}, None, "no sample has condition 'dsmo' .screen.of...* The sheet has: Dmso, Xeno"),
        ({"day": "9"}, None, "no sample has day '9'"),
        ({"condition": "dmso", "day": "7", "cell_line": "B"}, None, "no sample has all of condition: dmso, day: 7, cell_line: B"),
        ({"condition": "dmso", "day": "14"}, {"condition": "DMSO"}, "chooses the same samples as screen.of"),
        ({"condition": "dmso", "cell_line": "B"}, {"cell_line": "A", "day": "7"}, "no cell line has samples of both arms"),
    ],
)
def test_choices_that_choose_nothing(of, against, message):
    with pytest.raises(UserError, match=message):
        choose(ARMS, of, against)
