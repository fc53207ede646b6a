"""Shapes of the copy-number artefact on cell lines left out."""

import numpy as np
import pandas as pd
import pytest

from guidefit.effects import artefact_shapes
from guidefit.effects.artefact_shapes import PROPORTIONAL, SAME
from guidefit.effects.judged_rows import LINEAR, NONE, SATURATING, SPLINE
from guidefit.effects.unseen import Folds

LINES, GENES, GUIDES = 20, 60, 3
FOLDS = np.arange(LINES) % 5


def make_rows(shape, multiplier, seed=1):
    """Rows of nonessential genes, whose artefact has this shape and is proportional to the line's multiplier."""
    rng = np.random.default_rng(seed)
    copies = 2.0 * np.exp(0.5 * rng.standard_normal((GENES, LINES)))
    x = np.log2(copies + 1) - np.log2(3)
    artefact = {LINEAR: -0.5 * x, SATURATING: -1.5 * (copies - 2) / (copies + 2)}[shape]
    gene, guide, line = (each.ravel() for each in np.indices((GENES, GUIDES, LINES)))
    logfc = (multiplier * artefact)[gene, line] + 0.1 * guide + 0.2 * rng.standard_normal(len(gene))
    rows = pd.DataFrame({"gene": gene, "sgrna": gene * GUIDES + guide, "cell_line": line, "logfc": logfc}).astype(
        dict.fromkeys(("gene", "sgrna", "cell_line"), "str")
    )
    return rows.assign(control="nonessential", cna=copies[gene, line], x=x[gene, line], x_diploid=0.0), line


@pytest.mark.parametrize("shape", [LINEAR, SATURATING])
def test_the_true_shape_predicts_best(shape):
    multiplier = np.exp(0.6 * np.random.default_rng(3).standard_normal(LINES))
    rows, line = make_rows(shape, multiplier)
    found = artefact_shapes.compare_shapes(rows, FOLDS[line], np.ones(len(rows)), multiplier[line], "log2_diploid", 2.0)
    best = found.iloc[0]
    assert best["shape"] in (shape, SPLINE)  # a spline holds a line, and bends as a saturating curve does
    assert best["response"] == PROPORTIONAL
    table = found.set_index(["shape", "response"])
    assert table.loc[(shape, PROPORTIONAL), "behind"] < 2 * max(table.loc[(shape, PROPORTIONAL), "behind_se"], 1e-9)
    assert table.loc[(shape, SAME), "behind"] > 50
    assert abs(table.loc[(shape, PROPORTIONAL), "slope"]) < 0.1 * abs(table.loc[(NONE, SAME), "slope"])
    assert table["fitted"].sum() == 1
    assert table.loc[(LINEAR, PROPORTIONAL), "fitted"]
    assert table.loc[(NONE, SAME), "gain"] == 0


def test_lines_left_out_are_predicted_by_weighted_least_squares_of_the_others():
    rng = np.random.default_rng(2)
    x, y, weight = rng.standard_normal(40), rng.standard_normal(40), rng.uniform(0.5, 2, 40)
    sgrna, fold = np.arange(40) % 4, np.arange(40) // 20
    found = artefact_shapes.predict_folds(x[:, None], y, weight, sgrna, fold)
    for left_out in (0, 1):
        kept = fold != left_out
        design = np.column_stack([x, np.eye(4)[sgrna]])[kept] * np.sqrt(weight[kept])[:, None]
        slope = np.linalg.lstsq(design, y[kept] * np.sqrt(weight[kept]), rcond=None)[0][0]
        np.testing.assert_allclose(found[~kept], slope * x[~kept])


def test_variants_without_multipliers_and_screens_without_nonessential_genes():
    multiplier = np.ones(LINES)
    rows, _ = make_rows(LINEAR, multiplier)
    quality = pd.DataFrame({"variant": "v", "cell_line": [str(i) for i in range(LINES)], "noise": 1.0, "multiplier": np.nan})
    sgrnas = pd.DataFrame({"variant": "v", "sgrna": rows["sgrna"].unique(), "noise": 1.0})
    folds = Folds(pd.Series(FOLDS, quality["cell_line"]), pd.Series(dtype=int), {"v": pd.Series(dtype=float)})
    covariate = {"name": "saturating", "diploid": 2.0}
    found = artefact_shapes.compare_for_variants(rows, folds, quality, sgrnas, covariate)
    assert found["response"].unique().tolist() == [SAME]
    assert found.loc[found["fitted"], "shape"].tolist() == [SATURATING]
    essential = rows.assign(control="essential")
    assert artefact_shapes.compare_for_variants(essential, folds, quality, sgrnas, covariate).empty
