"""Whether the copy-number correction is right: the answer and its reasons."""

import numpy as np
import pandas as pd
import pytest

from guidefit.effects.artefact_shapes import PROPORTIONAL
from guidefit.effects.judged_rows import FITTED, UNSEEN_GENES, UNSEEN_LINES
from guidefit.report.pages import correction

NONE = {"method": "none", "slope": -0.2, "slope_se": 0.02, "nnmd": -4.0, "nnmd_se": 0.1, "variance_explained": 0.0}
GOOD = NONE | {"method": "v", "slope": -0.01, "variance_explained": 0.02, "variance_explained_se": 0.005}


def table(**changed):
    """changed: figures of the variant in fitted rows, unseen lines, and unseen lines and genes."""
    sets = {"fitted": FITTED, "lines": UNSEEN_LINES, "genes": UNSEEN_GENES}
    return pd.DataFrame([row | {"rows": rows} for key, rows in sets.items() for row in (NONE, GOOD | changed.get(key, {}))])


def test_yes_needs_all_of_it_in_unseen_rows():
    answer, reasons = correction.judge(table(), "v")
    assert answer == "Yes: v, judged on cell lines and genes that it was not fitted to."
    assert len(reasons) == 4
    assert all(reason.endswith("(holds)") for reason in reasons)
    assert "in unseen cell lines: slope -0.200 before, -0.010 after" in reasons[0]


@pytest.mark.parametrize(
    ("changed", "broken"),
    [
        ({"lines": {"slope": -0.1}}, "copy number no longer shifts nonessential genes in unseen cell lines"),
        ({"genes": {"slope": -0.1}}, "copy number no longer shifts nonessential genes in unseen genes in unseen cell lines"),
        ({"lines": {"nnmd": -3.0}}, "essential and nonessential genes stay separated in unseen cell lines"),
        ({"lines": {"variance_explained": -0.02}}, "the correction explains -2.00% of the variance"),
    ],
)
def test_one_fault_is_named(changed, broken):
    answer, reasons = correction.judge(table(**changed), "v")
    assert answer.startswith("Not entirely")
    assert next(reason for reason in reasons if "does not hold" in reason).startswith(broken)
    assert sum("does not hold" in reason for reason in reasons) == 1


def test_a_slope_known_too_roughly_is_no_yes():
    answer, reasons = correction.judge(table(genes={"slope": -0.1, "slope_se": 0.09}), "v")
    assert answer.startswith("This cannot be judged")
    assert "cannot be told from these data" in reasons[-1]


def test_fitted_rows_alone_prove_nothing():
    found = table()
    answer, reasons = correction.judge(found[found["rows"] == FITTED], "v")
    assert "figures of fitted rows prove nothing" in answer
    assert "in the rows that were fitted" in reasons[0]
    assert correction.judge(table(fitted={"nnmd": np.nan}), "v") == (
        "This cannot be judged: the data contain too few control genes or cell lines.",
        [],
    )


def test_in_sample_figures_are_marked():
    noted = table().assign(note="a note", amplified_shift=np.nan, auroc=np.nan, auroc_worst=0.5)
    found = correction.summarise(noted, "v")
    assert [part["rows"].split(" ")[0] for part in found["parts"]] == ["In", "In", "In-sample:"]
    assert found["parts"][1]["methods"][1]["variance_explained"] == "0.020 ± 0.005"
    assert found["notes"] == ["none: a note", "v: a note"]


def shapes(behind, best="saturating"):
    """artefact_shapes.csv of a variant whose own shape is `behind` nats behind the best one."""
    own = {"shape": "linear in log2", "gain": 90 - behind, "behind": behind, "fitted": True}
    other = {"shape": best, "gain": 90.0, "behind": 0.0, "fitted": False}
    same = {"variant": "v", "response": PROPORTIONAL, "gain_se": 20.0, "slope": -0.01, "slope_se": 0.02}
    return pd.DataFrame([other, own]).assign(behind_se=[0.0, 10.0], **same)


def test_the_best_shape_of_the_artefact_is_named():
    found = correction.compare_shapes(shapes(5.0), "v")
    assert found["text"].startswith("No shape predicts cell lines left out clearly better than that of v: linear in log2")
    row = {"shape": "linear in log2", "response": PROPORTIONAL, "fitted": True}
    assert found["rows"][1] == row | {"gain": "85 ± 20", "behind": "5 ± 10", "slope": "-0.010 ± 0.020"}
    text = correction.compare_shapes(shapes(40.0), "v")["text"]
    assert "saturating, proportional to the multiplier (by 40 nats). Set covariate: saturating." in text
    assert "Set covariate" not in correction.compare_shapes(shapes(40.0, "spline in log2"), "v")["text"]
    assert "none of these" in correction.compare_shapes(shapes(5.0).assign(fitted=False), "v")["text"]
    assert correction.compare_shapes(shapes(5.0), "another") is None
