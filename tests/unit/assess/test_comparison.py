"""Ranks of variants, also where fits stopped or checks are off."""

import numpy as np
import pandas as pd
import pytest

from guidefit.assess import comparison
from guidefit.config.thresholds import Thresholds

N = 120
LIMITS = comparison.Limits(Thresholds().elpd_diff_min, Thresholds().elpd_se_min, Thresholds().pareto_k_share_max)


def loo_of(variant, shift=0.0, k=0.1, seed=1, rng_seed=0):
    """Pointwise LOO of one variant; shift: by which each row is predicted worse."""
    elpd = np.random.default_rng(rng_seed).normal(-1, 0.3, N) - shift
    rows = {"variant": variant, "seed": seed, "row": range(N), "elpd_i": elpd, "mcse": 0.1, "pareto_k": k, "pit": 0.5, "p": 3.0}
    return pd.DataFrame(rows | {"good_k": 0.7, "n_samples": 1000.0})


def fits_of(seed=1, **verdicts):
    return pd.DataFrame({"variant": list(verdicts), "seed": seed, "verdict": list(verdicts.values()), "rows": float(N)})


def compare(parts, **verdicts):
    return comparison.compare(pd.concat(parts) if parts else None, fits_of(**verdicts), LIMITS).set_index("variant")


def test_the_better_variant_has_rank_one():
    noisy = loo_of("worse", shift=0.5).assign(elpd_i=lambda t: t["elpd_i"] + np.random.default_rng(5).normal(0, 0.1, N))
    table = compare([loo_of("better"), noisy], better="pass", worse="unchecked")
    assert table["rank"].to_dict() == {"better": 1, "worse": 2}
    assert table.loc["worse", "elpd_diff"] == pytest.approx(-60, abs=5)
    assert (table["note"] == "").all()
    assert table["elpd_diff_mcse"].to_dict() == {"better": 0, "worse": pytest.approx(np.sqrt(2 * N * 0.01))}
    assert table["weight"].sum() == pytest.approx(1)


def test_variants_that_cannot_be_distinguished_share_a_rank():
    table = compare([loo_of("one"), loo_of("other", shift=0.01)], one="pass", other="pass")
    assert (table["rank"] == 1).all()
    assert table.loc["other", "note"] == "cannot be distinguished from one: |elpd_diff| 1.2 < 4"


def test_a_variant_that_stopped_has_a_row_without_rank():
    table = compare([loo_of("pooled")], pooled="pass", positive="error")
    assert table.loc["pooled", ["rank", "weight"]].tolist() == [1, 1]
    stopped = table.loc["positive"]
    assert stopped[["rank", "elpd", "weight", "elpd_diff", "pareto_k_high"]].isna().all()
    assert (stopped["verdict"], stopped["note"]) == ("error", "not ranked: the fit's verdict is error")


def test_a_study_whose_fits_all_stopped_has_a_row_for_each():
    for loo in (None, loo_of("a").head(0)):
        table = comparison.compare_study("s", loo, fits_of(a="error", b="error"), LIMITS)
        assert table["variant"].tolist() == ["a", "b"]
        assert table["rank"].isna().all()
        assert (table["note"] == "not ranked: the fit's verdict is error").all()
        assert list(table.columns) == list(comparison.COLUMNS)


def test_only_the_seeds_with_fits_are_ranked():
    fits = pd.concat([fits_of(1, a="pass", b="pass"), fits_of(2, a="error", b="error"), fits_of(3, a="pass", b="error")])
    loo = pd.concat([loo_of("a", seed=1), loo_of("b", seed=1, shift=1), loo_of("a", seed=3)])
    table = comparison.compare_study("s", loo, fits, LIMITS).set_index(["seed", "variant"])
    assert table["rank"].notna().groupby("seed").sum().to_dict() == {1: 2, 2: 0, 3: 1}
    assert len(table) == 6


def test_without_checks_no_variant_is_ranked():
    table = compare([], a="unchecked", b="fail")
    assert table["rank"].isna().all()
    assert (table["note"] == "not ranked: no LOO, because checks are off").all()


@pytest.mark.parametrize(
    ("spoil", "verdict", "note"),
    [
        ({"k": 0.9}, "pass", "not ranked: PSIS-LOO unreliable for 120 of 120 rows"),
        ({"k": np.r_[0.9, np.nan, np.zeros(N - 2)]}, "pass", "not ranked: PSIS-LOO unreliable for 2 of 120 rows"),
        ({"shift": np.inf}, "pass", "not ranked: elpd is not finite"),
        ({"shift": np.nan}, "pass", "not ranked: elpd is not finite"),
        ({}, "fail", "not ranked: the fit's verdict is fail"),
    ],
)
def test_a_variant_that_cannot_be_trusted_is_not_ranked(spoil, verdict, note):
    table = compare([loo_of("good"), loo_of("bad", **spoil)], good="pass", bad=verdict)
    assert table.loc["good", "rank"] == 1
    assert pd.isna(table.loc["bad", "rank"])
    assert table.loc["bad", "note"].startswith(note)


def test_a_few_rows_with_high_k_hat_do_not_keep_a_variant_from_its_rank():
    few = np.r_[0.9, np.zeros(N - 1)]
    table = compare([loo_of("good", k=few), loo_of("bad", shift=0.5, k=few)], good="pass", bad="pass")
    assert table["rank"].to_dict() == {"good": 1, "bad": 2}
    assert table["pareto_k_high"].tolist() == [1, 1]
