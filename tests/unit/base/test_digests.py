"""What a script depends on, and what changes its digest."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from guidefit.base.digests import Code, Library, OwnVariant
from guidefit.base.errors import UserError
from guidefit.models.declaration import BUILT_IN, FORMER_MODULES, load
from helpers import ROOT

SCRIPTS = ROOT / "scripts"
FIGURES = [f"guidefit.report.figures.{path.stem}" for path in (SCRIPTS / "guidefit/report/figures").glob("[a-z]*.py")]
VARIANTS = [f"guidefit.models.variants.{name}" for name in BUILT_IN]


def read(path):
    file = SCRIPTS / path
    return file.read_text() if file.is_file() else None


@pytest.fixture(scope="module")
def library():
    return Library(read)


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """The graph of imports of the library and its scripts, by a tool of its own."""
    folder = tmp_path_factory.mktemp("graph")
    (folder / "scripts").mkdir()
    (folder / "scripts/__init__.py").touch()
    for path in SCRIPTS.glob("*.py"):
        shutil.copy(path, folder / "scripts")
    sys.path.insert(0, str(folder))
    try:
        return grimp.build_graph("guidefit", "scripts", cache_dir=None)
    finally:
        sys.path.remove(str(folder))


def reached(graph, *modules):
    """Everything that these modules import, with the packages that Python imports on the way."""
    found, waiting = set(), list(modules)
    while waiting:
        module = waiting.pop()
        parents = [module.rsplit(".", depth)[0] for depth in range(1, module.count(".") + 1)]
        for each in {module, *parents, *graph.find_upstream_modules(module)} - found:
            found.add(each)
            waiting.append(each)
    return {each for each in found if each.split(".")[0] == "guidefit"}


def modules(paths):
    return {path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in paths if path.endswith(".py")}


@pytest.mark.parametrize("script", sorted(path.stem for path in SCRIPTS.glob("*.py")))
def test_a_script_reaches_what_it_imports(script, library, graph):
    assert modules(library.reached(Code(read(f"{script}.py")))) == reached(graph, f"scripts.{script}")


@pytest.mark.parametrize("module", ["guidefit.engines.nuts", "guidefit.engines.collapsed", *FIGURES, *VARIANTS, "guidefit.config"])
def test_a_module_that_is_named_reaches_what_it_imports(module, library, graph):
    assert modules(library.reached(Code(""), module)) == reached(graph, module)


def test_the_start_of_a_job_is_in_every_digest(library):
    for path in SCRIPTS.glob("*.py"):
        assert "guidefit/base/startup.py" in library.reached(Code(path.read_text()))


def test_rules_name_their_script_and_the_module_that_it_imports_by_name():
    rules = {}
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        for name, text in re.findall(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", path.read_text(), flags=re.MULTILINE | re.DOTALL):
            rules[name] = text
    assert len(rules) > 20
    for name, text in rules.items():
        script = re.search(r'"../../scripts/(\w+).py"', text)[1]
        if name == "fit":
            assert 'library=lookup("{study}/variants/{variant}/fit_code", within=STUDIES)' in text
        elif script in ("plot", "write_page"):
            (kind, module), package = re.search(r'(figure|page)="(\w+)"', text).groups(), {"plot": "figures", "write_page": "pages"}
            assert kind == {"plot": "figure", "write_page": "page"}[script]
            assert f'digest("{script}", "guidefit.report.{package[script]}.{module}")' in text
        else:
            assert f'digest("{script}")' in text
        if name == "simulate_drawn":  # its variants come with their code
            assert "variants=drawn_variants" in text
        elif "own_files" in text and name != "estimate_effects":
            assert 'variant=lookup("{study}/variants/{variant}/code", within=STUDIES)' in text


SOURCE = '''"""Says what it is."""

from guidefit.screens import arrays


def one(x):
    """Says what it does."""
    # why
    return {"a": f"{x!r:>{10}}", 'b': "it's"}
'''
REWORDED = (
    SOURCE.replace("Says what", "Describes what").replace("# why", "# for another reason").replace("'b'", '"b"') + "\n\n# end\n"
)


def test_only_code_counts(library):
    digest = library.digest(Code(SOURCE))
    assert re.fullmatch("[0-9a-f]{16}", digest)
    assert library.digest(Code(REWORDED)) == digest
    assert library.digest(Code(SOURCE.replace("10", "11"))) != digest
    assert library.digest(Code(SOURCE), "guidefit.screens.depmap") != digest


@pytest.mark.parametrize(
    ("path", "counts"),
    [("guidefit/screens/arrays.py", True), ("guidefit/screens/__init__.py", True), ("guidefit/screens/depmap.py", False)],
)
def test_what_is_imported_counts(path, counts, library):
    def edited(which):
        text = read(which)
        return f"{text}\nEDITED = 1\n" if which == path else text

    def commented(which):
        text = read(which)
        return f"{text}\n# edited\n" if which == path else text

    digest = library.digest(Code(SOURCE))
    assert (Library(edited).digest(Code(SOURCE)) != digest) == counts
    assert Library(commented).digest(Code(SOURCE)) == digest


def test_templates_count_with_those_that_they_include():
    files = {
        "guidefit/__init__.py": "",
        "guidefit/page.py": 'TEMPLATE = "page.html.j2"',
        "guidefit/report/templates/page.html.j2": '{% extends "base.html.j2" %} one',
        "guidefit/report/templates/base.html.j2": "base",
        "guidefit/report/templates/other.html.j2": "other",
    }
    code = Code("from guidefit import page")
    digest = Library(files.get).digest(code)
    for name, counts in (("page", True), ("base", True), ("other", False)):
        path = f"guidefit/report/templates/{name}.html.j2"
        assert (Library((files | {path: "edited"}).get).digest(code) != digest) == counts


OF_ALL = """
import json, sys
from pathlib import Path
from guidefit.base.digests import Code, Library
root = Path(sys.argv[1])
library = Library(lambda path: (root / path).read_text() if (root / path).is_file() else None)
print(json.dumps({path.stem: library.digest(Code(path.read_text()), *sys.argv[2:]) for path in sorted(root.glob("*.py"))}))
"""


def test_the_same_digests_on_other_versions_of_python():
    candidates = [shutil.which(f"python3.{minor}") for minor in (12, 13, 14)]
    candidates += sorted(
        map(str, (Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions").glob("3.1[2-9]*/bin/python3"))
    )
    digests, versions = set(), set()
    for python in dict.fromkeys([sys.executable, *filter(None, candidates)]):
        command = [python, "-c", "import sys; print(sys.version_info[:2])"]
        version = subprocess.run(command, capture_output=True, text=True)
        if version.returncode or version.stdout in versions:
            continue
        versions.add(version.stdout)
        command = [python, "-c", OF_ALL, SCRIPTS, *FIGURES, *VARIANTS]
        done = subprocess.run(command, env={"PYTHONPATH": str(SCRIPTS)}, capture_output=True, text=True, check=True)
        digests.add(done.stdout)
    if len(versions) < 2:
        pytest.skip("no other Python >= 3.12 here")
    assert len(digests) == 1
    assert len(set(json.loads(digests.pop()).values())) > 10


def write(folder, read=read, **texts):
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)
    return OwnVariant(folder / "mine.py", Library(read), FORMER_MODULES)


@pytest.mark.parametrize(
    "imports",
    [
        "from guidefit.models import parts",
        "from guidefit.variants.parts import prior",
        "from guidefit.variants import parts",
        "import guidefit.variants.parts as p",
    ],
)
@pytest.mark.parametrize(("path", "counts"), [("models/parts.py", True), ("screens/arrays.py", True), ("engines/nuts.py", False)])
def test_the_library_counts_under_its_present_and_former_names(imports, path, counts, tmp_path):
    def edited(which):
        return f"{read(which)}\nEDITED = 1\n" if which == f"guidefit/{path}" else read(which)

    assert (write(tmp_path, edited, mine=imports).checksum() != write(tmp_path, mine=imports).checksum()) == counts


def test_modules_next_to_a_variant(tmp_path):
    texts = {"mine": "import numpy\nfrom shared import CENTRE\n", "shared": "from deeper import CENTRE\n", "deeper": "CENTRE = 0\n"}
    own = write(tmp_path, **texts, unrelated="X = 1\n")
    assert own.helpers() == [str(tmp_path / "deeper.py"), str(tmp_path / "shared.py")]
    checksum = own.checksum()
    assert write(tmp_path, deeper="CENTRE = 0  # as before\n", unrelated="X = 2\n").checksum() == checksum
    assert write(tmp_path, deeper="CENTRE = 7\n").checksum() != checksum


def test_a_package_next_to_a_variant(tmp_path):
    (tmp_path / "mine_parts").mkdir()
    (tmp_path / "mine_parts/__init__.py").write_text("from .inner import CENTRE\n")
    (tmp_path / "mine_parts/inner.py").write_text("CENTRE = 0\n")
    own = write(tmp_path, mine="from mine_parts import CENTRE\n")
    assert own.helpers() == [str(tmp_path / f"mine_parts/{name}.py") for name in ("__init__", "inner")]


def test_moving_a_variant_with_its_helpers_changes_no_digest(tmp_path):
    checksums = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        checksums.add(write(tmp_path / name, mine="from shared import CENTRE\n", shared="CENTRE = 0\n").checksum())
    assert len(checksums) == 1


def test_a_helper_that_is_not_python_is_named(tmp_path):
    with pytest.raises(UserError, match=r"shared\.py: not valid Python: "):
        write(tmp_path, mine="import shared\n", shared="CENTRE =\n").checksum()


def test_a_variant_imports_its_helpers_wherever_it_is_loaded_from(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "priors_of_a_test.py").write_text("CENTRE = 7.0\n")
    (tmp_path / "mine.py").write_text("from priors_of_a_test import CENTRE\n\n\ndef build(data, priors):\n    return CENTRE\n")
    assert load(tmp_path / "mine.py")(None, None) == 7.0
