"""Where tests that need files beside the checkout find them."""

import os
import shutil
import subprocess

import pytest

from helpers import ROOT

# As in every job: more BLAS threads than cores make small fits many times slower. Before numpy is imported.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

ran_for_real: list[str] = []  # told at the end: what is easily thought tested where it was skipped


def pytest_sessionfinish(session):
    """A worker hands over what it ran."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["ran_for_real"] = ran_for_real


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """What a worker ran, told with the rest."""
    ran_for_real.extend(getattr(node, "workeroutput", {}).get("ran_for_real", []))


def pytest_terminal_summary(terminalreporter):
    """Say which cluster and which conda the tests ran on."""
    for line in ran_for_real:
        terminalreporter.write_line(f"for real: {line}")


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real screens beside the checkout; tests that need it skip where it is absent."""
    folder = ROOT.parent / "shared/data"
    if not folder.is_dir():
        pytest.skip("no real screens beside the checkout (../shared/data)")
    return folder


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """Results of the study that other tests disturb by faults, without any."""
    from helpers.faulty import Faulty
    from helpers.running import Workflow

    Faulty(workflow := Workflow(tmp_path_factory.mktemp("undisturbed")))
    workflow.run()
    return workflow / "results"


@pytest.fixture(scope="module")
def cluster():
    """A running SLURM cluster; tests that need it skip where none can be brought up."""
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
    """The folder of the shipped profile, in which a user changed account and partition."""
    profile = tmp_path / "profile/profile.yaml"
    profile.parent.mkdir()
    shipped = (ROOT / "profiles/slurm/profile.yaml").read_text()
    assert shipped.count('"CHANGE_ME"') == 2
    # The only other changes: ask for the state of jobs as of now, and keep the logs that the fits are counted in.
    own = "slurm-init-seconds-before-status-checks: 1\nslurm-keep-successful-logs: true\n"
    profile.write_text(shipped.replace("CHANGE_ME", "main") + own)
    return profile.parent


@pytest.fixture(scope="session")
def conda(tmp_path_factory):
    """Environment variables that put a conda on PATH; tests that need it skip where there is none.

    Where no conda is installed, a stand-in for it may lie beside the checkout.
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
    ran_for_real.append(f"{version} ({'a stand-in' if variables else program})")
    return variables
