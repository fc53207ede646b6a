"""The workflow on a real SLURM cluster that the test starts, with the shipped profile."""

import os
import re
import signal

import pandas as pd
import pytest

from helpers.cluster import NODES
from helpers.faulty import NAMES, Faulty, fitted
from helpers.running import Workflow, assert_same_tables

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.slurm]


@pytest.fixture
def workflow(tmp_path, slurm_profile):
    return Workflow(tmp_path, profile=slurm_profile)


def states(cluster, name):
    """The SLURM jobs that fitted a variant, in order: their states, their nodes, and the identifier of the last one."""
    jobs = [job for job in cluster.jobs() if re.search(rf"rule_fit.*_{name}_0-1$", job["comment"])]
    return [job["state"] for job in jobs], [job["node"] for job in jobs], jobs[-1]["id"] if jobs else None


def last_state(cluster, name):
    """The state of the last SLURM job that fitted a variant; None before the first one."""
    return (states(cluster, name)[0] or [None])[-1]


def test_faults(cluster, workflow, undisturbed):
    """A lost node, a killed driver, a killed fit, Ctrl-C, a failure, scancel, an exceeded time limit: the tables are the same."""
    hanging = dict.fromkeys(("cancelled", "lost", "overtime"), "hang")
    faulty = Faulty(workflow, fails="fail", killed="kill", **hanging)
    limit = ("--set-resources", "fit_temporary:runtime=attempt")  # one minute, then two

    def hangs(name, before=0):
        return faulty.tries(name) > before and last_state(cluster, name) == "RUNNING"

    with workflow.driver(*limit) as driver:
        faulty.wait(lambda: all(hangs(name) for name in hanging), driver)
        faulty.wait(lambda: all(last_state(cluster, name) == "COMPLETED" for name in ("fails", "killed")), driver)
        node = states(cluster, "lost")[1][-1]
        cluster.run("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
        faulty.wait(lambda: faulty.tries("lost") == 2, driver)  # SLURM itself queues a job again whose node went down
        cluster.run("scontrol", "update", f"nodename={node}", "state=resume")
        assert states(cluster, "lost")[1][-1] != node
        os.killpg(driver.pid, signal.SIGKILL)
    cluster.cancel_all()
    locked = workflow.run(ok=False)
    assert locked.code != 0
    assert "Directory cannot be locked" in locked.output
    assert "--unlock" in locked.output
    done = faulty.finished()
    assert {path.parent.parent.name for path in done} == {"fails", "killed"}
    workflow.run("--unlock")

    faulty.expect(cancelled="hang", overtime="hang")
    tries = faulty.tries("cancelled")
    with workflow.driver(*limit) as driver:
        faulty.wait(lambda: hangs("cancelled", tries), driver)
        os.killpg(driver.pid, signal.SIGINT)
        assert driver.wait(60) != 0
    # Ctrl-C cancels what runs; SLURM calls a job COMPLETING until its node has cleaned up.
    cluster.wait("the job is cancelled", lambda: last_state(cluster, "cancelled") == "CANCELLED")

    tries = faulty.tries("cancelled")
    with workflow.driver(*limit) as driver:
        faulty.wait(lambda: hangs("cancelled", tries), driver)
        faulty.expect(overtime="hang")
        cluster.run("scancel", states(cluster, "cancelled")[2])
        faulty.wait(lambda: "TIMEOUT" in states(cluster, "overtime")[0], driver)
        faulty.expect()
        assert driver.wait(400) == 0, (workflow / "driver.log").read_text()[-5000:]

    assert faulty.finished().items() >= done.items()
    assert_same_tables(workflow / "results", undisturbed)
    assert "Nothing to be done" in workflow.run().output
    # Each first fit was made once, and read back by every job after. The log of a requeued job starts again: one may be missing.
    logs = "\n".join(path.read_text() for path in (workflow / ".snakemake/slurm_logs").rglob("*.log"))
    assert fitted(logs)["0", "fitting"] <= len(NAMES) <= fitted(logs)["0", "already fitted"]
    # Each fit names the node where it ran: the second one of a batch ran on the node of the last job.
    tables = pd.concat(workflow.table(f"{study}/diagnostics.csv") for study in ("faults", "late"))
    for name in NAMES:
        fits = tables[tables["variant"] == name].set_index("seed")["node"]
        assert fits[1] == states(cluster, name)[1][-1]
        assert fits[0] in NODES
        print(name, *states(cluster, name)[:2], dict(fits))
    assert set(tables["node"]) == set(NODES)
