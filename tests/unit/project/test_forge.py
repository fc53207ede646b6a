"""Files of the public forge: release notes, versions, targets and paths that exist."""

import re
import runpy

import pytest
import yaml

from helpers import ROOT

RELEASE = runpy.run_path(str(ROOT / ".github/release_notes.py"))


def test_one_version_everywhere_and_its_notes():
    (version,) = set(RELEASE["versions"]().values())
    text = RELEASE["notes"](version)
    assert text.strip()
    assert "\n## " not in text


def test_a_tag_of_another_version_is_refused():
    with pytest.raises(SystemExit, match=r"The version is 99\.0\.0, but pyproject.toml has"):
        RELEASE["notes"]("99.0.0")


def test_workflows_and_the_image_use_targets_and_files_that_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    texts = [path.read_text() for path in (ROOT / ".github/workflows").glob("*.yml")]
    used = {
        target
        for text in texts
        for target in re.findall(r"run: make (\w+)|--rm guidefit (\w+)", text)
        for target in target
        if target
    }
    assert used >= {"lint", "docs", "gallery", "run", "test"}
    assert used <= targets
    docker = (ROOT / "Dockerfile").read_text()
    sources = [source for line in re.findall(r"^COPY (.*)$", docker, re.MULTILINE) for source in line.split()[:-1]]
    assert sources
    assert all((ROOT / source).exists() for source in sources)
    assert "/".join(re.findall(r"RUN sh (\S+)", docker)) == "envs/make_env.sh"


@pytest.mark.parametrize("name", ["bug.yml", "idea.yml"])
def test_templates_of_issues_are_forms(name):
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE" / name).read_text())
    assert {"name", "description", "body"} <= set(form)
    assert all(field["type"] in ("textarea", "input") and field["attributes"]["label"] for field in form["body"])
