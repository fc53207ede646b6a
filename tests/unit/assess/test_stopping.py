import numpy as np
import pandas as pd
import pytest

from guidefit.assess import design, stopping
from guidefit.assess.recovery import LEVELS
from guidefit.base.errors import UserError

THRESHOLDS = {"effect_min": 0.1, "fdr": 0.05}


def test_the_next_look_is_where_the_error_is_forecast_to_be_small_enough():
    sizes = [50] * 40
    assert stopping.decide(0.01, 0.01, sizes, done=2) == (stopping.DONE, 2)
    assert stopping.decide(0.015, 0.01, sizes, done=2) == (stopping.MORE, 5)  # 225 seeds
    assert stopping.decide(0.0101, 0.01, sizes, done=2) == (stopping.MORE, 3)
    assert stopping.decide(np.inf, 0.01, sizes, done=2) == (stopping.MORE, 8)  # at most four times as many seeds
    assert stopping.decide(0.04, 0.01, sizes, done=12) == (stopping.MORE, 40)
    assert stopping.decide(0.04, 0.01, sizes, done=40) == (stopping.AT_MOST, 40)


def test_batches_of_different_sizes_are_counted_by_their_seeds():
    assert stopping.decide(0.02, 0.01, [10, 90, 100, 200, 100], done=2) == (stopping.MORE, 4)


def test_the_error_has_an_allowance_for_its_own_error():
    assert stopping.allowed(0.1, 200) == pytest.approx(0.1 * np.sqrt(1.1))
    assert stopping.allowed(np.nan, 1) == np.inf


def estimates(seeds=20, variant="v", covered=0.9):
    rng = np.random.default_rng(1)
    truth = np.where(rng.random(seeds) < covered, 0.0, 9.0)
    quantiles = {
        name: z
        for pair, z in zip(LEVELS.values(), (0.67, 1.28, 1.64, 1.96), strict=True)
        for name, z in zip(pair, (-z, z), strict=True)
    }
    own = {"variant": variant, "seed": np.arange(seeds), "variable": "sigma", "truth": truth, "mean": 0.0, "sd": 1.0, "median": 0.0}
    return pd.DataFrame(own | quantiles | {"contraction": 0.9})


def until(**changes):
    return stopping.Until(**{"quantity": "coverage_95", "variable": "sigma", "mcse": 0.05, "at_most": 100} | changes)


def test_the_variant_with_the_largest_error_decides():
    both = pd.concat([estimates(covered=1.0), estimates(variant="w", covered=0.5)])
    look = stopping.take_look(both, until(mcse=0.09), [20, 20, 20], 1, THRESHOLDS, "here")
    assert (look["decision"], look["batches"], look["more"]) == (stopping.MORE, 3, True)
    assert [each["variant"] for each in look["figures"]] == ["v", "w"]
    alone = stopping.take_look(estimates(covered=1.0), until(mcse=0.09), [20, 20, 20], 1, THRESHOLDS, "here")
    assert (alone["decision"], alone["batches"], alone["more"]) == (stopping.DONE, 1, False)
    table = stopping.tabulate([{"look": 1} | look, {"look": 2} | alone], "s")
    assert table["look"].tolist() == [1, 1, 2]
    assert table.loc[1, "value"] == (estimates(covered=0.5)["truth"] == 0).mean()


def test_power_is_that_of_the_design_table():
    effects = estimates().assign(variable="gamma_g", truth=-1.0)
    for name in ("q025", "q05", "q10", "q25", "q75", "q90", "q95", "q975", "median"):
        effects[name] = effects[name] * 0.1 - np.where(effects["seed"] < 15, 1.0, 0.0)
    found = stopping.measure(effects, until(quantity="power", variable="gamma_g"), THRESHOLDS)
    assert found == {"v": design.mean_share(pd.Series([1] * 15 + [0] * 5), pd.Series([1] * 20))}


def test_a_quantity_that_is_not_known_is_an_error_of_its_key():
    without = estimates().assign(truth=np.nan)
    with pytest.raises(UserError, match=r"here[.]quantity: the fits have no coverage_95 of sigma: its truth has no counterpart"):
        stopping.take_look(without, until(), [20], 1, THRESHOLDS, "here")
    with pytest.raises(UserError, match="here: all fits stopped with an error"):
        stopping.take_look(without.head(0), until(), [20], 1, THRESHOLDS, "here")


def error_of_mean(values):
    return values.std(ddof=1) / np.sqrt(len(values))


def error_of_coverage(values):
    """As in recovery.csv: at least that of a share with two successes and two failures added (Agresti & Coull 1998)."""
    n = len(values) + 4
    share = (values.sum() + 2) / n
    return max(error_of_mean(values), np.sqrt(share * (1 - share) / n))


CASES = {
    "coverage of one parameter": (lambda rng, n: (rng.random(n) < 0.95).astype(float), error_of_coverage, 0.95, 0.01),
    "share of two": (lambda rng, n: (rng.random(n) < 0.5).astype(float), error_of_coverage, 0.5, 0.02),
    "power over genes": (lambda rng, n: rng.beta(8, 2, n), error_of_mean, 0.8, 0.005),
    "bias": (lambda rng, n: rng.normal(0, 1, n), error_of_mean, 0.0, 0.05),
    "skewed": (lambda rng, n: rng.exponential(1, n), error_of_mean, 1.0, 0.05),
}


@pytest.mark.parametrize(("draw", "error_of", "mean", "target"), CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("size", [25, 100])
def test_the_error_at_the_end_is_the_nominal_one(draw, error_of, mean, target, size):
    """The error of the estimate when the rule stops is at most 10 % above the target, and its interval covers as it claims."""
    rng = np.random.default_rng(7)
    sizes, runs, errors, covered, seeds = [size] * (10_000 // size), 1500, [], [], []
    for _ in range(runs):
        values, done = draw(rng, 10_000), 100 // size
        while True:
            first = values[: done * size]
            mcse = error_of(first)
            decision, batches = stopping.decide(stopping.allowed(mcse, len(first)), target, sizes, done)
            if decision != stopping.MORE:
                break
            done = batches
        errors.append(first.mean() - mean)
        covered.append(abs(errors[-1]) < 1.96 * mcse)
        seeds.append(len(first))
    assert np.sqrt(np.mean(np.square(errors))) < 1.1 * target
    assert np.mean(covered) > 0.95 - 4 * np.sqrt(0.95 * 0.05 / runs)
    assert np.mean(seeds) < 1.35 * (np.std(draw(rng, 100_000)) / target) ** 2 + size  # few seeds more than needed
