"""Sample sheets: names of columns, days, plasmids, and what may be no replicate."""

import pandas as pd
import pytest

from guidefit.base.errors import UserError
from guidefit.screens import samples
from guidefit.screens.ledger import Ledger


def read(folder, text, **map_columns):
    path = folder / "sheet.csv"
    path.write_text(text)
    return samples.read_sheet(str(path), map_columns, Ledger())


@pytest.mark.parametrize("text", ["0", "T0", "d0", "day 0", "Initial", "baseline", "0.0", "0 h"])
def test_names_of_the_start(text):
    assert samples.parse_day(text) == "0"


@pytest.mark.parametrize(
    ("text", "day"), [("14", "14"), ("14.0", "14"), ("D14", "14"), ("2 weeks", "14"), ("336h", "14"), ("Late", "late"), ("", "")]
)
def test_days(text, day):
    assert samples.parse_day(text) == day


def test_plasmids_have_many_names_and_conditions_one_spelling(tmp_path):
    sheet = read(
        tmp_path,
        "Sample Name,Cell Line,Treatment,Days,Replicate\n"
        "p1,PDNA,,,\np2,plasmid library,,,\np3,,Plasmid,,\na,A375,DMSO,14,1\nb,A375,dmso,d14,2\nc,A375,T0,,\n",
    )
    assert sheet["is_plasmid"].tolist() == [True, True, True, False, False, False]
    assert set(sheet.loc[sheet["is_plasmid"], "cell_line"]) == {"pDNA"}
    assert sheet["condition"].tolist()[3:5] == ["DMSO", "DMSO"]
    assert sheet["day"].tolist()[3:] == ["14", "14", "0"]


def test_the_map_of_depmap_is_a_sheet(tmp_path):
    text = "sequence_ID,ScreenID,days,pDNA_batch,ScreenType,lane_name\np,S,0,A,pDNA,x\na,S,21,A,2DS,y\n"
    with pytest.raises(UserError, match=r"missing column cell_line_name or ModelID.*screen.map_columns.cell_line"):
        read(tmp_path, text)
    sheet = read(tmp_path, text, cell_line="lane_name")
    assert sheet[["sample", "cell_line", "day", "batch"]].to_numpy().tolist() == [["p", "pDNA", "0", "A"], ["a", "y", "21", "A"]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,L1\na,L2\n", "1 sample.s. have more than one row .a."),
        ("a,L1\nb,\n", "1 row.s. have no cell_line, first line 3"),
        (",L1\n", "1 row.s. have no sample, first line 2"),
    ],
)
def test_rows_that_are_refused(tmp_path, rows, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, f"sample,cell_line\n{rows}")


def warnings(sheet):
    ledger = Ledger()
    samples.warn_of_hidden_conditions(sheet, "sheet.csv", ledger)
    return " ".join(ledger.table().query("action == 'warned'")["reason"])


def chosen(**columns):
    plain = {"sample": list("abcd"), "cell_line": ["L1", "L1", "L2", "L2"], "condition": "", "day": "14"}
    return pd.DataFrame(plain | columns)


def test_columns_in_which_replicates_differ_are_warned_about():
    found = warnings(chosen(**{"other: dose": ["0", "5", "0", "5"]}))
    assert "samples of 2 cell line(s) are averaged as replicates and differ in column 'dose' (0, 5)" in found
    assert warnings(chosen(**{"other: lane": ["0", "5", "0", "5"]})) == ""
    assert warnings(chosen(**{"other: dose": ["0", "0", "5", "5"]})) == ""
    assert warnings(chosen(**{"other: barcodes": list("acgt")})) == ""


def test_names_of_initial_samples_are_warned_about():
    assert "2 sample(s) look like those of initial samples" in warnings(chosen(sample=["a_T0", "a_late", "b.initial", "b.end"]))
    assert warnings(chosen(sample=["a_T10", "a_T01", "b_1", "b_2"])) == ""


ARMS = ["A375_d14_DMSO_A", "A375_d14_DMSO_B", "A375_d14_olaparib10nM_A", "A375_d14_olaparib10nM_B"]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (ARMS, "DMSO, olaparib10nM"),
        (["A375-d4-rep1", "A375-d4-rep2", "A375-d14-rep1", "A375-d14-rep2"], "d14, d4"),
        (["A375_RepA_p4", "A375_RepB_p6"], ""),
        (["A375_c903R1_KY", "A375_c903R2_KY", "A375_c903R3_KY"], ""),
        (["A375_lane1", "A375_lane2", "A375_pool_B"], ""),
        (["alpha", "beta", "gamma"], ""),  # names of one sample each
    ],
)
def test_conditions_that_only_the_names_of_samples_say_are_warned_of(tmp_path, names, found):
    sheet = read(tmp_path, "\n".join(["sample,cell_line", *(f"{name},A375" for name in names)]))
    samples.warn_of_hidden_conditions(sheet, "sheet.csv", ledger := Ledger())
    warned = ledger.table().query("action == 'warned'")["reason"].tolist()
    assert len(warned) == bool(found)
    assert not found or f"have names that differ in {found}. If these are conditions or days, give them" in warned[0]


def test_names_of_arms_do_not_matter_where_the_sheet_has_the_arms(tmp_path):
    rows = [f"{name},A375,{name.split('_')[2]}" for name in ARMS]
    sheet = read(tmp_path, "\n".join(["sample,cell_line,condition", *rows]))
    samples.warn_of_hidden_conditions(sheet, "sheet.csv", ledger := Ledger())
    assert ledger.table().empty
