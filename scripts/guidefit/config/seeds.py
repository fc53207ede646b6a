"""Seeds: numbers and ranges, kept as ranges so that no check depends on how many they are."""

import re
from typing import Any

from guidefit.base.messages import shown
from guidefit.config.section import Problem

Ranges = tuple[tuple[int, int], ...]
"""(first, last) of each range of seeds, in order."""

MOST_SEEDS = 100_000
"""Seeds of a study. A study with more cannot be scheduled in one run of Snakemake."""

LARGEST_SEED = 2**32 - 1


def parse(seeds: Any) -> tuple[Ranges, list[Problem]]:
    """The ranges of seeds in order, from numbers and ranges ("0-99") alone or in a list, and what is wrong with them."""
    problems: list[Problem] = []
    entries = seeds if isinstance(seeds, list) else [seeds]
    if not entries:
        return (), [("", "no seeds. Give at least one, such as [103] or 0-99.")]
    ranges = []
    for entry in entries:
        found = _range(entry)
        if isinstance(found, str):
            problems.append(("", found))
        else:
            ranges.append(found)
    ranges.sort()
    problems += [("", text) for text in _overlaps(ranges)]
    count = sum(last - first + 1 for first, last in ranges)
    if count > MOST_SEEDS:
        problems.append(("", f"{count:,} seeds. A study can have at most {MOST_SEEDS:,}. Use fewer, or several studies."))
    return tuple(ranges), problems


def expand(ranges: Ranges) -> list[int]:
    """All seeds of these ranges, in order."""
    return [seed for first, last in ranges for seed in range(first, last + 1)]


def _range(entry: Any) -> tuple[int, int] | str:
    """First and last seed of an entry, or a sentence on what is wrong with it."""
    expected = "Use whole numbers from 0 on, or ranges such as 0-99."
    if isinstance(entry, int) and not isinstance(entry, bool):
        first = last = entry
        if entry < 0:
            return f"{entry} is not a valid seed. {expected}"
    elif isinstance(entry, str) and len(entry) <= 60 and (span := re.fullmatch(r"\s*([0-9]+)\s*(?:-\s*([0-9]+)\s*)?", entry)):
        texts = [text for text in span.groups() if text]
        padded = [text for text in texts if len(text) > 1 and text.startswith("0")]
        if padded:
            return f"{entry!r} has leading zeros, which YAML reads as an octal number. Write {padded[0].lstrip('0') or '0'}."
        first, last = int(texts[0]), int(texts[-1])
    else:
        return f"{shown(entry)} is not a valid seed. {expected}"
    if first > last:
        return f"the range {entry!r} is reversed. Write {last}-{first}."
    if last > LARGEST_SEED:
        return f"{last} is too large for a seed. The largest is {LARGEST_SEED}."
    return first, last


def _overlaps(ranges: list[tuple[int, int]]) -> list[str]:
    """A sentence for each range that begins before an earlier one ends; the ranges are sorted."""
    found, end = [], -1
    for first, last in ranges:
        if first <= end:
            found.append(f"seed {first} is given more than once (overlapping ranges?). Give each seed once.")
        end = max(end, last)
    return found
