import numpy as np
import pandas as pd
import pytest

from guidefit.assess import design, design_table, recovery

THRESHOLDS = {"effect_min": 0.1, "fdr": 0.05}


def test_a_share_over_seeds_has_the_error_of_their_mean():
    part, whole = pd.Series([1, 0, 3, 2]), pd.Series([2, 4, 4, 2])
    found = design.mean_share(part, whole)
    shares = np.array([0.5, 0, 0.75, 1])
    assert found == {"value": shares.mean(), "mcse": pytest.approx(shares.std(ddof=1) / 2), "seeds": 4}


def test_a_share_without_cases_is_zero_and_seeds_that_agree_leave_an_error():
    found = design.mean_share(pd.Series([0, 0, 0]), pd.Series([0, 2, 5]))
    assert found["value"] == 0
    assert found["mcse"] == pytest.approx(np.sqrt(2 / 7 * 5 / 7 / 7))
    assert np.isnan(design.mean_share(pd.Series([1]), pd.Series([2]))["mcse"])


def estimates():
    """Two seeds of three genes, of which the first has a real effect; it is called in the first seed."""
    rows = []
    for seed, mean in ((1, -1.0), (2, 0.0)):
        for gene, (center, truth) in enumerate([(mean, -1.0), (0.0, 0.0), (0.0, 0.02)]):
            row = {
                "variant": "v",
                "seed": seed,
                "variable": "gamma_g",
                "gene": f"g{gene}",
                "truth": truth,
                "mean": center,
                "sd": 0.05,
            }
            row |= {
                name: center + 0.05 * z for name, z in zip(("q025", "q05", "q10", "q25"), (-1.96, -1.64, -1.28, -0.67), strict=True)
            }
            row |= {
                name: center + 0.05 * z for name, z in zip(("q75", "q90", "q95", "q975"), (0.67, 1.28, 1.64, 1.96), strict=True)
            }
            rows.append(row | {"median": center, "contraction": 0.9})
    return pd.DataFrame(rows)


DIAGNOSTICS = pd.DataFrame(
    {
        "variant": "v",
        "seed": [1, 2, 3],
        "verdict": ["pass", "fail", "error"],
        "seconds_sampling": [1.0, 3.0, np.nan],
        "rows": [6, 6, np.nan],
    }
)


def measured(truth="fixed"):
    recovered = recovery.recover(estimates())
    return design.measure_point(estimates(), recovered, DIAGNOSTICS, THRESHOLDS, truth)


def test_a_point_has_power_error_rates_recovery_failures_and_cost():
    table = measured()
    assert list(table.columns) == list(design_table.POINT_COLUMNS)
    value = table.set_index("quantity")["value"]
    assert value["power"] == 0.5
    assert value["fdr"] == 0
    assert value["called"] == 0.5
    assert value["failed"] == pytest.approx(2 / 3)
    assert value["seconds"] == 2
    assert value["rows"] == 6
    assert value["bias"] == pytest.approx(0.16)
    assert set(value.index) == {"power", "fdr", "called", "failed", "seconds", "rows", *recovery.FIGURES}
    assert table["mcse"].notna().all()


def test_power_over_truths_of_a_prior_is_assurance():
    quantities = set(measured("prior")["quantity"])
    assert "assurance" in quantities
    assert "power" not in quantities


def test_the_points_of_a_design_are_gathered_with_a_column_per_key():
    values = {"d_a1_b2": {"a": 1, "b": 2}, "d_a1_b3": {"a": 1, "b": None}}
    table = design_table.collect(dict.fromkeys(values, measured()), values, "d")
    assert list(table.columns) == ["design", "point", "a", "b", *design_table.POINT_COLUMNS]
    assert len(table) == 2 * len(measured())
    assert table.groupby("point")["b"].first().fillna(-1).to_dict() == {"d_a1_b2": 2, "d_a1_b3": -1}
    assert design_table.keys_of(table) == ["a", "b"]
