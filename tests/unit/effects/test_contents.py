"""The contents of a screen, against its rows."""

import pytest


def test_contents_by_hand(hostile_table, contents):
    assert contents.genes["gene"].tolist() == list(dict.fromkeys(hostile_table["gene"]))
    assert contents.sgrnas["sgrna"].tolist() == list(dict.fromkeys(hostile_table["sgrna"]))
    for row in contents.genes.itertuples():
        mine = hostile_table[hostile_table["gene"] == row.gene]
        squares = ((mine["x"] - mine["x"].mean()) ** 2).groupby(mine["cell_line"]).sum()
        assert row.leverage == pytest.approx(squares.max() / squares.sum())
        assert row.leverage_cell_line == squares.idxmax()
        assert (row.sgrnas, row.rows, row.cell_lines) == (mine["sgrna"].nunique(), len(mine), 30)
        assert row.cna_sd == pytest.approx(mine["cna"].std(ddof=0))
        assert (row.cna_lowest, row.cna_highest) == (mine["cna"].min(), mine["cna"].max())
