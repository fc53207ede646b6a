"""The forecast of a config's costs against arithmetic by hand and against simulated runs."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from guidefit.base import usage
from guidefit.base.errors import UserError
from guidefit.base.usage import Usage
from guidefit.report import forecast
from helpers import ROOT


def make_batch(**changed):
    jobs = {"fit": Usage(20.0, 15.0, 300.0), "diagnose": Usage(5.0, 5.0, 400.0), "simulate": Usage(3.0, 2.0, 200.0)}
    values = {
        "study": "sweep",
        "variant": "pooled",
        "fits": 10,
        "all_fits": 95,
        "batches": 10,
        "jobs": jobs,
        "threads": 2,
        "seconds": np.linspace(1.0, 2.0, 10),
        "kept_mb": 2.0,
    }
    return forecast.Batch(**values | changed)


def test_costs_grow_with_the_number_of_fits():
    (row,) = forecast.forecast([make_batch()]).to_dict("records")
    assert row["core_hours"] == pytest.approx(9.5 * (2 * 20 + 5 + 3) / 3600)
    assert row["cpu_hours"] == pytest.approx(9.5 * 22 / 3600)
    assert row["memory_mb"] == 400
    assert row["disk_mb"] == pytest.approx(19)
    assert row["slurm_jobs"] == 10 * 2 + 1
    assert row["core_hours_lower"] < row["core_hours"] < row["core_hours_upper"]


def test_the_interval_covers_totals_of_fits_that_differ():
    """2,000 sweeps whose fits take gamma-distributed seconds: 95 % of the totals lie within."""
    rng = np.random.default_rng(1)
    inside = []
    for _ in range(2000):
        seconds = rng.gamma(4.0, 0.5, 240)
        measured = seconds[:40]
        jobs = {"fit": Usage(measured.sum(), 0.0, 1.0)}
        batch = make_batch(fits=40, all_fits=240, batches=6, jobs=jobs, threads=1, seconds=measured)
        (row,) = forecast.forecast([batch]).to_dict("records")
        inside.append(row["core_hours_lower"] <= seconds.sum() / 3600 <= row["core_hours_upper"])
    assert 0.93 < np.mean(inside) < 0.97


def test_one_fit_says_nothing_of_the_spread():
    table = forecast.forecast([make_batch(fits=1, seconds=np.array([3.0])), make_batch(variant="student_t")])
    assert table["core_hours_lower"].isna().tolist() == [True, False]
    text = forecast.describe(table, other_jobs=10, cores=4, bounded=["sweep"])
    assert "1 of 2 variants have one measured fit" in text
    assert "unknown" in text
    assert "At most: sweep" in text


def test_the_text_adds_up():
    text = forecast.describe(forecast.forecast([make_batch(), make_batch(variant="student_t")]), other_jobs=9, cores=2)
    assert "In all 190 fits" in text
    assert "Disk: 38 MB" in text
    assert "0.8 GB for 2 at a time" in text
    wall = (2 * 9.5 * 48 + 9 * forecast.OTHER_SECONDS) / 2 + forecast.START_SECONDS
    assert f"Wall time on 2 core(s): {wall / 60:.0f} minutes" in text


def test_a_batch_is_read_from_its_files(tmp_path):
    fits = tmp_path / "fits"
    fits.mkdir()
    pd.DataFrame({"seconds_compile": [1.0, 0.0, np.nan], "seconds_sampling": [2.0, 3.0, np.nan]}).to_parquet(
        fits / "diagnostics.parquet"
    )
    (fits / "posterior.nc").write_bytes(b"x" * 5_000_000)
    (tmp_path / "fit.usage.json").write_text(json.dumps({"seconds": 4.0, "cpu_seconds": 3.0, "memory_mb": 100.0}))
    given = {"study": "s", "variant": "v", "fits": 3, "all_fits": 6, "batches": 2, "threads": 1, "folders": [str(fits)]}
    logs = {"fit": str(tmp_path / "fit.log")}
    kept, removed = (forecast.read_batch(**given, logs=logs, keeps_draws=keeps) for keeps in (True, False))
    assert kept.seconds.tolist() == [3.0, 3.0]
    assert kept.jobs == {"fit": Usage(4.0, 3.0, 100.0)}
    assert kept.kept_mb - removed.kept_mb == pytest.approx(5)
    with pytest.raises(UserError, match=r"check of s, v used was not recorded.*Delete"):
        forecast.read_batch(**given, logs=logs | {"check": str(tmp_path / "check.log")}, keeps_draws=True)


def test_a_job_notes_what_it_used(tmp_path):
    """Also one that fails; a process that it starts counts."""
    busy = "import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    program = f"""
import subprocess, sys
from guidefit.base import usage
usage.note_at_exit({str(tmp_path / "job.log")!r})
held = bytearray(200_000_000)
subprocess.run([sys.executable, "-c", {busy!r}])
raise SystemExit(1)
"""
    # A process takes over the peak of the one that forks it; here that is a shell, not the tests with all that they have loaded.
    by_shell = ["/bin/sh", "-c", '"$0" -c "$1"; exit $?', sys.executable, program]
    done = subprocess.run(by_shell, env={"PYTHONPATH": str(ROOT / "scripts")})
    assert done.returncode == 1
    used = usage.read(tmp_path / "job.log")
    assert 0.5 < used.cpu_seconds < 30
    assert used.seconds > 0.5
    assert 200 < used.memory_mb < 600
    assert usage.read(tmp_path / "other.log") is None
