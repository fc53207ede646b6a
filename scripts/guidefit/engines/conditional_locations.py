"""Means and effects of a linear Gaussian model given its scales: their exact moments and draws.

Given the scales, from the top down, with the letters of guidefit.engines.collapsed_posterior:

    mu              ~ N(R^-1 b, R^-1)
    phi_g | mu      ~ N(C_g h_g + B_g (mu - e_g), C_g)       C_g = (T^-1 + P_g)^-1              B_g = (I + T P_g)^-1
    theta_s | phi_g ~ N(d_s + G_s phi_g, sigma^2 C_s)        C_s = (sigma^2 Sigma^-1 + A_s)^-1  G_s = (I + Sigma A_s / sigma^2)^-1
                                                             d_s = C_s A_s t_s

mu is relative to the pooled line of all rows, phi_g and theta_s to the line of their gene. Where the model has an added constant
alpha, these are the sums that enter the likelihood, such as m = mu_gamma + alpha, and alpha given m is normal by the priors alone:
it is split off last.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from guidefit.engines.collapsed_posterior import CollapsedPosterior, Levels, Scales
from guidefit.engines.symmetric_matrix import SymmetricMatrix2

Moments = dict[str, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class _AddedConstant:
    """The added constant given m, relative to the pooled line: N(constant + share m, variance). All 0 where there is none."""

    constant: float = 0.0
    share: float = 0.0
    variance: float = 0.0


@dataclass(frozen=True)
class _Affine:
    """Values level + weights' mu + a normal deviation of the given variance; arrays (..., K)."""

    level: Any
    weights: tuple[Any, Any]
    variance: Any

    def moments(self, mean: tuple[Any, Any], covariance: SymmetricMatrix2) -> tuple[np.ndarray, np.ndarray]:
        """Mean and sd (K, ...) for a normal mu with this mean and covariance."""
        w1, w2 = self.weights
        variance = self.variance + covariance.m11 * w1**2 + 2 * covariance.m12 * w1 * w2 + covariance.m22 * w2**2
        return (self.level + w1 * mean[0] + w2 * mean[1]).T, np.sqrt(variance).T


def moments(model: CollapsedPosterior, scales: Scales) -> Moments:
    """Mean and sd of every mean and effect given each of K draws of the scales, by name: (K,), (K, gene) or (K, sgrna)."""
    parts = [_moments(model, levels) for levels in model.levels(scales)]
    return {name: (np.concatenate([p[name][0] for p in parts]), np.concatenate([p[name][1] for p in parts])) for name in parts[0]}


def _moments(model: CollapsedPosterior, levels: Levels) -> Moments:
    covariance = levels.r.inverse
    found = {}
    for side, names in enumerate(model.structure.sides):
        if names is None:
            continue
        added = _added_constant(model, side)
        if names.added:
            level = np.full(len(levels.mean[0]), added.constant)
            found[names.added] = _Affine(level, (added.share, 0.0), added.variance).moments(levels.mean, covariance)
        found[names.mean] = _hyper_mean(model, levels, side, added).moments(levels.mean, covariance)
        if names.gene:
            found[names.gene[0]] = _gene_effects(model, levels, side, added).moments(levels.mean, covariance)
        if names.sgrna:
            mean, sd = _sgrna_effects(model, levels, side, added).moments(levels.mean, covariance)
            found[names.sgrna[0]] = mean[:, model.original_order], sd[:, model.original_order]
    return found


def _hyper_mean(model: CollapsedPosterior, levels: Levels, side: int, added: _AddedConstant) -> _Affine:
    """m - alpha."""
    level = np.full(len(levels.mean[0]), model.pooled_line[side] - added.constant)
    unit = np.eye(2)[side]
    return _Affine(level, (unit[0] - added.share, unit[1]), added.variance)


def _gene_effects(model: CollapsedPosterior, levels: Levels, side: int, added: _AddedConstant) -> _Affine:
    """phi_g - alpha."""
    b1, b2 = levels.gene.shrinkage.rows[side]
    level = model.gene_line[side] + _gene_constant(model, levels)[side] - added.constant
    return _Affine(level, (b1 - added.share, b2), levels.gene.posterior_covariance.diagonal[side] + added.variance)


def _sgrna_effects(model: CollapsedPosterior, levels: Levels, side: int, added: _AddedConstant) -> _Affine:
    """theta_s - alpha: with phi_g integrated out, the weights of mu are B_g' (g1, g2), where (g1, g2) is this side's row of G_s."""
    gene = model.gene
    g1, g2 = levels.sgrna.shrinkage.rows[side]
    constant, b, c = _gene_constant(model, levels), levels.gene.shrinkage.of(gene), levels.gene.posterior_covariance.of(gene)
    own_variance = levels.sgrna.posterior_covariance.diagonal[side] * levels.noise
    variance = own_variance + g1**2 * c.m11 + 2 * g1 * g2 * c.m12 + g2**2 * c.m22
    w1, w2 = b.transposed.times((g1, g2))
    own = _sgrna_constant(model, levels)[side]
    level = model.gene_line[side][gene] + own + g1 * constant[0][gene] + g2 * constant[1][gene] - added.constant
    return _Affine(level, (w1 - added.share, w2), variance + added.variance)


def _gene_constant(model: CollapsedPosterior, levels: Levels) -> tuple[Any, Any]:
    """C_g h_g - B_g e_g: what of the mean of phi_g does not depend on mu."""
    from_data, from_offset = levels.gene.posterior_covariance.times(levels.h), levels.gene.shrinkage.times(model.offset)
    return from_data[0] - from_offset[0], from_data[1] - from_offset[1]


def _sgrna_constant(model: CollapsedPosterior, levels: Levels) -> tuple[Any, Any]:
    """d_s = C_s A_s t_s: what of the mean of theta_s does not depend on phi_g."""
    return levels.sgrna.posterior_covariance.times(model.information.times(model.t))


def draw(model: CollapsedPosterior, scales: Scales, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """An exact draw of all means and effects for each of K draws of the scales: name -> (K,), (K, gene) or (K, sgrna)."""
    parts = [_draw(model, levels, rng) for levels in model.levels(scales)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _draw(model: CollapsedPosterior, levels: Levels, rng: np.random.Generator) -> dict[str, np.ndarray]:
    mu, phi, theta = _draw_sums(model, levels, rng)
    found = {}
    for side, names in enumerate(model.structure.sides):
        if names is None:
            continue
        m, alpha = mu[side] + model.pooled_line[side], np.zeros(len(mu[side]))
        if names.added:
            added = _added_constant(model, side)
            alpha = added.constant + added.share * mu[side] + np.sqrt(added.variance) * rng.standard_normal(len(mu[side]))
            found[names.added] = alpha
        found[names.mean] = m - alpha
        if names.gene:
            found[names.gene[0]] = (phi[side] + model.gene_line[side] - alpha).T
        if names.sgrna:
            found[names.sgrna[0]] = (theta[side] + model.gene_line[side][model.gene] - alpha)[model.original_order].T
    return found


def _draw_sums(model: CollapsedPosterior, levels: Levels, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws of mu (2, K), phi_g (2, gene, K) and theta_s (2, sgrna, K), in this order of the random stream."""
    gene, sgrna, count = levels.gene, levels.sgrna, len(levels.mean[0])
    mu = levels.r.inverse.normal_deviates(rng.standard_normal((2, count))) + np.array(levels.mean)

    c_h = gene.posterior_covariance.times(levels.h)
    b = gene.shrinkage.rows
    away = [mu[k] - model.offset[k] for k in (0, 1)]
    phi_mean = [c_h[k] + b[k][0] * away[0] + b[k][1] * away[1] for k in (0, 1)]
    phi = gene.posterior_covariance.normal_deviates(rng.standard_normal((2, len(model.genes), count))) + phi_mean

    d = _sgrna_constant(model, levels)
    g = sgrna.shrinkage.rows
    of_gene = phi[:, model.gene]
    theta_mean = [d[k] + g[k][0] * of_gene[0] + g[k][1] * of_gene[1] for k in (0, 1)]
    deviates = sgrna.posterior_covariance.normal_deviates(rng.standard_normal((2, len(model.sgrnas), count)))
    return mu, phi, deviates * np.sqrt(levels.noise) + theta_mean


def _added_constant(model: CollapsedPosterior, side: int) -> _AddedConstant:
    """The added constant given m, the sum of two variables with normal priors. Only the intercept can have an added constant."""
    names = model.structure.sides[side]
    if names is None or names.added is None:
        return _AddedConstant()
    (added_mean, added_sd), (mean, sd) = (model.structure.means[name] for name in (names.added, names.mean))
    share = added_sd**2 / (added_sd**2 + sd**2)
    return _AddedConstant(added_mean + share * (model.pooled_line[side] - added_mean - mean), share, share * sd**2)
