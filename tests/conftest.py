"""Fixtures of several folders: real screens, a study without faults, a SLURM cluster, a conda client."""

import os
import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, settings

from helpers import ROOT

# Several test files run at once, so that generating an example may take long without anything being wrong with it.
settings.register_profile("guidefit", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("guidefit")

# As in every job: more BLAS threads than cores make small fits many times slower. Before numpy is imported.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
# Without bytecode, each of a thousand jobs would compile the library again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ran_for_real: list[str] = []  # printed at the end, because a skipped test is easily taken for one that passed


FIRST = ("tests/slurm/", "tests/conda/", "tests/workflow/")


def pytest_collection_modifyitems(items):
    """Long files first: SLURM mostly waits, and the environments of conda are ready by the time it leaves the cluster."""
    items.sort(key=lambda item: next((i for i, path in enumerate(FIRST) if item.nodeid.startswith(path)), len(FIRST)))


def pytest_sessionfinish(session):
    """A worker of pytest-xdist passes on what it ran."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["ran_for_real"] = ran_for_real


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Collect what a worker ran."""
    ran_for_real.extend(getattr(node, "workeroutput", {}).get("ran_for_real", []))


def pytest_terminal_summary(terminalreporter):
    """Print which cluster and which conda the tests ran on."""
    for line in ran_for_real:
        terminalreporter.write_line(f"ran on: {line}")


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real screens next to the checkout; tests that need it are skipped where it does not exist."""
    folder = ROOT.parent / "shared/data"
    if not folder.is_dir():
        pytest.skip("no real screens next to the checkout (../shared/data)")
    return folder


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """Results of a run without faults of the study that other tests run with faults."""
    from helpers.faulty import Faulty
    from helpers.running import Workflow

    Faulty(workflow := Workflow(tmp_path_factory.mktemp("undisturbed")))
    workflow.run()
    return workflow / "results"


@pytest.fixture(scope="module")
def cluster():
    """A running SLURM cluster; tests that need it are skipped where none can be started."""
    from helpers.cluster import NODES, Cluster, Unavailable

    try:
        running = Cluster()
    except Unavailable as reason:
        pytest.skip(str(reason))
    yield running
    ran_for_real.append(f"{running.run('sinfo', '--version').strip()}, nodes {', '.join(NODES)}, {len(running.jobs())} SLURM jobs")
    running.stop()


@pytest.fixture
def slurm_profile(tmp_path):
    """The folder of the shipped profile, with the account and partition changed as a user does it."""
    profile = tmp_path / "profile/profile.yaml"
    profile.parent.mkdir()
    shipped = (ROOT / "profiles/slurm/profile.yaml").read_text()
    assert shipped.count('"CHANGE_ME"') == 2
    # The only other changes: ask for the current state of jobs, and keep the logs in which the fits are counted.
    own = "slurm-init-seconds-before-status-checks: 1\nslurm-keep-successful-logs: true\n"
    profile.write_text(shipped.replace("CHANGE_ME", "main") + own)
    return profile.parent


@pytest.fixture(scope="session")
def conda(tmp_path_factory):
    """Environment variables that put a conda on PATH; tests that need it are skipped where there is none.

    Where no conda is installed, a replacement for it may be next to the checkout.
    """
    variables, standin = {}, ROOT.parent / "shared/tools/conda/setup"
    if not shutil.which("conda"):
        if not standin.exists():
            pytest.skip("no conda on PATH")
        folder = tmp_path_factory.mktemp("standin")
        made = subprocess.run([standin, ROOT / "envs", folder], check=True, stdout=subprocess.PIPE, text=True).stdout
        exports = made.splitlines()[-1].removeprefix("export ").split()
        variables = {name: os.path.expandvars(value) for name, value in (each.split("=", 1) for each in exports)}
    program = shutil.which("conda", path=variables.get("PATH"))
    version = subprocess.run([program, "--version"], env=os.environ | variables, capture_output=True, text=True).stdout.strip()
    ran_for_real.append(f"{version} ({'a replacement for conda' if variables else program})")
    return variables
