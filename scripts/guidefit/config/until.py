"""The section `until`: seeds are added until a quantity is known precisely enough."""

from collections.abc import Iterator
from typing import Literal

from guidefit.config.section import REQUIRED, Problem, Section, key
from guidefit.config.seeds import MOST_SEEDS

CALLED = ("gamma_g", "delta_g")  # variables with power and fdr (guidefit.assess.calls.EFFECTS)


class Until(Section):
    """When a study has enough seeds."""

    quantity: Literal["power", "fdr", "coverage_50", "coverage_80", "coverage_90", "coverage_95", "bias"] = key(
        "coverage_95", "The quantity that has to be known, as in design.csv."
    )
    variable: str = key(REQUIRED, "Its variable, such as gamma_g.")
    mcse: float = key(REQUIRED, "The Monte Carlo standard error at which no more seeds are added.", gt=0)
    at_most: int = key(5000, "The largest number of seeds.", unit="seeds", ge=2, le=MOST_SEEDS)

    def contradictions(self) -> Iterator[Problem]:
        """Quantities that the variable does not have, and errors that cannot be reached."""
        if self.quantity in ("power", "fdr") and self.variable not in CALLED:
            yield "variable", f"only {' and '.join(CALLED)} have {self.quantity}, because only genes are called. Use one of them."

    def least_mcse(self, values_per_seed: int) -> float:
        """The Monte Carlo standard error that `at_most` seeds reach at best; 0 where it is not known before any fit.

        values_per_seed: coordinates of the variable. Coverage is that of independent intervals at its nominal value.
        """
        if not self.quantity.startswith("coverage_"):
            return 0.0
        nominal = int(self.quantity.removeprefix("coverage_")) / 100
        return (nominal * (1 - nominal) / (self.at_most * values_per_seed)) ** 0.5
