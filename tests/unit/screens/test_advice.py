"""What the import says where one of several explanations is right, and units that the values alone show. See test_remedies."""

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

IDS = ["sgrna", "cell_line"]


def import_release(folder, release, constant="refuse"):
    """Rows of the screen by sgRNA and cell line."""
    files = depmap.Files(**save(folder, release, ".csv"), map_columns={})
    limits = {"logfc_max": default_of(Screen, "logfc_max"), "lost_share": default_of(Thresholds, "lost_share")}
    blocks, _ = depmap.import_depmap(files, Steps(), Covariate("log2", diploid=1.0), constant, None, **limits)
    table = pd.concat([block.astype(dict.fromkeys(IDS, "str")) for block in blocks])
    return table.set_index(IDS)[["cna", "logfc"]].sort_index()


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
        found = import_release(tmp_path, release, constant="drop")
        assert set(found.index.get_level_values("cell_line")) == set(lines)
    with pytest.raises(UserError, match=r"fewer than two cell lines .c0.* add rows of another line"):
        import_screen(save_table(tmp_path, good_table(lines=1)))
    found, _ = import_screen(save_table(tmp_path, good_table(lines=2)))
    assert found["cell_line"].nunique() == 2
