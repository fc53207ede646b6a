"""One intercept and one slope for all sgRNAs: the simplest comparator.

logfc_i ~ Normal(alpha + beta x_i, sigma)
"""

import pymc as pm

from guidefit.screens.arrays import ModelData
from guidefit.models.declaration import Priors
from guidefit.models.parts import prior, rows

PRIORS = {
    "alpha": {"distribution": "Normal", "mu": -1, "sigma": 5},
    "beta": {"distribution": "Normal", "mu": -1, "sigma": 5},
    "sigma": {"distribution": "Exponential", "lam": 1},
}

GAUSSIAN = {
    "noise": "sigma",
    "intercept": {"mean": "alpha"},
    "slope": {"mean": "beta"},
}


def build(data: ModelData, priors: Priors) -> pm.Model:
    with pm.Model(coords=data.coords) as model:
        x, logfc = rows(data)
        mean = prior("alpha", priors) + prior("beta", priors) * x
        pm.Normal("logfc", mean, prior("sigma", priors), observed=logfc, dims="row")
    return model
