import copy

import pytest

from guidefit.base.errors import UserError
from guidefit.models import line_structure
from guidefit.models.line_graph import line_graph
from helpers.line_screens import declared

DECLARED, STRUCTURE, PARAMETERS = declared("gene_classes")


def changed(path, value):
    """STRUCTURE with one entry replaced, or removed where the value is None."""
    found = copy.deepcopy(DECLARED.structure)
    *above, last = path
    part = found
    for key in above:
        part = part[key]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return found


def test_hyper_parameters_bear_their_class():
    assert STRUCTURE.by_class("mu_gamma") == ["mu_gamma_null", "mu_gamma_common"]
    assert set(STRUCTURE.roles) == set(DECLARED.priors)
    assert PARAMETERS["mu_gamma_common"] == (-1, 0.5)
    _, one_class, parameters = declared("gene_by_line")
    assert one_class.by_class("mu_gamma") == ["mu_gamma"]
    assert list(parameters) == list(one_class.roles)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("gene_by_line",), None, "has no 'gene_by_line'"),
        (("noise", "scale"), None, r"STRUCTURE\['noise'\] has no 'scale'"),
        (("colour",), "red", "has the unknown key 'colour'"),
        (("departing_rows",), ("p_row", 1.0), r"STRUCTURE\['departing_rows'\] is \('p_row', 1.0\)"),
        (("classes",), ("a", "b", "c"), r"STRUCTURE\['classes'\] is"),
        (("weight",), None, "only one of classes and weight"),
        (("intercept",), "gamma_g", "must have the form of"),
    ],
)
def test_a_structure_that_is_not_possible_is_refused(path, value, message):
    with pytest.raises(UserError, match=f"here: .*{message}"):
        line_structure.read_structure(changed(path, value), "here")


def test_only_priors_that_the_engine_can_sample_are_accepted():
    with pytest.raises(UserError, match="engine gibbs needs a variant that declares"):
        line_structure.read_structure(None, "here")
    other = DECLARED.priors | {"sigma_alpha_null": {"distribution": "Exponential", "lam": 1}}
    with pytest.raises(UserError, match=r"prior of sigma_alpha_null: engine gibbs needs HalfNormal\(sigma\) .* Exponential\(lam\)"):
        line_structure.prior_parameters(STRUCTURE, other, "here")
    with pytest.raises(UserError, match="STRUCTURE names p_row, which PRIORS does not have"):
        line_structure.prior_parameters(STRUCTURE, {k: v for k, v in DECLARED.priors.items() if k != "p_row"}, "here")


def test_the_graph_shows_the_hierarchy():
    graph = line_graph(STRUCTURE, DECLARED.priors, {"gene": 3, "sgrna": 1, "cell_line": 5, "row": 15})
    nodes = {node["name"]: node for node in graph["nodes"]}
    assert nodes["e_gl"]["dims"] == ["3 genes", "5 cell_lines"]
    assert nodes["alpha_s"]["dims"] == ["1 sgrna"]
    for edge in (["mu_gamma_null", "gamma_g"], ["gamma_g", "alpha_s"], ["tau_g", "e_gl"], ["k_l", "logfc"], ["p_row", "logfc"]):
        assert edge in graph["edges"]
    assert {name for edge in graph["edges"] for name in edge} == set(nodes)


def test_without_copy_numbers_there_are_no_slopes():
    without = STRUCTURE.without_slope()
    slopes = [name for name in STRUCTURE.roles if name not in without.roles]
    assert slopes == [f"{name}_{each}" for name in ("mu_delta", "sigma_delta", "sigma_beta") for each in ("null", "common")]
    assert set(STRUCTURE.dims) - set(without.dims) == {"delta_g", "beta_s"}
    graph = line_graph(without, DECLARED.priors, {"gene": 3, "sgrna": 1, "cell_line": 5, "row": 15})
    assert {node["name"] for node in graph["nodes"]} == {*without.roles, *without.dims, "logfc"}
    assert {name for edge in graph["edges"] for name in edge} == {*without.roles, *without.dims, "logfc"}
