"""The workflow used from elsewhere: as a module of another workflow, deployed by snakedeploy from its repository."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from helpers import ROOT
from helpers.pretended import planned
from helpers.running import Workflow

pytestmark = pytest.mark.slow

OWNER = "somebody/guidefit"
STUDY = {
    "simulate": {"genes": 2, "sgrnas_per_gene": 2, "cell_lines": 5},
    "sampling": {"engine": "collapsed", "draws": 60},
    "variants": ["gene_effects"],
    "seeds": [1],
    "checks": False,
    "figure_seeds": 0,
}


def git(folder, *arguments):
    identity = ["-c", "user.name=tests", "-c", "user.email=tests@localhost"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """The checkout as it is now, as a repository that git takes for one of GitHub's."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    repository = tmp_path / "hosted" / OWNER
    for name in git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        if (ROOT / name).is_file():
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, repository / name)
    git(repository, "init", "--quiet", "--initial-branch", "main")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", "all")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.file://{tmp_path}/hosted/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://github.com/")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return repository


class Deployed(Workflow):
    """A folder with a Snakefile of its own that uses the workflow as a module."""

    def command(self, *arguments, config=None):
        return [self.python, "-m", "snakemake", "--cores", "2", *arguments]


def test_deployed_by_snakedeploy(repository, tmp_path):
    snakedeploy = Path(sys.executable).parent / "snakedeploy"
    here = tmp_path / "here"
    command = [snakedeploy, "deploy-workflow", f"https://github.com/{OWNER}", here, "--branch", "main"]
    subprocess.run(command, check=True, capture_output=True)
    assert f'github("{OWNER}", path="workflow/Snakefile", branch="main")' in (here / "workflow/Snakefile").read_text()
    assert (here / "profiles/slurm/profile.yaml").exists()
    (here / "config/config.yaml").write_text(yaml.safe_dump({"studies": {"far": STUDY}}))
    deployed = Deployed(here)
    first = deployed.run()
    assert first.jobs.count("fit") == 1
    assert (here / "results/far/index.html").exists()
    assert "Nothing to be done" in deployed.run().output

    def edit(module, text):
        path = repository / "scripts/guidefit" / module
        path.write_text(path.read_text() + text)
        git(repository, "commit", "--quiet", "--all", "--message", f"an edit of {module}")
        return planned(deployed.run("--dry-run").output)

    assert not edit("assess/recovery.py", "\n# a comment\n")
    assert set(edit("assess/recovery.py", "\nEDITED = 1\n")) == {"recover", "write_study_page", "list_studies", "all"}
    assert edit("engines/importance.py", "\nEDITED = 1\n")["fit"] == 1


@pytest.mark.long
def test_a_module_under_a_prefix_beside_other_rules(tmp_path):
    (tmp_path / "Snakefile").write_text(f'''
configfile: "config/config.yaml"

module screens:
    snakefile: "{ROOT}/workflow/Snakefile"
    config: config
    prefix: "screens"

use rule * from screens as screens_*

rule mine:
    default_target: True
    input: rules.screens_all.input
    output: "mine.txt"
    shell: "ls {{input}} > {{output}}"
''')
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text(yaml.safe_dump({"studies": {"near": STUDY}}))
    run = Deployed(tmp_path).run()
    assert run.jobs.count("screens_fit") == 1
    assert "screens/results/near/estimates.csv" in (tmp_path / "mine.txt").read_text()
    assert not (tmp_path / "results").exists()
    assert "Nothing to be done" in Deployed(tmp_path).run().output
