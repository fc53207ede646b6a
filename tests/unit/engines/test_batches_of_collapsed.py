"""Fits of engine `collapsed` that share arrays: each equals the fit of its screen alone."""

from dataclasses import replace

import numpy as np
import pytest

from guidefit.engines import modes, registry
from guidefit.engines.climb import climb
from guidefit.engines.collapsed_batch import CollapsedBatch
from guidefit.engines.collapsed_posterior import CollapsedPosterior
from guidefit.engines.interface import FitError
from guidefit.models import declaration
from guidefit.screens import arrays, sufficient
from guidefit.simulation import blueprints, simulated_screen
from helpers.defaults import Covariate, Design, Settings


def make_engine(variant, **settings):
    declared = declaration.declare(declaration.VARIANTS / f"{variant}.py")
    full = Settings(**{"engine": "collapsed", "draws": 25} | settings)
    return registry.make_engine(declared, declared.priors, full, 1, prior_seed=1, place=variant)


def simulate(seed, genes=4, lines=6):
    design = Design(genes=genes, sgrnas_per_gene=[1, 2, 3, 2][:genes], cell_lines=lines)
    table, _ = simulated_screen.simulate(blueprints.draw(design, np.random.default_rng(seed)), Covariate("zscore"), "x")
    return arrays.model_data(table)


def fit_in_batches(engine, screens, seeds, size):
    """The fit of each screen, or its error, in batches of this size."""
    return [
        found
        for start in range(0, len(screens), size)
        for found in engine.fit_many(screens[start : start + size], seeds[start : start + size])
    ]


def largest_difference(one, other):
    """Between all numbers of two fits, relative to 1 or to the number if it is larger; groups and variables must be the same."""
    found = 0.0
    assert set(one.children) == set(other.children)
    for group in one.children:
        ours, theirs = one[group].to_dataset(), other[group].to_dataset()
        assert set(ours.data_vars) == set(theirs.data_vars)
        for name in ours.data_vars:
            a, b = np.asarray(ours[name].values, float), np.asarray(theirs[name].values, float)
            np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
            found = max(found, float(np.nanmax(abs(a - b) / np.maximum(1, abs(a)))))
    return found


@pytest.mark.parametrize(("variant", "count"), [("varying_effects", 500), ("pooled", 20), ("correlated_effects", 20)])
def test_numbers_are_the_same_in_batches_of_any_size(variant, count):
    """Neighbours of one layout share arrays; the last screens have one of three layouts each."""
    layouts = [simulate(1), simulate(2, lines=9), simulate(3, genes=3)]
    rng = np.random.default_rng(4)
    screens = [layouts[0 if i < count - 10 else rng.integers(3)] for i in range(count)]
    screens = [replace(screen, logfc=screen.logfc + rng.normal(0, 0.3, len(screen.logfc))) for screen in screens]
    engine, seeds = make_engine(variant, importance_draws=200), list(range(100, 100 + count))
    together = fit_in_batches(engine, screens, seeds, 500)
    for size, tried in ((7, 40), (1, 20)):
        again = fit_in_batches(engine, screens[-tried:], seeds[-tried:], size)
        assert max(map(largest_difference, together[-tried:], again)) < 1e-9


def test_a_screen_that_cannot_be_fitted_stops_none_of_its_batch():
    good, other = simulate(1), simulate(2)
    bad = replace(good, logfc=np.where(good.sgrna_of_row == 0, good.logfc, 0.0))
    engine = make_engine("varying_effects", importance_draws=400)
    together, alone = (fit_in_batches(engine, [good, bad, other], [100, 101, 102], size) for size in (3, 1))
    assert [isinstance(each, FitError) for each in together] == [isinstance(each, FitError) for each in alone]
    for one, same in zip(together, alone, strict=True):
        if isinstance(one, FitError):
            assert str(one) == str(same)
        else:
            assert largest_difference(one, same) < 1e-9


def test_densities_and_gradients_of_a_batch_are_those_of_its_models():
    engine = make_engine("correlated_effects")
    models = [CollapsedPosterior(engine.structure, sufficient.from_arrays(simulate(seed))) for seed in (1, 2, 3)]
    rng = np.random.default_rng(5)
    which, dim = rng.integers(3, size=50), len(engine.structure.quantiles)
    z = rng.standard_normal((50, dim))
    batch = CollapsedBatch(models)
    values, slopes = batch.gradient(z, which)
    np.testing.assert_allclose(batch.log_density(z, which), values, rtol=1e-13)
    for i in range(50):
        value, slope = models[which[i]].gradient(z[i : i + 1])
        assert values[i] == pytest.approx(value[0], rel=1e-13)
        np.testing.assert_allclose(slopes[i], slope[0], rtol=1e-10, atol=1e-10)


def test_climbs_end_at_the_maximum_of_each_density():
    """Correlated normals with means of their own, one of them beyond the bound: it ends where the bound is."""
    means = np.array([[1.0, -2.0], [8.0, 5.0], [-14.0, 0.0]])
    precision = np.array([[2.0, 0.9], [0.9, 0.5]])

    def gradients(z, which):
        away = z - means[which]
        return -0.5 * np.einsum("pi,ij,pj->p", away, precision, away), -away @ precision

    ends = climb(gradients, np.arange(3), np.zeros((3, 2)), np.repeat(np.eye(2)[None], 3, axis=0), is_scaled=False)
    np.testing.assert_allclose(ends.places[:2], means[:2], atol=2e-3)
    assert ends.places[2, 0] == pytest.approx(-12)
    assert ends.places[2, 1] == pytest.approx(0 - 0.9 / 0.5 * 2, abs=1e-3)


def test_a_density_without_a_mode_leaves_the_others_theirs():
    def gradients(z, which):
        grows = which == 1
        return np.where(grows, -z[:, 0], -0.5 * z[:, 0] ** 2), np.where(grows, -1.0, -z[:, 0])[:, None]

    rngs = [np.random.default_rng(i) for i in range(3)]
    found = modes.find_modes_of_each(lambda z, which: gradients(z, which)[0], gradients, 1, rngs)
    assert [isinstance(each, modes.NoModeError) for each in found] == [False, True, False]
    assert [mode.place[0] for mode in (*found[0], *found[2])] == pytest.approx([0, 0], abs=1e-4)
