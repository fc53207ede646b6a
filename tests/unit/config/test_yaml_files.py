import re
import sys

import pytest

from guidefit.config import yaml_files

STUDY = "studies:\n  s:\n    simulate: {}\n"


def problems(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return [line.removeprefix(str(path)) for line in yaml_files.find_problems([path])]


PROBLEMS = {
    "duplicate key": (
        STUDY + "    seeds: 1\n    seeds: 2\n",
        ", line 5, column 5: studies.s.seeds is already given in line 4, column 5; YAML keeps only the last one. "
        "Remove one of the two.",
    ),
    "duplicate study": (
        "studies:\n  s: {}\n  s: {}\n",
        ", line 3, column 3: studies.s is already given in line 2, column 3; YAML keeps only the last one. Remove one of the two.",
    ),
    "duplicate in flow style": (
        "studies: {s: {seeds: 1, seeds: 2}}\n",
        ", line 1, column 25: studies.s.seeds is already given in line 1, column 15; YAML keeps only the last one. "
        "Remove one of the two.",
    ),
    "octal": (
        STUDY + "    seeds: 012\n",
        ", line 4, column 12: studies.s.seeds: YAML reads 012 as an octal number, 10. Write 12 without leading zeros.",
    ),
    "octal in a list": (
        STUDY + "    seeds: [1, 010]\n",
        ", line 4, column 16: studies.s.seeds: YAML reads 010 as an octal number, 8. Write 10 without leading zeros.",
    ),
    "base 60": (
        STUDY + "    seeds: 1:30\n",
        ", line 4, column 12: studies.s.seeds: YAML reads 1:30 as a number to the base 60, 90. Write 90, or 1-30 for a range.",
    ),
    "base 60 of a decimal": (
        STUDY + "    diploid: 1:30.5\n",
        ", line 4, column 14: studies.s.diploid: YAML reads 1:30.5 as a number to the base 60, 90.5. "
        "Write 90.5, or 1-30.5 for a range.",
    ),
}


@pytest.mark.parametrize(("text", "message"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_what_yaml_loses_or_reads_otherwise_is_reported_with_its_place(tmp_path, text, message):
    assert problems(tmp_path, text) == [message]


FINE = {
    "the same key in two studies": "studies:\n  a: {seeds: 1}\n  b: {seeds: 1}\n",
    "a text": STUDY + '    seeds: "012"\n',
    "zero": STUDY + "    seeds: 0\n",
    "an anchor and a merge": "studies:\n  a: &a {seeds: 1}\n  b: {<<: *a, checks: false}\n",
    "an anchor that contains itself": "studies: &a\n  s: *a\n",
    "a prior without quotes": "studies: {s: {priors: {a: Normal(0, 5), b: Normal(0, 5)}}}\n",
    "another part of the file": "codes: 012\nstudies: {}\n",
    "a template": "__use_yte__: true\n?if True:\n  a: 1\n?if False:\n  a: 2\n",
    "JSON": '{\t"studies": {}}',
}


@pytest.mark.parametrize("text", FINE.values(), ids=FINE.keys())
def test_nothing_else_is_reported(tmp_path, text):
    assert problems(tmp_path, text) == []


SYNTAX = {
    "an open bracket": (
        "studies:\n  s: {a: 1\n  b: 2\n",
        ", line 3, column 4: not valid YAML: while parsing a flow mapping that starts in line 2",
    ),
    "a tab": ("studies:\n\ts: 1\n", ", line 2, column 1: not valid YAML: .*Indent with spaces, not tabs"),
    "wrong indentation": ("studies:\n  a: 1\n b: 2\n", ", line 3, column 2: not valid YAML"),
    "an open quote": ('studies: "a\n', ", line 2, column 1: not valid YAML"),
    "nothing": ("", ": the top level must be a mapping"),
    "a list": ("- a\n", ": the top level must be a mapping"),
    "a tag of Python": (
        "a: 1\nstudies: !!python/object:os.system {}\n",
        ", line 2, column 10: not valid YAML: could not",
    ),
    "many brackets": ("studies: " + "[" * 3000, ": hundreds of brackets"),
    "a control character": ("studies: \x07\n", ": not valid YAML: unacceptable character"),
}


@pytest.mark.parametrize(("text", "message"), SYNTAX.values(), ids=SYNTAX.keys())
def test_errors_of_syntax_name_line_and_column(tmp_path, text, message):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)  # Python's own, which libraries that other tests import may raise
    try:
        found = yaml_files.syntax_error(path)
    finally:
        sys.setrecursionlimit(usual)
    assert found.startswith(str(path))
    assert re.match(message, found.removeprefix(str(path)))


def test_files_that_cannot_be_read_are_named(tmp_path):
    assert "cannot read this file: No such file" in yaml_files.syntax_error(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes("studies: é\n".encode("latin-1"))
    assert "not a text in UTF-8 (byte 9)" in yaml_files.syntax_error(tmp_path / "latin.yaml")
    (tmp_path / "fine.yaml").write_text("studies: {}\n")
    assert yaml_files.syntax_error(tmp_path / "fine.yaml") is None
