"""Plain technical English: phrases that readers stumble over do not occur in the project."""

import re
import subprocess

import pytest

from helpers import ROOT

# Phrase (a regular expression, where a blank also matches a line break) -> what to write instead.
PHRASES = {
    r"to be had": "can be computed, is available",
    r"anew": "again",
    r"stands? there": "is listed, exists",
    r"stands? (twice|in the header twice)": "is listed twice",
    r"(go|goes|going|went) over to": "fall back to",
    r"cut short": "truncated, stopped early",
    r"as one likes": "arbitrarily",
    r"so many": "that number of",
    r"mend(s|ed|ing)?": "fix",
    r"(is|are|was|were) told": "is reported",
    r"told (with|at|before|as|by|apart)": "reported, distinguished",
    r"dear against": "expensive compared with",
    r"beside": "next to",
    r"(?<!there\s)is no [a-z]+[.:]": "is not a valid ...",
    r"says? nothing": "carries no information about",
    r"speaks? to": "inform",
    r"answer in words": "summary",
    r"whereby|thereof|wherein|therein|hitherto": "plain words",
}
KINDS = {".py", ".md", ".smk", ".rst", ".yaml", ".j2", ".toml", ".sh", ".R", ".cff", ""}


def places(pattern, texts):
    """path:line of every place where a phrase occurs, across line breaks and the start of comment lines."""
    phrase = re.compile(rf"\b(?:{pattern.replace(' ', r'\s+(?:[#>*]\s+)?')})(?!\w)", re.IGNORECASE)
    return [f"{path}:{text[: found.start()].count('\n') + 1}" for path, text in texts.items() for found in phrase.finditer(text)]


@pytest.fixture(scope="module")
def texts():
    """Text by path of every file that git tracks, without this one."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in done.stdout.splitlines() if name != "tests/unit/project/test_english.py"]
    return {str(path.relative_to(ROOT)): path.read_text() for path in paths if path.suffix in KINDS and path.is_file()}


def test_a_phrase_is_found_across_lines():
    text = {"a.py": 'x = 1  # the file\n# is cut\n# short; it is no number.\n"""Mended."""\n'}
    assert places("cut short", text) == ["a.py:2"]
    assert places(r"(?<!there\s)is no [a-z]+[.:]", text) == ["a.py:3"]
    assert places(r"mend(s|ed|ing)?", text) == ["a.py:4"]
    assert places("beside", {"a.md": "besides, mendable"}) == []


@pytest.mark.parametrize("phrase", PHRASES)
def test_no_archaic_phrase(phrase, texts):
    found = places(phrase, texts)
    assert not found, f"{phrase!r}: write {PHRASES[phrase]!r}"
