"""The real Snakefile, run in a working directory of its own."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from helpers import ROOT

QUICK = {"draws": 60, "tune": 60, "chains": 2}
OF_THE_MACHINE = ["node", "seconds_compile", "seconds_sampling"]  # what a table says of the run, not of the result


@dataclass
class Run:
    """A finished run: exit code, all it printed, and the jobs that it finished as (rule, message)."""

    code: int
    output: str

    @property
    def jobs(self):
        return re.findall(r"Finished jobid: \d+ \(Rule: (\w+)\)", self.output)

    @property
    def messages(self):
        return re.findall(r"^Job \d+: (.*)$", self.output, flags=re.MULTILINE)


class Workflow:
    """The workflow of a checkout in one folder, with environment variables, a profile and a Python of its own if they are given."""

    def __init__(self, folder: Path, environment=None, profile=None, python=sys.executable, root=ROOT):
        self.folder, self.environment, self.python, self.root = folder, environment or {}, python, root
        self.profile = profile or root / "profiles/default"
        self.cores = [] if profile else ["--cores", "2"]

    def command(self, *arguments, config="config.yaml"):
        # Targets may follow: --configfile and others would take them for more of their own.
        files = ["--configfile", config, "--workflow-profile", self.profile]
        return [self.python, "-m", "snakemake", "-s", self.root / "Snakefile", *self.cores, *files, *arguments]

    def configure(self, **studies):
        (self.folder / "config.yaml").write_text(yaml.safe_dump({"studies": studies}))

    def run(self, *arguments, config="config.yaml", ok=True):
        with subprocess.Popen(
            self.command(*arguments, config=config),
            cwd=self.folder,
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as running:
            try:
                output, _ = running.communicate(timeout=600)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)  # with its jobs, which hold its output open
                output, _ = running.communicate()
                raise AssertionError(f"a run takes more than ten minutes; its output:\n{output[-6000:]}") from None
        assert not ok or running.returncode == 0, output[-6000:]
        return Run(running.returncode, output)

    @contextmanager
    def driver(self, *arguments):
        """A run in the background, in a session of its own as a terminal would give it; what it prints goes to driver.log."""
        with (self / "driver.log").open("w") as log:
            running = subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                env=os.environ | self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield running
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()

    def table(self, name, **kwargs):
        return pd.read_csv(self.folder / "results" / name, **kwargs)

    def __truediv__(self, path):
        return self.folder / path


def assert_same_tables(one, other):
    """Every table of two folders of results is there in both, with the same numbers to 1e-9."""
    tables = sorted(path.relative_to(one) for path in one.glob("*/*.csv"))
    assert tables
    assert tables == sorted(path.relative_to(other) for path in other.glob("*/*.csv"))
    for name in tables:
        left, right = (pd.read_csv(folder / name).drop(columns=OF_THE_MACHINE, errors="ignore") for folder in (one, other))
        numbers = left.select_dtypes("number").columns
        pd.testing.assert_frame_equal(left.drop(columns=numbers), right.drop(columns=numbers), obj=str(name))
        np.testing.assert_allclose(left[numbers], right[numbers], rtol=1e-9, err_msg=str(name))
