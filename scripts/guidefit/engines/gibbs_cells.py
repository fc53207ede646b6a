"""Kernels of the engine `gibbs` for the cells of one gene: its effects in the lines, e_gl, integrated out or drawn.

Divided by k_l, a row is y / k = alpha_s + e + beta_s x + noise of precision q_s w, where w = k^2 / v and q_s is
p_s = exp(-lam_s), or p_s / F where the row is flagged. With R = sum_s q_s y / k and P = sum_s q_s of a cell, e is integrated out
cell by cell (Sherman-Morrison): with C = tau^2 w^2 / (1 + tau^2 P w),

    J = sum_cells w diag(q) - C q q'     h = sum_cells w q y / k - C R q     (each for (1, x))
    log p = const + 1/2 sum_cells [C R^2 - log(1 + tau^2 P w)]

Cells in which all rows have their usual noise and the same x share P and run densely in single precision. The others, which are few
(flagged rows) or small (simulated copy numbers by sgRNA), get the dense weight 0 and are added one by one.
"""

import math

import numpy as np

from guidefit.engines.gibbs_compile import kernel

f32 = np.float32


@kernel
def row_precisions(d, g, b, j, s, factor, q):
    """Precisions q_s of the rows of cell j of a block, by guide of the block; returns their sum P."""
    first, cells, total = d.member_start[b], d.cell_start[b + 1] - d.cell_start[b], 0.0
    for i in range(d.member_start[b + 1] - first):
        flagged = s.flagged[d.row_start[b] + i * cells + j]
        q[i] = s.precision[d.guide_start[g] + d.member[first + i]] / (factor if flagged else 1.0)
        total += q[i]
    return total


@kernel
def gather_lines(d, s, c0, cells, w, inverse):
    """By cell of a block: the dense weight w (0 where it is special) and 1 / k; returns the number of special cells."""
    line = d.line[c0 : c0 + cells]
    flags, uniform, special = s.flags_of_cell[c0 : c0 + cells], d.uniform[c0 : c0 + cells], 0
    for j in range(cells):
        w[j], inverse[j] = s.weight[line[j]], s.inverse_k[line[j]]
        if flags[j] > 0 or uniform[j] == 0:
            w[j] = f32(0)
            special += 1
    return special


@kernel
def sum_rows(d, g, s, factor, J0, h0, w, R, inverse, q):
    """What the rows of gene g carry before e is integrated out: J0 (guide, 3), h0 (guide, 2); by cell the dense w and R."""
    gene_start, first_cell = d.guide_start[g], d.cell_start[d.block_start[g]]
    J0[:] = 0.0
    h0[:] = 0.0
    for b in range(d.block_start[g], d.block_start[g + 1]):
        c0, m0 = d.cell_start[b], d.member_start[b]
        cells, guides = d.cell_start[b + 1] - c0, d.member_start[b + 1] - m0
        at = c0 - first_cell
        wb, xb, Rb, ib = w[at : at + cells], d.x[c0 : c0 + cells], R[at : at + cells], inverse[at : at + cells]
        special = gather_lines(d, s, c0, cells, wb, ib)
        a0 = a1 = a2 = f32(0)
        for j in range(cells):
            a0 += wb[j]
            a1 += wb[j] * xb[j]
            a2 += wb[j] * xb[j] * xb[j]
            Rb[j] = f32(0)
        for i in range(guides):
            li = d.member[m0 + i]
            p, s0, s1 = f32(s.precision[gene_start + li]), f32(0), f32(0)
            y = d.y[d.row_start[b] + i * cells : d.row_start[b] + (i + 1) * cells]
            for j in range(cells):
                t = y[j] * ib[j]
                Rb[j] += p * t
                t *= wb[j]
                s0 += t
                s1 += t * xb[j]
            J0[li, 0] += p * a0
            J0[li, 1] += p * a1
            J0[li, 2] += p * a2
            h0[li, 0] += p * s0
            h0[li, 1] += p * s1
        if special == 0:
            continue
        for j in range(cells):
            if wb[j] > 0:
                continue
            line = d.line[c0 + j]
            row_precisions(d, g, b, j, s, factor, q)
            Rb[j] = f32(0)
            for i in range(guides):
                li, row = d.member[m0 + i], d.row_start[b] + i * cells + j
                x_, y_ = d.x_of_row[row], d.y[row] * s.inverse_k[line]
                Rb[j] += f32(q[i] * y_)
                J0[li, 0] += q[i] * s.weight[line]
                J0[li, 1] += q[i] * s.weight[line] * x_
                J0[li, 2] += q[i] * s.weight[line] * x_ * x_
                h0[li, 0] += q[i] * s.weight[line] * y_
                h0[li, 1] += q[i] * s.weight[line] * y_ * x_


@kernel
def integrate_cells(d, g, tau2, s, factor, J0, h0, w, R, q, J, h):
    """J (2n, 2n) and h (2n,) of a gene with e ~ N(0, tau2) integrated out; returns the rest of log p: see the module."""
    gene_start, first_cell = d.guide_start[g], d.cell_start[d.block_start[g]]
    J[:] = 0.0
    for i in range(len(h) // 2):
        J[2 * i, 2 * i], J[2 * i + 1, 2 * i], J[2 * i, 2 * i + 1], J[2 * i + 1, 2 * i + 1] = J0[i, 0], J0[i, 1], J0[i, 1], J0[i, 2]
        h[2 * i], h[2 * i + 1] = h0[i, 0], h0[i, 1]
    value = 0.0
    for b in range(d.block_start[g], d.block_start[g + 1]):
        c0, m0 = d.cell_start[b], d.member_start[b]
        cells, guides = d.cell_start[b + 1] - c0, d.member_start[b + 1] - m0
        P = 0.0
        for i in range(guides):
            P += s.precision[gene_start + d.member[m0 + i]]
        at = c0 - first_cell
        wb, xb, Rb = w[at : at + cells], d.x[c0 : c0 + cells], R[at : at + cells]
        t2, Pt = f32(tau2), f32(P * tau2)
        e0 = e1 = e2 = r0 = r1 = r2 = f32(0)
        for j in range(cells):
            C = t2 * wb[j] * wb[j] / (f32(1) + Pt * wb[j])
            e0 += C
            e1 += C * xb[j]
            e2 += C * xb[j] * xb[j]
            r0 += C * Rb[j]
            r1 += C * Rb[j] * xb[j]
            r2 += C * Rb[j] * Rb[j]
        value += 0.5 * float(r2)
        for start in range(0, cells, 8):  # one logarithm for eight cells
            product = 1.0
            for j in range(start, min(start + 8, cells)):
                product *= 1.0 + Pt * wb[j]
            value -= 0.5 * math.log(product)
        for i in range(guides):
            li = d.member[m0 + i]
            p = s.precision[gene_start + li]
            h[2 * li] -= p * r0
            h[2 * li + 1] -= p * r1
            for i2 in range(guides):
                lj = d.member[m0 + i2]
                pp = p * s.precision[gene_start + lj]
                J[2 * li, 2 * lj] -= pp * e0
                J[2 * li, 2 * lj + 1] -= pp * e1
                J[2 * li + 1, 2 * lj] -= pp * e1
                J[2 * li + 1, 2 * lj + 1] -= pp * e2
        for j in range(cells):
            if wb[j] > 0:
                continue
            line = d.line[c0 + j]
            wt = s.weight[line]
            Pj = row_precisions(d, g, b, j, s, factor, q)
            shrink = tau2 * wt * wt / (1 + tau2 * Pj * wt)
            value += 0.5 * (shrink * Rb[j] * Rb[j] - math.log1p(tau2 * Pj * wt))
            for i in range(guides):
                li, x1 = d.member[m0 + i], d.x_of_row[d.row_start[b] + i * cells + j]
                h[2 * li] -= shrink * Rb[j] * q[i]
                h[2 * li + 1] -= shrink * Rb[j] * q[i] * x1
                for i2 in range(guides):
                    lj, x2 = d.member[m0 + i2], d.x_of_row[d.row_start[b] + i2 * cells + j]
                    t = shrink * q[i] * q[i2]
                    J[2 * li, 2 * lj] -= t
                    J[2 * li, 2 * lj + 1] -= t * x2
                    J[2 * li + 1, 2 * lj] -= t * x1
                    J[2 * li + 1, 2 * lj + 1] -= t * x1 * x2
    return value


@kernel
def draw_cells(d, g, tau2, s, factor, theta, q, w, inverse, mean, sd, rng):
    """Draw e of every cell of a gene, N(vw (R - sum_s q (alpha + beta x)), v) with v = tau^2 / (1 + tau^2 P w).

    mean, sd: (cell,) its moments. w, inverse: (cell,) scratch.
    """
    gene_start, first_cell = d.guide_start[g], d.cell_start[d.block_start[g]]
    for b in range(d.block_start[g], d.block_start[g + 1]):
        c0, m0 = d.cell_start[b], d.member_start[b]
        cells, guides = d.cell_start[b + 1] - c0, d.member_start[b + 1] - m0
        at = c0 - first_cell
        wb, xb, mb, sb = w[at : at + cells], d.x[c0 : c0 + cells], mean[at : at + cells], sd[at : at + cells]
        R, e = s.R[c0 : c0 + cells], s.e[c0 : c0 + cells]
        special = gather_lines(d, s, c0, cells, wb, inverse[at : at + cells])
        P = pa = pb = 0.0
        for i in range(guides):
            li = d.member[m0 + i]
            p = s.precision[gene_start + li]
            P += p
            pa += p * theta[2 * li]
            pb += p * theta[2 * li + 1]
        t2, Pt, a, slope = f32(tau2), f32(tau2 * P), f32(pa), f32(pb)
        for j in range(cells):
            variance = t2 / (f32(1) + Pt * wb[j])
            mb[j] = variance * wb[j] * (R[j] - a - slope * xb[j])
            sb[j] = math.sqrt(variance)
        for j in range(cells if special else 0):
            if wb[j] > 0:
                continue
            line, rest = d.line[c0 + j], float(R[j])
            Pj = row_precisions(d, g, b, j, s, factor, q)
            for i in range(guides):
                li, row = d.member[m0 + i], d.row_start[b] + i * cells + j
                rest -= q[i] * (theta[2 * li] + theta[2 * li + 1] * d.x_of_row[row])
            variance = f32(tau2 / (1 + tau2 * Pj * s.weight[line]))
            mb[j], sb[j] = variance * s.weight[line] * f32(rest), math.sqrt(variance)
        for j in range(cells):
            e[j] = f32(rng.standard_normal())
        for j in range(cells):
            e[j] = mb[j] + sb[j] * e[j]
