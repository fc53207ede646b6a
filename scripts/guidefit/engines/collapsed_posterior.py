"""The collapsed posterior of a linear Gaussian model: all means and effects are integrated out, exactly, given the scales.

Given the scales, the pairs theta_s = (intercept, slope) of the sgRNAs, phi_g of the genes and mu of the hyper-means are jointly
normal with the rows:

    y_i ~ N(theta_s1 + theta_s2 x_i, sigma^2)    theta_s ~ N(phi_g, Sigma)    phi_g ~ N(mu, T)    mu ~ N(m0, V0)

One pass over the rows gives per sgRNA the least-squares line t_s, the information matrix A_s and the residual sum of squares RSS_s
(guidefit.screens.sufficient). Each level then passes a normal likelihood to the level above. With
q = sum_s t_s' W_s t_s and u = sum_g h_g' (T^-1 + P_g)^-1 h_g, the levels and the log likelihood are

    sgRNAs       D_s = |I + Sigma A_s / sigma^2|    W_s = (Sigma + sigma^2 A_s^-1)^-1
    genes        P_g = sum_s W_s    h_g = sum_s W_s t_s    E_g = |I + T P_g|    V_g = (P_g^-1 + T)^-1    k_g = (I + P_g T)^-1 h_g
    hyper-means  V = sum_g V_g    k = sum_g k_g    R = V + V0^-1    b = k + V0^-1 m0

    log p(y | scales) = -N/2 log(2 pi sigma^2) - sum_s RSS_s / (2 sigma^2) - 1/2 sum_s log D_s - 1/2 sum_g log E_g - 1/2 (q - u)
                        - 1/2 log |V0| |R| + 1/2 b' R^-1 b - 1/2 m0' V0^-1 m0

In the code, lines are relative to others, so that sums of squares are as small as the residuals, whatever the units: t_s to the
pooled line l_g of its gene, l_g to the pooled line l of all rows, with the difference e_g = l_g - l. Then m0 becomes m0 - l,
b = sum_g (k_g + V_g e_g) + V0^-1 (m0 - l), and q - u is increased by sum_g e_g' (2 k_g + V_g e_g).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from guidefit.engines.symmetric_matrix import ConjugateUpdate, SymmetricMatrix2
from guidefit.models.structure import Structure
from guidefit.screens.sufficient import SufficientStatistics

Scales = Mapping[str, np.ndarray]
STEP = 1e-50  # of the complex step (Squire & Trapp 1998): nothing is subtracted, so the step may be arbitrarily small
_CHUNK = 1 << 13  # draws x sgRNAs that are held at a time, about what fits into the cache of a processor


@dataclass(frozen=True)
class Levels:
    """The levels of the model at K draws of the scales. Arrays have shape (sgrna, K) and (gene, K); (K,) for the hyper-means.

    sgrna: Sigma / sigma^2 updated by A_s, in units of the noise, with determinant D_s; gene: T updated by P_g, with determinant E_g
    and marginal precision V_g; h: the vectors h_g; r: R, the posterior precision of the hyper-means; mean: R^-1 b, their posterior
    mean, relative to the pooled line l; noise: sigma^2.
    """

    sgrna: ConjugateUpdate
    gene: ConjugateUpdate
    h: tuple[Any, Any]
    r: SymmetricMatrix2
    mean: tuple[Any, Any]
    noise: Any
    log_likelihood: Any


class CollapsedPosterior:
    """The collapsed model of one screen. Scales are a mapping of names to (K,) arrays, or coordinates z (K, scale).

    sgRNAs are stored gene by gene: gene (sgrna,) is the code of each one's gene, first_of_gene (gene,) the position of each gene's
    first sgRNA, original_order (sgrna,) the positions that restore the order of `sgrnas`. information: A_s (sgrna, 1);
    t: (2, sgrna, 1) least-squares lines relative to those of their genes; gene_line: l_g and offset: e_g, (2, gene, 1);
    pooled_line: l, (2,); m0, prior_precision: m0 - l and the diagonal of V0^-1, (2,); rss: the sum of RSS_s. Draws of the scales
    run along the last axis.
    """

    def __init__(self, structure: Structure, statistics: SufficientStatistics) -> None:
        self.structure = structure
        s = statistics if structure.slope else statistics.without_slope()
        self.genes, self.sgrnas = s.genes, s.sgrnas
        order = np.argsort(s.gene_of_sgrna, kind="stable")
        self.original_order = np.argsort(order)
        self.gene = s.gene_of_sgrna[order]
        self.first_of_gene = np.searchsorted(self.gene, np.arange(len(s.genes)))
        lines, elements = s.ols[:, order, None], s.information[:, order, None]
        self.information = SymmetricMatrix2(elements[0], elements[1], elements[2], s.determinant[order, None])
        self.rows: Any = s.rows
        self.rss: Any = float(s.rss.sum())

        self.pooled_line = pooled_lines(s, np.zeros(len(s.n), dtype=int), 1)[:, 0]
        self.gene_line = pooled_lines(s, s.gene_of_sgrna, len(s.genes))[..., None]
        self.offset = self.gene_line - self.pooled_line[:, None, None]
        self.t = lines - self.gene_line[:, self.gene]
        means, variances = np.array(structure.hyper_prior).T
        self.m0, self.prior_precision = means - self.pooled_line, 1 / variances

    def log_density(self, z: np.ndarray) -> np.ndarray:
        """(K,) joint log density of logFC and of z (K, scale), whose prior is a standard normal; no constant is left out."""
        scales, _ = self.structure.values(z)
        return self.log_likelihood(scales) + log_prior(z)

    def gradient(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log density (K,) at z (K, scale), and its exact gradient (K, scale), by complex steps."""
        scales, slopes = self.structure.values(z)
        steps = 1j * STEP * np.eye(len(scales))
        moved = {name: (value[:, None] + steps[i]).ravel() for i, (name, value) in enumerate(scales.items())}
        values = self.log_likelihood(moved).reshape(z.shape)
        return values[:, 0].real + log_prior(z), values.imag / STEP * np.stack(list(slopes.values()), axis=1) - z

    def log_likelihood(self, scales: Scales) -> np.ndarray:
        """(K,) log p(logFC | scales), all means and effects integrated out."""
        return np.concatenate([levels.log_likelihood for levels in self.levels(scales)])

    def log_likelihood_at(self, scales: Scales) -> Any:
        """The log likelihood (K,) of few draws of the scales, which are held at once."""
        return self._levels(scales).log_likelihood

    def levels(self, scales: Scales) -> Iterator[Levels]:
        """The levels at K draws of the scales, some draws at a time. scales: name -> (K,), real or complex."""
        count = max(1, _CHUNK // len(self.gene))
        for start in range(0, len(next(iter(scales.values()))), count):
            yield self._levels({name: values[start : start + count] for name, values in scales.items()})

    def _levels(self, scales: Scales) -> Levels:
        structure = self.structure
        noise = scales[structure.noise] ** 2
        # In units of the noise, the information of an sgRNA is that of its rows alone, whatever the scales.
        sigma = SymmetricMatrix2.covariance(*structure.sgrna_scales(scales)).divided_by(noise)
        sgrna = ConjugateUpdate(sigma, self.information)
        p, h, q = self._pass_to_genes(sgrna, noise)
        gene = ConjugateUpdate(SymmetricMatrix2.covariance(*structure.gene_scales(scales)), p)
        r, b, misfit = self._pass_to_hyper_means(gene, h, q)
        mean = r.solve(b)

        m0, precision = self.m0, self.prior_precision
        log_likelihood = -0.5 * (
            self.rows * (np.log(2 * np.pi) + np.log(noise))
            + self.rss / noise
            + np.log(sgrna.determinant).sum(axis=0)
            + np.log(gene.determinant).sum(axis=0)
            + misfit
            + np.log(r.determinant / precision.prod())
            - (b[0] * mean[0] + b[1] * mean[1])
            + (precision[0] * m0[0] * m0[0] + precision[1] * m0[1] * m0[1])
        )
        return Levels(sgrna, gene, h, r, mean, noise, log_likelihood)

    def _pass_to_genes(self, sgrna: ConjugateUpdate, noise: Any) -> tuple[SymmetricMatrix2, tuple[Any, Any], Any]:
        """P_g = sum_s W_s, h_g = sum_s W_s t_s, and q = sum_s t_s' W_s t_s over all sgRNAs."""
        w = sgrna.marginal_precision
        w_t = w.times(self.t)
        p = SymmetricMatrix2.from_elements(*(self._sum_by_gene(part) / noise for part in (w.m11, w.m12, w.m22)))
        h = self._sum_by_gene(w_t[0]) / noise, self._sum_by_gene(w_t[1]) / noise
        q = (self.t[0] * w_t[0] + self.t[1] * w_t[1]).sum(axis=0) / noise
        return p, h, q

    def _pass_to_hyper_means(self, gene: ConjugateUpdate, h: tuple[Any, Any], q: Any) -> tuple[SymmetricMatrix2, Any, Any]:
        """R = sum_g V_g + V0^-1, b = sum_g (k_g + V_g e_g) + V0^-1 (m0 - l), and q - u + sum_g e_g' (2 k_g + V_g e_g)."""
        e, v, m0, precision = self.offset, gene.marginal_precision, self.m0, self.prior_precision
        k = gene.shrinkage.transposed.times(h)
        v_e = v.times(e)
        c_h = gene.posterior_covariance.times(h)
        u = (h[0] * c_h[0] + h[1] * c_h[1]).sum(axis=0)
        misfit = q - u + (e[0] * (2 * k[0] + v_e[0]) + e[1] * (2 * k[1] + v_e[1])).sum(axis=0)
        r = SymmetricMatrix2.from_elements(v.m11.sum(axis=0) + precision[0], v.m12.sum(axis=0), v.m22.sum(axis=0) + precision[1])
        b = tuple((k[i] + v_e[i]).sum(axis=0) + precision[i] * m0[i] for i in (0, 1))
        return r, b, misfit

    def _sum_by_gene(self, values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, self.first_of_gene, axis=0)


def pooled_lines(s: SufficientStatistics, group: np.ndarray, groups: int) -> np.ndarray:
    """(2, group) least-squares line of each group of sgRNAs: one slope within its sgRNAs, through the mean of its rows."""

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(group, values, groups)

    information = total(np.where(s.varies, s.sxx, 0))
    product = total(np.where(s.varies, s.sxy, 0))
    slope = np.divide(product, information, out=np.zeros(groups), where=information > 0)
    n = total(s.n)
    return np.stack([(total(s.n * s.y_mean) - slope * total(s.n * s.x_mean)) / n, slope])


def log_prior(z: np.ndarray) -> np.ndarray:
    """(K,) log density of the standard normal prior of z (K, scale)."""
    return -0.5 * (z**2).sum(axis=1) - 0.5 * z.shape[1] * np.log(2 * np.pi)
