"""What is run again after an edit of the library, a touch or a move of the checkout, through the real Snakefile."""

import re
import shutil
import subprocess
from collections import Counter

import pytest

from helpers import ROOT
from helpers.pretended import planned, pretend
from helpers.running import Workflow

pytestmark = pytest.mark.slow

PARTS = ("Snakefile", "workflow", "scripts", "envs", "profiles")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of every rule, with a checkout of its own."""
    folder = tmp_path_factory.mktemp("digests")
    (folder / "checkout").mkdir()
    for name in PARTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / "checkout" / name)
    (folder / "here").mkdir()
    workflow = Workflow(folder / "here", root=folder / "checkout")
    pretend(workflow)
    return workflow


class Jobs:
    """The jobs of a finished run and what they depend on, as Snakemake draws them."""

    def __init__(self, workflow):
        command = workflow.command("--dag")
        text = subprocess.run(command, cwd=workflow.folder, check=True, capture_output=True, text=True).stdout
        self.rule = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)', text, flags=re.MULTILINE))
        self.readers = {job: set() for job in self.rule}
        for job, reader in re.findall(r"^\s*(\d+) -> (\d+)$", text, flags=re.MULTILINE):
            self.readers[job].add(reader)

    def after(self, rules):
        """Rule -> number of its jobs that have to run when all jobs of these rules do."""
        found, waiting = set(), [job for job, rule in self.rule.items() if rule in rules]
        while waiting:
            job = waiting.pop()
            if job not in found:
                found.add(job)
                waiting += self.readers[job]
        return Counter(self.rule[job] for job in found)


@pytest.fixture(scope="module")
def jobs(finished):
    return Jobs(finished)


@pytest.fixture
def edit(finished):
    """Appends a statement, or another text, to a file of the checkout; afterwards the file is as before."""
    before = {}

    def append(path, text="\nEDITED = 1\n"):
        before[path] = path.read_text()
        path.write_text(before[path] + text)

    yield append
    for path, text in before.items():
        path.write_text(text)


def test_nothing_is_run_again_for_rewording_a_touch_or_a_move(finished, edit):
    everything = [path for path in finished.root.rglob("*") if path.is_file()]
    for path in everything:
        path.touch()
    for path in finished.root.glob("scripts/**/*.py"):
        edit(path, '\n# a comment\n"""A sentence."""\n')
    moved = finished.root.rename(finished.root.with_name("moved"))
    try:
        output = Workflow(finished.folder, root=moved).run("--dry-run").output
    finally:
        moved.rename(finished.root)
    assert "Nothing to be done" in output
    assert "missing provenance" not in output


FIGURES = {
    "plot_screen",
    "plot_predictive",
    "plot_parameters",
    "plot_model",
    "plot_diagnostics",
    "plot_comparison",
    "plot_recovery",
}
FIGURES |= {"plot_calibration", "plot_design", "plot_effects", "plot_correction", "plot_samples"}
EDITED = {
    "assess/recovery.py": {"recover", "measure_point"},
    "screens/depmap.py": {"import_depmap", "judge_samples"},
    "report/figures/correction.py": {"plot_correction"},
    "report/figures/style.py": FIGURES,
}


@pytest.mark.parametrize(("module", "rules"), EDITED.items(), ids=EDITED.keys())
def test_an_edit_of_a_module_runs_the_rules_again_that_reach_it(module, rules, finished, jobs, edit):
    edit(finished.root / "scripts/guidefit" / module)
    assert planned(finished.run("--dry-run").output) == jobs.after(rules)


def test_an_edit_of_the_start_of_jobs_runs_all_of_them_again(finished, jobs, edit):
    edit(finished.root / "scripts/guidefit/base/startup.py")
    assert planned(finished.run("--dry-run").output) == Counter(jobs.rule.values())


def test_an_edit_of_an_engine_or_a_variant_fits_what_uses_it_again(finished, edit):
    edit(finished.root / "scripts/guidefit/engines/importance.py")  # the engine collapsed, of one fit
    again = finished.run("--dry-run")
    assert [message for message in again.messages if ": fit " in message] == [
        "design: fit varying_effects to seeds 0-1 (progress: logs/design/fit/varying_effects_seeds_0-1.log)"
    ]


def test_a_variant_of_ones_own_and_the_modules_next_to_it(finished, edit):
    for name in ("mine.py", "shared_priors.py"):
        (finished / name).touch()
    edit(finished / "shared_priors.py", "# another comment\n")
    assert "Nothing to be done" in finished.run("--dry-run").output
    edit(finished / "shared_priors.py", "CENTRE = 7.0\n")
    fits = [message.split(" (")[0] for message in finished.run("--dry-run").messages if ": fit " in message]
    assert sorted(fits) == ["real: fit mine to seeds 1", "replicated: fit mine to seeds 1"]
