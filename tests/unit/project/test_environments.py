"""One set of versions: the lock file, the conda environments and pyproject.toml agree; scripts, rules and their sizes."""

import ast
import re
import sys
import tomllib
from functools import cache
from itertools import pairwise

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from guidefit.base.digests import Code, Library
from guidefit.engines import registry
from guidefit.models import declaration
from helpers import ROOT

PIN = re.compile(r"^([a-z0-9._-]+)==([^\s;]+)", re.MULTILINE)
LOCKED = dict(PIN.findall((ROOT / "requirements.lock").read_text()))
PYPI_NAMES = {"matplotlib-base": "matplotlib"}


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda path: path.name)
def test_conda_environments_pin_the_versions_of_the_lock_file(path):
    environment = yaml.safe_load(path.read_text())
    assert set(environment) == {"channels", "dependencies"}
    for entry in environment["dependencies"]:
        assert isinstance(entry, str), "no pip section"
        name, version = entry.split(" =")
        if name != "python":
            assert LOCKED[PYPI_NAMES.get(name, name)] == version, name


def test_the_lock_file_satisfies_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for text in [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(Version(LOCKED[requirement.name])), text


def test_the_lock_file_of_the_documentation():
    project, text = tomllib.loads((ROOT / "pyproject.toml").read_text()), (ROOT / "docs/requirements.lock").read_text()
    locked = dict(PIN.findall(text))
    for requirement in map(Requirement, project["dependency-groups"]["docs"]):
        assert requirement.specifier.contains(Version(locked[requirement.name])), requirement.name
    assert "://" not in text
    assert text.count("--hash=sha256:") >= len(locked)


def test_the_lock_file_names_no_registry_and_has_hashes():
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    assert text.count("--hash=sha256:") >= len(LOCKED)


RULE = re.compile(r"^(?:use )?(?:rule|checkpoint) (\w+)", re.MULTILINE)
LIBRARY = Library(lambda path: (ROOT / "scripts" / path).read_text() if (ROOT / "scripts" / path).is_file() else None)
ENGINES = [registry.module_of(name) for name in registry.ENGINES]
VARIANTS = [f"guidefit.models.variants.{name}" for name in declaration.BUILT_IN]
# Top-level modules whose package has another name.
PACKAGES = {"yaml": "pyyaml", "netCDF4": "netcdf4", "arviz_stats": "arviz-stats", "PIL": "pillow"}


def rules():
    """(name, text) of every rule, without those that only change another rule."""
    for path in sorted((ROOT / "workflow/rules").glob("*.smk")):
        text = path.read_text()
        starts = [match.start() for match in RULE.finditer(text)]
        for start, end in pairwise([*starts, len(text)]):
            if not text.startswith("use", start):
                yield RULE.match(text, start)[1], text[start:end]


def code_of(rule):
    """The Python files that a rule's job may execute: its script, what it imports of the library, and what it loads by name."""
    script = ROOT / "scripts" / f"{re.search(r'scripts/(\w+)[.]py', rule)[1]}.py"
    modules = re.findall(r'"(guidefit[.][\w.]+)"', rule)  # the figures and pages, which the rule names
    for call, loaded in (("registry.make_engine(", ENGINES), ("declaration.load(", VARIANTS)):
        files = [script, *(ROOT / "scripts" / path for path in LIBRARY.reached(Code(script.read_text()), *modules))]
        if any(call in path.read_text() for path in files):
            modules += loaded
    reached = LIBRARY.reached(Code(script.read_text()), *modules)
    return {script, *(ROOT / "scripts" / path for path in reached if path.endswith(".py"))}


@cache
def third_party(path):
    """The packages that a file imports when it is imported itself; imports inside functions are those of other jobs."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.split(".")[0])
    return {PACKAGES.get(each, each) for each in found - set(sys.stdlib_module_names) - {"guidefit"}}


@pytest.mark.parametrize("rule", [pytest.param(text, id=name) for name, text in rules()])
def test_a_script_imports_only_what_the_environment_of_its_rule_has(rule):
    environment = ROOT / "envs" / re.search(r"envs/(\w+[.]yaml)", rule)[1]
    has = {entry.split(" =")[0] for entry in yaml.safe_load(environment.read_text())["dependencies"]}
    has |= {PYPI_NAMES[each] for each in has & set(PYPI_NAMES)}
    needs = {package: path for path in code_of(rule) for package in third_party(path)}
    assert set(needs) <= has, {package: str(path) for package, path in needs.items() if package not in has}


def test_modules_loaded_by_a_computed_name_are_followed():
    """No import statement names the engines, the variants and the figures: without them the test above would miss most imports."""
    reached = {name: {str(path.relative_to(ROOT / "scripts")) for path in code_of(rule)} for name, rule in rules()}
    loaded = ("engines/nuts", "engines/collapsed", "models/variants/student_t")
    assert {f"guidefit/{path}.py" for path in loaded} <= reached["fit"]
    figures = {str(path.relative_to(ROOT / "scripts")) for path in (ROOT / "scripts/guidefit/report/figures").glob("*.py")}
    assert figures <= set.union(*reached.values())


def test_every_script_has_a_rule_and_every_rule_its_script():
    named = {script for _, rule in rules() for script in re.findall(r"scripts/(\w+)[.]py", rule)}
    assert named == {path.stem for path in (ROOT / "scripts").glob("*.py")}
