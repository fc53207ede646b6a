"""A small study with faults in its fits, and a count of how often each fit was made."""

import json
import re
import time
from collections import Counter
from pathlib import Path

from helpers import ROOT

# Python imports this at every start. A batch has two seeds: the fault occurs when the second fit is about to be saved.
HOOK = """import json
import os
import re
import sys
import time
from pathlib import Path


def meet_fault(event, arguments):
    if event != "os.rename" or not (place := re.search(r"fits/(\\w+)/seeds_0-1/saved/1.nc$", str(arguments[1]))):
        return
    name = place[1]
    with Path(f"tries/{name}").open("a") as tries:
        tries.write("x")
    first = Path(f"tries/{name}").stat().st_size == 1
    fault = json.loads(Path("faults.json").read_text()).get(name)
    if fault == "fail" and first:
        raise RuntimeError("no luck today")
    if fault == "kill" and first:
        os.kill(os.getpid(), 9)
    if fault == "hang":
        time.sleep(600)


sys.addaudithook(meet_fault)
"""
NAMES = ("fails", "killed", "cancelled", "lost", "overtime")


class Faulty:
    """The study in one folder."""

    def __init__(self, workflow, **faults: str):
        """faults: see `expect`."""
        self.workflow = workflow
        (workflow / "tries").mkdir()
        (workflow / "hook").mkdir()
        (workflow / "hook/sitecustomize.py").write_text(HOOK)
        workflow.environment |= {"PYTHONPATH": str(workflow / "hook")}
        self.expect(**faults)
        small = {
            "simulate": {"genes": 2, "sgrnas_per_gene": 2, "cell_lines": 5},
            "sampling": {"engine": "collapsed", "importance_draws": 200_000, "draws": 60},  # long enough for each to be saved
            "seeds": [0, 1],
            "batch_size": 2,
            "checks": False,
            "figure_seeds": 0,
        }
        variants = {name: {"file": str(ROOT / "scripts/guidefit/models/variants/gene_effects.py")} for name in NAMES}
        late = {"overtime": variants.pop("overtime")}
        workflow.configure(faults=small | {"variants": variants}, late=small | {"variants": late, "keep_draws": False})

    def expect(self, **faults: str) -> None:
        """The faults from now on, by variant: fail or kill (only in the first job), hang (in every job)."""
        (self.workflow / "faults.json").write_text(json.dumps(faults))

    def tries(self, name: str) -> int:
        """How many jobs of a variant reached the end of the second fit."""
        path = self.workflow / f"tries/{name}"
        return path.stat().st_size if path.exists() else 0

    def wait(self, is_so, running, seconds: float = 240) -> None:
        """Wait until is_so(), as long as the driver `running` has not ended."""
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, "waited for too long"
            assert running.poll() is None, (self.workflow / "driver.log").read_text()[-3000:]
            time.sleep(0.2)

    def finished(self) -> dict[Path, int]:
        """The time of writing (ns) of every file of draws, by path."""
        return {path: path.stat().st_mtime_ns for path in (self.workflow / "results").rglob("posterior.nc")}


def fitted(text: str) -> Counter:
    """How often each seed was fitted and how often read back, from the output of jobs: (seed, what) -> count."""
    return Counter(re.findall(r"seed (\d) \(\d of \d\): (fitting|already fitted)", text))
