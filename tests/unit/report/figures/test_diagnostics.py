"""The overview of diagnostics."""

import numpy as np
import pandas as pd

from guidefit.assess import checks
from guidefit.base import tables
from guidefit.report.figures import diagnostics


def a_check(check, level="pass", value=np.nan, threshold=np.nan, where="", seed=1):
    own = {"study": "s", "variant": "v", "seed": seed}
    return own | {"check": check, "level": level, "value": value, "threshold": threshold, "where": where}


def cells(rows):
    frame = diagnostics.overview(checks.make_table(rows), "t").data
    return {(row.fit, row.check): (row.text, row.level) for row in frame.astype("str").itertuples()}


def test_a_cell_has_the_worst_value_of_a_check():
    rows = [
        a_check(checks.CONTRACTION, "warn", 0.2, 0.3, "a; b"),
        a_check(checks.CONTRACTION, "fail", 0.01, 0.1, "c"),
        a_check(checks.R_HAT, "pass", 1.002, 1.01, "c"),
        a_check(checks.R_HAT, "pass", 1.001, 1.01, "c", seed=2),
    ]
    found = cells(rows)
    assert found["v, seed 1", "verdict"] == ("fail", "fail")
    assert found["v, seed 1", "contraction"] == ("0.01", "fail")
    assert found["v, seed 1", "R-hat"] == ("1.002", "pass")
    assert found["v, seed 2", "verdict"] == ("pass", "pass")
    assert found["v, seed 2", "contraction"] == ("–", diagnostics.NOT_MADE)


def test_a_fit_that_stopped_and_one_without_predictive_checks():
    rows = [
        a_check(checks.STOPPED, "error", where="error: <no>; fail: yes"),
        a_check(checks.R_HAT, "pass", 1.002, 1.01, seed=2),
        a_check(checks.PREDICTIVE, "unchecked", seed=2),
    ]
    found = cells(rows)
    assert found["v, seed 1", "verdict"] == ("error", "error")
    assert found["v, seed 1", "R-hat"] == ("–", diagnostics.NOT_MADE)
    assert found["v, seed 2", "verdict"] == ("unchecked", "unchecked")


def test_of_many_fits_the_worst_are_shown():
    rows = [a_check(checks.E_BFMI, "warn" if seed == 77 else "pass", 0.25, 0.3, seed=seed) for seed in range(100)]
    plot = diagnostics.overview(checks.make_table(rows), "t")
    fits = list(plot.data["fit"].cat.categories)[::-1]
    assert len(fits) == diagnostics.MAX_FITS
    assert fits[:2] == ["v, seed 77", "v, seed 0"]
    assert plot.labels.subtitle.startswith("the worst 30 of 100 fits")
    assert set(plot.data.loc[plot.data["level"] == "pass", "shown"]) == {""}  # only what does not pass is written
    few = diagnostics.overview(checks.make_table(rows[:3]), "t")
    assert (few.mapping["x"], few.mapping["y"]) == ("fit", "check")
    assert set(few.data["shown"]) == {"pass", "0.25"}


def test_every_level_has_a_colour():
    assert set(checks.LEVELS) <= set(diagnostics.COLOURS)


def test_the_figure_is_drawn_from_a_file(tmp_path):
    inputs, outputs = {"checks": tmp_path / "checks.csv"}, {"diagnostics": str(tmp_path / "a.svg")}
    for rows in ([a_check(checks.STOPPED, "error", where="no")], []):
        tables.write(checks.make_table(rows) if rows else pd.DataFrame(columns=list(checks.COLUMNS)), inputs["checks"])
        (tmp_path / "a.svg").unlink(missing_ok=True)
        diagnostics.draw(inputs, outputs, {"study": "s"})
        assert (tmp_path / "a.svg").exists()
