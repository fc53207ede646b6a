"""Every Snakemake command in the documentation works as it is written there."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest

from helpers import ROOT

pytestmark = pytest.mark.slow

PAGES = [ROOT / "README.md", ROOT / "config/README.md", *sorted((ROOT / "docs").glob("*.md"))]
COPIED = ("Makefile", "Snakefile", "config", "envs", "profiles", "requirements.lock", "scripts", "workflow")
OWN_FILES = ("screen.csv", "AvanaReadcounts.hdf5", "AvanaSequenceMap.csv", "AvanaGuideMap.csv", "OmicsCNGene.csv")
OWN_FILES += ("AchillesNonessentialControls.csv", "AchillesCommonEssentialControls.csv")
# Commands that need a cluster, conda, a repository or a state of their own, and the test that runs them.
ELSEWHERE = {
    "--workflow-profile profiles/slurm": ("slurm/test_slurm.py", "slurm_profile"),
    "--sdm conda": ("conda/test_conda.py", '"--sdm", "conda"'),
    "--unlock": ("slurm/test_slurm.py", '"--unlock"'),
    "--report results/report.html": ("workflow/conftest.py", '"--report", "results/report.html"'),
    "--batch": ("workflow/test_switches.py", '"--batch"'),
    "snakedeploy deploy-workflow": ("workflow/test_remote.py", "deploy-workflow"),
}
PLANS = f"""#!{sys.executable}
import sys
from snakemake.cli import main
arguments = sys.argv[1:]
if "--report-after-run" in arguments:  # a dry run leaves nothing to report
    arguments.remove("--report-after-run")
    at = arguments.index("--report")
    del arguments[at : at + 2]
main([*arguments, "--dry-run"])
"""
ADVISED_AGAINST = ("--slurm-array-jobs",)
COMMAND = re.compile(r"(?:\.venv/bin/)?snakemake |make run|snakedeploy |--[a-z]")


def commands(text):
    """The Snakemake commands of a page: lines of shell blocks, and code in sentences (there, also single options)."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    inline = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose)]
    return [line for line in [*lines, *inline] if COMMAND.match(line)]


def found():
    return {(path.name, command) for path in PAGES for command in commands(path.read_text())}


def is_run_here(command):
    return not any(part in command for part in (*ELSEWHERE, *ADVISED_AGAINST))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout, with the files that the documentation asks for, whose snakemake only plans the jobs."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    programs = folder / ".venv/bin"
    programs.mkdir(parents=True)
    for name, text in (("python", f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n'), ("snakemake", PLANS)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    checksum = subprocess.run(["cksum"], stdin=(ROOT / "requirements.lock").open(), stdout=subprocess.PIPE, text=True, check=True)
    (folder / ".venv/.lock-checksum").write_text(checksum.stdout)  # so that make env does nothing
    (folder / "data").mkdir()
    for name in OWN_FILES:
        (folder / "data" / name).touch()
    own = re.search(r"```yaml\n(studies:\n  my_screen:.*?)```", (ROOT / "docs/own_screen.md").read_text(), flags=re.DOTALL)
    (folder / "my_screen.yaml").write_text(own[1])
    shutil.copy(ROOT / "config/config.yaml", folder / "my.yaml")
    return folder


@pytest.mark.parametrize("command", sorted({command for _, command in found() if is_run_here(command)}))
def test_a_command_of_the_documentation_plans_its_jobs(command, checkout):
    program = shlex.quote(str(checkout / ".venv/bin"))
    line = f"PATH={program}:$PATH; {command.replace('FILE', 'my.yaml')}"
    done = subprocess.run(["bash", "-c", line], cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Job stats:" in done.stdout, done.stdout[-3000:]


@pytest.mark.parametrize("part", ELSEWHERE)
def test_other_commands_are_run_by_other_tests(part):
    path, text = ELSEWHERE[part]
    assert text in (ROOT / "tests" / path).read_text()
    assert any(part in command for _, command in found())
