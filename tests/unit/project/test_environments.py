"""One set of versions: the lock file, the conda environments and pyproject.toml hold together."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

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


def test_the_lock_file_names_no_registry_and_has_hashes():
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    assert text.count("--hash=sha256:") >= len(LOCKED)


def test_scripts_import_only_what_their_environment_has():
    """Top-level imports of each script and of the library modules it reaches, against its rule's environment."""
    names = {"yaml": "pyyaml", "netCDF4": "netcdf4"}
    rules = "\n".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    pairs = re.findall(r'conda:\s+"../../envs/(\w+)\.yaml".*?script:\s+"../../scripts/(\w+)\.py"', rules, flags=re.DOTALL)
    assert len(pairs) == rules.count("script:")
    for environment, script in pairs:
        dependencies = yaml.safe_load((ROOT / f"envs/{environment}.yaml").read_text())["dependencies"]
        has = {PYPI_NAMES.get(entry.split(" =")[0], entry.split(" =")[0]) for entry in dependencies}
        needs = {names.get(module, module) for module in third_party(ROOT / f"scripts/{script}.py")}
        assert needs <= has, f"{script}.py needs {needs - has}, which envs/{environment}.yaml lacks"


def third_party(path, seen=None):
    import ast
    import sys

    seen = seen if seen is not None else set()
    if path in seen:
        return set()
    seen.add(path)
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for module in modules:
            top = module.split(".")[0]
            if top == "guidefit":
                base = ROOT / "scripts" / module.replace(".", "/")
                for file in (base.with_suffix(".py"), base / "__init__.py"):
                    if file.exists():
                        found |= third_party(file, seen)
            elif top not in sys.stdlib_module_names:
                found.add({"arviz_stats": "arviz-stats"}.get(top, top))
    return found
