"""A batch of fits: what is saved, read back, and fitted again."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from guidefit.base.errors import UserError
from guidefit.engines import batch, registry
from guidefit.models import declaration
from helpers import ROOT
from helpers.defaults import Settings
from helpers.screens import unbalanced, write


class Engine:
    """An engine whose fits take two seconds by its own account; `fitted` are the seeds that it was asked to fit."""

    def __init__(self):
        self.fitted = []

    def read(self, path, seeds):
        return (SimpleNamespace(digest=lambda: "same", sizes={"rows": 1}) for _ in seeds)

    def fit(self, data, seed):
        self.fitted.append(seed)
        tree = xr.DataTree.from_dict({"posterior": xr.Dataset({"a": ("draw", np.full(2000, float(seed)))})})
        tree.attrs = {"seconds_compile": 1.0, "seconds_sampling": 1.0}
        return tree


def fit_all(engine, saved, save_from=batch.SAVE_FROM):
    return batch.fit_batch(engine, "screen", lambda seed: seed, [1, 2], saved, "same", save_from)[0]


@pytest.mark.parametrize("share", [0, 0.5, 0.95])
def test_a_saved_fit_that_is_truncated_is_fitted_again(tmp_path, share):
    engine = Engine()
    fit_all(engine, tmp_path)
    fit_all(engine, tmp_path)
    assert engine.fitted == [1, 2]  # the second run reads both back
    os.truncate(tmp_path / "2.nc", int(share * os.path.getsize(tmp_path / "2.nc")))
    again = fit_all(engine, tmp_path)
    assert engine.fitted == [1, 2, 2]
    assert (again[2]["posterior"]["a"] == 2).all()


def test_a_saved_fit_of_another_seed_is_not_read(tmp_path):
    """The seeds of a real screen have the same data."""
    engine = Engine()
    fit_all(engine, tmp_path)
    (tmp_path / "2.nc").write_bytes((tmp_path / "1.nc").read_bytes())
    assert (fit_all(engine, tmp_path)[2]["posterior"]["a"] == 2).all()
    assert engine.fitted == [1, 2, 2]


def test_fits_that_took_less_than_the_threshold_are_not_saved(tmp_path):
    engine = Engine()
    assert len(fit_all(engine, tmp_path, save_from=3.0)) == 2
    assert list(tmp_path.glob("*.nc")) == []
    fit_all(engine, tmp_path, save_from=1.0)
    assert engine.fitted == [1, 2, 1, 2]
    assert len(list(tmp_path.glob("*.nc"))) == 2


def test_a_batch_that_another_process_fits_is_refused(tmp_path):
    code = f"""
import time
from pathlib import Path
from guidefit.engines.batch import claim
with claim(Path({str(tmp_path)!r})):
    print("held", flush=True)
    time.sleep(60)
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}
    with subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=rf"process {other.pid} on .* is fitting this batch already"), batch.claim(tmp_path):
            pass
        other.kill()
    with batch.claim(tmp_path):  # the lock of a killed process is gone
        pass


@pytest.mark.parametrize("settings", [{"engine": "collapsed"}, {"engine": "nuts"}])
def test_an_engine_whose_fits_were_all_read_back_has_the_graph(tmp_path, settings):
    table = unbalanced(keep=1.0)
    write(table, tmp_path / "screen.parquet", 1000)
    declared = declaration.declare(declaration.VARIANTS / "pooled.py")
    engine = registry.make_engine(declared, declared.priors, Settings(**settings), 1, 1, "here")
    next(engine.read(tmp_path / "screen.parquet", [3]))
    nodes = {node["name"]: node["dims"] for node in engine.graph()["nodes"]}
    assert nodes["logfc"] == [f"{len(table)} rows"]


def test_the_node_is_the_machine_or_the_node_of_slurm(monkeypatch):
    monkeypatch.delenv("SLURMD_NODENAME", raising=False)
    assert batch.node() == os.uname().nodename
    monkeypatch.setenv("SLURMD_NODENAME", "n7")
    assert batch.node() == "n7"
