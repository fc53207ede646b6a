"""Curves of the response to copy number: what a slope multiplies if gains act less than losses.

Each curve is the identity for x <= 0 and differs from it for gains only, so that x should be 0 at the diploid copy number. The
functions take NumPy arrays and PyTensor tensors. A variant with such a curve declares it by `RESPONSE = (curve, parameter)`.
"""

from collections.abc import Callable
from typing import Any


def saturating_curve(x: Any, kappa: Any) -> Any:
    """x for losses, x / (1 + x / kappa) for gains: its slope is 1 at 0, and it approaches kappa (in units of x)."""
    gain = x * (x > 0)
    return x - gain + gain / (1 + gain / kappa)


def piecewise_curve(x: Any, ratio: Any) -> Any:
    """x for losses, ratio * x for gains: gains act `ratio` times as strongly as losses."""
    return x + (ratio - 1) * x * (x > 0)


CURVES: dict[str, Callable[[Any, Any], Any]] = {"saturating": saturating_curve, "piecewise": piecewise_curve}

saturating, piecewise = saturating_curve, piecewise_curve  # former names, for variants that were written for earlier versions
