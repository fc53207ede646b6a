"""Sequential stopping: seeds are added in batches until the Monte Carlo error of one quantity is small enough.

The standard error that is compared with the target is the estimated one times sqrt(1 + sqrt(2 / n)): the variance of n seeds is
itself estimated, with a relative standard error of about sqrt(2 / n), and a rule that looks repeatedly would stop where it happens
to be too small. With this allowance, a first look after at least 100 seeds, and few looks, the error at the end is the nominal one
(Chow & Robbins 1965; Glynn & Whitt 1992).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from guidefit.assess import calls, recovery
from guidefit.assess.design import mean_share
from guidefit.base.errors import UserError
from guidefit.base.names import variable_of

COLUMNS = ("study", "look", "variant", "quantity", "variable", "seeds", "value", "mcse", "target", "decision")
DONE, MORE, AT_MOST = "precise enough", "more seeds", "at most reached"
MOST_GROWTH = 4  # from one look to the next: an early forecast is a rough one


@dataclass(frozen=True)
class Until:
    """When a study has enough seeds; the keys of the config's section `until`."""

    quantity: str
    variable: str
    mcse: float
    at_most: int


def take_look(
    estimates: pd.DataFrame, until: Until, sizes: Sequence[int], done: int, thresholds: Mapping[str, float], place: str
) -> dict[str, Any]:
    """What was found after the first `done` batches, and what follows: decision, batches to have next, whether these are more.

    estimates: of all fits so far; sizes: seeds of every batch, in order; place: of the section in the config, for the error where
    the quantity is not known. The variant with the largest error decides. `figures` has a dict for each variant (see COLUMNS).
    """
    if estimates.empty:
        raise UserError(f"{place}: all fits stopped with an error, so that nothing can be measured. The logs of the fits say why.")
    found = measure(estimates, until, thresholds)
    if not found:
        raise UserError(
            f"{place}.quantity: the fits have no {until.quantity} of {until.variable}: its truth has no counterpart on the scale "
            "of x, or no gene has a real effect. Choose another quantity or variable, or set simulate.effect_on: x."
        )
    worst = max(allowed(each["mcse"], each["seeds"]) for each in found.values())
    decision, batches = decide(worst, until.mcse, sizes, done)
    ids = {"quantity": until.quantity, "variable": until.variable, "target": until.mcse}
    figures = [{"variant": variant} | ids | each for variant, each in found.items()]
    return {"decision": decision, "batches": batches, "more": decision == MORE, "figures": figures}


def tabulate(looks: Sequence[Mapping[str, Any]], study: str) -> pd.DataFrame:
    """stopping.csv: one row per look and variant. looks: those of `take_look`, with their numbers as `look`."""
    rows = [{"study": study, "look": each["look"], "decision": each["decision"]} | row for each in looks for row in each["figures"]]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def measure(estimates: pd.DataFrame, until: Until, thresholds: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """Variant -> value, mcse and seeds of the quantity. thresholds: effect_min and fdr."""
    mine = estimates[variable_of(estimates["variable"].astype("str")) == until.variable]
    found = {}
    if until.quantity in ("power", "fdr"):
        counts = calls.count_calls(mine, thresholds["effect_min"], thresholds["fdr"])
        for variant, rows in counts.groupby("variant", sort=False):
            wrong, real = rows["called"] - rows["right"], rows[rows["real"] > 0]
            if until.quantity == "fdr":
                found[str(variant)] = mean_share(wrong, rows["called"])
            elif len(real):
                found[str(variant)] = mean_share(real["right"], real["real"])
        return found
    for row in recovery.recover(mine).to_dict("records"):
        if row["seeds"]:
            value, mcse = (float(row[name]) for name in (until.quantity, f"{until.quantity}_mcse"))
            found[row["variant"]] = {"value": value, "mcse": mcse, "seeds": int(row["seeds"])}
    return found


def allowed(mcse: float, seeds: int) -> float:
    """The standard error with the allowance for its own error; infinite where it is not known."""
    return mcse * np.sqrt(1 + np.sqrt(2 / seeds)) if np.isfinite(mcse) else np.inf


def decide(mcse: float, target: float, sizes: Sequence[int], done: int) -> tuple[str, int]:
    """The decision after `done` batches with this standard error, and the number of batches to have next.

    The next look is where the error is forecast to reach the target: it falls with the root of the number of seeds.
    """
    seeds = sum(sizes[:done])
    if mcse <= target:
        return DONE, done
    if done == len(sizes):
        return AT_MOST, done
    needed = seeds * min((mcse / target) ** 2, MOST_GROWTH)
    total = np.cumsum(sizes)
    return MORE, min(max(int(np.searchsorted(total, needed)) + 1, done + 1), len(sizes))
