"""The line that says what of a run is done, from the events that Snakemake logs."""

import io
import logging
from types import SimpleNamespace

import pytest

from guidefit.base import progress


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


def event(name, **values):
    record = logging.LogRecord("snakemake", logging.INFO, "", 0, "", None, None)
    vars(record).update(event=SimpleNamespace(value=name), **values)
    return record


@pytest.fixture
def run():
    stream, clock = io.StringIO(), Clock()
    sizes = {("s", "0-9"): 10, ("s", "10-19"): 10, ("s", "20-24"): 5}
    return SimpleNamespace(stream=stream, clock=clock, handler=progress.Progress(["fit"], sizes, stream, clock))


def start(run, job, seeds, rule="fit"):
    run.handler.emit(event("job_info", jobid=job, rule_name=rule, wildcards={"study": "s", "seeds": seeds}))


def test_fits_are_counted_with_the_expected_end(run):
    run.handler.emit(event("run_info", stats={"fit": 3, "diagnose": 3, "total": 7}))
    start(run, 1, "0-9")
    start(run, 9, "0-9", rule="diagnose")
    run.clock.now += 60
    run.handler.emit(event("job_finished", job_id=9))
    assert run.stream.getvalue() == ""
    run.handler.emit(event("job_finished", job_id=1))
    # two batches of the mean size, 25 / 3, are left
    assert run.stream.getvalue().startswith("Fits: 10 of 27 done (1 of 3 batches); the last one is expected in 2 minutes, at ")
    start(run, 2, "10-19")
    start(run, 3, "20-24")
    run.clock.now += 60
    run.handler.emit(event("job_finished", job_id=2))
    run.handler.emit(event("job_finished", job_id=3))
    lines = run.stream.getvalue().splitlines()
    assert lines[1].startswith("Fits: 20 of 25 done (2 of 3 batches); the last one is expected in 30 s, at ")
    assert lines[2] == "Fits: 25 of 25 done (3 of 3 batches)"


def test_batches_that_a_look_adds_are_counted(run):
    run.handler.emit(event("run_info", stats={"fit": 1, "total": 2}))
    for job, seeds in ((1, "0-9"), (2, "10-19")):
        start(run, job, seeds)
        run.handler.emit(event("job_finished", job_id=job))
    assert run.stream.getvalue().splitlines()[-1] == "Fits: 20 of 20 done (2 of 2 batches)"


def test_other_records_are_left_alone(run):
    run.handler.emit(logging.LogRecord("snakemake", logging.INFO, "", 0, "a message", None, None))
    run.handler.emit(event("job_finished", job_id=5))
    assert run.stream.getvalue() == ""


def test_it_is_quiet_where_there_is_no_terminal():
    logger = logging.Logger("of a run")
    progress.follow(logger, ["fit"], {}, io.StringIO())
    assert not logger.handlers
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    progress.follow(logger, ["fit"], {}, terminal)
    progress.follow(logger, ["fit"], {}, terminal)
    assert len(logger.handlers) == 1


def test_long_times_are_told_in_hours_and_with_the_day(run):
    run.handler.emit(event("run_info", stats={"fit": 100}))
    start(run, 1, "20-24")
    run.clock.now += 7200
    run.handler.emit(event("job_finished", job_id=1))
    line = run.stream.getvalue()
    assert " hours, at " in line
    assert line.split(" at ")[1].count(" ") == 2  # day, month, time
