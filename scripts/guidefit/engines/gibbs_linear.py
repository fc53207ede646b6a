"""Kernels of the engine `gibbs` for one gene's locations: gamma, delta and its guides' alpha and beta, given everything else.

With J and h the information matrix and vector of the guides' theta = (alpha_1, beta_1, alpha_2, ...), and phi = (gamma, delta):

    theta = E phi + S zeta,   E = stacked identities,   S = diag(a_1, sigma_beta, a_2, sigma_beta, ...),   zeta ~ N(0, I)
    a_s^2 = sigma_alpha^2 + omega^2 o_s
    M = I + S J S = K K'                                   (K: lower Cholesky factor)
    Q = K^-1 S [h, J E]                                    (2n, 3)
    log p(y | phi) = c + k' phi - phi' W phi / 2           W = E' J E - Q_12' Q_12,  k = E' h - Q_12' Q_0,
                                                           c = Q_0' Q_0 / 2 - log |K|

Then phi = mu + T u, T = diag(sigma_gamma, sigma_delta): u | y ~ N(B^-1 r, B^-1) with B = I + T W T and r = T (k - W mu).
"""

import math


from guidefit.engines.gibbs_compile import kernel

GAMMA, DELTA, ALPHA, BETA = 0, 1, 2, 3  # columns of the spreads


@kernel
def spread_of_guides(departs, spread, omega2, a):
    """a_s of each guide of a gene: sqrt(sigma_alpha^2 + omega^2 o_s)."""
    for i in range(len(departs)):
        a[i] = math.sqrt(spread[ALPHA] ** 2 + omega2 * departs[i])


@kernel
def integrate_guides(J, h, a, sigma_beta, K, Q, out):
    """K, Q and out = (W00, W01, W11, k0, k1, c) of a gene: see the module."""
    n2 = len(h)
    w00 = w01 = w11 = k0 = k1 = c = 0.0
    for i in range(n2):
        si = a[i // 2] if i % 2 == 0 else sigma_beta
        t0 = t1 = 0.0
        for j in range(0, n2, 2):
            t0 += J[i, j]
            t1 += J[i, j + 1]
        for j in range(i + 1):
            K[i, j] = si * J[i, j] * (a[j // 2] if j % 2 == 0 else sigma_beta)
        K[i, i] += 1.0
        Q[i, 0], Q[i, 1], Q[i, 2] = si * h[i], si * t0, si * t1
        if i % 2 == 0:
            w00 += t0
            w01 += t1
            k0 += h[i]
        else:
            w11 += t1
            k1 += h[i]
    for j in range(n2):
        for m in range(j):
            K[j, j] -= K[j, m] * K[j, m]
        K[j, j] = math.sqrt(max(K[j, j], 1.0))  # J may lose digits where a line has almost no noise; exactly, M >= I
        for i in range(j + 1, n2):
            for m in range(j):
                K[i, j] -= K[i, m] * K[j, m]
            K[i, j] /= K[j, j]
    for i in range(n2):
        for q in range(3):
            for j in range(i):
                Q[i, q] -= K[i, j] * Q[j, q]
            Q[i, q] /= K[i, i]
        c += 0.5 * Q[i, 0] ** 2 - math.log(K[i, i])
        k0 -= Q[i, 0] * Q[i, 1]
        k1 -= Q[i, 0] * Q[i, 2]
        w00 -= Q[i, 1] ** 2
        w01 -= Q[i, 1] * Q[i, 2]
        w11 -= Q[i, 2] ** 2
    out[0], out[1], out[2], out[3], out[4], out[5] = w00, w01, w11, k0, k1, c


@kernel
def gene_moments(out, mu, spread):
    """(B00, B01, B11, |B|, u0, u1): precision and mean of u, where phi = mu + T u."""
    sg, sd = spread[GAMMA], spread[DELTA]
    b00, b01, b11 = 1 + sg * sg * out[0], sg * sd * out[1], 1 + sd * sd * out[2]
    det = b00 * b11 - b01 * b01
    r0, r1 = sg * (out[3] - out[0] * mu[0] - out[1] * mu[1]), sd * (out[4] - out[1] * mu[0] - out[2] * mu[1])
    return b00, b01, b11, det, (b11 * r0 - b01 * r1) / det, (b00 * r1 - b01 * r0) / det


@kernel
def log_marginal(out, mu, spread):
    """log p(y) of a gene with all its locations integrated out: c + k' mu - mu' W mu / 2 + u' B u / 2 - log |B| / 2."""
    b00, b01, b11, det, u0, u1 = gene_moments(out, mu, spread)
    linear = out[5] + out[3] * mu[0] + out[4] * mu[1]
    square = out[0] * mu[0] ** 2 + 2 * out[1] * mu[0] * mu[1] + out[2] * mu[1] ** 2
    return linear - 0.5 * square + 0.5 * (b00 * u0 * u0 + 2 * b01 * u0 * u1 + b11 * u1 * u1) - 0.5 * math.log(det)


@kernel
def hyper_information(out, spread, sums):
    """Add to sums the V (3), k (2) and c of log p(y | mu) = c + k' mu - mu' V mu / 2 of a gene.

    With C = T B^-1 T: V = W - W C W, k = k - W C k, c = c + k' C k / 2 - log |B| / 2.
    """
    w00, w01, w11, k0, k1, c = out[0], out[1], out[2], out[3], out[4], out[5]
    sg, sd = spread[GAMMA], spread[DELTA]
    b00, b01, b11 = 1 + sg * sg * w00, sg * sd * w01, 1 + sd * sd * w11
    det = b00 * b11 - b01 * b01
    c00, c01, c11 = sg * sg * b11 / det, -sg * sd * b01 / det, sd * sd * b00 / det
    p00, p01, p10, p11 = w00 * c00 + w01 * c01, w00 * c01 + w01 * c11, w01 * c00 + w11 * c01, w01 * c01 + w11 * c11  # W C
    sums[0] += w00 - (p00 * w00 + p01 * w01)
    sums[1] += w01 - (p00 * w01 + p01 * w11)
    sums[2] += w11 - (p10 * w01 + p11 * w11)
    sums[3] += k0 - (p00 * k0 + p01 * k1)
    sums[4] += k1 - (p10 * k0 + p11 * k1)
    sums[5] += c + 0.5 * (c00 * k0 * k0 + 2 * c01 * k0 * k1 + c11 * k1 * k1) - 0.5 * math.log(det)


@kernel
def draw_locations(K, Q, out, mu, spread, a, rng, theta):
    """Draw phi and theta (2n,) of a gene exactly; returns gamma and delta. zeta = K'^-1 (Q_0 - Q_12 phi + standard normals)."""
    b00, b01, b11, _, u0, u1 = gene_moments(out, mu, spread)
    low = math.sqrt(b00)
    off = b01 / low
    z1 = rng.standard_normal() / math.sqrt(b11 - off * off)
    z0 = (rng.standard_normal() - off * z1) / low
    gamma, delta = mu[0] + spread[GAMMA] * (u0 + z0), mu[1] + spread[DELTA] * (u1 + z1)
    for i in range(len(theta)):
        theta[i] = Q[i, 0] - Q[i, 1] * gamma - Q[i, 2] * delta + rng.standard_normal()
    for i in range(len(theta) - 1, -1, -1):
        for j in range(i + 1, len(theta)):
            theta[i] -= K[j, i] * theta[j]
        theta[i] /= K[i, i]
    for i in range(len(theta) // 2):
        theta[2 * i], theta[2 * i + 1] = gamma + a[i] * theta[2 * i], delta + spread[BETA] * theta[2 * i + 1]
    return gamma, delta


@kernel
def departure_likelihood(K, Q, out, mu, spread, a, i, x):
    """(r, l) of guide i: the likelihood of t = alpha_i - gamma is exp(l t - r t^2 / 2), all other locations integrated out.

    From the posterior mean m and variance v of t under its present prior variance a_i^2: r = 1 / v - 1 / a_i^2, l = m / v.
    With x = K^-1 e: zeta_i has mean x' Q_0 - (x' Q_12) E[phi] and variance x' x + (x' Q_12) Cov(phi) (x' Q_12)'. x: (2n,) scratch.
    """
    b00, b01, b11, det, u0, u1 = gene_moments(out, mu, spread)
    s0, s1 = spread[GAMMA], spread[DELTA]
    first, variance, q0, q1, q2 = 2 * i, 0.0, 0.0, 0.0, 0.0
    for j in range(first, Q.shape[0]):
        x[j] = 1.0 if j == first else 0.0
        for m in range(first, j):
            x[j] -= K[j, m] * x[m]
        x[j] /= K[j, j]
        variance += x[j] * x[j]
        q0 += x[j] * Q[j, 0]
        q1 += x[j] * Q[j, 1]
        q2 += x[j] * Q[j, 2]
    mean = q0 - q1 * (mu[0] + s0 * u0) - q2 * (mu[1] + s1 * u1)
    variance += ((q1 * s0) ** 2 * b11 - 2 * q1 * s0 * q2 * s1 * b01 + (q2 * s1) ** 2 * b00) / det
    return max(1 / variance - 1, 0.0) / a[i] ** 2, mean / (variance * a[i])


@kernel
def log_departure(variance, r, linear):
    """log of the integral of N(t; 0, variance) exp(linear t - r t^2 / 2): -log(1 + S r) / 2 + l^2 S / (1 + S r) / 2."""
    return 0.5 * (linear * linear * variance / (1 + variance * r) - math.log1p(variance * r))
