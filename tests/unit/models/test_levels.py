"""Intercepts and slopes of genes and sgRNAs from draws, against what each variant's `build` says."""

import numpy as np
import pytest

from guidefit.models import declaration, levels, structure

GENE_OF_SGRNA = np.array([0, 0, 1, 2, 2, 2])


def draws_of(declared, count=4):
    rng = np.random.default_rng(0)
    sizes = {"_g": (count, 3), "_s": (count, 6)}
    return {name: rng.normal(size=sizes.get(name[-2:], (count,))) for name in declared.priors}


def test_an_sgrna_without_an_effect_has_its_genes_and_a_gene_without_one_the_mean():
    draws = {"a": np.array([1.0, 2.0]), "c": np.array([0.5, 0.5]), "g": np.arange(6.0).reshape(2, 3), "s": np.ones((2, 6))}
    side = levels.Side("a", None, ("g", "sd"), ("s", "sd"))
    np.testing.assert_array_equal(levels.evaluate_side(side, draws, "sgrna", GENE_OF_SGRNA), draws["s"])
    np.testing.assert_array_equal(levels.evaluate_side(side, draws, "gene", GENE_OF_SGRNA), draws["g"])
    without = levels.Side("a", "c", ("g", "sd"), None)
    np.testing.assert_array_equal(levels.evaluate_side(without, draws, "sgrna", GENE_OF_SGRNA), draws["g"][:, GENE_OF_SGRNA] + 0.5)
    pooled = levels.Side("a", None, None, None)
    np.testing.assert_array_equal(levels.evaluate_side(pooled, draws, "gene", GENE_OF_SGRNA), [[1.0], [2.0]])
    for nothing in (None, levels.Side("other", None, ("h", "sd"), None)):
        np.testing.assert_array_equal(levels.evaluate_side(nothing, draws, "sgrna", GENE_OF_SGRNA), [[0.0]])


@pytest.mark.parametrize("name", declaration.BUILT_IN)
def test_a_declared_structure_and_its_names_give_the_same_predictor(name):
    declared = declaration.declare(declaration.VARIANTS / f"{name}.py")
    if declared.gaussian is None:
        assert levels.named_sides(None) == levels.CONVENTION
        return
    draws = draws_of(declared)
    model = structure.make(declared.gaussian, declared.priors, name)
    assert levels.named_sides(declared.gaussian) == model.sides
    by_names = [levels.evaluate_side(side, draws, "sgrna", GENE_OF_SGRNA) for side in levels.named_sides(declared.gaussian)]
    for one, other in zip(model.predictor(draws, GENE_OF_SGRNA), by_names, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_side_that_names_nothing_is_read_without_an_error():
    intercept, slope = levels.named_sides({"noise": "sigma", "intercept": {}})
    assert slope is None
    np.testing.assert_array_equal(levels.evaluate_side(intercept, {"sigma": np.ones(2)}, "gene", GENE_OF_SGRNA), [[0.0]])
