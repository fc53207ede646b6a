"""Files that lost their end: told by name, and fitted again where they are a batch's saved fits."""

import os
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from guidefit.base import startup
from guidefit.engines import batch


def test_a_file_is_cut_short_where_its_end_is_missing(tmp_path):
    table, draws, text = (str(tmp_path / name) for name in ("t.parquet", "d.nc", "t.csv"))
    pd.DataFrame({"a": np.arange(1000)}).to_parquet(table)
    xr.Dataset({"a": ("x", np.arange(1000.0))}).to_netcdf(draws)
    (tmp_path / "t.csv").write_text("a\n1\n")
    assert not any(map(startup.cut_short, (table, draws, text)))
    for path in (table, draws):
        os.truncate(path, os.path.getsize(path) // 2)
        assert startup.cut_short(path)
        os.truncate(path, 0)
        assert startup.cut_short(path)


@pytest.mark.parametrize("share", [0, 0.5, 0.95])
def test_a_saved_fit_that_lost_its_end_is_fitted_again(tmp_path, share):
    fitted = []

    def fit(data, seed):
        fitted.append(seed)
        tree = xr.DataTree.from_dict({"posterior": xr.Dataset({"a": ("draw", np.full(2000, float(seed)))})})
        tree.attrs = {"seconds_compile": 1.0, "seconds_sampling": 1.0}
        return tree

    data = SimpleNamespace(digest=lambda: "same", sizes={"rows": 1})
    engine = SimpleNamespace(read=lambda path, seed: data, fit=fit)

    def fit_all():
        return batch.fit_batch(engine, "screen", lambda seed: seed, [1, 2], tmp_path, "same")[0]

    fit_all()
    fit_all()
    assert fitted == [1, 2]  # the second run reads both back
    os.truncate(tmp_path / "2.nc", int(share * os.path.getsize(tmp_path / "2.nc")))
    again = fit_all()
    assert fitted == [1, 2, 2]
    assert (again[2]["posterior"]["a"] == 2).all()


def test_a_fit_says_where_it_ran(monkeypatch):
    monkeypatch.delenv("SLURMD_NODENAME", raising=False)
    assert batch.node() == os.uname().nodename
    monkeypatch.setenv("SLURMD_NODENAME", "n7")
    assert batch.node() == "n7"
