"""The section `until`: seeds are added until a quantity is known precisely enough."""

from collections.abc import Iterator
from typing import Literal

from guidefit.config.section import REQUIRED, Problem, Section, key
from guidefit.config.seeds import MOST_SEEDS
from guidefit.config.simulate import Simulate

CURVED = ("log2", "log2_diploid", "saturating")  # covariates that are no line of the copy number
OF_ALL_GENES = ("mu_gamma", "sigma_gamma", "mu_delta", "sigma_delta", "rho_gene", "sigma_alpha", "sigma_beta", "rho")
CALLED = ("gamma_g", "delta_g")  # variables with power and fdr (guidefit.assess.calls.EFFECTS)


def why_unknown(variable: str, simulate: Simulate, covariate: str) -> str:
    """Why the truth of a variable has no counterpart on the scale of x; empty where it may have one.

    See guidefit.screens.covariates.push_forward and guidefit.simulation.truth.make_truth.
    """
    if simulate.truth != "fixed":
        return ""
    of_share = {"effect_share": ("mu_gamma", "sigma_gamma", "rho_gene"), "slope_share": ("mu_delta", "sigma_delta", "rho_gene")}
    for share, without in of_share.items():
        if getattr(simulate, share) is not None and variable in without:
            return f"with {share} the genes follow no normal distribution, so that {variable} has no truth. Use another variable."
    if simulate.effects_on == "cna":
        remedy = "Set simulate.effect_on: x, or use another variable."
        if covariate in CURVED:
            return f"effects on the copy number have no counterpart on the covariate {covariate}. {remedy}"
        if covariate == "zscore_within_gene" and variable in OF_ALL_GENES:
            return f"each gene has a scale of its own on the covariate {covariate}, so that {variable} has no truth. {remedy}"
    return ""


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

        values_per_seed: coordinates of the variable. Coverage is that of independent intervals at its nominal value. Power and fdr
        are means over the seeds of shares of at most that number of genes: two different ones differ by at least its inverse
        square, and seeds that do not differ count as in `guidefit.assess.design.mean_share`.
        """
        if self.quantity in ("power", "fdr"):
            return 1 / (values_per_seed**2 * self.at_most)
        if not self.quantity.startswith("coverage_"):
            return 0.0
        nominal = int(self.quantity.removeprefix("coverage_")) / 100
        return (nominal * (1 - nominal) / (self.at_most * values_per_seed)) ** 0.5
