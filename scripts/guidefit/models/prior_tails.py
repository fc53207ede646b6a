"""How far in the tail of its prior a parameter lies, from the distribution's own functions (SciPy), without PyMC.

A prior contradicts the data where the posterior ends up where the prior has hardly any probability (prior-data conflict: Box 1980;
Evans & Moshonov 2006, who order values by their density as is done here).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

from guidefit.models.priors import Prior

_Parameters = dict[str, float]


def _sd(p: _Parameters, precision: str = "tau") -> float:
    """The sd, or the sd that belongs to a precision; PyMC takes either."""
    return p["sigma"] if "sigma" in p else p[precision] ** -0.5


def _truncated(p: _Parameters) -> Any:
    sd = _sd(p)
    lower, upper = ((p.get(end, infinite) - p["mu"]) / sd for end, infinite in (("lower", -np.inf), ("upper", np.inf)))
    return stats.truncnorm(lower, upper, p["mu"], sd)


def _gamma(p: _Parameters) -> Any:
    if "mu" in p:
        return stats.gamma((p["mu"] / p["sigma"]) ** 2, scale=p["sigma"] ** 2 / p["mu"])
    return stats.gamma(p["alpha"], scale=1 / p["beta"])


def _inverse_gamma(p: _Parameters) -> Any:
    if "mu" in p:
        alpha = 2 + (p["mu"] / p["sigma"]) ** 2
        return stats.invgamma(alpha, scale=p["mu"] * (alpha - 1))
    return stats.invgamma(p["alpha"], scale=p["beta"])


def _beta(p: _Parameters) -> Any:
    if "mu" in p:
        total = p["nu"] if "nu" in p else p["mu"] * (1 - p["mu"]) / p["sigma"] ** 2 - 1
        return stats.beta(p["mu"] * total, (1 - p["mu"]) * total)
    return stats.beta(p["alpha"], p["beta"])


class _HalfStudentT:
    """The absolute value of a Student's t, which SciPy does not have."""

    def __init__(self, nu: float, sigma: float) -> None:
        self._t = stats.t(nu, 0, sigma)

    def cdf(self, x: Any) -> Any:
        return 1 - self.sf(x)

    def sf(self, x: Any) -> Any:
        return 2 * self._t.sf(x)

    def pdf(self, x: Any) -> Any:
        return 2 * self._t.pdf(x)

    def logpdf(self, x: Any) -> Any:
        return np.log(2) + self._t.logpdf(x)

    def median(self) -> Any:
        return self._t.ppf(0.75)


_FROZEN: dict[str, Callable[[_Parameters], Any]] = {
    "Normal": lambda p: stats.norm(p["mu"], _sd(p)),
    "StudentT": lambda p: stats.t(p["nu"], p["mu"], _sd(p, "lam")),
    "Cauchy": lambda p: stats.cauchy(p["alpha"], p["beta"]),
    "Laplace": lambda p: stats.laplace(p["mu"], p["b"]),
    "Uniform": lambda p: stats.uniform(p["lower"], p["upper"] - p["lower"]),
    "TruncatedNormal": _truncated,
    "SkewNormal": lambda p: stats.skewnorm(p["alpha"], p["mu"], _sd(p)),
    "Exponential": lambda p: stats.expon(scale=p["scale"] if "scale" in p else 1 / p["lam"]),
    "HalfNormal": lambda p: stats.halfnorm(scale=_sd(p)),
    "HalfStudentT": lambda p: _HalfStudentT(p["nu"], _sd(p, "lam")),
    "HalfCauchy": lambda p: stats.halfcauchy(scale=p["beta"]),
    "Gamma": _gamma,
    "InverseGamma": _inverse_gamma,
    "LogNormal": lambda p: stats.lognorm(_sd(p), scale=np.exp(p["mu"])),
    "Weibull": lambda p: stats.weibull_min(p["alpha"], scale=p["beta"]),
    "Beta": _beta,
    "LKJ": lambda p: stats.beta(p["eta"], p["eta"], -1, 2),
}


def distribution_function(prior: Prior, values: np.ndarray) -> np.ndarray:
    """P(parameter <= value) under a valid prior with parameters, for values (n,)."""
    return np.asarray(_frozen(prior).cdf(values))


def log_density(prior: Prior, values: np.ndarray) -> np.ndarray:
    """Log density under a valid prior with parameters, for values of any shape that the prior allows."""
    return np.asarray(_frozen(prior).logpdf(values))


def tail_probability(prior: Prior, values: np.ndarray | float) -> np.ndarray:
    """Probability under the prior of values as far out as each of these or further, on both sides; 1 for a value in no tail.

    It is twice the probability beyond the value, on its side of the median. A side on which the density is higher than at the
    median, such as values near 0 under an Exponential, does not count as a tail.
    """
    frozen = _frozen(prior)
    in_tail = frozen.pdf(values) <= frozen.pdf(frozen.median()) * (1 + 1e-9)
    both_sides = np.minimum(1.0, 2 * np.minimum(frozen.cdf(values), frozen.sf(values)))
    return np.where(in_tail, both_sides, 1.0)


def _frozen(prior: Prior) -> Any:
    return _FROZEN[prior["distribution"]]({name: float(value) for name, value in prior.items() if name != "distribution"})
