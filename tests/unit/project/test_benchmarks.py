"""The benchmarks' commands: each can be started, and one runs with tiny settings."""

import json
import subprocess
import sys

import pytest

from helpers import ROOT

COMMANDS = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py") if path.stem != "measuring")
# Imports them all in one process, which is faster than one process each.
IMPORT = """
import importlib, json, sys
sys.path.insert(0, "benchmarks")
import measuring
missing = [str(peer.program) for peer in measuring.ALTERNATIVES.values() if not (measuring.PEERS / peer.program).exists()]
print(json.dumps({name: importlib.import_module(name).__doc__ for name in sys.argv[1:]} | {"missing": missing}))
"""


def test_every_benchmark_imports_and_has_its_question_its_page_and_its_place_in_the_index():
    done = subprocess.run([sys.executable, "-c", IMPORT, *COMMANDS], cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found.pop("missing") == []
    index = (ROOT / "benchmarks/README.md").read_text()
    for name, doc in found.items():
        question, _, usage, *_ = doc.splitlines()
        assert question.endswith("?"), name
        assert usage.startswith(f"python benchmarks/{name}.py [--quick]"), name
        page = (ROOT / f"benchmarks/{name}.md").read_text()
        assert question in page, name
        assert "Measured on 20" in page, name
        assert f"({name}.md) | `{name}.py`" in index


@pytest.mark.slow
def test_a_benchmark_runs_and_skips_what_is_not_installed(tmp_path):
    command = [sys.executable, ROOT / "benchmarks/one_fit.py", "--quick", "--against", "pystan_nuts"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    page = (ROOT / ".benchmarks/quick/one_fit.md").read_text()
    assert "| `collapsed`, importance | " in page
    assert ("PyStan, NUTS | " in page) or ("Not measured: PyStan, NUTS. It needs " in page)
    assert (ROOT / ".benchmarks/quick/one_fit.png").stat().st_size > 5_000
