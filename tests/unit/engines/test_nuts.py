"""Samplers on the notebook's data: they agree, they repeat, and none makes an unidentified model look healthy."""

import numpy as np
import pytest

from guidefit.engines import registry
from guidefit.models import declaration
from guidefit.screens import arrays
from guidefit.simulation import blueprints, simulated_screen
from helpers.defaults import Covariate, Settings
from helpers.fits import diagnose, estimates_of

pytestmark = pytest.mark.slow
FOLDER = declaration.VARIANTS


def notebook(seed=103):
    table, _ = simulated_screen.simulate(blueprints.draw_notebook(seed), Covariate("zscore_within_gene"), "cna")
    return arrays.model_data(table)


def engine(variant, **settings):
    declared = declaration.declare(FOLDER / f"{variant}.py")
    full = Settings(**{"draws": 500, "tune": 500} | settings)
    return registry.make_engine(declared, declared.priors, full, 2, prior_seed=1, place=variant)


@pytest.mark.parametrize(
    "settings",
    [{"adaptation": "low_rank", "draws": 1000}, {"sampler": "pymc", "draws": 600, "tune": 500, "max_treedepth": 8}],
    ids=["nutpie low_rank", "pymc"],
)
def test_a_ridge_fails_whichever_sampler_ran_it(settings):
    data = notebook()
    fit = engine("global_intercept", target_accept=0.95, **settings).fit(data, 5)
    found = diagnose(fit)
    row, directions = found.as_row(), found.directions
    assert row["verdict"] == "fail"
    assert "fail: not identified: the data carry no information about alpha - mu_gamma" in row["reasons"]
    assert directions[0].sd == pytest.approx(np.sqrt(1 / (1 / 9 + 1 / 25)), rel=0.5)


def test_samplers_agree():
    data = notebook()
    one, other = (estimates_of(engine("varying_effects", sampler=s).fit(data, 5)) for s in ("nutpie", "pymc"))
    error = np.hypot(one["mcse_mean"], other["mcse_mean"])
    z = (one["mean"] - other["mean"]) / error
    assert (abs(z) < 4.5).all()  # 47 parameters, none of them without an error


def test_swapped_data_give_what_a_fresh_compilation_gives(monkeypatch):
    reused = engine("gene_effects")
    reused.fit(notebook(1), 5)
    with monkeypatch.context() as patch:
        patch.setattr(reused, "compile", lambda: pytest.fail("the model is compiled again for a screen of the same design"))
        swapped = reused.fit(notebook(2), 7)
    fresh = engine("gene_effects").fit(notebook(2), 7)
    for name, draws in fresh["posterior"].data_vars.items():
        np.testing.assert_allclose(swapped["posterior"][name], draws, rtol=1e-9, err_msg=name)
