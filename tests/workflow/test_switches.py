"""Snakemake's usual switches do what its documentation says, and one run does not disturb another."""

import re
import shutil
import subprocess
import time
from collections import Counter

import pytest
import yaml

from helpers.pretended import CHEAP, SMALL, STUDIES, planned, pretend, summary
from helpers.running import Run, Workflow, assert_same_tables

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of a simulated and a real study. Tests do not change it."""
    workflow = Workflow(tmp_path_factory.mktemp("switches"))
    pretend(workflow, {name: STUDIES[name] for name in ("design", "real")})
    return workflow


@pytest.fixture
def copied(finished, tmp_path):
    """The same in a folder that a test may change."""
    shutil.copytree(finished.folder, tmp_path / "copy")
    return Workflow(tmp_path / "copy")


def test_directory(finished, tmp_path):
    """Paths in the config are relative to the working directory that --directory names."""
    command = finished.command("--dry-run", "--directory", finished.folder, config=finished / "config.yaml")
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert "Nothing to be done" in done.stdout
    assert not list(tmp_path.iterdir())


def test_until(finished):
    jobs = planned(finished.run("--dry-run", "--forceall", "--until", "fit").output)
    assert jobs == Counter(import_table=1, simulate=1, fit=4)


def test_touch(copied):
    config = yaml.safe_load((copied / "config.yaml").read_text())
    config["studies"]["design"]["variants"]["gene_effects"] = {"draws": 70}
    (copied / "config.yaml").write_text(yaml.safe_dump(config))
    assert planned(copied.run("--dry-run").output)["fit"] == 1
    copied.run("--touch")
    assert "Nothing to be done" in copied.run("--dry-run").output


def test_summary(finished):
    lines = summary(finished)
    assert {line["status"] for line in lines} == {"ok"}
    assert {line["plan"] for line in lines} == {"no update"}
    files = {line["output_file"] for line in lines}
    assert {"results/design/estimates.csv", "results/real/fits/mine/seeds_1/posterior.nc", "results/real/index.html"} <= files


def test_delete_all_output(copied):
    kept = {path.name for path in copied.folder.iterdir() if path.is_file()}
    copied.run("--delete-all-output")
    assert not [path for path in copied.folder.glob("results/**/*") if path.is_file()]
    assert {path.name for path in copied.folder.iterdir() if path.is_file()} == kept


def test_products_that_were_deleted_are_made_again(copied):
    """Draws and other files in between are made again where they are named or needed, so that they may be deleted to save space."""
    products = [path for path in copied.folder.glob("results/*/**/*") if path.suffix in (".csv", ".html", ".svg", ".png")]
    products += copied.folder.glob("results/real/corrected_logfc.parquet")
    draws = copied / "results/real/fits/mine/seeds_1/posterior.nc"
    draws.unlink()
    assert "Nothing to be done" in copied.run("--dry-run").output
    assert planned(copied.run("--dry-run", draws.relative_to(copied.folder)).output)["fit"] == 1
    draws.touch()
    for path in products:
        path.unlink()
    # In files of results, not in numbers of jobs: a rule that makes several of them runs once.
    output = copied.run("--dry-run").output
    missing = {name for names in re.findall("Reason: Missing output files: (.*)", output) for name in re.split(r", |; ", names)}
    assert {str(path.relative_to(copied.folder)) for path in products if "controls" not in path.name} <= missing


def test_config(finished):
    """--config overwrites single values; those that are not text need a file, which a message says."""
    changed = finished.run("--dry-run", "--config", "studies={'design': {'covariate': 'log2'}}")
    assert planned(changed.output)["simulate"] == 1
    assert planned(changed.output)["import_table"] == 0
    refused = finished.run("--dry-run", "--config", "studies={'design': {'batch_size': 1}}", ok=False)
    assert refused.code != 0
    assert "studies.design.batch_size: '1' is text, not a whole number." in refused.output
    assert "use --configfile instead of --config" in refused.output


def test_two_config_files_are_merged(finished, tmp_path):
    (tmp_path / "more.yaml").write_text("studies: {design: {seeds: 0-3}}\n")
    command = finished.command("--dry-run")
    command.insert(command.index("config.yaml") + 1, tmp_path / "more.yaml")
    done = subprocess.run(command, cwd=finished.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    fits = [message for message in Run(0, done.stdout).messages if ": fit " in message]
    assert len(fits) == 2
    assert all(fit.startswith("design: fit ") and "to seeds 2-3" in fit for fit in fits)


def test_batches(workflow):
    """The rule to batch is collect_tables, which reads the files of all fits."""
    workflow.configure(many=CHEAP | {"simulate": SMALL, "variants": ["pooled"], "seeds": "0-7"})
    first, third = (workflow.run("--dry-run", "--batch", f"collect_tables={index}/4") for index in (1, 3))
    for index, run in ((0, first), (2, third)):
        fits = sorted(message.split(" (")[0] for message in run.messages if ": fit " in message)
        # the graph of the model comes from the fit of the first seed
        assert fits == [f"many: fit pooled to seeds {seed}" for seed in sorted({0, 2 * index, 2 * index + 1})]
        assert not {"collect_tables", "recover", "write_study_page"} & set(planned(run.output))
    last = workflow.run("--dry-run", "--batch", "collect_tables=4/4", ok=False)
    assert "not all previous batches have been completed" in last.output
    for target in ("all", "default"):
        refused = workflow.run("--dry-run", "--batch", f"{target}=1/4", ok=False)
        assert refused.code != 0
        assert f"--batch {target}=1/4 would run every fit in every batch" in refused.output
        assert "--batch collect_tables=1/4" in refused.output


def test_two_runs_at_once(tmp_path):
    """In one folder the second is refused; in two folders neither disturbs the other, nor does another guidefit on PYTHONPATH."""
    study = CHEAP | {"simulate": SMALL, "variants": ["gene_effects"], "sampling": {"engine": "collapsed", "draws": 60}}
    shadow = tmp_path / "shadow/guidefit/__init__.py"
    shadow.parent.mkdir(parents=True)
    shadow.write_text('raise RuntimeError("not the library of this checkout")\n')
    one, two = (Workflow(tmp_path / name) for name in ("one", "two"))
    two.environment["PYTHONPATH"] = str(tmp_path / "shadow")
    for workflow in (one, two):
        workflow.folder.mkdir()
        workflow.configure(same=study)
    with one.driver() as first, two.driver() as second:
        deadline = time.monotonic() + 120
        while not list(one.folder.glob(".snakemake/locks/*")) and first.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        refused = one.run(ok=False)
        assert refused.code != 0
        assert "Directory cannot be locked" in refused.output
        assert "--unlock" in refused.output
        assert first.wait(600) == 0, (one / "driver.log").read_text()
        assert second.wait(600) == 0, (two / "driver.log").read_text()
    assert_same_tables(one / "results", two / "results")
