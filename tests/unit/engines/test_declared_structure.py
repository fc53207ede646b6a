"""GAUSSIAN of a user's own variant is compared with its build() once, and not at all for built-in variants."""

import pytest

from guidefit.base.errors import UserError
from guidefit.engines import declared_structure
from guidefit.models import declaration, promises

POOLED = declaration.VARIANTS / "pooled.py"


@pytest.fixture
def checks(monkeypatch):
    """The files whose GAUSSIAN is checked."""
    seen = []
    monkeypatch.setattr(promises, "check_gaussian", lambda build, declared, priors, structure: seen.append(declared.path))
    return seen


def check(path, folder, key="key"):
    declared = declaration.declare(path)
    declared_structure.check_once(declared, declared.priors, "here", key, folder)


def test_a_variant_is_checked_once_for_each_key(tmp_path, checks):
    mine = tmp_path / "mine.py"
    mine.write_text(POOLED.read_text())
    for key in ("key", "key", "other"):
        check(mine, tmp_path, key)
    assert checks == [mine, mine]


def test_built_in_variants_are_not_checked(tmp_path, checks):
    check(POOLED, tmp_path)
    assert checks == []


def test_a_check_that_failed_is_made_again(tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text(POOLED.read_text().replace(" * x", " * x**2"))
    for _ in range(2):
        with pytest.raises(UserError, match=r"mine\.py: GAUSSIAN does not declare the model"):
            check(mine, tmp_path)
