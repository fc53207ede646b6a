"""The engine `gibbs` and the engine `nuts` give the same posterior."""

import arviz as az
import numpy as np
import pytest

from guidefit.engines import registry
from helpers.defaults import Settings
from helpers.line_screens import declared, screen

pytestmark = [pytest.mark.slow, pytest.mark.long]


def fit(variant, data, **settings):
    found, _, _ = declared(variant)
    full = Settings(**{"prior_draws": 50, "ess": 10**6} | settings)
    return registry.make_engine(found, found.priors, full, 2, 1, variant).fit(data, 5)


def compare(variant, data, nuts, gibbs):
    """z-scores of the differences of means and of sds, of all parameters, positive ones on the log scale; by name."""
    one, other = (fit(variant, data, engine=name, **settings) for name, settings in (("nuts", nuts), ("gibbs", gibbs)))
    found = {}
    for name in other["posterior"].data_vars:
        draws = [each["posterior"][name].astype(float) for each in (one, other)]
        if min(float(each.min()) for each in draws) > 0:
            draws = [np.log(each) for each in draws]
        for what, function in (("mean", np.mean), ("sd", np.std)):
            error = np.hypot(*(np.asarray(az.mcse(each, method=what)) for each in draws))
            found[f"{name} {what}"] = np.ravel((function(draws[0], axis=(0, 1)) - function(draws[1], axis=(0, 1))) / error)
    e, moments = one["posterior"]["e_gl"], other["moments"]
    measured = np.isfinite(moments["e_gl_mean"].values)
    error = np.asarray(az.mcse(e))[measured]
    found["e_gl mean"] = (e.mean(("chain", "draw")).values - moments["e_gl_mean"].values)[measured] / (1.1 * error)
    ratio = moments["e_gl_sd"].values[measured] / e.std(("chain", "draw")).values[measured]
    return found, ratio


def test_gibbs_agrees_with_nuts_on_gene_by_line():
    data, _, _ = screen("gene_by_line", np.random.default_rng(3), genes=10, lines=6)
    nuts = {"draws": 1000, "tune": 700, "chains": 3, "target_accept": 0.9}
    found, ratio = compare("gene_by_line", data, nuts, {"draws": 4000, "tune": 500, "chains": 3})
    z = np.concatenate(list(found.values()))
    assert np.sqrt((z**2).mean()) < 1.3
    assert abs(z).max() < 5
    assert ratio.min() > 0.85
    assert ratio.max() < 1.15
