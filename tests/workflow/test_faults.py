"""What goes wrong on one machine: after each fault one more run completes, with the same numbers, and fits nothing twice."""

import os
import shutil
import signal
import subprocess

import pytest

from helpers.faulty import Faulty, fitted
from helpers.running import Workflow, assert_same_tables

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="session")
def broken_and_mended(undisturbed, tmp_path_factory):
    """A fit that stops, one that is killed, one that hangs until Ctrl-C; then one more run. Its folder."""
    cold = tmp_path_factory.mktemp("cold")  # parallel jobs fill one compile cache
    workflow = Workflow(tmp_path_factory.mktemp("faults"), {"TMPDIR": str(cold)})
    faulty = Faulty(workflow, fails="fail", killed="kill", cancelled="hang")
    with workflow.driver() as driver:
        faulty.wait(lambda: faulty.tries("killed") and faulty.tries("cancelled"), driver)
        faulty.wait(lambda: (workflow / "results/late/diagnostics.csv").exists(), driver)
        faulty.wait(lambda: len(faulty.finished()) == 1, driver)
        second = workflow.run(ok=False)
        assert second.code != 0
        assert "Directory cannot be locked" in second.output
        assert "--unlock" in second.output
        os.killpg(driver.pid, signal.SIGINT)
        assert driver.wait(60) != 0
    assert (workflow / "driver.log").read_text().count("no luck today") == 1
    faulty.expect()
    done = faulty.finished()
    assert {path.parent.parent.name for path in done} == {"lost"}

    again = workflow.run()  # no --unlock: Ctrl-C leaves no lock
    assert faulty.finished().items() >= done.items()
    assert fitted(again.output) == {("0", "already fitted"): 3, ("1", "fitting"): 3}
    assert [faulty.tries(name) for name in ("fails", "killed", "cancelled", "lost", "overtime")] == [2, 2, 2, 1, 1]
    assert_same_tables(workflow / "results", undisturbed)
    return faulty


def test_fits_that_stop_are_killed_or_interrupted(broken_and_mended):
    assert "Nothing to be done" in broken_and_mended.workflow.run().output


def test_a_file_that_lost_its_end_is_named_and_made_anew(broken_and_mended, undisturbed):
    workflow, results = broken_and_mended.workflow, broken_and_mended.workflow / "results"
    spoilt = ["results/faults/fits/lost/seeds_0-1/posterior.nc", "results/late/fits/overtime/seeds_0-1/estimates.parquet"]
    for name in spoilt:
        os.truncate(workflow / name, (workflow / name).stat().st_size // 2)
    for name in ("fits/lost/seeds_0-1/estimates.parquet", "estimates.csv"):  # so that the draws are still needed
        (workflow / "results/faults" / name).unlink()
    run = workflow.run(ok=False)
    assert run.code != 0
    kept = broken_and_mended.finished()
    for name in spoilt:
        assert f"guidefit: {name} is truncated. Delete it and run again" in run.output
        (workflow / name).unlink()
        kept.pop(workflow / name, None)
    again = workflow.run()
    # `late` does not keep its draws, so that they are made again; else only what was lost is.
    assert [again.jobs.count(rule) for rule in ("fit", "fit_temporary", "diagnose")] == [1, 1, 2]
    assert broken_and_mended.finished().items() >= kept.items()
    assert_same_tables(results, undisturbed)


def test_a_full_disk(tmp_path):
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("mounting a small file system needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]
    if (done := subprocess.run(mount, capture_output=True, text=True)).returncode:
        pytest.skip(f"no small file system here: {done.stderr}")
    settings = {
        "simulate": {"genes": 3, "sgrnas_per_gene": 2, "cell_lines": 6},
        "sampling": {"engine": "collapsed", "draws": 1000},
        "variants": ["gene_effects", "varying_effects"],
        "seeds": "0-5",
        "batch_size": 2,
        "checks": False,
        "figure_seeds": 0,
    }
    try:
        workflow = Workflow(disk)
        workflow.configure(full=settings)
        first = workflow.run(ok=False)
        assert first.code != 0
        assert "No space left on device" in first.output
        done = first.jobs.count("fit")
        subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
        assert workflow.run().jobs.count("fit") == 6 - done
        elsewhere = Workflow(tmp_path)
        elsewhere.configure(full=settings)
        elsewhere.run()
        assert_same_tables(disk / "results", tmp_path / "results")
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
