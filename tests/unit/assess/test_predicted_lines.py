"""Predictions by cell line against plain NumPy; lines that respond differently are found where a model has no multipliers."""

import numpy as np
import pytest
import xarray as xr

from guidefit.assess import checks, closed_checks, judge_predictions, predicted_lines
from guidefit.models import line_prior
from helpers.fits import THRESHOLDS
from helpers.line_screens import declared, layout


def test_means_sds_and_medians_of_lines():
    rng = np.random.default_rng(1)
    data = layout(rng)
    data.logfc[:] = rng.normal(-3, 1, len(data.x))
    essential = data.genes[:4]
    predicted = rng.normal(-3, 2, (50, len(data.x)))
    lines = predicted_lines.PredictedLines(data, 50, essential)
    mixed = rng.permutation(len(data.x))
    for places in (mixed[:70], mixed[70:]):
        lines.add(places, predicted[:, places])
    found = lines.table().set_index(["statistic", "cell_line"])
    assert len(found) == 3 * len(data.cell_lines)
    for number, line in enumerate(data.cell_lines):
        rows = data.cell_line_of_row == number
        of_essential = rows & np.isin(data.gene_of_row, range(4))
        for name, function, chosen in (
            ("mean", np.mean, rows),
            ("sd", np.std, rows),
            ("median_essential", np.median, of_essential),
        ):
            row, made = found.loc[(name, line)], function(predicted[:, chosen], axis=1)
            assert row["observed"] == pytest.approx(function(data.logfc[chosen]), abs=1e-6)
            assert row["predicted"] == pytest.approx(made.mean(), abs=1e-6)
            assert row["predicted_sd"] == pytest.approx(made.std(ddof=1), abs=1e-6)
            assert [row["low"], row["high"]] == pytest.approx(np.quantile(made, [0.025, 0.975]).tolist(), abs=1e-6)


def test_without_essential_genes_there_are_no_medians_and_no_check():
    data = layout(np.random.default_rng(1))
    lines = predicted_lines.PredictedLines(data, 5, [])
    lines.add(np.arange(len(data.x)), np.zeros((5, len(data.x))))
    table = lines.table()
    assert set(table["statistic"]) == {"mean", "sd"}
    found = checks.Checks()
    assert judge_predictions.judge_lines(table, found, THRESHOLDS) == {}
    assert found.rows == []


def test_many_essential_genes_are_thinned(monkeypatch):
    data = layout(np.random.default_rng(1), genes=30)
    monkeypatch.setattr(predicted_lines, "ESSENTIAL_ROWS", 100)
    lines = predicted_lines.PredictedLines(data, 5, data.genes)
    lines.add(np.arange(len(data.x)), np.zeros((5, len(data.x))))
    assert 0 < sum(part.shape[1] for part in lines._parts) < 200
    assert "median_essential" in set(lines.table()["statistic"])


@pytest.mark.parametrize("has_multipliers", [True, False])
def test_missing_multipliers_are_found_with_their_lines(has_multipliers):
    """A screen whose first line hardly responds and whose last responds doubly; fits at the truth, and with k_l = 1."""
    rng = np.random.default_rng(4)
    found, structure, parameters = declared("gene_by_line")
    data = layout(rng, genes=40, lines=8, most_guides=4, keep=1.0)
    values, _ = line_prior.draw_all(structure, parameters, data, rng)
    values |= {"sigma": np.array(0.3), "tau_g": np.full(40, 0.3), "u_s": np.ones(len(data.sgrnas)), "v_l": np.ones(8)}
    values |= {"gamma_g": np.full(40, -1.0), "alpha_s": rng.normal(-1, 0.1, len(data.sgrnas)), "k_l": np.r_[0.1, np.ones(6), 2.0]}
    values |= {"e_gl": 0.3 * rng.standard_normal((40, 8)), "beta_s": np.zeros(len(data.sgrnas))}
    data.logfc[:] = line_prior.draw_logfc(structure, values, data, rng)
    if not has_multipliers:
        values["k_l"] = np.ones(8)
    names = {dim: data.coords[dim] for dim in ("gene", "sgrna", "cell_line")}
    repeated = {
        name: (("chain", "draw", *structure.dims.get(name, ())), np.broadcast_to(each, (2, 100, *np.shape(each))))
        for name, each in values.items()
        if name != "e_gl"
    }
    fit = xr.DataTree.from_dict({"posterior": xr.Dataset(repeated, coords=names)})
    table = closed_checks.make_checker(found, found.priors, 200, data.genes)(data, fit, 1).lines
    made = checks.Checks()
    figures = judge_predictions.judge_lines(table, made, THRESHOLDS)
    (row,) = made.rows
    if has_multipliers:
        assert row["level"] == "pass"
        return
    assert row["level"] == "warn"
    assert figures["essential_lines_outside"] == 2
    assert {each.split()[0] for each in row["where"].split(", ")} == {"line_0", "line_7"}
