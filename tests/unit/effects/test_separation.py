"""Separation of control genes by cell line."""

import numpy as np
import pandas as pd
import pytest

from guidefit.effects.separation import SEPARATION_COLUMNS, measure_auroc, measure_nnmd, separate_by_line


def test_separation_by_hand():
    table = pd.DataFrame(
        {
            "cell_line": ["A"] * 6 + ["B"] * 3,
            "gene": ["e1", "e1", "e2", "n1", "n2", "x", "e1", "n1", "n2"],
            "control": ["essential"] * 3 + ["nonessential"] * 2 + [""] + ["essential"] + ["nonessential"] * 2,
            "effect": [-3.0, -1.0, 0.5, 0.0, 1.0, -9.0, np.nan, 0.0, 1.0],
        }
    )
    found = separate_by_line(table, "effect").set_index("cell_line")
    assert tuple(found.reset_index().columns) == SEPARATION_COLUMNS
    assert found.loc["A", "auroc"] == 3 / 4  # of the pairs (e1: -2, e2: 0.5) x (0, 1), one is in the wrong order
    assert found.loc["A", "nnmd"] == pytest.approx((-0.75 - 0.5) / np.std([0, 1], ddof=1))
    assert found.loc["A", ["genes_essential", "genes_nonessential"]].tolist() == [2, 2]
    assert found.loc["B", ["auroc", "nnmd"]].isna().all()  # its essential gene has no value


def test_a_line_without_controls_keeps_its_row():
    table = pd.DataFrame({"cell_line": ["A"], "gene": ["x"], "control": [""], "effect": [-1.0]})
    found = separate_by_line(table, "effect")
    assert found[["cell_line", "genes_essential"]].to_numpy().tolist() == [["A", 0]]
    assert found["auroc"].isna().all()


def test_constant_nonessential_genes_have_no_nnmd():
    assert np.isnan(measure_nnmd(np.array([-1.0]), np.array([0.0, 0.0])))
    assert measure_auroc(np.array([0.0]), np.array([0.0, 0.0])) == 0.5
