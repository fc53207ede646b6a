"""Normal distributions of gene effects are distinguished from those of screens in which few genes have an effect."""

import numpy as np
import pytest
import xarray as xr

from guidefit.assess import checks, effect_distribution, wording
from guidefit.assess.checks import Checks
from guidefit.assess.draws import of_dataset
from guidefit.models import declaration

DECLARED = declaration.declare(declaration.VARIANTS / "gene_intercepts.py")
NOISE = 0.2


def judge(effects, rng, drop=()):
    """The check of a fit to these effects, each seen with NOISE, and of the posterior given mean and sd."""
    y = effects + NOISE * rng.standard_normal(len(effects))
    sd = np.sqrt(max(y.var() - NOISE**2, 1e-4))
    shrunk = sd**2 / (sd**2 + NOISE**2)
    gamma = y.mean() + shrunk * (y - y.mean()) + np.sqrt(shrunk) * NOISE * rng.standard_normal((1, 400, len(y)))
    draws = {
        "mu_gamma": (("chain", "draw"), np.full((1, 400), y.mean())),
        "sigma_gamma": (("chain", "draw"), np.full((1, 400), sd)),
    }
    draws["gamma_g"] = (("chain", "draw", "gene"), gamma)
    kept = {name: each for name, each in draws.items() if name not in drop}
    found = Checks()
    posterior = of_dataset(xr.Dataset(kept, coords={"gene": [f"g{i}" for i in range(len(y))]}))
    effect_distribution.judge(effect_distribution.normal_side(DECLARED), posterior, 1.0, [found])
    return found.rows


@pytest.mark.parametrize("genes", [100, 1000])
def test_few_genes_with_strong_effects_are_reported(genes):
    rng = np.random.default_rng(genes)
    effects = np.where(np.arange(genes) < 0.12 * genes, np.linspace(-1.7, 1.7, genes) * rng.choice([-1, 1], genes), 0.0)
    (row,) = judge(effects, rng)
    assert (row["check"], row["level"]) == (checks.EFFECT_KURTOSIS, "warn")
    assert row["value"] > 1
    assert "More of the called genes are false than thresholds.fdr says" in wording.sentence(row)


def test_normal_effects_pass():
    """500 right models: a report is one in a thousand, so that three or more of 500 are improbable (0.014)."""
    rng = np.random.default_rng(7)
    levels = [judge(rng.normal(-0.3, 0.5, 100), rng)[0]["level"] for _ in range(500)]
    assert levels.count("warn") <= 2


def test_strong_but_equal_effects_pass():
    """Half of the genes essential: not normal, but no distribution that is too wide for most genes."""
    rng = np.random.default_rng(8)
    (row,) = judge(np.repeat([0.0, -2.0], 100), rng)
    assert row["level"] == "pass"
    assert "a normal distribution suits" in wording.sentence(row)


def test_what_has_no_effects_of_genes_is_not_judged():
    rng = np.random.default_rng(9)
    assert not judge(rng.normal(size=100), rng, drop=["gamma_g"])
    assert not judge(rng.normal(size=19), rng)
    sides = {
        name: effect_distribution.normal_side(declaration.declare(declaration.VARIANTS / f"{name}.py"))
        for name in declaration.BUILT_IN
    }
    assert {name for name, side in sides.items() if side is None} == {"gene_classes", "one_line", "one_line_contrast"}
    assert sides["gene_by_line"].gene == ("gamma_g", "sigma_gamma")
