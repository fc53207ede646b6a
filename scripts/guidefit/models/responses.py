"""Curves of the response to copy number: what a slope multiplies where gains act less than losses.

Each is the identity for x <= 0, has slope 1 there, and bends for gains alone, so x should be 0 at the diploid copy number. The
functions take numpy arrays and PyTensor tensors alike. A variant with such a curve says so by `RESPONSE = (curve, parameter)`.
"""

from collections.abc import Callable
from typing import Any


def saturating(x: Any, kappa: Any) -> Any:
    """x for losses, x / (1 + x / kappa) for gains: slope 1 at 0, and never more than kappa (in units of x)."""
    gain = x * (x > 0)
    return x - gain + gain / (1 + gain / kappa)


def piecewise(x: Any, ratio: Any) -> Any:
    """x for losses, ratio * x for gains: gains act `ratio` times as strongly as losses."""
    return x + (ratio - 1) * x * (x > 0)


CURVES: dict[str, Callable[[Any, Any], Any]] = {"saturating": saturating, "piecewise": piecewise}
