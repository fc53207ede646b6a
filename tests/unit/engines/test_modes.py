"""The search for modes, on densities whose modes are known."""

import numpy as np
import pytest
from scipy import stats

from guidefit.engines import importance, modes


def gamma_gradient(x):
    """Independent gamma(3) variables on the log scale: mode log 3."""
    return (3 * x - np.exp(x)).sum(axis=1), 3 - np.exp(x)


class Mixture:
    """Two normals in 3 dimensions with sd 0.5: a share of 0.7 at -1.5 and of 0.3 at 1.5."""

    normals = (0.7, np.full(3, -1.5), 0.5), (0.3, np.full(3, 1.5), 0.5)

    def __init__(self):
        self.calls = 0

    def terms(self, x):
        return np.stack([np.log(w) + stats.norm.logpdf(x, m, sd).sum(axis=1) for w, m, sd in self.normals])

    def log_density(self, x):
        return np.logaddexp(*self.terms(x))

    def gradient(self, x):
        self.calls += 1
        terms = self.terms(x)
        shares = np.exp(terms - np.logaddexp(*terms))
        return np.logaddexp(*terms), sum(
            share[:, None] * (m - x) / sd**2 for share, (_, m, sd) in zip(shares, self.normals, strict=True)
        )


def test_mode_and_curvature():
    mode = modes.find_mode(gamma_gradient, 3)
    np.testing.assert_allclose(mode.place, np.log(3), atol=1e-3)
    np.testing.assert_allclose(mode.covariance, np.eye(3) / 3, atol=1e-3)
    assert mode.is_maximum


@pytest.mark.parametrize("seed", range(5))
def test_both_modes_are_found_with_their_shares(seed):
    target = Mixture()
    found = modes.find_modes(target.log_density, target.gradient, 3, np.random.default_rng(seed))
    assert sorted(mode.share for mode in found) == pytest.approx([0.3, 0.7], abs=0.01)
    drawn = importance.sample(target.log_density, found, 4000, np.random.default_rng(seed))
    assert drawn.k_hat < 0.7
    assert drawn.log_evidence == pytest.approx(0, abs=4 * drawn.log_evidence_se)
    assert drawn.weights[drawn.draws[:, 0] > 0].sum() == pytest.approx(0.3, abs=4 / np.sqrt(drawn.ess))


def test_a_single_mode_misses_the_other_with_a_good_k_hat():
    target = Mixture()
    drawn = importance.sample(target.log_density, [modes.find_mode(target.gradient, 3)], 4000, np.random.default_rng(1))
    assert drawn.k_hat < 0.7
    assert abs(drawn.log_evidence) > 20 * drawn.log_evidence_se


def test_climbs_to_the_known_mode_end_early():
    calls = []

    def counted(x):
        calls.extend([1] * len(x))
        return gamma_gradient(x)

    modes.find_mode(counted, 3)
    once = len(calls)
    found = modes.find_modes(lambda x: gamma_gradient(x)[0], counted, 3, np.random.default_rng(1))
    assert len(found) == 1
    assert found[0].share == 1
    assert len(calls) - 2 * once < modes.STARTS * once / 2


def test_a_saddle_between_two_modes_is_none():
    """A density that is symmetric in its two coordinates: the climb from the origin ends between the modes."""

    def gradient(x):
        one, other = (stats.norm.logpdf(x, m, 0.7).sum(axis=1) for m in ([3.0, 0.0], [0.0, 3.0]))
        share = 1 / (1 + np.exp(other - one))[:, None]
        return np.logaddexp(one, other), (share * [3.0, 0.0] + (1 - share) * [0.0, 3.0] - x) / 0.49

    assert not modes.find_mode(gradient, 2).is_maximum
    found = modes.find_modes(lambda x: gradient(x)[0], gradient, 2, np.random.default_rng(1))
    assert [mode.share for mode in found] == pytest.approx([0.5, 0.5])


def test_mass_that_draws_miss():
    target, rng = Mixture(), np.random.default_rng(2)
    found = modes.find_modes(target.log_density, target.gradient, 3, rng)
    (_, first, _), (_, second, _) = target.normals
    both = np.concatenate([first + 0.5 * rng.standard_normal((700, 3)), second + 0.5 * rng.standard_normal((300, 3))])
    assert modes.missed_mass(found, both) == 0
    assert modes.missed_mass(found, both[:700]) == pytest.approx(0.3, abs=0.01)
    assert modes.missed_mass(found, both[700:]) == pytest.approx(0.7, abs=0.01)


def test_a_density_without_a_mode_is_told():
    with pytest.raises(modes.NoModeError) as told:
        modes.find_mode(lambda x: (-(x[:, 1] ** 2) - x[:, 0], np.stack([-np.ones(len(x)), -2 * x[:, 1]], axis=1)), 2)
    assert told.value.coordinates == [0]


def test_a_peak_at_the_bound_that_the_first_climb_does_not_see_is_told():
    def gradient(x):
        """A standard normal from -6 on, below which the density grows without bound."""
        low = x[:, 0] < -6
        value = np.where(low, -18 + 10 * (-6 - x[:, 0]), -(x[:, 0] ** 2) / 2)
        return value, np.where(low, -10.0, -x[:, 0])[:, None]

    assert len(modes.find_modes(lambda x: gradient(x)[0], gradient, 1, np.random.default_rng(1))) == 1

    class Deep:
        def standard_normal(self, size):
            return np.full(size, -7.0)

    with pytest.raises(modes.NoModeError):
        modes.find_modes(lambda x: gradient(x)[0], gradient, 1, Deep())


@pytest.mark.parametrize("otherwise", [np.nan, -1e30])
def test_a_peak_at_the_bound_that_is_rounding_is_none(otherwise):
    def gradient(x):
        low = x[:, 0] < -6
        return np.where(low, 1e100 * (-6 - x[:, 0]), -(x[:, 0] ** 2) / 2), np.where(low, -1e100, -x[:, 0])[:, None]

    class Deep:
        def standard_normal(self, size):
            return np.full(size, -7.0)

    found = modes.find_modes(lambda x: np.where(x[:, 0] < -6, otherwise, -(x[:, 0] ** 2) / 2), gradient, 1, Deep())
    assert [float(mode.place[0]) for mode in found] == [0.0]
