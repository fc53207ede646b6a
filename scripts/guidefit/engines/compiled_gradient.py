"""The log likelihood of a collapsed model with its gradient, compiled for the many single evaluations that NUTS asks for.

The likelihood is that of guidefit.engines.collapsed_posterior, with its letters and M_s = A_s / sigma^2. The gradient comes from
the posterior moments of the residuals of each level (smoothed disturbances: de Jong 1989, Biometrika 76:65; Koopman 1993,
Biometrika 80:117), in which no covariance matrix of effects is inverted, so that a scale may be 0:

    genes    v_g = k_g - V_g (mu^ - e_g)    phi^_g = mu^ - e_g + T v_g    F_g = Var(phi_g) = C_g + B_g R^-1 B_g'
             dL/dT = 1/2 sum_g (v_g v_g' - V_g + V_g R^-1 V_g)
    sgRNAs   u_s = W_s (t_s - phi^_g)       theta^_s = phi^_g + Sigma u_s     Var(theta_s) = C_s + G_s F_g G_s'
             dL/dSigma = 1/2 sum_s (u_s u_s' - W_s + W_s F_g W_s)
    rows     Q = sum_s [(t_s - theta^_s)' A_s (t_s - theta^_s) + tr(A_s Var(theta_s)) + RSS_s]
             dL/dsigma^2 = Q / (2 sigma^4) - N / (2 sigma^2)

mu^ = R^-1 b. The code writes a symmetric 2 x 2 matrix as its elements 11, 12, 22.
"""

from collections.abc import Callable

import numba
import numpy as np

from guidefit.engines.collapsed_posterior import CollapsedPosterior

LogDensity = Callable[[np.ndarray], tuple[float, np.ndarray]]
_LOWEST, _HIGHEST, _KNOTS_PER_UNIT = -12.0, 37.0, 32


def compile_gradient(model: CollapsedPosterior, mode: np.ndarray, root: np.ndarray) -> LogDensity:
    """The function u (scale,) -> log density of logFC and z = mode + root u, and its gradient by u (scale,).

    mode: (scale,); root: (scale, scale). The maps from z to the scales are interpolated (cubic Hermite, relative error below 1e-8
    where their logarithms are smooth); the density is NaN where z leaves the table, below -12 or above 37.
    """
    structure = model.structure
    numbers = {name: np.array(number) for number, name in enumerate(structure.quantiles, 1)}
    roles = (*structure.sgrna_scales(numbers), *structure.gene_scales(numbers), numbers[structure.noise])
    scale_of_parameter = np.array([int(each) - 1 for each in roles])  # -1: the model has no such scale
    a = model.information
    sgrnas = np.column_stack([a.m11, a.m12, a.m22, a.determinant, *model.t])
    genes = np.ascontiguousarray(model.offset[..., 0].T)
    starts = np.append(model.first_of_gene, len(model.gene))
    hyper_prior, rest = np.array([*model.m0, *model.prior_precision]), np.array([float(model.rows), model.rss])
    table = _tabulate(model)

    def gradient(u: np.ndarray) -> tuple[float, np.ndarray]:
        return log_density(u, mode, root, table, scale_of_parameter, sgrnas, genes, starts, hyper_prior, rest)

    return gradient


def _tabulate(model: CollapsedPosterior) -> np.ndarray:
    """(scale, knot, 2) the logarithm of each scale, or a correlation itself, and its derivative by z, at the knots of z."""
    structure = model.structure
    knots = np.linspace(_LOWEST, _HIGHEST, int(_HIGHEST - _LOWEST) * _KNOTS_PER_UNIT + 1)
    with np.errstate(all="ignore"):
        scales, slopes = structure.values(np.repeat(knots[:, None], len(structure.quantiles), axis=1))
        table = [
            (scales[name], slopes[name])
            if name in (structure.correlation, structure.gene_correlation)
            else (np.log(scales[name]), slopes[name] / scales[name])
            for name in structure.quantiles
        ]
    return np.ascontiguousarray(np.moveaxis(np.array(table), 1, 2))


@numba.njit(cache=True, error_model="numpy")
def log_density(
    u: np.ndarray,
    mode: np.ndarray,
    root: np.ndarray,
    table: np.ndarray,
    scale_of_parameter: np.ndarray,
    sgrnas: np.ndarray,
    genes: np.ndarray,
    starts: np.ndarray,
    hyper_prior: np.ndarray,
    rest: np.ndarray,
) -> tuple[float, np.ndarray]:
    """The value and gradient that `compile_gradient` gives. scale_of_parameter: (7,) position of the scale, or -1."""
    z = mode + root @ u
    parameters, slopes, by_z = np.zeros(7), np.zeros(7), -z
    for parameter, scale in enumerate(scale_of_parameter):
        if scale >= 0:
            value, slope = _interpolate(table[scale], z[scale])
            if parameter != 2 and parameter != 5:  # no correlation
                value = np.exp(value)
                slope *= value
            parameters[parameter], slopes[parameter] = value, slope
    likelihood, by_parameter = log_likelihood(parameters, sgrnas, genes, starts, hyper_prior, rest)
    for parameter, scale in enumerate(scale_of_parameter):
        if scale >= 0:
            by_z[scale] += by_parameter[parameter] * slopes[parameter]
    return likelihood - 0.5 * (z @ z) - 0.5 * len(z) * np.log(2 * np.pi), root.T @ by_z


@numba.njit(cache=True, error_model="numpy")
def _interpolate(knots: np.ndarray, z: float) -> tuple[float, float]:
    """The value and the slope at z of the cubic Hermite interpolant of knots (knot, 2)."""
    place = (z - _LOWEST) * _KNOTS_PER_UNIT
    if not 0 <= place < len(knots) - 1:
        return np.nan, np.nan
    at = int(place)
    t, h = place - at, 1 / _KNOTS_PER_UNIT
    y0, y1, d0, d1 = knots[at, 0], knots[at + 1, 0], knots[at, 1] * h, knots[at + 1, 1] * h
    c2, c3 = 3 * (y1 - y0) - 2 * d0 - d1, 2 * (y0 - y1) + d0 + d1
    return y0 + t * (d0 + t * (c2 + t * c3)), (d0 + t * (2 * c2 + 3 * t * c3)) / h


@numba.njit(cache=True, error_model="numpy")
def log_likelihood(
    parameters: np.ndarray, sgrnas: np.ndarray, genes: np.ndarray, starts: np.ndarray, hyper_prior: np.ndarray, rest: np.ndarray
) -> tuple[float, np.ndarray]:
    """Log likelihood, and its gradient (7,) by the parameters.

    parameters: sds of intercepts and slopes and their correlation, of sgRNAs and of genes, and sigma. sgrnas: (sgrna, 6) elements
    and determinant of A_s, and t_s; genes: (gene, 2) e_g; starts: (gene + 1,) first sgRNA of each gene; hyper_prior: m0 - l, and
    the diagonal of V0^-1; rest: number of rows, and the sum of RSS_s.
    """
    sd1, sd2, rho, gene_sd1, gene_sd2, gene_rho, sigma = parameters
    noise = sigma * sigma
    s11, s12, s22 = sd1 * sd1, rho * sd1 * sd2, sd2 * sd2
    s_det = s11 * s22 * (1 - rho * rho)
    t11, t12, t22 = gene_sd1 * gene_sd1, gene_rho * gene_sd1 * gene_sd2, gene_sd2 * gene_sd2
    t_det = t11 * t22 * (1 - gene_rho * gene_rho)
    count, (m1, m2, prior1, prior2) = len(genes), hyper_prior
    w = np.empty((len(sgrnas), 4))  # W_s and D_s
    of_gene = np.empty((count, 12))  # V_g, k_g, C_g, B_g

    r11, r12, r22, b1, b2 = prior1, 0.0, prior2, prior1 * m1, prior2 * m2
    total = rest[0] * np.log(2 * np.pi * noise) + rest[1] / noise
    for g in range(count):
        p11 = p12 = p22 = h1 = h2 = q = 0.0
        for s in range(starts[g], starts[g + 1]):
            a11, a12, a22, a_det, x1, x2 = sgrnas[s]
            a11, a12, a22, a_det = a11 / noise, a12 / noise, a22 / noise, a_det / (noise * noise)
            d = 1 + s11 * a11 + 2 * s12 * a12 + s22 * a22 + s_det * a_det
            w11, w12, w22 = (a11 + a_det * s22) / d, (a12 - a_det * s12) / d, (a22 + a_det * s11) / d
            y1, y2 = w11 * x1 + w12 * x2, w12 * x1 + w22 * x2
            p11, p12, p22, h1, h2 = p11 + w11, p12 + w12, p22 + w22, h1 + y1, h2 + y2
            q += x1 * y1 + x2 * y2
            total += np.log(d)
            w[s] = w11, w12, w22, d
        p_det = p11 * p22 - p12 * p12
        e = 1 + t11 * p11 + 2 * t12 * p12 + t22 * p22 + t_det * p_det
        v11, v12, v22 = (p11 + p_det * t22) / e, (p12 - p_det * t12) / e, (p22 + p_det * t11) / e
        c11, c12, c22 = (t11 + t_det * p22) / e, (t12 - t_det * p12) / e, (t22 + t_det * p11) / e
        g11, g12 = (1 + t12 * p12 + t22 * p22) / e, -(t11 * p12 + t12 * p22) / e
        g21, g22 = -(t12 * p11 + t22 * p12) / e, (1 + t11 * p11 + t12 * p12) / e
        k1, k2 = g11 * h1 + g21 * h2, g12 * h1 + g22 * h2
        e1, e2 = genes[g]
        ve1, ve2 = v11 * e1 + v12 * e2, v12 * e1 + v22 * e2
        total += np.log(e) + q - (h1 * (c11 * h1 + c12 * h2) + h2 * (c12 * h1 + c22 * h2))
        total += e1 * (2 * k1 + ve1) + e2 * (2 * k2 + ve2)
        r11, r12, r22, b1, b2 = r11 + v11, r12 + v12, r22 + v22, b1 + k1 + ve1, b2 + k2 + ve2
        of_gene[g] = v11, v12, v22, k1, k2, c11, c12, c22, g11, g12, g21, g22
    r_det = r11 * r22 - r12 * r12
    i11, i12, i22 = r22 / r_det, -r12 / r_det, r11 / r_det
    mu1, mu2 = i11 * b1 + i12 * b2, i12 * b1 + i22 * b2
    total += np.log(r_det / (prior1 * prior2)) - b1 * mu1 - b2 * mu2 + prior1 * m1 * m1 + prior2 * m2 * m2

    squares = rest[1]
    by_s11 = by_s12 = by_s22 = by_t11 = by_t12 = by_t22 = 0.0
    for g in range(count):
        v11, v12, v22, k1, k2, c11, c12, c22, g11, g12, g21, g22 = of_gene[g]
        away1, away2 = mu1 - genes[g, 0], mu2 - genes[g, 1]
        n1, n2 = k1 - v11 * away1 - v12 * away2, k2 - v12 * away1 - v22 * away2
        z11, z12, z22 = _sandwich(v11, v12, v12, v22, i11, i12, i22)
        by_t11, by_t12, by_t22 = by_t11 + n1 * n1 - v11 + z11, by_t12 + n1 * n2 - v12 + z12, by_t22 + n2 * n2 - v22 + z22
        phi1, phi2 = away1 + t11 * n1 + t12 * n2, away2 + t12 * n1 + t22 * n2
        z11, z12, z22 = _sandwich(g11, g12, g21, g22, i11, i12, i22)
        f11, f12, f22 = c11 + z11, c12 + z12, c22 + z22
        for s in range(starts[g], starts[g + 1]):
            a11, a12, a22, a_det, x1, x2 = sgrnas[s]
            w11, w12, w22, d = w[s]
            d1, d2 = x1 - phi1, x2 - phi2
            u1, u2 = w11 * d1 + w12 * d2, w12 * d1 + w22 * d2
            z11, z12, z22 = _sandwich(w11, w12, w12, w22, f11, f12, f22)
            by_s11, by_s12, by_s22 = by_s11 + u1 * u1 - w11 + z11, by_s12 + u1 * u2 - w12 + z12, by_s22 + u2 * u2 - w22 + z22
            o1, o2 = d1 - s11 * u1 - s12 * u2, d2 - s12 * u1 - s22 * u2
            squares += a11 * o1 * o1 + 2 * a12 * o1 * o2 + a22 * o2 * o2
            # the shrinkage G_s and the covariance C_s of theta_s given phi_g
            h11, h12 = (1 + (s12 * a12 + s22 * a22) / noise) / d, -(s11 * a12 + s12 * a22) / (noise * d)
            h21, h22 = -(s12 * a11 + s22 * a12) / (noise * d), (1 + (s11 * a11 + s12 * a12) / noise) / d
            z11, z12, z22 = _sandwich(h11, h12, h21, h22, f11, f12, f22)
            q11, q12, q22 = (s11 + s_det * a22 / noise) / d, (s12 - s_det * a12 / noise) / d, (s22 + s_det * a11 / noise) / d
            squares += a11 * (q11 + z11) + 2 * a12 * (q12 + z12) + a22 * (q22 + z22)

    gradient = np.empty(7)
    gradient[0] = sd1 * by_s11 + rho * sd2 * by_s12
    gradient[1] = sd2 * by_s22 + rho * sd1 * by_s12
    gradient[2] = sd1 * sd2 * by_s12
    gradient[3] = gene_sd1 * by_t11 + gene_rho * gene_sd2 * by_t12
    gradient[4] = gene_sd2 * by_t22 + gene_rho * gene_sd1 * by_t12
    gradient[5] = gene_sd1 * gene_sd2 * by_t12
    gradient[6] = (squares / noise - rest[0]) / sigma
    return -0.5 * total, gradient


@numba.njit(cache=True, error_model="numpy")
def _sandwich(a11: float, a12: float, a21: float, a22: float, s11: float, s12: float, s22: float) -> tuple[float, float, float]:
    """A S A' for a symmetric S."""
    x11, x12 = a11 * s11 + a12 * s12, a11 * s12 + a12 * s22
    x21, x22 = a21 * s11 + a22 * s12, a21 * s12 + a22 * s22
    return x11 * a11 + x12 * a12, x11 * a21 + x12 * a22, x21 * a21 + x22 * a22
