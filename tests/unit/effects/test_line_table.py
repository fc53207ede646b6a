"""The table of cell lines."""

from dataclasses import replace

import numpy as np
import pytest

from guidefit.effects.gene_line_table import tabulate_gene_lines
from guidefit.effects.line_table import LINE_QUALITY_COLUMNS, tabulate_lines
from helpers.effects import THRESHOLDS, line_fit

IDS = {"study": "s", "variant": "v", "seed": 3}
CONTROL = {"a": "essential", "b": "nonessential", "c": "nonessential"}


def fit():
    """Three genes in two lines; in the first the essential gene is the lowest, in the second it lies between the others."""
    effect = np.array([[-1.0, 0.5], [0.0, 0.0], [0.2, 1.0]])
    others = {name: np.full((3, 2), 0.5) for name in ("effect_sd", "p_dependent", "p_negative", "information")}
    return line_fit(["a", "b", "c"], ["7", "8"], effect=effect, **others)


def tabulate(found):
    return tabulate_lines(found, tabulate_gene_lines(found, CONTROL, THRESHOLDS, IDS), 0.3, IDS)


def test_multipliers_noise_and_separation_of_lines():
    found = fit()
    found.draws["k_l"][..., 1] *= 0.2
    table = tabulate(found)
    assert list(table.columns) == list(LINE_QUALITY_COLUMNS)
    assert table["cell_line"].tolist() == ["7", "8"]
    assert table["flags"].tolist() == ["", "line hardly responds"]
    assert table["multiplier"].to_numpy() == pytest.approx(found.draws["k_l"].mean(("chain", "draw")).values)
    assert table["noise_q975"].to_numpy() == pytest.approx(found.draws["v_l"].quantile(0.975, ("chain", "draw")).values)
    assert table["auroc"].tolist() == [1.0, 0.5]
    assert table["genes_nonessential"].tolist() == [2, 2]


def test_lines_without_multipliers_have_empty_cells_and_no_flag():
    found = fit()
    table = tabulate(replace(found, structure=replace(found.structure, multiplier=None)))
    assert table["multiplier"].isna().all()
    assert set(table["flags"]) == {""}
