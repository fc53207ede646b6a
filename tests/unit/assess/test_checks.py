"""Levels follow from values and thresholds, verdicts from levels, sentences from rows."""

import numpy as np
import pandas as pd
import pytest

from guidefit.assess import checks, wording
from guidefit.base import tables


def row(check=checks.R_HAT, level="fail", value=1.5, threshold=1.05, where="mu"):
    return {"check": check, "value": value, "threshold": threshold, "level": level, "where": where}


@pytest.mark.parametrize(
    ("method", "value", "level", "threshold"),
    [
        ("below", 1.0, "pass", 1.01),
        ("below", 1.01, "warn", 1.01),
        ("below", 1.05, "fail", 1.05),
        ("below", np.nan, "fail", 1.05),
        ("at_most", 1.01, "pass", 1.01),
        ("at_most", 1.05, "warn", 1.01),
        ("at_most", 1.06, "fail", 1.05),
        ("at_most", np.nan, "fail", 1.05),
    ],
)
def test_levels_of_figures_that_should_be_small(method, value, level, threshold):
    found = checks.Checks()
    getattr(found, method)(checks.R_HAT, value, 1.01, 1.05)
    assert (found.rows[0]["level"], found.rows[0]["threshold"]) == (level, threshold)


@pytest.mark.parametrize(("value", "level"), [(0.3, "pass"), (0.29, "warn"), (0.2, "warn"), (0.19, "fail"), (np.nan, "fail")])
def test_levels_of_figures_that_should_be_large(value, level):
    found = checks.Checks()
    found.at_least(checks.E_BFMI, value, 0.3, 0.2)
    assert found.rows[0]["level"] == level


@pytest.mark.parametrize(
    ("levels", "verdict"),
    [
        (["pass", "note"], "pass"),
        (["pass", "unchecked"], "unchecked"),
        (["warn", "unchecked"], "warn"),
        (["pass", "fail", "warn"], "fail"),
        (["error"], "error"),
        ([], "unchecked"),
    ],
)
def test_the_verdict_is_the_worst_level(levels, verdict):
    assert checks.verdict(levels) == verdict


def test_every_check_has_its_words():
    for check in checks.CHECKS:
        for level in checks.LEVELS:
            assert "{" not in wording.sentence(row(check, level))
        assert wording.label(check)
        assert wording.figure(row(check))


def test_reasons_leave_out_what_passes_and_keep_the_order():
    rows = [row(level="pass"), row(checks.ESS_BULK, "warn", 300.4, 400, "mu; [x]{y}"), row()]
    expected = ["warn: bulk ESS 300 (mu; [x]{y}) is below 400", "fail: R-hat 1.500 (mu) is not below 1.05"]
    assert wording.reasons(rows) == expected
    assert wording.reasons(pd.DataFrame(rows)) == expected


def test_the_table_survives_csv_with_any_text(tmp_path):
    where = 'a; "b"\nc, NA'
    table = checks.make_table([{"study": "s", "variant": "v", "seed": 1} | row(where=each) for each in (where, "", "NA")])
    tables.write(table, tmp_path / "checks.csv")
    pd.testing.assert_frame_equal(checks.read_csv(tmp_path / "checks.csv"), table)
    assert list(checks.make_table([]).columns) == list(checks.COLUMNS)


def test_the_worst_row_of_each_check_is_chosen():
    rows = [row(level="warn"), row(level="fail", where="beta"), row(level="fail", where="gamma"), row(checks.E_BFMI, "pass")]
    table = checks.make_table([{"study": "s", "variant": "v", "seed": 1} | each for each in rows])
    assert checks.worst_of_each(table)["where"].tolist() == ["beta", "mu"]
