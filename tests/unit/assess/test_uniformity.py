"""Bands and p-values of uniform values hold their level; too few values cannot fail."""

import numpy as np
import pytest
from scipy import stats

from guidefit.assess import uniformity


def test_the_gene_that_is_predicted_badly_is_named_with_its_distance():
    rng = np.random.default_rng(8)
    pit, genes = rng.uniform(size=120), np.repeat(["a", "b", "c"], 40)
    pit[genes == "b"] = rng.beta(5, 1, size=40)
    found = uniformity.groups_outside(pit, genes, 0.01, 0.05)
    assert list(found) == ["b"]
    assert found["b"] == pytest.approx(stats.kstest(pit[genes == "b"], "uniform").statistic)
    assert uniformity.groups_outside(pit, genes, 0.01, found["b"]) == {}


def test_a_small_departure_of_many_rows_is_significant_and_not_named():
    rng = np.random.default_rng(3)
    pit, lines = rng.beta(1.05, 1, size=100_000), np.repeat(["a", "b"], 50_000)
    assert list(uniformity.groups_outside(pit, lines, 0.01, 0.0)) != []
    assert uniformity.groups_outside(pit, lines, 0.01, 0.05) == {}


def test_groups_hold_their_level():
    rng = np.random.default_rng(4)
    group = np.repeat(np.arange(20), 30)
    found = [uniformity.groups_outside(rng.uniform(size=600), group, 0.05, 0.0) != {} for _ in range(400)]
    assert np.mean(found) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 400)


def test_the_simultaneous_band_holds_its_level():
    rng = np.random.default_rng(9)
    outside = [uniformity.share_outside_band(rng.uniform(size=100), 0.9) > 0 for _ in range(300)]
    assert np.mean(outside) == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 300))


@pytest.mark.parametrize("n", [30, 200])
def test_p_values_of_uniform_ranks_are_uniform(n):
    rng = np.random.default_rng(1)
    p_values = [uniformity.p_value(rng.random(n)) for _ in range(400)]
    assert stats.kstest(p_values, "uniform", alternative="greater").pvalue > 0.001  # no more small ones than there should be
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.12)


def test_the_band_holds_ninety_five_of_a_hundred():
    rng = np.random.default_rng(2)
    lines = [uniformity.ecdf_difference(rng.random(100)) for _ in range(600)]
    inside = np.mean([line["difference"].between(line["lower"] - 1e-12, line["upper"] + 1e-12).all() for line in lines])
    assert inside == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 600) + 0.005)


@pytest.mark.parametrize(
    "u", [np.linspace(0, 0.9, 200), np.linspace(0.3, 0.7, 200), np.concatenate([np.zeros(60), np.linspace(0, 1, 140)])]
)
def test_ranks_that_are_not_uniform_have_small_p_values(u):
    assert uniformity.p_value(u) < 0.001


@pytest.mark.parametrize("n", [1, 2, 3, 4, 10])
def test_no_values_have_a_smaller_p_value_than_the_least(n):
    rng = np.random.default_rng(n)
    tried = [rng.beta(a, b, n) for a in (0.01, 1, 100) for b in (0.01, 1, 100) for _ in range(20)]
    assert uniformity.least_p_value(n) <= min(uniformity.p_value(u) for u in tried) * (1 + 1e-9)


def test_the_number_of_values_that_a_verdict_needs():
    assert uniformity.least_p_value(1) == 1
    assert uniformity.least_p_value(3) > 0.01 > uniformity.least_p_value(4)
    assert uniformity.least_size(1, 0.01) == 4
    assert uniformity.least_size(20, 0.01) > 4  # Holm's correction
