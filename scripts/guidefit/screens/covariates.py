"""Transforms of the copy number into the covariate x, and of a truth on copy numbers into a truth on x.

A model sees x, not cna. Where x = (cna - shift) / scale, a truth on the cna scale has an exact counterpart on the x scale
(alpha + beta cna = (alpha + beta shift) + (beta scale) x). For other x it has none, and the truth is missing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# x of a gene's rows depends on them alone
WITHIN_GENES = ("raw", "zscore_within_gene", "log2", "log2_diploid", "saturating")
NAMES = ("raw", "centred", "zscore_within_gene", "zscore", "log2", "log2_diploid", "saturating", "winsorised")

Truth = dict[str, float | np.ndarray]


@dataclass(frozen=True)
class Line:
    """x = (cna - shift) / scale, with one shift and one scale per gene (copy number units)."""

    shift: np.ndarray
    scale: np.ndarray

    @property
    def is_global(self) -> bool:
        """Whether all genes share one line."""
        return bool(np.all(self.shift == self.shift[0]) and np.all(self.scale == self.scale[0]))

    def __call__(self, cna: np.ndarray, gene: np.ndarray) -> np.ndarray:
        """(row,) x for copy numbers (row,) and gene codes (row,)."""
        return (cna - self.shift[gene]) / self.scale[gene]


@dataclass(frozen=True)
class Covariate:
    """A covariate by its name, with its settings.

    winsor_quantiles: where `winsorised` clips; diploid: the copy number of a diploid gene, in the units of cna. x is 0 there with
    `log2_diploid`, log2(cna + 1) less its value at diploid, and with `saturating`, (cna - diploid) / (cna + diploid), which for
    amplifications approaches 1.
    """

    name: str
    winsor_quantiles: Sequence[float]
    diploid: float

    def fit(self, cna: np.ndarray, gene: np.ndarray) -> "FittedCovariate":
        """The covariate fitted to these rows.

        cna: (row,) copy number; gene: (row,) gene codes 0..G-1, each used. Standard deviations are population ones (ddof 0).
        A gene without variation gets scale 1, so that x is 0 there; `refuse_constant_genes` and the imports refuse such genes.
        """
        n_genes = int(gene.max()) + 1
        ones = np.ones(n_genes)
        match self.name:
            case "raw":
                line = Line(0 * ones, ones)
            case "centred":
                line = Line(cna.mean() * ones, ones)
            case "zscore":
                line = Line(cna.mean() * ones, (cna.std() or 1.0) * ones)
            case "zscore_within_gene":
                line = _line_within_gene(cna, gene, n_genes)
            case "log2":
                return FittedCovariate(lambda copies, _: np.log2(copies + 1), None)
            case "log2_diploid":
                return FittedCovariate(lambda copies, _: np.log2(copies + 1) - np.log2(self.diploid + 1), None)
            case "saturating":
                return FittedCovariate(lambda copies, _: (copies - self.diploid) / (copies + self.diploid), None)
            case "winsorised":
                low, high = np.quantile(cna, self.winsor_quantiles)
                clipped = bool((cna < low).any() or (cna > high).any())
                return FittedCovariate(lambda copies, _: np.clip(copies, low, high), None if clipped else Line(0 * ones, ones))
            case _:
                raise ValueError(f"unknown covariate {self.name!r}: one of {', '.join(NAMES)}")
        return FittedCovariate(line, line)


@dataclass(frozen=True)
class FittedCovariate:
    """A covariate fitted to rows: x of (copy numbers, gene codes), and its line, None where x is not linear in the copy number."""

    x: Callable[[np.ndarray, np.ndarray], np.ndarray]
    line: Line | None


def _line_within_gene(cna: np.ndarray, gene: np.ndarray, n_genes: int) -> Line:
    count = np.bincount(gene, minlength=n_genes)
    mean = np.bincount(gene, cna, n_genes) / count
    sd = np.sqrt(np.bincount(gene, (cna - mean[gene]) ** 2, n_genes) / count)
    return Line(mean, np.where(sd > 0, sd, 1.0))


def push_forward(truth: Mapping[str, float | np.ndarray], line: Line | None, gene_of_sgrna: np.ndarray) -> Truth:
    """The truth of effects on cna, as truth of effects on x; NaN marks 'no counterpart'.

    truth: variable -> value, with dims (), (gene,) for gamma_g and delta_g, (sgrna,) for alpha_s and beta_s.
    With (alpha, beta) ~ N(m, S) and the matrix L = [[1, shift], [0, scale]] the counterparts are L (alpha, beta), L m and L S L'.
    Locations of genes and sgRNAs always have one; hyper-parameters have one only where all genes share one line
    (with per-gene lines, sd(alpha'_s) = sqrt(sigma_alpha^2 + shift_g^2 sigma_beta^2) differs by gene). Spreads are the
    marginal sds of the transformed effects; a shift also correlates them, which `rho` (sgRNAs) and `rho_gene` carry.
    A curve of cna that slopes multiply (guidefit.models.responses) is one of x only where 0 stays at 0 and all genes share the
    scale.
    """
    if line is None:
        return {name: np.full_like(np.asarray(value, float), np.nan) for name, value in truth.items()}
    if line.is_global and line.shift[0] == 0 and line.scale[0] == 1:
        return dict(truth)

    t = truth
    pushed: Truth = {name: np.full_like(np.asarray(value, float), np.nan) for name, value in truth.items()}
    for unchanged in ("sigma", "nu", "sigma_line", "tau_c", "e_gl"):
        if unchanged in t:
            pushed[unchanged] = t[unchanged]
    is_curved = "kappa" in t or t.get("ratio", 1.0) != 1.0
    if is_curved and not (line.is_global and line.shift[0] == 0):
        return pushed
    if "ratio" in t:
        pushed["ratio"] = t["ratio"]
    for intercept, slope, to_gene in (("gamma_g", "delta_g", slice(None)), ("alpha_s", "beta_s", gene_of_sgrna)):
        if intercept in t and slope in t:
            pushed[intercept] = t[intercept] + t[slope] * line.shift[to_gene]
            pushed[slope] = t[slope] * line.scale[to_gene]
    if not line.is_global:
        return pushed

    shift, scale = line.shift[0], line.scale[0]
    if "mu_gamma" in t and "mu_delta" in t:
        pushed["mu_gamma"] = t["mu_gamma"] + t["mu_delta"] * shift
        pushed["mu_delta"] = t["mu_delta"] * scale
    if "kappa" in t:
        pushed["kappa"] = t["kappa"] / scale
    for one, two, rho in (("sigma_gamma", "sigma_delta", "rho_gene"), ("sigma_alpha", "sigma_beta", "rho")):
        if one in t and two in t:
            covariance = t.get(rho, 0.0) * t[one] * t[two]
            pushed[one] = sd = np.sqrt(t[one] ** 2 + 2 * shift * covariance + (shift * t[two]) ** 2)
            pushed[two] = t[two] * scale
            if rho in t and sd * t[two] > 0:
                pushed[rho] = (covariance + shift * t[two] ** 2) / (sd * t[two])
    return pushed
