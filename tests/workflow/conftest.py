"""Runs of the real Snakefile, each in a working directory of its own."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import yaml

ROOT = Path(__file__).parents[2]
QUICK = {"draws": 60, "tune": 60, "chains": 2}


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
    """The workflow in one folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    def command(self, *arguments, config="config.yaml"):
        snakemake = [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--cores", "2"]
        return [*snakemake, "--workflow-profile", ROOT / "profiles/default", "--configfile", config, *arguments]

    def configure(self, **studies):
        (self.folder / "config.yaml").write_text(yaml.safe_dump({"studies": studies}))

    def run(self, *arguments, config="config.yaml", ok=True):
        command = self.command(*arguments, config=config)
        done = subprocess.run(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900)
        assert not ok or done.returncode == 0, done.stdout[-6000:]
        return Run(done.returncode, done.stdout)

    def table(self, name, **kwargs):
        return pd.read_csv(self.folder / "results" / name, **kwargs)

    def __truediv__(self, path):
        return self.folder / path


@pytest.fixture
def workflow(tmp_path):
    return Workflow(tmp_path)


@pytest.fixture(scope="session")
def notebook(tmp_path_factory):
    """The default study, run once, and its run."""
    workflow = Workflow(tmp_path_factory.mktemp("notebook"))
    workflow.default = ROOT / "config/config.yaml"
    workflow.run("--report", "results/report.html", "--report-after-run", config=workflow.default)
    return workflow
