"""Studies of which some or all fits stop with an error still get every table and page, with checks and without."""

import pytest

from helpers.running import QUICK

pytestmark = pytest.mark.slow

# The density is zero for every data set: no sampler can start.
NEVER = '''"""A constraint that cannot hold."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from guidefit.models.parts import prior, rows

PRIORS = {"alpha": {"distribution": "Normal", "mu": 0, "sigma": 5}, "sigma": {"distribution": "Exponential", "lam": 1}}


def build(data, priors):
    with pm.Model(coords=data.coords) as model:
        x, logfc = rows(data)
        sigma = prior("sigma", priors)
        pm.Normal("logfc", prior("alpha", priors), sigma, observed=logfc, dims="row")
        pm.Potential("constraint", pt.switch(sigma < 0, 0.0, -np.inf))
    return model
'''
SMALL = {"genes": 2, "sgrnas_per_gene": 2, "cell_lines": 8}


def study(truth, checks, figure_seeds=0, **variants):
    common = {"sampling": QUICK, "covariate": "zscore", "seeds": "0-1", "batch_size": 2, "figure_seeds": figure_seeds}
    return common | {"simulate": SMALL | {"truth": truth}, "checks": checks, "variants": variants}


def test_every_table_is_written_whichever_fits_stop(workflow):
    (workflow / "never.py").write_text(NEVER)
    never, pooled = {"file": "never.py"}, {"engine": "collapsed"}
    workflow.configure(
        none_checked=study("fixed", True, never=never, neither=never),
        none_calibrated=study("prior", False, never=never),
        some_checked=study("fixed", True, 1, never=never, pooled=pooled),
        some_calibrated=study("prior", False, never=never, pooled=pooled),
    )
    workflow.run()

    for name in ("none_checked", "none_calibrated"):
        assert (workflow.table(f"{name}/diagnostics.csv")["verdict"] == "error").all()
        assert (workflow.table(f"{name}/checks.csv")["check"] == "stopped").all()
        assert workflow.table(f"{name}/estimates.csv").empty
        assert workflow.table(f"{name}/recovery.csv").empty
    for name in ("none_checked", "none_calibrated", "some_checked", "some_calibrated"):
        assert (workflow / f"results/{name}/index.html").exists()
        reasons = workflow.table(f"{name}/diagnostics.csv").query("variant == 'never'")["reasons"]
        assert (reasons.str.startswith("error: the sampler stopped: ") & ~reasons.str.contains("\n")).all()

    comparison = workflow.table("none_checked/comparison.csv")
    assert len(comparison) == 4
    assert comparison["rank"].isna().all()
    comparison = workflow.table("some_checked/comparison.csv").set_index("variant")
    assert comparison.loc["pooled", "elpd"].notna().all()
    ranked = comparison[comparison["rank"].notna()]
    assert set(ranked.index) == {"pooled"}  # of small data one seed may have a k-hat too high to be ranked
    assert (ranked[["rank", "weight"]] == 1).all(axis=None)
    assert (comparison.loc["never", "note"] == "not ranked: the fit's verdict is error").all()
    assert comparison.loc["never", ["rank", "elpd"]].isna().all(axis=None)

    for name in ("none_calibrated", "some_calibrated"):
        stopped = workflow.table(f"{name}/calibration.csv").set_index("variant").loc["never"]
        assert (stopped["n"], stopped["failed"], stopped["failed_share"], stopped["verdict"]) == (0, 2, 1, "fail")
    judged = workflow.table("some_calibrated/calibration.csv").query("variant == 'pooled'")
    assert judged["verdict"].isna().all()  # two seeds cannot tell
    assert (judged["n_needed"] > 2).all()
