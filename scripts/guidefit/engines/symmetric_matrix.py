"""2 x 2 matrices, element by element in arrays, and the conjugate update of a bivariate normal.

Vectors are pairs (intercept, slope) of arrays. No matrix that may be singular is ever inverted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Vector = Sequence[Any]  # (intercept, slope), each a number or an array


@dataclass(frozen=True)
class Matrix2:
    """2 x 2 matrices [[m11, m12], [m21, m22]]; the elements are numbers or arrays of one shape."""

    m11: Any
    m12: Any
    m21: Any
    m22: Any

    @property
    def rows(self) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
        """The elements, row by row."""
        return (self.m11, self.m12), (self.m21, self.m22)

    def of(self, index: np.ndarray) -> "Matrix2":
        """The matrices at these positions of the first axis."""
        return Matrix2(self.m11[index], self.m12[index], self.m21[index], self.m22[index])

    @property
    def transposed(self) -> "Matrix2":
        """The transposed matrices."""
        return Matrix2(self.m11, self.m21, self.m12, self.m22)

    def times(self, vector: Vector) -> tuple[Any, Any]:
        """Matrices times vectors."""
        v1, v2 = vector
        return self.m11 * v1 + self.m12 * v2, self.m21 * v1 + self.m22 * v2


@dataclass(frozen=True)
class SymmetricMatrix2:
    """Symmetric 2 x 2 matrices [[m11, m12], [m12, m22]].

    The determinant is kept as an element of its own: computed from the other elements it would lose digits by cancellation.
    """

    m11: Any
    m12: Any
    m22: Any
    determinant: Any

    @staticmethod
    def from_elements(m11: Any, m12: Any, m22: Any) -> "SymmetricMatrix2":
        """Matrices whose determinant follows from their elements."""
        return SymmetricMatrix2(m11, m12, m22, m11 * m22 - m12 * m12)

    @staticmethod
    def covariance(sd1: Any, sd2: Any, correlation: Any) -> "SymmetricMatrix2":
        """Covariance matrices of two variables."""
        variance1, variance2 = sd1**2, sd2**2
        determinant = variance1 * variance2 * (1 - correlation**2)
        return SymmetricMatrix2(variance1, correlation * sd1 * sd2, variance2, determinant)

    @property
    def diagonal(self) -> tuple[Any, Any]:
        """The elements on the diagonal: the variances of a covariance matrix."""
        return self.m11, self.m22

    @property
    def inverse(self) -> "SymmetricMatrix2":
        """The inverse matrices."""
        det = self.determinant
        return SymmetricMatrix2(self.m22 / det, -self.m12 / det, self.m11 / det, 1 / det)

    def of(self, index: np.ndarray) -> "SymmetricMatrix2":
        """The matrices at these positions of the first axis."""
        return SymmetricMatrix2(self.m11[index], self.m12[index], self.m22[index], self.determinant[index])

    def divided_by(self, divisor: Any) -> "SymmetricMatrix2":
        """The matrices divided by numbers."""
        return SymmetricMatrix2(self.m11 / divisor, self.m12 / divisor, self.m22 / divisor, self.determinant / divisor**2)

    def times(self, vector: Vector) -> tuple[Any, Any]:
        """Matrices times vectors."""
        v1, v2 = vector
        return self.m11 * v1 + self.m12 * v2, self.m12 * v1 + self.m22 * v2

    def solve(self, vector: Vector) -> tuple[Any, Any]:
        """Inverse matrices times vectors."""
        v1, v2 = vector
        return (self.m22 * v1 - self.m12 * v2) / self.determinant, (self.m11 * v2 - self.m12 * v1) / self.determinant

    def normal_deviates(self, standard: np.ndarray) -> np.ndarray:
        """(2, ...) normal deviates with these covariances from two standard normal ones, by the Cholesky factor.

        A variance may be 0: its deviates are 0.
        """
        sd1 = np.sqrt(self.m11)
        positive = sd1 > 0
        divisor = np.where(positive, sd1, 1.0)
        variance2_given_1 = np.where(positive, self.determinant / divisor**2, self.m22)
        sd2_given_1 = np.sqrt(np.maximum(variance2_given_1, 0))
        return np.stack([sd1 * standard[0], self.m12 / divisor * standard[0] + sd2_given_1 * standard[1]])


@dataclass(frozen=True)
class ConjugateUpdate:
    """A normal prior with covariance S, updated by a normal likelihood with information (precision) M.

    S or M may be singular: a level without variation, a covariate that does not vary. With E = |I + S M|:

        marginal precision    (S + M^-1)^-1 = (M + |M| adj S) / E
        posterior covariance  (S^-1 + M)^-1 = (S + |S| adj M) / E
        shrinkage             (I + S M)^-1  = adj(I + S M) / E

    (Lindley & Smith 1972; Woodbury's identity).
    """

    prior_covariance: SymmetricMatrix2
    information: SymmetricMatrix2

    @cached_property
    def determinant(self) -> Any:
        """E = |I + S M| = 1 + tr(S M) + |S| |M|."""
        s, m = self.prior_covariance, self.information
        return 1 + s.m11 * m.m11 + 2 * s.m12 * m.m12 + s.m22 * m.m22 + s.determinant * m.determinant

    @cached_property
    def marginal_precision(self) -> SymmetricMatrix2:
        """(S + M^-1)^-1: the information that the likelihood carries about the mean of the prior."""
        return self._divided_sum(self.information, self.prior_covariance)

    @cached_property
    def posterior_covariance(self) -> SymmetricMatrix2:
        """(S^-1 + M)^-1: the covariance given the data and the mean of the prior."""
        return self._divided_sum(self.prior_covariance, self.information)

    @cached_property
    def shrinkage(self) -> Matrix2:
        """(I + S M)^-1: the factor with which the mean of the prior enters the posterior mean."""
        s, m, e = self.prior_covariance, self.information, self.determinant
        return Matrix2(
            (1 + s.m12 * m.m12 + s.m22 * m.m22) / e,
            -(s.m11 * m.m12 + s.m12 * m.m22) / e,
            -(s.m12 * m.m11 + s.m22 * m.m12) / e,
            (1 + s.m11 * m.m11 + s.m12 * m.m12) / e,
        )

    def _divided_sum(self, one: SymmetricMatrix2, other: SymmetricMatrix2) -> SymmetricMatrix2:
        """(X + |X| adj Y) / E; its determinant is |X| / E."""
        e = self.determinant
        return SymmetricMatrix2(
            (one.m11 + one.determinant * other.m22) / e,
            (one.m12 - one.determinant * other.m12) / e,
            (one.m22 + one.determinant * other.m11) / e,
            one.determinant / e,
        )
