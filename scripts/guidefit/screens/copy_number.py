"""Units of copy numbers: recognised from the values, converted to linear ones, and refused where they contradict the config."""

from collections.abc import Callable
from typing import Any

import numpy as np

from guidefit.base.errors import UserError
from guidefit.screens.ledger import Ledger

MANY_COPIES = 50.0  # times diploid: few genes of few lines have more
IMPOSSIBLE = 4095.0  # times diploid
DOUBTFUL_SHARE = 0.001  # of values above MANY_COPIES
TOLERANCE = 0.05  # around the copy numbers that a diploid cell has after gains and losses
LEVELS = np.array([0.5, 1.5, 2.0, 2.5, 3.0])  # these, relative to diploid
UNITS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda values: values,
    "log2": lambda values: 2.0**values - 1,
    "log2_ratio": lambda values: 2.0**values,
}
MEANINGS = {
    "linear": "linear copy numbers (0 = lost)",
    "log2": "log2(relative copy number + 1)",
    "log2_ratio": "log2 of the ratio to diploid (0 = diploid)",
}


def linear(values: np.ndarray, unit: str) -> np.ndarray:
    """Copy numbers from a file as linear ones."""
    return UNITS[unit](values)


def find_unit(
    values: np.ndarray, unit: str | None, default: str, diploid: float, place: str, ledger: Ledger, is_known: bool = False
) -> str:
    """The unit of copy numbers, which are checked; a unit that differs from the default one is recognised and stated.

    values: as in the file, missing ones allowed; unit: of the config (a key of UNITS), None to recognise it; default: the unit
    where the values do not show another one; diploid: the copy number of a diploid gene, linear; place: begins the message;
    is_known: do not doubt the unit, as the values were made in it. Raises UserError where the values have no unit (GISTIC calls) or
    contradict it, with the setting that suits them.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        raise UserError(f"{place}: all copy numbers are missing. Expected a number per gene and cell line.")
    _refuse_calls(values, place)
    shown = recognise(values, diploid)
    found = unit or shown or default
    check_unit(values, found, diploid, place, ledger, is_stated=unit is not None)
    if unit is not None and not is_known and shown not in (None, unit):
        ledger.warn(f"{place}: screen.copy_number_unit is {unit}, but the copy numbers look like {MEANINGS[shown]} ({shown})")
    if unit is None and found != default:
        highest = float(UNITS[default](values.max())) / diploid
        ledger.warn(
            f"{place}: the copy numbers look like {MEANINGS[found]} and are taken as that. Set screen.copy_number_unit: {found} to "
            f"confirm it, or {default} if they are {MEANINGS[default]}, the highest of which would be {highest:.3g} times diploid"
        )
    return found


def recognise(values: np.ndarray, diploid: float) -> str | None:
    """The unit that finite values show by their signs, their range, or gains and losses of single copies; None where none is clear.

    In a diploid cell the loss of one copy is 0.5 linear, 0.58 as log2(relative + 1), and the gain of one 1.5 or 1.32.
    """
    middle = float(np.median(values))
    if (values < -0.05).mean() > 0.01 and abs(middle) < 0.5:
        return "log2_ratio"
    if values.min() < 0 or _are_whole(values):
        return None
    as_log2 = UNITS["log2"](values)
    if abs(middle / diploid - 1) < 0.25 and ((as_log2 > MANY_COPIES).mean() > DOUBTFUL_SHARE or as_log2.max() > IMPOSSIBLE):
        return "linear"
    changed = values[np.abs(values / diploid - 1) > 0.12] if diploid == 1 else np.empty(0)
    if len(changed) < 20:
        return None
    linear_share = _share_near(changed, LEVELS)
    log2_share = _share_near(changed, np.log2(LEVELS + 1))
    if linear_share - log2_share > 0.15:
        return "linear"
    return "log2" if log2_share - linear_share > 0.3 and as_log2.max() < 2 * MANY_COPIES else None


def _share_near(values: np.ndarray, levels: np.ndarray) -> float:
    return float(np.mean([(np.abs(values - level) < TOLERANCE) for level in levels], axis=1).sum())


def _are_whole(values: np.ndarray) -> bool:
    return bool((values == np.round(values)).mean() > 0.98)


def _refuse_calls(values: np.ndarray, place: str) -> None:
    if _are_whole(values) and values.min() >= -2 and values.max() <= 2 and (values.min() < 0 or np.median(values) == 0):
        raise UserError(
            f"{place}: the values are only {', '.join(f'{each:g}' for each in np.unique(np.round(values)))}, so these are calls "
            "such as those of GISTIC, not copy numbers: -2 stands for a deep loss, 2 for any amplification. Give the continuous "
            "copy numbers of the same data, log2 ratios (screen.copy_number_unit: log2_ratio) or relative ones (linear)."
        )


def check_unit(values: np.ndarray, unit: str, diploid: float, place: str, ledger: Ledger, is_stated: bool = True) -> None:
    """Raise UserError where copy numbers cannot have a unit; warn where they are doubtful, and note their range in copies.

    values: finite, as in the file; is_stated: whether the config names the unit.
    """
    if unit != "log2_ratio" and values.min() < (0 if unit == "linear" else -1e-6):
        raise UserError(
            f"{place}: negative copy numbers (down to {values.min():.3g}), so these are not {MEANINGS[unit]}. {remedy(values)}"
        )
    copies = linear(values, unit) / diploid
    if copies.max() > IMPOSSIBLE:
        raise UserError(
            f"{place}: copy numbers up to {values.max():.3g} cannot be {MEANINGS[unit]}, that would be {copies.max():.2g} times "
            f"diploid. {remedy(values)}"
        )
    low, middle, high = np.quantile(copies, [0.001, 0.5, 0.999])
    if not 0.7 < middle < 1.5:
        doubt = f"{place}: the median copy number is {middle:.2g} times the diploid one ({diploid:g}), taken as {MEANINGS[unit]}"
        if _are_whole(values) and unit != "log2_ratio":
            raise UserError(f"{doubt}. {remedy(values)}")
        ledger.warn(f"{doubt}. Correct it, unless the genes of the screen are amplified in most lines. {remedy(values)}")
    many = float((copies > MANY_COPIES).mean())
    if many > DOUBTFUL_SHARE:
        ledger.warn(
            f"{place}: {many:.1%} of the copy numbers are above {MANY_COPIES:g} times diploid (highest: {copies.max():.3g}), taken "
            f"as {MEANINGS[unit]}: are these in another unit? {remedy(values)}"
        )
    if unit == "linear" and diploid == 1 and copies.max() < 4 and not is_stated:
        ledger.note(
            f"no copy number above {copies.max():.3g} times diploid among {len(values):,}: if these are logarithms, set "
            "screen.copy_number_unit: log2"
        )
    ledger.note(
        f"copy numbers, taken as {MEANINGS[unit]}: median {middle:.3g} times diploid, 99.8 % between {low:.3g} and {high:.3g}, "
        f"highest: {copies.max():.3g} times diploid"
    )


def remedy(values: np.ndarray) -> str:
    """The settings under which the median of these values is diploid and none is impossible, as a sentence."""
    middle = float(np.median(values))
    for unit, convert in UNITS.items():
        if values.min() < -1e-6 and unit != "log2_ratio":
            continue
        for diploid in (1.0, 2.0, 3.0, 4.0):
            is_near = abs(convert(middle) / diploid - 1) < 0.15
            if is_near and convert(values.max()) / diploid <= 2 * MANY_COPIES and (diploid == 1 or unit != "log2_ratio"):
                ploidy = f" and diploid: {diploid:g} in the study, as these are absolute copy numbers" if diploid > 1 else ""
                stated = " and diploid: 1 in the study" if diploid == 1 else ploidy
                return f"The values suit {MEANINGS[unit]}: set screen.copy_number_unit: {unit}{stated}."
    return (
        "The values suit none of the units: give linear copy numbers, relative ones (1 = diploid) or absolute ones with diploid: 2 "
        "in the study; log2(relative copy number + 1) with screen.copy_number_unit: log2; or log2 ratios with log2_ratio."
    )
