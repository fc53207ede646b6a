"""The table of genes by cell lines."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from guidefit.effects import gene_line_table
from guidefit.effects.gene_line_table import GENE_LINE_COLUMNS, tabulate_gene_lines
from helpers.effects import THRESHOLDS, line_fit

IDS = {"study": "s", "variant": "v", "seed": 3}
VALUES = {"effect": -1.0, "effect_sd": 0.2, "p_dependent": 0.9, "p_negative": 0.99, "information": 0.6}


def fit(variant, k):
    """Two genes in three lines with multipliers k; the first gene has no row in the second line."""
    tables = {name: np.full((2, 3), value, np.float32) for name, value in VALUES.items()}
    tables["p_negative"][1, 2] = 0.3
    for table in tables.values():
        table[0, 1] = np.nan
    found = line_fit(["a", "b"], ["x", "y", "z"], variant, **tables)
    found.draws["k_l"] = ("cell_line", k)
    return replace(found, draws=found.draws.assign(k_l=found.draws["k_l"].expand_dims({"chain": 2, "draw": 50})))


def test_a_row_for_each_gene_and_line_with_data():
    table = tabulate_gene_lines(fit("gene_classes", [1.0, 0.2, 1.5]), {"b": "essential"}, THRESHOLDS, IDS)
    assert list(table.columns) == list(GENE_LINE_COLUMNS)
    assert list(zip(table["gene"], table["cell_line"], strict=True)) == [("a", "x"), ("a", "z"), ("b", "x"), ("b", "y"), ("b", "z")]
    assert table["control"].tolist() == ["", "", "essential", "essential", "essential"]
    assert table["flags"].tolist() == ["", "", "", "line hardly responds", ""]
    assert table["lfsr"].tolist() == pytest.approx([0.01, 0.01, 0.01, 0.01, 0.3], abs=1e-6)
    assert table["q975"].iloc[0] == pytest.approx(-1 + 1.96 * 0.2, abs=1e-4)
    assert set(table["study"]) == {"s"}


def test_scaled_effects_and_calls_at_a_false_discovery_rate():
    found = fit("gene_classes", [1.0, 1.0, 1.0])
    found.moments["effect"][1] = [0.5, 0.3, 0.1]
    found.moments["p_dependent"][:] = [[0.99, np.nan, 0.98], [0.94, 0.9, 0.7]]
    table = tabulate_gene_lines(found, {"a": "essential", "b": "nonessential"}, THRESHOLDS, IDS)
    assert table["effect_scaled"].tolist() == pytest.approx([-1, -1, 0.2 / 1.3, 0, -0.2 / 1.3], abs=1e-6)
    assert table["effect_scaled_sd"].tolist() == pytest.approx([0.2 / 1.3] * 5, abs=1e-6)
    # the mean probability of a false call is 0.01, 0.015, 0.03, 0.0475, 0.098
    assert table["call"].tolist() == ["dependent"] * 4 + [""]
    in_double = replace(found, moments=found.moments.astype(float))  # as they are computed from draws
    pd.testing.assert_frame_equal(tabulate_gene_lines(in_double, {"a": "essential", "b": "nonessential"}, THRESHOLDS, IDS), table)
    assert tabulate_gene_lines(found, {"a": "essential"}, THRESHOLDS, IDS)["effect_scaled"].isna().all()


def test_without_multipliers_no_line_is_flagged_and_without_variants_there_are_no_rows():
    found = fit("gene_by_line", [1.0, 0.2, 1.5])
    without = replace(found, structure=replace(found.structure, multiplier=None))
    assert set(tabulate_gene_lines(without, {}, THRESHOLDS, IDS)["flags"]) == {""}
    empty = gene_line_table.no_gene_lines()
    assert isinstance(empty, pd.DataFrame)
    assert (len(empty), list(empty.columns)) == (0, list(GENE_LINE_COLUMNS))
