"""Scales in a coordinate z in which their prior is a standard normal: scale = quantile(Phi(z)).

In this coordinate, a posterior about which the data carry little information is close to normal, and no scale leaves its support.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special

from guidefit.base.errors import UserError

# z -> (scale, its derivative by z)
Quantile = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

_SCIPY: dict[str, Callable[..., tuple[str, dict[str, float]]]] = {
    "HalfNormal": lambda sigma=1.0: ("halfnorm", {"scale": sigma}),
    "HalfCauchy": lambda beta: ("halfcauchy", {"scale": beta}),
    "Gamma": lambda alpha, beta: ("gamma", {"a": alpha, "scale": 1 / beta}),
    "InverseGamma": lambda alpha, beta=1.0: ("invgamma", {"a": alpha, "scale": beta}),
    "LogNormal": lambda mu=0.0, sigma=1.0: ("lognorm", {"s": sigma, "scale": float(np.exp(mu))}),
    "Weibull": lambda alpha, beta: ("weibull_min", {"c": alpha, "scale": beta}),
    "Uniform": lambda lower=0.0, upper=1.0: ("uniform", {"loc": lower, "scale": upper - lower}),
    "Beta": lambda alpha, beta: ("beta", {"a": alpha, "b": beta}),
}


def quantile(name: str, prior: Mapping[str, Any], correlation: bool = False, place: str = "config") -> Quantile:
    """The map from z to the scale `name` (or the correlation) for its prior, a PyMC distribution with its parameters.

    Raises UserError where the engine `collapsed` does not have this distribution, or where it allows negative scales. place: start
    of the message.
    """
    parameters = {key: float(value) for key, value in prior.items() if key != "distribution"}
    distribution = prior["distribution"]
    if distribution == "Exponential":
        lam = parameters["lam"] if "lam" in parameters else 1 / parameters["scale"]
        return lambda z: _exponential(z, lam)
    if correlation:
        if distribution != "LKJ":
            raise UserError(
                f"{place}: prior of {name}: the distribution is {distribution}, but engine collapsed needs LKJ for a correlation. "
                "Use LKJ, or engine: nuts."
            )
        return lambda z: _correlation(z, parameters["eta"])
    known = ", ".join(["Exponential", *_SCIPY])
    if distribution not in _SCIPY:
        raise UserError(
            f"{place}: prior of {name}: engine collapsed does not support {distribution} for a scale. Use one of {known}, or "
            "engine: nuts."
        )
    try:
        family, arguments = _SCIPY[distribution](**parameters)
    except TypeError:
        given = ", ".join(parameters)
        raise UserError(
            f"{place}: prior of {name}: engine collapsed does not support {distribution} with the parameters {given}. "
            "Use others, or engine: nuts."
        ) from None
    from scipy import stats  # slow to import, and rarely needed

    frozen = getattr(stats, family)(**arguments)
    if frozen.support()[0] < 0:
        raise UserError(
            f"{place}: prior of {name}: the prior starts at {frozen.support()[0]:g}, but a scale cannot be negative. "
            "Use a distribution of positive values."
        )
    return lambda z: _generic(z, frozen)


def _normal_density(z: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)


def _exponential(z: np.ndarray, lam: float) -> tuple[np.ndarray, np.ndarray]:
    log_survival = special.log_ndtr(-z)
    return -log_survival / lam, np.exp(-0.5 * z * z - log_survival) / (np.sqrt(2 * np.pi) * lam)


def _correlation(z: np.ndarray, eta: float) -> tuple[np.ndarray, np.ndarray]:
    """rho with (rho + 1) / 2 ~ Beta(eta, eta), which is LKJ(eta) of a 2 x 2 matrix."""
    lower = np.maximum(special.betaincinv(eta, eta, special.ndtr(-abs(z))), 1e-30)  # the tail at -1; that at 1 mirrors it
    density = np.exp((eta - 1) * (np.log(lower) + np.log1p(-lower)) - special.betaln(eta, eta))
    return np.sign(z) * (1 - 2 * lower), 2 * _normal_density(z) / density


def _generic(z: np.ndarray, frozen: Any) -> tuple[np.ndarray, np.ndarray]:
    scale = np.where(z < 0, frozen.ppf(special.ndtr(z)), frozen.isf(special.ndtr(-z)))
    return scale, _normal_density(z) / frozen.pdf(scale)
