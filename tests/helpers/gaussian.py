"""Structures of the linear Gaussian variants, and their density by dense algebra."""

import numpy as np

from guidefit.engines.collapsed_posterior import CollapsedPosterior
from guidefit.models import declaration, structure
from guidefit.screens import sufficient

FOLDER = declaration.VARIANTS
GAUSSIAN = [name for name in declaration.BUILT_IN if declaration.declare(FOLDER / f"{name}.py").gaussian]
NO_SLOPE = {"noise": "sigma", "intercept": {"mean": "mu_gamma", "gene": ("gamma_g", "sigma_gamma")}}


def make(variant, **priors):
    declared = declaration.declare(FOLDER / f"{variant}.py")
    return structure.make(declared.gaussian, declared.priors | priors, variant)


def no_slope():
    return structure.make(NO_SLOPE, declaration.declare(FOLDER / "gene_effects.py").priors, "no_slope")


def collapsed(model, data):
    return CollapsedPosterior(model, sufficient.from_arrays(data))


def some_scales(model, seed, count=5):
    """Scales of ordinary size: (K,) by name."""
    z = np.random.default_rng(seed).uniform(-1.5, 1.5, size=(count, len(model.quantiles)))
    return model.values(z)[0]


def dense(model, data, scales):
    """(mean, covariance) of all rows at one set of scales, row by row."""
    x = data.x if model.slope else np.zeros_like(data.x)
    (m1, v1), (m2, v2) = model.hyper_prior
    products, sums = np.multiply.outer(x, x), np.add.outer(x, x)

    def level(codes, sds):
        one, two, rho = (float(each) for each in sds)
        return (codes[:, None] == codes) * (one**2 + rho * one * two * sums + two**2 * products)

    covariance = np.eye(len(x)) * float(scales[model.noise]) ** 2 + v1 + v2 * products
    covariance += level(data.sgrna_of_row, model.sgrna_scales(scales)) + level(data.gene_of_row, model.gene_scales(scales))
    return m1 + m2 * x, covariance
