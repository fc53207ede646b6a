"""The assessment of the correction on control genes."""

import numpy as np
import pandas as pd
import pytest

from guidefit.assess import checks
from guidefit.effects import correction
from guidefit.screens import arrays, sufficient
from helpers.effects import control_rows


def test_a_right_correction_leaves_no_slope():
    rows = control_rows(slope=-0.5)
    before = correction.judge(rows.assign(corrected_logfc=rows["logfc"]), 1.0)
    after = correction.judge(rows.assign(corrected_logfc=rows["logfc"] + 0.5 * rows["x"]), 1.0)
    assert abs(before["slope"] + 0.5) < 4 * before["slope_se"]
    assert abs(after["slope"]) < 4 * after["slope_se"]
    assert before["amplified_shift"] < -4 * before["amplified_shift_se"]
    assert abs(after["amplified_shift"]) < 4 * after["amplified_shift_se"]
    assert after["nnmd"] < before["nnmd"]


def test_the_clustered_error_is_the_spread_over_data_sets():
    found = [
        correction.judge(r.assign(corrected_logfc=r["logfc"]), 1.0)
        for r in (control_rows(-0.5, seed=s, lines=10) for s in range(60))
    ]
    spread = np.std([f["slope"] for f in found], ddof=1)
    assert np.mean([f["slope_se"] for f in found]) == pytest.approx(spread, rel=4 / np.sqrt(2 * 60))


def test_separation_by_hand():
    rows = control_rows(slope=0.0, genes=10, lines=2)
    found = correction.judge(rows.assign(corrected_logfc=rows["logfc"]), 1.0)
    areas, nnmd = [], []
    for _, line in rows.groupby("cell_line"):
        means = line.groupby(["gene", "control"])["logfc"].mean().reset_index()
        e, n = (means.loc[means["control"] == kind, "logfc"].to_numpy() for kind in ("essential", "nonessential"))
        areas.append(np.mean([one < other for one in e for other in n]))
        nnmd.append((e.mean() - n.mean()) / n.std(ddof=1))
    assert found["auroc"] == pytest.approx(np.mean(areas))
    assert found["nnmd"] == pytest.approx(np.mean(nnmd))


def test_simple_corrections_are_least_squares():
    rows = control_rows(slope=-0.3, genes=6)
    statistics = sufficient.from_arrays(arrays.model_data(rows))
    slopes = correction.baseline_slopes(statistics)
    dummies = pd.get_dummies(rows["sgrna"]).to_numpy(float)
    everywhere = np.linalg.lstsq(np.column_stack([rows["x"], dummies]), rows["logfc"], rcond=None)[0][0]
    np.testing.assert_allclose(slopes["global line"], everywhere)
    mine = (rows["gene"] == "g2").to_numpy()
    own = np.linalg.lstsq(np.column_stack([rows["x"], dummies])[mine], rows["logfc"][mine], rcond=None)[0][0]
    np.testing.assert_allclose(slopes["line per gene"][statistics.sgrnas.index("g2_1")], own)
    table = correction.compare(rows, statistics, {"perfect": rows["logfc"] + 0.3 * rows["x"]}, 1.0)
    assert table["method"].tolist() == ["none", "global line", "line per gene", "perfect"]
    assert table["slope"].tolist()[2] == pytest.approx(0, abs=0.1)  # its slopes are of all genes, the figure of nonessential ones
    assert table["genes_essential"].tolist() == [3] * 4


def test_a_variant_whose_fit_stopped_has_a_row_without_figures():
    rows = control_rows(slope=-0.3, genes=4)
    statistics = sufficient.from_arrays(arrays.model_data(rows))
    table = correction.compare(rows, statistics, {"good": rows["logfc"]}, 1.0)
    found = [("good", 3, checks.R_HAT, "x"), ("bad", 3, checks.STOPPED, "no luck"), ("good", 4, checks.STOPPED, "other seed")]
    of_fits = checks.make_table([{"variant": v, "seed": seed, "check": check, "where": why} for v, seed, check, why in found])
    with_stopped = correction.list_stopped(table, of_fits, 3)
    assert with_stopped["method"].tolist() == [*correction.BASELINES, "good", "bad"]
    pd.testing.assert_frame_equal(with_stopped.head(4), table, check_dtype=False)
    last = with_stopped.iloc[-1]
    assert (last["kind"], last["note"]) == ("variant", "its fit stopped: no luck")
    assert last.drop(["method", "kind", "rows", "note"]).isna().all()
    pd.testing.assert_frame_equal(correction.list_stopped(table, of_fits, 5), table)


def test_without_control_genes_nothing_is_judged():
    rows = control_rows(slope=-0.3, genes=4)
    found = correction.judge(rows.assign(corrected_logfc=rows["logfc"], control="essential"), 1.0)
    assert np.isnan([found["auroc"], found["slope"], found["amplified_shift"]]).all()
