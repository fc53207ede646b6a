"""Count tables: from their text to logFC, by hand; what is refused."""

import numpy as np
import pandas as pd
import pytest

from guidefit.base.errors import UserError
from guidefit.screens import count_table
from helpers.count_tables import CONTROLS, GUIDES, import_screen, made_up


@pytest.fixture(scope="module")
def screen():
    return made_up()


def by_hand(table, chosen, references):
    """(guide,) logFC of some samples, each against the median of its references, averaged."""
    counts = table.set_index("sgRNA").drop(columns="Gene")
    is_control = counts.index.str.startswith("NTC")
    scaled = counts * 500 / counts[is_control].median()
    each = []
    for sample, names in zip(chosen, references, strict=True):
        logfc = np.log2(scaled[sample] + 1) - np.log2(scaled[names] + 1).median(axis=1)
        each.append(logfc - logfc[is_control].median())
    return pd.concat(each, axis=1).mean(axis=1)


def test_a_screen_against_initial_samples(tmp_path, screen):
    table, sheet, truth = screen
    found, ledger = import_screen(tmp_path, table, sheet, of={"condition": "dmso"}, min_pdna=0)
    expected = by_hand(table, ["L2_d14_DMSO_A", "L2_d14_DMSO_B"], [["L2_d0"], ["L2_d0"]])
    own = found[found["cell_line"] == "L2"].set_index("sgrna")["logfc"]
    np.testing.assert_allclose(own, expected[own.index], rtol=1e-9)
    assert found["cna"].isna().all()
    assert (found["x"] == 0).all()
    assert found["n_replicates"].eq(2).all()
    assert len(found) == 3 * GUIDES * len(truth)
    assert ledger.loc[ledger["action"] == "dropped", "rows"].tolist() == [3 * CONTROLS]
    assert "12 control guides scale and centre the samples" in " ".join(ledger["reason"])
    means = found.groupby(found["gene"].str[:3])["logfc"].mean()
    np.testing.assert_allclose(means[["ESS", "NON", "HIT"]], [-2, 0, 0], atol=0.15)


def test_a_contrast_is_paired_by_replicate(tmp_path, screen):
    table, sheet, _ = screen
    of, against = {"condition": "Drug", "day": "14"}, {"condition": "DMSO"}
    found, _ = import_screen(tmp_path, table, sheet, of=of, against=against, min_pdna=0)
    expected = by_hand(table, ["L1_d14_Drug_A", "L1_d14_Drug_B"], [["L1_d14_DMSO_A"], ["L1_d14_DMSO_B"]])
    own = found[found["cell_line"] == "L1"].set_index("sgrna")["logfc"]
    np.testing.assert_allclose(own, expected[own.index], rtol=1e-9)
    means = found.groupby(found["gene"].str[:3])["logfc"].mean()
    np.testing.assert_allclose(means[["ESS", "NON", "HIT"]], [0, 0, -1.5], atol=0.15)


def test_a_guide_that_vanishes_in_one_arm_is_kept(tmp_path, screen):
    table, sheet, _ = screen
    table = table.copy()
    drug = [name for name in table if "Drug" in name]
    table.loc[table["sgRNA"] == "HIT0_sg0", drug] = 0
    table.loc[table["sgRNA"] == "HIT0_sg1", [name for name in table if "d14" in name]] = 3
    found, ledger = import_screen(tmp_path, table, sheet, of={"condition": "Drug"}, against={"condition": "DMSO"})
    assert (found.loc[found["sgrna"] == "HIT0_sg0", "logfc"] < -5).all()
    assert "HIT0_sg1" not in set(found["sgrna"])
    assert "mean scaled count of both arms below 50" in set(ledger["reason"])


def test_controls_by_a_list_and_by_nothing_that_is_there(tmp_path, screen):
    table, sheet, _ = screen
    (tmp_path / "controls.txt").write_text("\n".join(f"NTC_{i}" for i in range(CONTROLS)))
    of = {"condition": "dmso"}
    one, _ = import_screen(tmp_path, table, sheet, of=of, control_list=str(tmp_path / "controls.txt"))
    pd.testing.assert_frame_equal(one, import_screen(tmp_path, table, sheet, of=of)[0])
    with pytest.raises(UserError, match=r"no guide and no gene matches the pattern 'luc.'.*names such as NTC_0, NTC_1, NTC_2"):
        import_screen(tmp_path, table, sheet, of=of, control_guides="luc*")
    (tmp_path / "controls.txt").write_text("x\ny\n")
    with pytest.raises(UserError, match=r"controls.txt: none of its 2 names .x, y. is a guide of the counts"):
        import_screen(tmp_path, table, sheet, of=of, control_list=str(tmp_path / "controls.txt"))


def test_an_enrichment_screen_is_answered_with_a_warning(tmp_path, screen):
    table, sheet, _ = screen
    table = table.copy()
    drug = [name for name in table if "Drug" in name]
    is_winner = table["Gene"].str.startswith("HIT")
    table.loc[~is_winner & (np.arange(len(table)) % 5 > 0), drug] = 0
    table.loc[is_winner, drug] *= 20
    found, ledger = import_screen(tmp_path, table, sheet, of={"condition": "Drug"}, min_pdna=0)
    warned = ledger.loc[ledger["action"] == "warned", "reason"]
    assert "control guides have no reads in 6 sample(s)" in warned.iloc[0]
    means = found.groupby("gene")["logfc"].mean()
    assert means[means.index.str.startswith("HIT")].min() > 4
    assert means[~means.index.str.startswith("HIT")].max() < 3


def test_samples_that_are_left_out_or_unknown(tmp_path, screen):
    table, sheet, _ = screen
    more = pd.concat([sheet, sheet.tail(1).assign(sample="L9_d14_Drug_B")])
    found, ledger = import_screen(tmp_path, table, more, left_out=["L2_d14_DMSO_A"], of={"condition": "dmso"})
    assert found.loc[found["cell_line"] == "L2", "n_replicates"].eq(1).all()
    reasons = " ".join(ledger["reason"])
    assert "1 sample(s) that failed the quality thresholds left out" in reasons
    assert "1 of 16 samples of" in ledger.loc[ledger["action"] == "warned", "reason"].iloc[0]
    with pytest.raises(UserError, match=r"none of its 15 samples .*is a column of the count table"):
        import_screen(tmp_path, table, sheet.assign(sample=[f"s{i}" for i in range(15)]))


def convert(folder, text):
    (folder / "counts.txt").write_text(text)
    return count_table.convert(str(folder / "counts.txt"), folder / "counts.parquet").table()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sgRNA\tGene\n", "the header has 2 column"),
        ("Gene\tsgRNA\ts1\nA\ta1\t3\n", "the first columns are Gene, sgRNA.*swap the two columns"),
        ("sgRNA\tGene\ts1\na1\tA\t3\na1\tB\t4\n", "1 sgRNA.s. have more than one row .a1; a1 has the gene.s. A, B"),
        ("sgRNA\tGene\ts1\n\tA\t3\n", "1 row.s. without sgRNA, first line 2"),
        ("sgRNA\tGene\ts1\na1\tA\t3\na2\tA\tmany\na3\tA\t4\n", "1 cell.s. of sample 's1' are not numbers, first on line 3: 'many'"),
        ("sgRNA\tGene\ts1\na1\tA\t3.5\na2\tA\t9.1\n", "look like logarithms of counts. Give raw read counts"),
        ("sgRNA\tGene\ts1\na1\tA\t-3\n", "negative values"),
        ("sgRNA\ts1\ts2\na1\t3\t5\na2\t7\t6\na3\t8\t1\n", "the second column holds numbers .*screen.counts, with screen.guide_map"),
        ("sgRNA\tGene\ttext\na1\tA\tx\n", "no column of counts"),
    ],
)
def test_tables_that_are_refused(tmp_path, text, message):
    with pytest.raises(UserError, match=f"(?s){message}"):
        convert(tmp_path, text)


def test_what_is_noted_in_a_table(tmp_path):
    noted = convert(tmp_path, "sgRNA;Gene;sequence;s1\na1;A;ACGT;100,5\na2;;ACGA;200\n")["reason"]
    assert "1 column(s) with text left out" in " ".join(noted)
    assert "so they are taken as normalised counts" in " ".join(noted)


def test_missing_counts_of_a_screen_without_copy_numbers_reach_the_verdict(tmp_path):
    table, sheet, _ = made_up()
    holes = table["Gene"].isin(["HIT0", "NON3"])
    table.loc[holes, [name for name in table if name.startswith("L")]] = np.nan
    _, ledger = import_screen(tmp_path, table, sheet, of={"condition": "dmso"})
    warned = ledger[ledger["action"] == "warned"]
    assert warned["reason"].tolist() == ["2 of 19 genes of the screen are not in the cells with data, and are left out"]
    table.loc[table["Gene"].str.startswith(("NON", "ESS")), [name for name in table if name.startswith("L")]] = np.nan
    with pytest.raises(
        UserError, match=r"17 of 19 genes of the screen are not in the cells with data .*raise thresholds.lost_share"
    ):
        import_screen(tmp_path, table, sheet, of={"condition": "dmso"}, lost_share=0.33)


def test_a_screen_whose_rows_are_all_left_out_is_refused(tmp_path):
    table, sheet, _ = made_up()
    with pytest.raises(UserError, match=r"no rows are left(?s:.)*scaled count of the reference below 1e\+09"):
        import_screen(tmp_path, table, sheet, of={"condition": "dmso"}, min_pdna=1e9)
