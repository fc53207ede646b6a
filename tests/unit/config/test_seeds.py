import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guidefit.config import seeds

GOOD = {
    "one": (3, [3]),
    "a text": ("3", [3]),
    "a range": ("0-2", [0, 1, 2]),
    "blanks": (" 1 - 3 ", [1, 2, 3]),
    "a list": ([5, "0-1", 3], [0, 1, 3, 5]),
    "the largest": (seeds.LARGEST_SEED, [seeds.LARGEST_SEED]),
    "as many as possible": (f"0-{seeds.MOST_SEEDS - 1}", list(range(seeds.MOST_SEEDS))),
}


@pytest.mark.parametrize(("given_seeds", "expected"), GOOD.values(), ids=GOOD.keys())
def test_seeds_are_numbers_and_ranges(given_seeds, expected):
    ranges, problems = seeds.parse(given_seeds)
    assert not problems
    assert seeds.expand(ranges) == expected


BAD = {
    "none": ([], "no seeds"),
    "reversed": ("9-0", "the range '9-0' is reversed. Write 0-9."),
    "negative": (-1, "-1 is not a valid seed"),
    "a boolean": (True, "true is not a valid seed"),
    "a decimal": (1.0, "1.0 is not a valid seed"),
    "nothing": (None, "null is not a valid seed"),
    "a word": ("all", "'all' is not a valid seed"),
    "base 60": ("1:30", "'1:30' is not a valid seed"),
    "octal": ("012", "'012' has leading zeros, which YAML reads as an octal number. Write 12."),
    "a padded range": ("000-099", "'000-099' has leading zeros"),
    "too large": (2**32, "4294967296 is too large for a seed. The largest is 4294967295."),
    "too many": ("0-99999999", "100,000,000 seeds. A study can have at most 100,000."),
    "too many in ranges": (["0-60000", "60001-120000"], "120,001 seeds"),
    "overlapping": (["0-9", "9-12"], "seed 9 is given more than once"),
    "twice": ([4, 4], "seed 4 is given more than once"),
    "within": (["0-9", 5], "seed 5 is given more than once"),
    "other digits": ("²", "is not a valid seed"),
}


@pytest.mark.parametrize(("given_seeds", "message"), BAD.values(), ids=BAD.keys())
def test_what_is_no_seed_is_refused(given_seeds, message):
    _, problems = seeds.parse(given_seeds)
    assert message in problems[0][1]


def test_large_ranges_are_refused_without_expanding_them():
    start = time.perf_counter()
    _, problems = seeds.parse([f"0-{2**32 - 1}", "5-4000000000"])
    assert len(problems) == 2
    assert time.perf_counter() - start < 10  # microseconds, where expanding them takes minutes


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)), min_size=1, max_size=12))
def test_overlaps_are_found_as_by_expanding(spans):
    entries = [f"{first}-{first + length}" for first, length in spans]
    expanded = [seed for first, length in spans for seed in range(first, first + length + 1)]
    ranges, problems = seeds.parse(entries)
    assert bool(problems) == (len(set(expanded)) < len(expanded))
    if not problems:
        assert seeds.expand(ranges) == sorted(expanded)
