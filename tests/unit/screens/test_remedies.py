"""Whoever follows an error message of the import has the right screen, or is warned, and the register misses no message."""

import ast
import re
from pathlib import Path

import pandas as pd
import pytest

from guidefit import screens
from helpers import remedies_of_counts, remedies_of_matrices, remedies_of_tables
from helpers.remedies import import_with, stop

CASES = {
    f"{register.__name__.rpartition('_')[2]}-{name}": case
    for register in (remedies_of_counts, remedies_of_matrices, remedies_of_tables)
    for name, case in register.CASES.items()
}
# Messages about screens that are made by the project itself, not imported.
OF_OTHERS = {"screen_file.refuse_constant_genes", "sufficient.__post_init__"}


@pytest.mark.parametrize("kind", ["count_table", "counts", "logfc", "path"])
def test_the_screens_that_are_spoiled_are_good(kind):
    rows, ledger = import_with(kind)
    assert len(rows) > 20
    assert not ledger["action"].eq("warned").any()


@pytest.mark.parametrize("name", CASES)
def test_a_remedy_is_safe(name):
    """The screen after the remedy is the right one, row by row, or verdicts are lowered."""
    case = CASES[name]
    said, _ = stop(case)
    assert re.search(case.message, said, re.DOTALL), said
    expected, _ = import_with(case.kind, case.right)
    for remedy in case.remedies:
        found, ledger = import_with(case.kind, case.spoil, remedy, said=said)
        assert len(found)
        if case.warns:
            assert ledger["action"].eq("warned").any()
        else:
            pd.testing.assert_frame_equal(found, expected, rtol=1e-5, atol=1e-6)


def test_the_register_has_every_message():
    """Each place at which the import stops is reached by a case."""
    reached = {stop(case)[1] for case in CASES.values()}
    missing = []
    for path in sorted(Path(screens.__file__).parent.glob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef) or f"{path.stem}.{function.name}" in OF_OTHERS:
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Raise) and node.exc and "UserError" in ast.unparse(node.exc):
                    lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                    if not any(module == path.stem and line in lines for module, line in reached):
                        missing.append(f"{path.stem}.{function.name}, line {node.lineno}")
    assert not missing, "add a case with the remedy of these messages to tests/helpers/remedies_of_*.py"
