"""The correction on cell lines and genes that it was not fitted to, against brute force."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from guidefit.base import netcdf
from guidefit.effects import correction, judged_rows, unseen
from helpers.effects import control_rows, write_screen

MULTIPLIER = np.array([0.5, 1.0, 1.5, 0.2, 2.0, 1.0])  # of each line


@pytest.fixture
def folded(tmp_path):
    """(rows of control genes, their file, folds of a variant)."""
    rows = control_rows(slope=-0.4, genes=10, lines=6).reset_index(drop=True)
    rows = rows.astype(dict.fromkeys(("gene", "sgrna", "cell_line"), "str"))
    write_screen(rows.drop(columns="control").assign(study="s"), tmp_path / "screen.parquet")
    genes, lines = (rows[name].unique() for name in ("gene", "cell_line"))
    found = xr.Dataset(
        {
            "shared_slope": (("fold", "draw"), [[-0.4, -0.2], [-0.6, -0.4], [0.1, 0.1]]),
            "multiplier": (("fold", "cell_line"), [MULTIPLIER, 2 * MULTIPLIER, MULTIPLIER]),
            "fold_of_line": ("cell_line", np.arange(6) % 3),
            "fold_of_gene": ("gene", np.arange(10) % 3),
        },
        coords={"cell_line": lines, "gene": genes},
    )
    netcdf.write(xr.DataTree(found), tmp_path / "folds.nc")
    return rows, tmp_path / "screen.parquet", unseen.read_folds({"v": tmp_path / "folds.nc"})


def test_each_line_is_corrected_by_the_fit_without_it(folded):
    rows, path, folds = folded
    assert folds.count == 3
    table = unseen.compare_unseen(rows, folds, path, 1, 1.0)
    assert table["method"].tolist() == ["none", "global line", "line per gene", "v", "none", "global line", "v"]
    slope_of_line = np.array([-0.3, -1.0, 0.1, -0.3, -1.0, 0.1]) * MULTIPLIER
    line = rows["cell_line"].map({name: i for i, name in enumerate(rows["cell_line"].unique())}).to_numpy()
    fold = line % 3
    by_hand = rows["logfc"] - slope_of_line[line] * (rows["x"] - rows["x_diploid"])
    expected = correction.judge(rows.assign(corrected_logfc=by_hand), 1.0)
    mine = table[(table["method"] == "v") & (table["rows"] == judged_rows.UNSEEN_LINES)].iloc[0]
    for name, value in expected.items():
        assert mine[name] == pytest.approx(value), name
    own = rows["gene"].map(dict(zip(rows["gene"].unique(), np.arange(10) % 3, strict=True))).to_numpy() == fold
    expected = correction.judge(rows.assign(corrected_logfc=by_hand)[own], 1.0)
    mine = table[(table["method"] == "v") & (table["rows"] == judged_rows.UNSEEN_GENES)].iloc[0]
    assert mine["slope"] == pytest.approx(expected["slope"])


def test_simple_corrections_are_least_squares_without_the_fold(folded):
    rows, path, folds = folded
    slopes = unseen.fit_baselines(folds, path, 1)
    line = folds.line[rows["cell_line"]].to_numpy()
    gene = folds.gene[rows["gene"]].to_numpy()
    names = list(folds.gene.index)
    for fold in range(3):
        part = rows[(line != fold) & (gene != fold)]
        dummies = pd.get_dummies(part["sgrna"]).to_numpy(float)
        by_hand = np.linalg.lstsq(np.column_stack([part["x"], dummies]), part["logfc"], rcond=None)[0][0]
        np.testing.assert_allclose(slopes["global line"][fold], by_hand)
        one = rows[(line != fold) & (rows["gene"] == names[4])]
        dummies = pd.get_dummies(one["sgrna"]).to_numpy(float)
        by_hand = np.linalg.lstsq(np.column_stack([one["x"], dummies]), one["logfc"], rcond=None)[0][0]
        assert slopes["line per gene"][fold, 4] == pytest.approx(by_hand)


def test_a_fit_that_stopped_or_has_too_few_lines_has_no_folds(tmp_path):
    netcdf.write(xr.DataTree(xr.Dataset()), tmp_path / "folds.nc")
    assert unseen.read_folds({"v": tmp_path / "folds.nc"}) is None
    assert unseen.read_folds({}) is None


def test_explained_variance_by_hand():
    rng = np.random.default_rng(2)
    raw, line = rng.normal(size=300), np.repeat(np.arange(10), 30)
    left = raw * np.where(line % 2, 0.5, 0.9)
    share, error = correction.explain_variance(raw, left, line)
    assert share == pytest.approx(1 - (left**2).sum() / (raw**2).sum())
    drawn = [
        correction.explain_variance(*(np.concatenate([v[line == i] for i in chosen]) for v in (raw, left)), line)[0]
        for chosen in rng.integers(0, 10, (400, 10))
    ]
    assert error == pytest.approx(np.std(drawn), rel=0.25)
    assert np.isnan(correction.explain_variance(0 * raw, 0 * raw, line)).all()
