"""The structure of a variant of one cell line, which it declares by a literal `ONE_LINE`: names of variables by role.

    y_i ~ N(gamma_g + f(x_g), sigma_c^2)    gamma_g ~ N(mu_c, sd_c^2)    the gene is of class c with probability w_c
    f(x) = b_0 x + sum_j b_j [(x - q_j)+ - (0 - q_j)+],   q_j: the 75, 95 and 99 % quantiles of x over the genes

x_g is the mean x of the gene's rows: in one line, the rows of a gene have one copy number. f is 0 at x = 0, the diploid copy
number. A screen without copy numbers has no curve, and coefficients that the copy numbers of the screen cannot inform are left out
(`find_knots`), so that the curve is straight beyond the last knot that is kept. Given its class and all hyper-parameters, a gene
with n rows, mean m and sum of squares S around it has, with gamma_g integrated out,

    log p_g(c) = -1/2 [(n - 1) log s^2 + S / s^2 + log(sd^2 + s^2 / n) + (m - f - mu)^2 / (sd^2 + s^2 / n)] + constant
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from guidefit.base.errors import UserError
from guidefit.models.declaration import Priors
from guidefit.models.line_structure import PARAMETERS
from guidefit.screens.arrays import ModelData

QUANTILES = (0.75, 0.95, 0.99)
FEWEST_GENES = 10  # beyond a knot: fewer carry hardly any information about the slope there
FEWEST_SQUARES = (
    0.5  # of x, or of a hinge, beyond the earlier terms: where means of genes have an sd of 0.5, the posterior variance
)
# of a coefficient with the prior N(0, 0.5^2) is then two thirds of the prior's; with less it keeps its prior
ROLES = ("gene", "mean", "sd", "noise", "classes", "weight", "curve")


@dataclass(frozen=True)
class OneLineStructure:
    """Names: gene: of the effect; mean, sd, noise: without class; classes; weight: of the second; curve: b_0, b_1 ..."""

    gene: str
    mean: str
    sd: str
    noise: str
    classes: tuple[str, str]
    weight: str
    curve: tuple[str, ...]

    def by_class(self, name: str) -> list[str]:
        """The names of a hyper-parameter of each class."""
        return [f"{name}_{each}" for each in self.classes]

    def roles(self, coefficients: int) -> dict[str, str]:
        """Hyper-parameter -> the distribution of its prior; coefficients: those of the curve that a screen has, the first ones."""
        found = dict.fromkeys(self.by_class(self.mean), "Normal")
        found |= dict.fromkeys([*self.by_class(self.sd), *self.by_class(self.noise)], "HalfNormal")
        return found | {self.weight: "Beta"} | dict.fromkeys(self.curve[:coefficients], "Normal")


def read_one_line(declared: Mapping[str, Any], priors: Priors, place: str) -> tuple[OneLineStructure, dict[str, tuple[float, ...]]]:
    """The structure of a variant's `ONE_LINE`, and its hyper-parameters -> parameters of their priors.

    Raises UserError, whose message starts with `place`, where a role or a prior is absent or has another form.
    """
    if set(declared) != set(ROLES) or len(declared["classes"]) != 2 or len(declared["curve"]) != 1 + len(QUANTILES):
        raise UserError(
            f"{place}: ONE_LINE must have the keys {', '.join(ROLES)}, two classes and {1 + len(QUANTILES)} coefficients."
        )
    names: dict[str, Any] = {name: tuple(value) if isinstance(value, list | tuple) else value for name, value in declared.items()}
    structure, found = OneLineStructure(**names), {}
    for name, distribution in structure.roles(len(structure.curve)).items():
        prior = priors.get(name, {})
        needed = PARAMETERS[distribution]
        if prior.get("distribution") != distribution or set(prior) != {"distribution", *needed}:
            raise UserError(f"{place}: prior of {name}: engine gibbs needs {distribution}({', '.join(needed)}) for it.")
        found[name] = tuple(float(prior[key]) for key in needed)
    return structure, found


@dataclass(frozen=True)
class GeneSums:
    """By gene: n rows, mean of logFC, squares around it, and basis (gene, coefficient): what the curve's coefficients multiply."""

    n: np.ndarray
    mean: np.ndarray
    squares: np.ndarray
    basis: np.ndarray


def sum_genes(data: ModelData) -> GeneSums:
    """The sums of a screen of one cell line. Raises UserError where it has more."""
    if len(data.cell_lines) > 1:
        raise UserError(
            f"the screen has {len(data.cell_lines)} cell lines, and the variant is a model of one. Use gene_classes, or one line."
        )
    gene, size = data.gene_of_row, len(data.genes)
    n = np.bincount(gene, minlength=size).astype(float)
    mean, x = (np.bincount(gene, values, size) / n for values in (data.logfc, data.x))
    squares = np.bincount(gene, (data.logfc - mean[gene]) ** 2, size)
    return GeneSums(n, mean, squares, curve_basis(x, find_knots(x) if data.has_covariate else None))


def find_knots(x: np.ndarray) -> np.ndarray | None:
    """The knots of the curve, in order up to the first that the copy numbers cannot inform; None: not even the slope. x: (gene,).

    A knot needs FEWEST_GENES genes beyond it, about, and its hinge FEWEST_SQUARES: the sum over the genes of the squares of what is
    left of it when the mean and the earlier terms are projected out. A screen whose genes all have about two copies has no more.
    """
    candidates = np.quantile(x, [share for share in QUANTILES if (1 - share) * len(x) > FEWEST_GENES - 0.5])
    columns = np.column_stack([np.ones_like(x), curve_basis(x, candidates)])
    # R of the QR decomposition: the squared diagonal is what each column has beyond those before it.
    own = np.diag(np.linalg.qr(columns, mode="r"))[1:] ** 2 if len(x) else np.zeros(0)
    kept = int(np.cumprod(np.pad(own, (0, columns.shape[1] - 1 - len(own))) >= FEWEST_SQUARES).sum())
    return candidates[: kept - 1] if kept else None


def curve_basis(x: np.ndarray, knots: np.ndarray | None) -> np.ndarray:
    """(point, coefficient): x, and for each knot its hinge at x less that at 0; no column where knots is None."""
    if knots is None:
        return np.zeros((len(x), 0))
    return np.column_stack([x, *(np.maximum(x - knot, 0) - max(-knot, 0.0) for knot in knots)])


def log_class_terms(sums: GeneSums, rest: np.ndarray, mu: np.ndarray, sd: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """(class, gene) log p_g(c) without the class's weight. rest: (gene,) mean logFC less the curve; mu, sd, noise: (class,)."""
    variance = noise[:, None] ** 2
    total = sd[:, None] ** 2 + variance / sums.n
    inner = (sums.n - 1) * np.log(variance) + sums.squares / variance
    return -0.5 * (inner + np.log(total) + (rest - mu[:, None]) ** 2 / total)
