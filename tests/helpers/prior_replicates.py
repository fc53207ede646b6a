"""Independent replicates of (parameters, logFC) from the prior, as states of a chain of engine `gibbs`, and their pivots.

A move that leaves the posterior invariant leaves the joint distribution of parameters and logFC invariant. Started from an
independent draw of that distribution, its result is another one: there is no autocorrelation, and z-scores need no ESS (a
restarted version of Geweke 2004, "Getting it right").
"""

from dataclasses import replace

import numpy as np
from scipy import special

from guidefit.engines import gibbs_blocks, gibbs_moves
from guidefit.engines.gibbs_chain import Chain
from guidefit.models import line_prior
from guidefit.models.line_structure import DEGREES, MEAN_SD
from helpers.line_screens import declared, layout

FREQUENT = {"p": (2.0, 6.0), "p_row": (2.0, 18.0)}  # Beta priors under which a tiny screen has departing guides and rows


class Replicates:
    """A tiny screen of one variant whose chain is put into independent draws from the prior. copies: whether x is known."""

    def __init__(self, variant: str, seed: int, copies: bool = True) -> None:
        _, self.structure, self.parameters = declared(variant)
        self.rng = np.random.default_rng(seed)
        self.data = layout(self.rng, genes=4, lines=4, most_guides=3, x_by_row=0.1 if copies else 0.0)
        if not copies:
            self.data, self.structure = replace(self.data, x=0 * self.data.x), self.structure.without_slope()
        for name in self.parameters:
            for role, prior in FREQUENT.items():
                if name == role or (role == "p" and name in self.structure.by_class("p")):
                    self.parameters[name] = prior
        self.laid_out = gibbs_blocks.make_layout(self.data)
        self.priors = gibbs_moves.read_priors(self.structure, self.parameters)
        seeds = np.random.SeedSequence([seed, 1])
        self.chain = Chain(self.structure, self.priors, self.laid_out, [(0, 2), (2, 4)], lambda f: [f(0), f(1)], 0, -0.5, seeds)
        self.guide_of_row, self.cell_of_row = index_rows(self.laid_out)
        self.propose_everything()

    def propose_everything(self) -> None:
        """Fixed proposals for what warm-up would adapt, so that every kind of move is made."""
        chain, proposals = self.chain, self.chain._proposals
        proposals.independent = [(np.zeros(4), np.eye(4) * 1.1) for _ in proposals.independent]
        proposals.walk = [np.eye(4) * 0.5 for _ in proposals.walk]
        proposals.jumps, proposals.shares, proposals.lines = True, (-2.5, 1.0), np.full((2, 4), 0.4)
        chain.state.centre[:], chain.state.width[:] = -2.0, 1.0

    def draw(self) -> None:
        """Put the chain into a draw of everything from the prior, with new logFC."""
        chain, priors, d, rng = self.chain, self.priors, self.laid_out.blocks, self.rng
        hyper, s = chain.hyper, chain.state
        hyper.mu[:] = rng.normal(priors.mu[..., 0], priors.mu[..., 1])
        hyper.spread[:] = abs(rng.normal(0, priors.spread))
        hyper.log_t[:] = rng.normal(priors.log_t[:, 0], priors.log_t[:, 1])
        hyper.p[:] = rng.beta(priors.p[:, 0], priors.p[:, 1])
        if len(hyper.w) > 1:
            second = rng.beta(*priors.w)
            hyper.w[:] = 1 - second, second
        hyper.mean_lam = float(rng.normal(2 * priors.log_sigma[0], 2 * priors.log_sigma[1]))
        hyper.s_u, hyper.s_v, hyper.s_k = (float(abs(rng.normal(0, scale))) for scale in (priors.s_u, priors.s_v, priors.s_k))
        share = rng.beta(*priors.p_row)
        hyper.log_odds_row = float(np.log(share) - np.log1p(-share))
        of_classes = np.column_stack([hyper.w, hyper.mu, hyper.spread, np.exp(hyper.log_t), hyper.p])
        if not self.structure.departing_sgrnas:
            of_classes[:, -1] = 0
        genes = line_prior.draw_genes(of_classes, chain._omega2**0.5, self.laid_out.gene_of_guide, len(s.log_tau), rng)
        s.class_of[:], s.departs[:], s.log_tau[:] = genes.second_class, genes.departs, np.log(genes.tau)
        s.phi[:] = np.stack([genes.gamma, genes.delta], axis=1)
        s.theta[::2], s.theta[1::2] = genes.alpha, genes.beta
        deviation = hyper.s_k * rng.standard_normal(len(hyper.log_k))
        hyper.log_k[:] = deviation - deviation.mean() + MEAN_SD * rng.standard_normal()
        hyper.log_v[:] = hyper.s_v * rng.standard_normal(len(hyper.log_v))
        s.lam[:] = hyper.mean_lam + hyper.s_u * rng.standard_normal(len(s.lam))
        s.e[:] = genes.tau[self.laid_out.gene_of_cell] * rng.standard_normal(len(s.e))
        s.flagged[:] = rng.random(len(s.flagged)) < (share if self.structure.departing_rows else 0)
        s.flags_of_cell[:] = np.bincount(self.cell_of_row, s.flagged, len(s.e))
        mean, sd = self.moments_of_rows()
        d.y[:] = mean + sd * rng.standard_normal(len(mean))

    def moments_of_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and sd of the logFC of each row given the state of the chain."""
        s, d, guide, cell = self.chain.state, self.laid_out.blocks, self.guide_of_row, self.cell_of_row
        k, v = (np.exp(each)[d.line[cell]] for each in (self.chain.hyper.log_k, self.chain.hyper.log_v))
        mean = k * (s.theta[2 * guide] + s.e[cell]) + s.theta[2 * guide + 1] * d.x_of_row
        return mean, np.sqrt(np.exp(s.lam[guide]) * v * np.where(s.flagged, self.chain._factor, 1.0))

    def pivots(self) -> dict[str, np.ndarray]:
        """Functions of the state and logFC that are independent standard normals under the prior, by name.

        Flags, departing guides and classes, by name too, have the mean 0 given everything above them, and no fixed distribution.
        """
        hyper, priors, s = self.chain.hyper, self.priors, self.chain.state
        of_guide = s.class_of[self.laid_out.gene_of_guide]
        found = {"mu": (hyper.mu - priors.mu[..., 0]) / priors.mu[..., 1]}
        found["spread"] = half_normal_score(hyper.spread / priors.spread)
        found["log t"] = (hyper.log_t - priors.log_t[:, 0]) / priors.log_t[:, 1]
        found["sigma"] = (hyper.mean_lam - 2 * priors.log_sigma[0]) / (2 * priors.log_sigma[1])
        scales = {"s_u": (hyper.s_u, priors.s_u), "s_v": (hyper.s_v, priors.s_v), "s_k": (hyper.s_k, priors.s_k)}
        found |= {name: half_normal_score(np.array(value / scale)) for name, (value, scale) in scales.items()}
        found["lam"] = (s.lam - hyper.mean_lam) / hyper.s_u
        found["log v"] = hyper.log_v / hyper.s_v
        found["mean log k"] = np.array(hyper.log_k.mean() / MEAN_SD)
        found["log k"] = zero_sum_basis(len(hyper.log_k)) @ hyper.log_k / hyper.s_k
        found["tau"] = half_t_score(np.exp(s.log_tau - hyper.log_t[s.class_of]))
        phi, spread = hyper.mu[s.class_of], hyper.spread[s.class_of]
        found["phi"] = (s.phi - phi) / spread[:, :2]
        deviation = s.theta.reshape(-1, 2) - s.phi[self.laid_out.gene_of_guide]
        found["alpha"] = deviation[:, 0] / np.sqrt(hyper.spread[of_guide, 2] ** 2 + self.chain._omega2 * s.departs)
        found["beta"] = deviation[:, 1] / hyper.spread[of_guide, 3]
        found["e"] = s.e / np.exp(s.log_tau)[self.laid_out.gene_of_cell]
        mean, sd = self.moments_of_rows()
        found["residual"] = (self.laid_out.blocks.y - mean) / sd
        if self.structure.departing_rows:
            share = 1 / (1 + np.exp(-hyper.log_odds_row))
            found |= {"p_row": beta_score(share, priors.p_row), "flagged": s.flagged - share}
        if self.structure.departing_sgrnas:
            found |= {"p": beta_score(hyper.p, priors.p.T), "departs": s.departs - hyper.p[of_guide]}
        if len(hyper.w) > 1:
            found |= {"w": beta_score(hyper.w[1], priors.w), "class": s.class_of - hyper.w[1]}
        for name in ("mu", "spread", "log t", "p"):  # one for each hyper-parameter: errors of opposite sign must not cancel
            if name in found:
                found |= {f"{name} {'-'.join(map(str, at))}": value for at, value in np.ndenumerate(found.pop(name))}
        return {name: np.ravel(value).astype(float) for name, value in found.items()}


DISCRETE = ("flagged", "departs", "class")


def index_rows(laid_out: gibbs_blocks.Layout) -> tuple[np.ndarray, np.ndarray]:
    """(guide, cell) of each row in the order of the blocks."""
    d, guides, cells = laid_out.blocks, [], []
    gene_of_block = np.repeat(np.arange(len(d.block_start) - 1), np.diff(d.block_start))
    for b, g in enumerate(gene_of_block):
        members = d.member[d.member_start[b] : d.member_start[b + 1]]
        count = d.cell_start[b + 1] - d.cell_start[b]
        guides.append(np.repeat(d.guide_start[g] + members, count))
        cells.append(np.tile(np.arange(d.cell_start[b], d.cell_start[b + 1]), len(members)))
    return np.concatenate(guides), np.concatenate(cells)


def half_normal_score(ratio: np.ndarray) -> np.ndarray:
    """The standard normal that has the rank of a HalfNormal(1)."""
    return two_sided(special.erf(ratio / np.sqrt(2)), special.erfc(ratio / np.sqrt(2)))


def half_t_score(ratio: np.ndarray) -> np.ndarray:
    """The standard normal that has the rank of a half-Student-t(DEGREES) with scale 1."""
    square = ratio**2 / DEGREES
    return two_sided(special.betainc(0.5, DEGREES / 2, square / (1 + square)), 2 * special.stdtr(DEGREES, -ratio))


def beta_score(share: np.ndarray | float, prior: tuple[float, float] | np.ndarray) -> np.ndarray:
    """The standard normal that has the rank of a Beta(prior)."""
    a, b = prior
    return two_sided(special.betainc(a, b, share), special.betainc(b, a, 1 - share))


def two_sided(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """The standard normal with these probabilities below and above it, each exact where it is small."""
    return np.where(lower < 0.5, special.ndtri(lower), -special.ndtri(upper))


def zero_sum_basis(count: int) -> np.ndarray:
    """(count - 1, count): orthonormal rows whose elements add up to 0."""
    return np.linalg.svd(np.ones((1, count)))[2][1:]


def statistics(pivots: dict[str, np.ndarray]) -> dict[str, float]:
    """Functions of one replicate with expectation 0: sums of the pivots, and of their squares less their number."""
    found = {f"sum of {name}": float(value.sum() / np.sqrt(len(value))) for name, value in pivots.items()}
    continuous = {name: value for name, value in pivots.items() if name not in DISCRETE}
    return found | {f"square of {name}": float((value**2 - 1).sum() / np.sqrt(len(value))) for name, value in continuous.items()}


def z_scores(found: list[dict[str, float]]) -> tuple[dict[str, float], dict[str, float]]:
    """z-scores of the means over replicates of the statistics, and of the products of two statistics, by name.

    Under the prior the expectation of every product is 0 too: all pivots are independent. A sum and its own square are left out.
    """
    table = np.array([list(each.values()) for each in found])
    names, count = list(found[0]), len(table)

    def score(mean: np.ndarray, square: np.ndarray) -> np.ndarray:
        return mean * np.sqrt(count) / np.sqrt(np.maximum(square - mean**2, 1e-12))

    ones = score(table.mean(axis=0), (table**2).mean(axis=0))
    pairs = score(table.T @ table / count, (table**2).T @ table**2 / count)
    of_pairs = {
        f"{names[i]} x {names[j]}": float(pairs[i, j])
        for i in range(len(names))
        for j in range(i)
        if names[i].split(" of ")[1] != names[j].split(" of ")[1]
    }
    return dict(zip(names, ones.tolist(), strict=True)), of_pairs
