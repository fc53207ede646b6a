"""The table of checks: one row per check that was made on a fit, with its level as a word, not as a sentence.

Verdicts, reasons, pages and figures are made from these rows. `guidefit.assess.wording` alone turns a row into a sentence.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

COLUMNS = ("study", "variant", "seed", "check", "value", "threshold", "level", "where")
_TYPES = {"study": "str", "variant": "str", "seed": "int64", "check": "str", "value": "float64", "threshold": "float64"}
TYPES = _TYPES | {"level": "str", "where": "str"}

# What a fit can be judged by. `value` is the figure that is compared with `threshold`, `where` the place of the worst value.
STOPPED = "stopped"  # the fit stopped with an error; where: its message, one line
SCREEN = "screen"  # a row for each warning of the import of a real screen; where: the warning
FINITE = "finite_estimates"  # value: number of estimates that are not finite; where: their names
R_HAT = "r_hat"  # value: largest R-hat; where: its parameter
MIXING = "mixing"  # a note; value: largest R-hat of the few parameters that do not count; where: their names
ESS_BULK = "ess_bulk"  # value: smallest effective sample size; where: its parameter
ESS_TAIL = "ess_tail"
DIVERGENCES = "divergences"  # value: share of draws; where: "4 of 4000 draws"
MAX_TREEDEPTH = "max_treedepth"  # value: share of draws; where: "4 of 4000 draws"
E_BFMI = "e_bfmi"  # value: smallest over the chains
IMPORTANCE_K_HAT = "importance_k_hat"  # value: k-hat of the importance weights; where: "4000 draws"
IMPORTANCE_ESS = "importance_ess"  # value: effective number of weighted draws; where: "4000 draws"
MODES = "modes"  # value: share of the mass in modes of the scales' posterior that the draws miss; where: "2 modes"
CONTRACTION = "contraction"  # value: 1 - posterior / prior variance of a combination of locations; where: its name
SCALE_CONTRACTION = "scale_contraction"  # the same of a positive parameter, after the prior's probit; where: its name
CURVED_CONTRACTION = "curved_contraction"  # the same of a combination of logarithms; where: the product or ratio that is known
PRIOR_CONFLICT = "prior_conflict"  # value: probability of the prior beyond the posterior mean; where: the prior and the mean
EFFECT_KURTOSIS = "effect_kurtosis"  # real screens: value: excess kurtosis of normal gene effects; where: number of genes
PRIOR_SENSITIVITY = "prior_sensitivity"  # value: largest power-scaling sensitivity to a prior; where: priors, each with a parameter
PRIOR_TURNS = "prior_turns"  # value: gene effects whose sign would become certain or uncertain with a wider prior; where: which
TRUTH_ON_BOUNDARY = "truth_on_boundary"  # value: the truth; where: a variable whose prior ends there
PREDICTIVE = "predictive_checks"  # a row only where the predictive checks were not made
PARETO_K = "pareto_k"  # value: share of the rows whose PSIS k-hat is too high; where: "12 of 10362 rows, k-hat up to 0.91"
LOO_PIT = "loo_pit"  # value: largest distance of the ECDF of the LOO-PIT values from uniform; where: "1 % of the points"
LOO_PIT_GENES = "loo_pit_genes"  # value: number of genes whose LOO-PIT values are not uniform; where: the worst, with distances
LOO_PIT_LINES = "loo_pit_lines"  # the same of cell lines
LOO_PIT_SGRNAS = "loo_pit_sgrnas"  # the same of sgRNAs
ESSENTIAL_BY_LINE = "essential_by_line"  # value: lines whose median of essential genes is not predicted; where: the worst of them
CHECKS = (
    *(STOPPED, SCREEN, FINITE, R_HAT, MIXING, ESS_BULK, ESS_TAIL, DIVERGENCES, MAX_TREEDEPTH, E_BFMI),
    *(IMPORTANCE_K_HAT, IMPORTANCE_ESS),
    *(MODES, CONTRACTION, SCALE_CONTRACTION, CURVED_CONTRACTION, PRIOR_CONFLICT, EFFECT_KURTOSIS),
    *(PRIOR_SENSITIVITY, PRIOR_TURNS),
    *(TRUTH_ON_BOUNDARY, PREDICTIVE, PARETO_K, LOO_PIT),
    *(LOO_PIT_GENES, LOO_PIT_LINES, LOO_PIT_SGRNAS, ESSENTIAL_BY_LINE),
)

# A fit's verdict is the worst level of its checks. A row of level `note` informs and lowers no verdict.
VERDICTS = ("pass", "unchecked", "warn", "fail", "error")
SOUND = ("pass", "unchecked", "warn")  # estimates that can be used
FAILED = ("fail", "error")
LEVELS = ("pass", "note", *VERDICTS[1:])


class Checks:
    """The checks of one fit, in the order in which they were made."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, check: str, level: str, value: float = np.nan, threshold: float = np.nan, where: str = "") -> None:
        """Add a check whose level is known."""
        self.rows.append({"check": check, "value": float(value), "threshold": float(threshold), "level": level, "where": where})

    def below(self, check: str, value: float, passes: float, fails: float, where: str = "") -> None:
        """Add a figure that passes below `passes` and fails from `fails` on; what is not a number fails."""
        level = "pass" if value < passes else "warn" if value < fails else "fail"
        self.add(check, level, value, fails if level == "fail" else passes, where)

    def at_most(self, check: str, value: float, passes: float, fails: float = np.inf, where: str = "") -> None:
        """Add a figure that passes up to `passes` and fails above `fails`; what is not a number fails."""
        level = "pass" if value <= passes else "warn" if value <= fails else "fail"
        self.add(check, level, value, fails if level == "fail" and np.isfinite(fails) else passes, where)

    def at_least(self, check: str, value: float, passes: float, fails: float, where: str = "") -> None:
        """Add a figure that passes from `passes` on and fails below `fails`; what is not a number fails."""
        level = "pass" if value >= passes else "warn" if value >= fails else "fail"
        self.add(check, level, value, fails if level == "fail" else passes, where)

    @property
    def verdict(self) -> str:
        """The verdict that follows from these checks."""
        return verdict(row["level"] for row in self.rows)


def verdict(levels: Iterable[str]) -> str:
    """The worst of the levels, `unchecked` where there is none: a good verdict needs a check that was made."""
    found = ["pass" if level == "note" else level for level in levels]
    return max(found, key=VERDICTS.index) if found else "unchecked"


def make_table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows of checks with the study, variant and seed of their fits, as the table COLUMNS with fixed types."""
    return pd.DataFrame(list(rows), columns=list(COLUMNS)).astype(TYPES)


def read_csv(path: str) -> pd.DataFrame:
    """checks.csv with the types that `make_table` gives it; an empty `where` is an empty text."""
    return pd.read_csv(path, dtype=TYPES, keep_default_na=False, na_values={"value": [""], "threshold": [""]})


def worst_of_each(table: pd.DataFrame) -> pd.DataFrame:
    """Of every fit and check the row of the worst level, the first among equals; in the order of the table."""
    order = table["level"].map(LEVELS.index)
    chosen = order.sort_values(ascending=False, kind="stable").index
    kept = table.loc[chosen].drop_duplicates(["study", "variant", "seed", "check"]).index
    return table.loc[table.index.isin(kept)]
