"""Statistics of chains against ArviZ, which computes them for one quantity after the other."""

import warnings

import numpy as np
import pytest
from arviz_stats.base import array_stats

from guidefit.assess import chain_statistics


def arviz(draws):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "mcse_mean": array_stats.mcse(draws, method="mean"),
            "mcse_sd": array_stats.mcse(draws, method="sd"),
            "ess_bulk": array_stats.ess(draws, method="bulk"),
            "ess_tail": array_stats.ess(draws, method="tail", prob=0.89),
            "r_hat": array_stats.rhat(draws),
        }


def autoregressive(rng, phi, chains, count, n=40):
    """n quantities whose draws depend on the ones before: rho_t = phi^t."""
    noise = rng.normal(size=(n, chains, count))
    for i in range(1, count):
        noise[..., i] += phi * noise[..., i - 1]
    return noise


@pytest.mark.parametrize("phi", [-0.9, -0.3, 0.0, 0.5, 0.95, 0.999])
@pytest.mark.parametrize(("chains", "count"), [(4, 100), (2, 61), (1, 40), (3, 4), (4, 5), (2, 6), (2, 7), (4, 9)])
def test_agrees_with_arviz(phi, chains, count):
    draws = autoregressive(np.random.default_rng(1), phi, chains, count)
    for name, expected in arviz(draws).items():
        np.testing.assert_allclose(chain_statistics.summarise_chains(draws)[name], expected, rtol=1e-9, err_msg=name)
    np.testing.assert_allclose(chain_statistics.ess_bulk(draws), arviz(draws)["ess_bulk"], rtol=1e-9)


def test_odd_draws_are_treated_as_arviz_treats_them():
    rng = np.random.default_rng(2)
    draws = rng.normal(size=(9, 4, 50))
    draws[0] = 3.0  # constant
    draws[1, 2, 3] = np.nan
    draws[2] = np.round(draws[2])  # many ties
    draws[3] = draws[3] > 0  # two values
    draws[4] = draws[4] > 3  # nearly always one value
    draws[5, 1] += 10  # a chain elsewhere
    draws[6] = np.arange(4)[:, None]  # chains that never move
    draws[7] *= 1e-20
    draws[8] = np.sign(rng.normal(size=(4, 50)))
    found = chain_statistics.summarise_chains(draws)
    for name, expected in arviz(draws).items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("shape", [(5, 4, 3), (5, 1, 3), (0, 4, 100)])
def test_too_few_draws_or_no_quantities(shape):
    found = chain_statistics.summarise_chains(np.random.default_rng(3).normal(size=shape))
    for values in found.values():
        assert values.shape == shape[:1]
        assert np.isnan(values).all()


def test_parts_do_not_matter(monkeypatch):
    draws = autoregressive(np.random.default_rng(4), 0.5, 4, 50)
    whole = chain_statistics.summarise_chains(draws)
    monkeypatch.setattr(chain_statistics, "_CHUNK", 3 * 200)
    for name, values in chain_statistics.summarise_chains(draws).items():
        np.testing.assert_array_equal(values, whole[name])


def test_energy_information_agrees_with_arviz():
    energy = np.cumsum(np.random.default_rng(5).normal(size=(2, 4, 100)), axis=2)
    np.testing.assert_allclose(chain_statistics.energy_information(energy), np.stack([array_stats.bfmi(each) for each in energy]))
