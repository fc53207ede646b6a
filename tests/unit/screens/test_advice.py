"""The remedies that error messages of the import name are safe: the screen is then right, or a warning reaches the verdict."""

import numpy as np
import pandas as pd
import pytest

from guidefit.base.errors import UserError
from guidefit.config.screen import Screen
from guidefit.config.thresholds import Thresholds
from guidefit.screens import depmap
from helpers.defaults import Covariate, Steps, default_of
from helpers.long_tables import good_table, import_screen, save_table
from helpers.release import made_up, save

LOG2 = Covariate("log2", diploid=1.0)
IDS = ["sgrna", "cell_line"]
LOST_SHARE = default_of(Thresholds, "lost_share")


def import_release(folder, release, steps=None, unit=None, constant="refuse", lost_share=LOST_SHARE):
    files = depmap.Files(**save(folder, release, ".csv"), map_columns={})
    limits = {"logfc_max": default_of(Screen, "logfc_max"), "lost_share": lost_share}
    blocks, ledger = depmap.import_depmap(files, Steps(**steps or {}), LOG2, constant, unit, **limits)
    table = pd.concat([block.astype(dict.fromkeys(IDS, "str")) for block in blocks])
    return table.set_index(IDS)[["cna", "logfc"]].sort_index(), ledger.table()


def lines_without_copies(release):
    release["copy_number"] = release["copy_number"].drop(index=["L1", "L2"])
    return {}


def genes_without_copies(release):
    release["copy_number"] = release["copy_number"].drop(columns=["GENE0 (100)", "GENE1 (101)"])
    return {}


def guides_without_gene(release):
    release["guide_map"] = release["guide_map"][12:]
    release["nonessential"]["Gene"] = ["GENE3 (103)", "GENE4 (104)"]
    return {}


def constant_gene(release):
    release["copy_number"]["GENE0 (100)"] = 1.0
    return {}


def most_genes_constant(release):
    release["copy_number"].loc[:, ["GENE0 (100)", "GENE1 (101)", "GENE4 (104)"]] = 1.0
    return {}


def plasmids_of_one_batch(release):
    release["sequence_map"] = release["sequence_map"][release["sequence_map"]["sequence_ID"] != "p3"]
    return {}


def no_controls(release):
    release["nonessential"]["Gene"] = ["X", "Y"]
    return {}


def linear_copies(release):
    release["copy_number"] = 2 ** release["copy_number"] - 1
    release["copy_number"].iloc[4, 5] = 90.0
    return {"unit": "log2"}


def ratios(release):
    release["copy_number"] = np.log2(2 ** release["copy_number"] - 1)
    return {"unit": "log2"}


# what is wrong with the release -> what the message says, the settings that follow it, and whether verdicts are lowered
REMEDIES = {
    lines_without_copies: ("2 of 4 cell lines .*raise thresholds.lost_share", {"lost_share": 0.6}, True),
    genes_without_copies: ("2 of 5 genes .*raise thresholds.lost_share", {"lost_share": 0.6}, True),
    guides_without_gene: ("12 of 20 guides .*raise thresholds.lost_share", {"lost_share": 0.6}, True),
    constant_gene: ("constant_covariate: drop", {"constant": "drop"}, False),
    most_genes_constant: ("constant_covariate: drop", {"constant": "drop"}, True),
    plasmids_of_one_batch: ("set screen.pdna_batches: pooled", {"steps": {"pdna_batches": "pooled"}}, True),
    no_controls: (
        "as screen.control_guides",
        {"steps": {"normalise": "control_guides", "control_guides": "GENE[23]*"}},
        False,
    ),
    ratios: ("set screen.copy_number_unit: log2_ratio", {"unit": "log2_ratio"}, False),
}


@pytest.mark.parametrize("spoil", REMEDIES, ids=lambda spoil: spoil.__name__)
def test_remedies_for_the_files_of_a_release(tmp_path, spoil):
    expected, _ = import_release(tmp_path, made_up())
    message, settings, lowers = REMEDIES[spoil]
    release = made_up()
    wrong = spoil(release)
    with pytest.raises(UserError, match=f"(?s){message}"):
        import_release(tmp_path, release, **wrong)
    found, ledger = import_release(tmp_path, release, **settings)
    assert len(found)
    if spoil not in (guides_without_gene, plasmids_of_one_batch):  # other control genes or plasmids give other logFC
        pd.testing.assert_frame_equal(found, expected.loc[found.index], atol=1e-9)
    assert ledger["action"].eq("warned").any() == lowers


def test_linear_copies_as_logarithms(tmp_path):
    expected, _ = import_release(tmp_path, made_up())
    release = made_up()
    wrong = linear_copies(release)
    release["copy_number"] = (
        release["copy_number"].drop(columns="GENE5 (105)").assign(**{"GENE0 (100)": [1.0, 20.0, 1.1, 0.9, 1.0]})
    )
    with pytest.raises(UserError, match=r"cannot be log2.*set screen.copy_number_unit: linear"):
        import_release(tmp_path, release, **wrong)
    found, ledger = import_release(tmp_path, release, unit="linear")
    others = [name for name in found.index if not name[0].startswith("g0")]
    pd.testing.assert_frame_equal(found.loc[others], expected.loc[others], atol=1e-9)
    assert not ledger["action"].eq("warned").any()


def holes(table):
    return table.assign(lfc=table["lfc"].where(table.index > 1))


def lines_of_holes(table):
    return table.assign(copies=table["copies"].where(~table["line"].isin(["c0", "c1"])))


def test_remedies_for_a_long_table(tmp_path):
    expected = import_screen(save_table(tmp_path, good_table()))[0].set_index(IDS)["logfc"]
    path = save_table(tmp_path, holes(good_table()))
    with pytest.raises(UserError, match=r"set screen.missing: drop"):
        import_screen(path)
    found, ledger = import_screen(path, missing="drop")
    found = found.set_index(IDS)["logfc"]
    pd.testing.assert_series_equal(found, expected[found.index])
    assert not ledger.table()["action"].eq("warned").any()
    # lines that are lost with their missing values are lost lines
    path = save_table(tmp_path, lines_of_holes(good_table()))
    with pytest.raises(UserError, match=r"2 of 4 cell lines of the table are not in the rows without missing values \(c0, c1\)"):
        import_screen(path, missing="drop")
    found, ledger = import_screen(path, missing="drop", lost_share=0.6)
    assert set(found["cell_line"]) == {"c2", "c3"}
    assert ledger.table()["action"].eq("warned").any()


def test_ratios_in_a_long_table(tmp_path):
    expected, _ = import_screen(save_table(tmp_path, good_table()))
    path = save_table(tmp_path, good_table().assign(copies=lambda t: np.log2(t["copies"])))
    with pytest.raises(UserError, match=r"negative copy number in .* set screen.copy_number_unit: log2_ratio"):
        import_screen(path)
    found, ledger = import_screen(path, copy_number_unit="log2_ratio")
    pd.testing.assert_frame_equal(found, expected)
    assert not ledger.table()["action"].eq("warned").any()
    found, ledger = import_screen(path, copy_number_unit=None)
    pd.testing.assert_frame_equal(found, expected)
    assert ledger.table()["action"].eq("warned").any()


def test_one_line_and_lines_without_copies_are_explained_differently(tmp_path):
    release = made_up()
    release["sequence_map"] = release["sequence_map"][release["sequence_map"]["cell_line_name"].isin(["L1", "pDNA"])]
    with pytest.raises(UserError, match=r"the screen has one cell line \(L1\).*add the samples of another line"):
        import_release(tmp_path, release)
    release = made_up()
    release["copy_number"] = release["copy_number"].loc[["L3", "L9"]]
    with pytest.raises(
        UserError, match=r"fewer than two cell lines have data and copy numbers \(L3\).*add the copy numbers of these lines"
    ):
        import_release(tmp_path, release)
    for lines in (["L1", "L2"], ["L3", "L4"]):  # two are enough
        release = made_up()
        release["sequence_map"] = release["sequence_map"][release["sequence_map"]["cell_line_name"].isin([*lines, "pDNA"])]
        found, _ = import_release(tmp_path, release, constant="drop")
        assert set(found.index.get_level_values("cell_line")) == set(lines)
    with pytest.raises(UserError, match=r"fewer than two cell lines .c0.* add rows of another line"):
        import_screen(save_table(tmp_path, good_table(lines=1)))
    found, _ = import_screen(save_table(tmp_path, good_table(lines=2)))
    assert found["cell_line"].nunique() == 2
