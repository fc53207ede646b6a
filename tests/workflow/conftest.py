"""Runs of the real Snakefile, each in a working directory of its own."""

import pytest

from helpers import ROOT
from helpers.running import Workflow


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
