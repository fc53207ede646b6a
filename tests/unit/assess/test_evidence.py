"""Calibration of evidence, against conjugate models whose evidence is known, with its error rates."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from guidefit.assess import evidence
from guidefit.simulation.drawn_variant import draw_variant

PRIOR = {"a": 0.7, "b": 0.3}
ROWS = 5  # of a data set; noise of variance 1


def make_fits(rng, seeds, study="s", shift=0.0, constant=0.0, factor=1.0):
    """diagnostics.csv of mu ~ N(0, 1) (a) and mu = 0 (b).

    The evidence of a is that of a prior with a shifted mean, plus a constant; factor: of the logarithm of the Bayes factor.
    """
    rows = []
    for seed in seeds:
        mu = rng.standard_normal() if draw_variant(study, seed, PRIOR) == "a" else 0.0
        mean = mu + rng.standard_normal() / np.sqrt(ROWS)
        of_a = stats.norm.logpdf(mean, shift, np.sqrt(1 + 1 / ROWS)) + constant
        of_b = stats.norm.logpdf(mean, 0, np.sqrt(1 / ROWS))
        rows += [("a", seed, of_b + factor * (of_a - of_b)), ("b", seed, of_b)]
    return pd.DataFrame(rows, columns=["variant", "seed", "log_evidence"])


def fails(table):
    return bool((table["verdict"] == "fail").any())


def test_posterior_probabilities_are_those_of_bayes():
    fits = pd.DataFrame({"variant": ["a", "b"], "seed": [1, 1], "log_evidence": [-3.0, -2.0]})
    (found,) = evidence.posterior_probabilities(fits, PRIOR).to_numpy()
    expected = np.array([0.7 * np.exp(-3), 0.3 * np.exp(-2)])
    np.testing.assert_allclose(found, expected / expected.sum())


def test_right_evidence_fails_at_most_at_the_level():
    rng, level, studies = np.random.default_rng(1), 0.05, 150
    failed = sum(fails(evidence.calibrate(make_fits(rng, range(60), f"s{i}"), f"s{i}", PRIOR, level)) for i in range(studies))
    assert failed / studies < level + 3 * np.sqrt(level * (1 - level) / studies)


@pytest.mark.parametrize(
    ("fault", "seeds", "seen_in"),
    [
        ({"constant": 1.0}, 200, evidence.DRAWN),
        ({"factor": 2.5}, 200, evidence.LOG_SCORE),
        ({"factor": 0.3}, 400, evidence.MEAN),
        ({"shift": 0.8}, 400, evidence.MEAN),
    ],
)
def test_wrong_evidence_is_found(fault, seeds, seen_in):
    """An evidence that is off by a constant; Bayes factors that are too certain or not certain enough; a shifted prior."""
    rng, found = np.random.default_rng(2), []
    for study in range(10):
        table = evidence.calibrate(make_fits(rng, range(seeds), f"s{study}", **fault), f"s{study}", PRIOR, 0.01)
        found.append(seen_in in table.loc[table["verdict"] == "fail", "quantity"].tolist())
    assert np.mean(found) >= 0.8


def test_seeds_without_evidence_are_left_out_and_counted():
    fits = make_fits(np.random.default_rng(3), range(30))
    fits.loc[[0, 5], "log_evidence"] = np.nan
    table = evidence.calibrate(fits, "s", PRIOR, 0.01)
    assert set(table["seeds"]) == {28}
    assert set(table["without_evidence"]) == {2}
    assert table["quantity"].tolist() == [evidence.MEAN] * 2 + [evidence.DRAWN] * 2 + [evidence.LOG_SCORE]


@pytest.mark.parametrize("seeds", [0, 1, 10])
def test_few_seeds_have_no_verdict(seeds):
    fits = make_fits(np.random.default_rng(4), range(max(seeds, 1)))
    fits = fits.assign(log_evidence=np.nan) if not seeds else fits
    table = evidence.calibrate(fits, "s", PRIOR, 0.01)
    assert list(table.columns) == list(evidence.COLUMNS)
    assert not (table["verdict"].fillna("") != "").any()
    assert len(table) == (0 if seeds < 2 else 5)


def test_probabilities_that_say_nothing_pass():
    table = evidence.calibrate(make_fits(np.random.default_rng(5), range(50), factor=0.0), "s", PRIOR, 0.01)
    assert (table["verdict"] == "pass").all()


def test_variants_are_drawn_with_their_probabilities():
    drawn = pd.Series([draw_variant("s", seed, PRIOR) for seed in range(4000)])
    assert abs((drawn == "a").mean() - 0.7) < 4 * np.sqrt(0.7 * 0.3 / 4000)
    assert drawn.tolist() == [draw_variant("s", seed, PRIOR) for seed in range(4000)]
