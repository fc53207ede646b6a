"""Units of copy numbers: conversion to linear ones, and values that contradict the configured unit."""

import numpy as np

from guidefit.base.errors import UserError
from guidefit.screens.ledger import Ledger


def linear(values: np.ndarray, unit: str) -> np.ndarray:
    """Copy numbers from a file as linear ones."""
    return values if unit == "linear" else 2.0**values - 1


def check_unit(values: np.ndarray, unit: str, diploid: float, place: str, ledger: Ledger) -> None:
    """Raise UserError where copy numbers cannot have the configured unit; note their range, and what looks wrong.

    values: as in the file, missing ones allowed; unit: "linear" or "log2"; diploid: the copy number of a diploid gene, linear;
    place: begins the message.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        raise UserError(f"{place}: all copy numbers are missing. Expected a number per gene and cell line.")
    low, middle, high = np.quantile(values, [0.001, 0.5, 0.999])
    largest = values.max()
    if values.min() < (0 if unit == "linear" else -1e-6):
        raise UserError(
            f"{place}: negative copy numbers (down to {values.min():.3g}), so these are logarithms of ratios. Give linear copy "
            "number (0 = lost), or log2(relative copy number + 1) with screen.copy_number_unit: log2."
        )
    if unit == "log2" and largest > 12:
        raise UserError(
            f"{place}: copy numbers up to {largest:.3g} cannot be log2(relative copy number + 1), that would be "
            f"{2.0**largest:.2g} copies. Set screen.copy_number_unit: linear."
        )
    if unit == "linear" and len(values) >= 10_000 and largest <= 7:
        ledger.note(
            f"no copy number above {largest:.3g} among {len(values):,}: if these are logarithms, set copy_number_unit: log2"
        )
    ratio = linear(middle, unit) / diploid
    if not 0.7 < ratio < 1.5:
        ledger.note(
            f"the median copy number is {ratio:.2g} times the diploid one ({diploid:g}): where they are absolute set diploid: 2, "
            "where they are relative diploid: 1"
        )
    ledger.note(
        f"copy numbers, taken as {unit}: median {middle:.3g}, 99.8 % between {low:.3g} and {high:.3g}, highest {largest:.3g}"
    )
