"""How many fits of a run are done and left, and when the last one is expected, in one line after each batch."""

import logging
import sys
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, TextIO


class Progress(logging.Handler):
    """Follows the events of a run: what it will do (`run_info`), jobs that start (`job_info`) and that end (`job_finished`).

    rules: that fit a batch; sizes: (study, name of the batch) -> fits in it; clock: seconds.
    """

    def __init__(
        self,
        rules: Collection[str],
        sizes: Mapping[tuple[str, str], int],
        stream: TextIO = sys.stderr,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._rules, self._sizes, self._stream, self._clock = rules, sizes, stream, clock
        self._planned = 0  # jobs that fit
        self._begun: dict[int, int] = {}  # job -> fits
        self._ended: set[int] = set()
        self._started: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Note what happened, and print a line where a batch of fits has ended."""
        event = getattr(getattr(record, "event", None), "value", None)
        if event == "run_info":
            stats: Mapping[str, Any] = getattr(record, "stats", {})
            self._planned = sum(int(stats.get(rule, 0)) for rule in self._rules)
        elif event == "job_info" and getattr(record, "rule_name", None) in self._rules:
            wildcards: Mapping[str, str] = getattr(record, "wildcards", None) or {}
            self._started = self._started or self._clock()
            batch = wildcards.get("study", ""), wildcards.get("seeds", "")
            self._begun[getattr(record, "jobid", -1)] = self._sizes.get(batch, 1)
        elif event == "job_finished" and (job := getattr(record, "job_id", None)) in self._begun.keys() - self._ended:
            self._ended.add(job)
            print(self.line(), file=self._stream, flush=True)

    def line(self) -> str:
        """What is done and left; batches that have not begun count with the mean size of all batches."""
        mean = sum(self._sizes.values()) / max(len(self._sizes), 1)
        batches = max(self._planned, len(self._begun))
        done = sum(self._begun[job] for job in self._ended)
        total = round(sum(self._begun.values()) + mean * (batches - len(self._begun)))
        text = f"Fits: {done:,} of {total:,} done ({len(self._ended)} of {batches} batches)"
        if done >= total or self._started is None:
            return text
        now = self._clock()
        left = (now - self._started) * (total - done) / max(done, 1)
        return f"{text}; the last one is expected in {_duration(left)}, at {_clock_time(now + left, now)}"


def follow(
    logger: logging.Logger, rules: Collection[str], sizes: Mapping[tuple[str, str], int], stream: TextIO = sys.stderr
) -> None:
    """Show the progress of the run whose events this logger has, if the stream is a terminal."""
    if stream.isatty() and not any(isinstance(each, Progress) for each in logger.handlers):
        logger.addHandler(Progress(rules, sizes, stream))


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _clock_time(at: float, now: float) -> str:
    same_day = datetime.fromtimestamp(at).date() == datetime.fromtimestamp(now).date()
    return datetime.fromtimestamp(at).strftime("%H:%M" if same_day else "%d %b %H:%M")
