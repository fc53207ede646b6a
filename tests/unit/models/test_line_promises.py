"""STRUCTURE of a user's own variant is compared with its build()."""

import pytest

from guidefit.base.errors import UserError
from guidefit.engines import declared_structure
from guidefit.models import declaration, line_promises, promises

BUILT_IN = (declaration.VARIANTS / "gene_by_line.py").read_text()
RETURNED = "    return build_line_model(STRUCTURE, data, priors)\n"


def check(path):
    declared = declaration.declare(path)
    line_promises.check_structure(promises.load(path), declared, declared.priors)


@pytest.mark.parametrize("name", ["gene_by_line", "gene_classes"])
def test_built_in_variants_declare_the_model_that_they_build(name):
    check(declaration.VARIANTS / f"{name}.py")


WRONG = {
    "another structure": ("STRUCTURE, data, priors)", 'STRUCTURE | {"departing_rows": ("p_row", 9.0)}, data, priors)'),
    "another prior": ("data, priors)", 'data, priors | {"s_u": priors["s_u"] | {"sigma": 2.0}})'),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_another_model_is_refused(tmp_path, change):
    path = tmp_path / "mine.py"
    path.write_text(BUILT_IN.replace(RETURNED, RETURNED.replace(*change)))
    with pytest.raises(UserError, match=r"mine\.py: STRUCTURE does not declare the model that build\(\) returns.*build_line_model"):
        check(path)


def test_a_further_variable_is_named_before_a_fit(tmp_path):
    body = RETURNED.replace("return", "model =") + '    with model:\n        pm.Normal("shift")\n    return model\n'
    path = tmp_path / "mine.py"
    path.write_text(BUILT_IN.replace(RETURNED, body))
    declared = declaration.declare(path)
    with pytest.raises(UserError, match=r"Only in build\(\): shift; only in STRUCTURE: none"):
        declared_structure.check_once(declared, declared.priors, "here", "key", tmp_path)
    path.write_text(BUILT_IN)
    declared_structure.check_once(declaration.declare(path), declared.priors, "here", "key", tmp_path)
    assert len(list((tmp_path / "passed").iterdir())) == 1
