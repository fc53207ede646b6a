import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from guidefit.base import startup
from guidefit.base.errors import UserError
from helpers import ROOT


def test_a_file_is_truncated_if_its_end_is_missing(tmp_path):
    table, draws, text = (str(tmp_path / name) for name in ("t.parquet", "d.nc", "t.csv"))
    pd.DataFrame({"a": np.arange(1000)}).to_parquet(table)
    xr.Dataset({"a": ("x", np.arange(1000.0))}).to_netcdf(draws)
    (tmp_path / "t.csv").write_text("a\n1\n")
    graph = str(tmp_path / "m.json")
    (tmp_path / "m.json").write_text('{"nodes": [1, 2, 3]}')
    assert not any(map(startup.is_truncated, (table, draws, text, graph)))
    for path in (table, draws, graph):
        os.truncate(path, os.path.getsize(path) // 2)
        assert startup.is_truncated(path)
        os.truncate(path, 0)
        assert startup.is_truncated(path)


def start(tmp_path, code="", inputs=(), **environment):
    """Run a job that starts with start_job; returns it, and its log."""
    log = tmp_path / "job.log"
    program = f"from guidefit.base import startup\nstartup.start_job({str(log)!r}, 3, {list(map(str, inputs))})\n{code}"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts"), "TMPDIR": str(tmp_path)} | environment
    job = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    return job, log.read_text()


def test_output_goes_to_the_log_and_messages_to_the_terminal_too(tmp_path):
    code = "import logging, os\nprint(os.environ['OMP_NUM_THREADS'], 'threads')\nlogging.getLogger('guidefit').info('a message')"
    job, log = start(tmp_path, code)
    assert job.returncode == 0
    assert "3 threads" in log
    assert "a message" in log
    assert "a message" in job.stderr
    assert "3 threads" not in job.stdout + job.stderr


def test_an_error_of_the_user_is_printed_once_without_its_traceback(tmp_path):
    job, log = start(tmp_path, "from guidefit.base.errors import UserError\nraise UserError('screen.csv: row 3: no number')")
    assert job.returncode == 1
    for text in (job.stderr, log):
        assert text.count("guidefit: screen.csv: row 3: no number") == 1
        assert "Traceback" not in text


def test_another_error_has_its_traceback_in_the_log(tmp_path):
    job, log = start(tmp_path, "1 / 0")
    assert job.stderr.count("guidefit: ZeroDivisionError: division by zero") == 1
    assert "job.log" in job.stderr
    assert "Traceback" in log


def test_a_truncated_input_is_named(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": np.arange(1000)}).to_parquet(path)
    os.truncate(path, 100)
    job, _ = start(tmp_path, f"import pandas as pd\npd.read_parquet({str(path)!r})", [path])
    assert f"guidefit: {path} is truncated. Delete it and run again" in job.stderr


@pytest.mark.parametrize("variable", ["TMPDIR", "NUMBA_CACHE_DIR", "MPLCONFIGDIR"])
def test_a_cache_folder_that_cannot_be_written_is_named_with_the_variable_that_sets_it(tmp_path, variable):
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file/caches"
    job, log = start(tmp_path, "print('ran')", **{variable: str(folder)})
    assert job.returncode == 1
    assert "ran" not in log
    message = " ".join(job.stderr.split())
    assert message.count("cannot write to the folder for temporary files and caches") == 1
    assert str(folder) in message
    assert "Not a directory" in message
    assert f"Set the environment variable {variable} to a folder" in message


@pytest.mark.parametrize(
    ("variable", "named"), [("HOME", "XDG_CACHE_HOME"), ("XDG_CACHE_HOME", "XDG_CACHE_HOME"), ("TMPDIR", "TMPDIR")]
)
def test_a_folder_that_cannot_be_written_is_named_before_a_run(variable, named, tmp_path, monkeypatch, capsys):
    for each in ("HOME", "TMPDIR"):
        monkeypatch.setenv(each, str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert startup.main() == 0
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(variable, str(tmp_path / "file/folder"))
    assert startup.main() == 1
    message = capsys.readouterr().err
    assert str(tmp_path / "file/folder") in message
    assert f"Set the environment variable {named} to a folder that you can write to" in message


def test_a_working_folder_that_the_environment_cannot_encode_is_refused_before_a_run(tmp_path, monkeypatch):
    folder = tmp_path / "é"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    startup.check_folders()
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "ascii")
    with pytest.raises(UserError, match=r"encoding of this environment, ascii, does not have. Set .* PYTHONUTF8=1"):
        startup.check_folders()
