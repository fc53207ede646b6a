"""The reference describes what the code has: every column, every check, every rule with its outputs; examples run."""

import re
import sys

import pymc as pm
import pytest

from guidefit.assess import checks
from guidefit.config.thresholds import Thresholds
from helpers import ROOT

sys.path.append(str(ROOT / "docs"))
import reference_pages

TABLES = reference_pages.read("tables")


@pytest.mark.parametrize("name", TABLES["tables"])
def test_every_column_has_a_meaning_and_no_other_is_described(name):
    table = TABLES["tables"][name]
    columns = reference_pages.columns_of(table["source"])
    assert all(reference_pages.meaning(table, TABLES["common"], column).strip() for column in columns)
    assert set(table.get("columns", {})) <= set(columns)


def test_common_columns_occur_and_every_table_of_the_workflow_is_described():
    used = {column for table in TABLES["tables"].values() for column in reference_pages.columns_of(table["source"])}
    assert set(TABLES["common"]) <= used
    rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    written = set(re.findall(r'"results/\{(?:study|design)\}/(\w+\.csv)"', rules)) - {
        "point.csv",
        "estimates_excerpt.csv",
    }  # parts of others
    assert written <= set(TABLES["tables"])


def test_every_check_is_described_with_thresholds_that_exist():
    found = reference_pages.read("checks")
    assert list(found) == list(checks.CHECKS)
    assert {key for about in found.values() for key in about["thresholds"]} <= set(Thresholds.model_fields)
    assert all(about["measures"] and about["do"] for about in found.values())


def test_messages_and_rules_are_found():
    messages, rules = reference_pages.messages(), reference_pages.rules()
    assert "`<place>: GAUSSIAN has no <absent>. It needs noise and intercept. Add <absent>.`" in messages
    scripts = {path.name for path in (ROOT / "scripts").glob("*.py")}
    missing = {name for name in scripts if f"`{name}`" not in rules}
    assert not missing


def test_the_example_of_the_library_runs():
    text = (ROOT / "docs/how_to/extend_the_library.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    found: dict = {}
    exec(code, found)
    assert isinstance(found["model"], pm.Model)
    assert "logfc" in found["model"].named_vars
