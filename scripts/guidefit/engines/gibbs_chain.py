"""One chain of the engine `gibbs`: a partially collapsed blocked Gibbs sampler. What is integrated out where:

1. by gene: departing guides, tau_g and class, with all locations and e_gl integrated out (gibbs_genes.update_genes)
2. weights, scales of tau; spreads of each class with hyper-means and all locations integrated out, then the hyper-means exactly
3. by gene: (gamma, delta)_g, (alpha, beta)_s exactly (gibbs_genes.draw_guides); multipliers and noise of lines with e_gl
   integrated out (gibbs_lines); e_gl exactly (gibbs_genes.draw_effects), then of some genes tau_g with all e_gl, flags of rows
   integrated out (gibbs_switch); hyper-means and spreads given the locations
4. p_row with the flags of rows integrated out; by gene: flags, then p_row given them, noise of guides (gibbs_noise)
5. by line: multipliers and noise (gibbs_lines); scale move, noise move, and the scales of all these
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from guidefit.engines import gibbs_moves
from guidefit.engines.gibbs_blocks import Layout
from guidefit.engines.gibbs_genes import SHARES, draw_effects, draw_guides, sum_class, sum_effects, sum_lines, update_genes
from guidefit.engines.gibbs_lines import (
    CANDIDATES,
    LEAST_LOG_V,
    ScaleTerms,
    choose_multipliers,
    choose_noise,
    compare_lines,
    update_lines,
)
from guidefit.engines.gibbs_noise import switch_regimes, update_flags, update_noise
from guidefit.engines.gibbs_proposals import Proposals, log_t6
from guidefit.engines.gibbs_state import MOMENTS, KernelHyper, make_state
from guidefit.engines.gibbs_moves import MOST_Y, HyperPriors, from_spread, slice_scale, to_spread
from guidefit.models.line_structure import MEAN_SD, LineStructure

ROUNDS = 3  # pairs of proposals for the spreads of each class in an iteration: they cost little and mix worst
Run = Callable[[Callable[[int], Any]], list[Any]]
"""Runs a function for each number of a chunk, in any order and in threads, and returns the results by number."""


class Chain:
    """One chain. step() makes one iteration; hyper and state hold its present draw."""

    def __init__(
        self,
        structure: LineStructure,
        priors: HyperPriors,
        layout: Layout,
        chunks: list[tuple[int, int]],
        run: Run,
        tune: int,
        dependent_below: float,
        seed: np.random.SeedSequence,
    ) -> None:
        self.priors, self.layout, self._chunks, self._run = priors, layout, chunks, run
        self._dependent_below, self._structure = dependent_below, structure
        own, *of_chunks = seed.spawn(len(chunks) + 1)
        self._rng = np.random.default_rng(own)
        self._rngs = [np.random.default_rng(each) for each in of_chunks]
        self.hyper = gibbs_moves.start(priors, len(layout.rows_of_line), self._rng)
        self._classes = len(priors.mu)
        self.state = make_state(layout, self._classes)
        self._start_state()
        self._omega2 = structure.departing_sgrnas[1] ** 2 if structure.departing_sgrnas else 0.0
        self.iteration = 0
        self._proposals = Proposals(tune, self._classes, len(layout.rows_of_line), layout.gene_of_cell)
        self.rows_departing = 0

    def _start_state(self) -> None:
        s, d, hyper, rng = self.state, self.layout.blocks, self.hyper, self._rng
        s.lam[:] = hyper.mean_lam
        gene_of_block = np.repeat(np.arange(len(s.log_tau)), np.diff(d.block_start))
        sums = np.add.reduceat(d.y.astype(float), d.row_start[:-1])
        mean = np.bincount(gene_of_block, sums) / np.bincount(gene_of_block, np.diff(d.row_start))
        if self._classes > 1:
            s.class_of[:] = abs(mean - self.priors.mu[0, 0, 0]) > abs(mean - self.priors.mu[1, 0, 0])
        s.log_tau[:] = hyper.log_t[s.class_of] + 0.3 * rng.standard_normal(len(s.log_tau))

    def step(self, moments: np.ndarray | None = None) -> None:
        """One iteration. moments: (MOMENTS, cell) to which the conditional moments of this draw's effects are added."""
        self._update_genes()
        self._update_classes()
        self._draw_guides()
        self._update_lines()
        self._draw_effects(moments)
        self._update_given_locations()
        self._update_noise()
        self._update_line_scales()
        self._move_scale()
        self._update_noise_scales()
        self._move_noise()
        self._proposals.adapt(self.iteration, self.hyper, self.state)
        self.iteration += 1

    def _update_genes(self) -> None:
        """Departing guides, tau_g and class of each gene, after what the kernels need of lines and guides."""
        s, d, chunks = self.state, self.layout.blocks, self._chunks
        self._set_lines()
        s.precision[:] = np.exp(-s.lam)
        t = self._kernel_hyper()
        self._run(lambda i: update_genes(d, *chunks[i], s, t, self._proposals.jumps, self._rngs[i]))

    def _set_lines(self) -> None:
        """What the kernels need of lines."""
        s, k, v = self.state, np.exp(self.hyper.log_k), np.exp(self.hyper.log_v)
        s.k[:], s.inverse_k[:], s.inverse_v[:], s.weight[:] = k, 1 / k, 1 / v, k * k / v

    @property
    def _even(self) -> bool:
        """Moves that cost a pass over the rows and are hardly needed in each iteration take turns."""
        return self.iteration % 2 == 0

    @property
    def _factor(self) -> float:
        """Variance of departing rows; 1 where none depart, and in the first quarter of warm-up.

        Else a gene that is needed in a few lines only would start with a small tau_g and departing rows, and hardly leave them.
        """
        departing = self._structure.departing_rows
        return departing[1] if departing and self.iteration >= self._proposals.tune // 4 else 1.0

    def _by_class(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Indices of the genes and of the guides of each class."""
        class_of_guide = self.state.class_of[self.layout.gene_of_guide]
        members = [np.flatnonzero(self.state.class_of == c) for c in range(self._classes)]
        return members, [np.flatnonzero(class_of_guide == c) for c in range(self._classes)]

    def _deviation(self) -> np.ndarray:
        """(guide, 2) alpha and beta of the guides as deviations from their gene."""
        return self.state.theta.reshape(-1, 2) - self.state.phi[self.layout.gene_of_guide]

    def _update_given_locations(self) -> None:
        """Hyper-means and spreads of each class given the locations."""
        members, guides = self._by_class()
        gibbs_moves.update_given_locations(
            self.hyper, self.priors, self.state.phi, self._deviation(), self.state.departs, members, guides, self._omega2, self._rng
        )

    def _update_noise(self) -> None:
        """Flags of rows and noise of guides, with its spread; then multipliers and noise of lines."""
        hyper, s, d, chunks, t = self.hyper, self.state, self.layout.blocks, self._chunks, self._kernel_hyper()
        odds, rngs = hyper.log_odds_row, self._rngs
        if self._factor > 1 and not self._even:
            self._run(lambda i: switch_regimes(d, *chunks[i], s, t, odds, rngs[i]))
        self.rows_departing = int(sum(self._run(lambda i: update_flags(d, *chunks[i], s, t, odds, rngs[i]))))
        if self._factor > 1:  # mixes well where few rows depart, and the update with their flags integrated out where many do
            a, b = self.priors.p_row[0] + self.rows_departing, self.priors.p_row[1] + len(d.y) - self.rows_departing
            share = self._rng.beta(a, b)
            hyper.log_odds_row = math.log(share) - math.log1p(-share)
        self._run(lambda i: update_noise(d, *chunks[i], s, t, rngs[i]))
        gibbs_moves.move_guide_noise(hyper, self.priors.s_u, s.lam, d.rows_of_guide, s.squares, self._rng)
        s.precision[:] = np.exp(-s.lam)
        self._scale_effects()
        sums = np.zeros((len(chunks), len(hyper.log_k), 3))
        self._run(lambda i: sum_lines(d, *chunks[i], s, t, sums[i]))
        rows, s_k = self.layout.rows_of_line, hyper.s_k if self._structure.multiplier else 0.0
        of_lines = sums.sum(axis=0)
        update_lines(hyper.log_k, hyper.log_v, of_lines, rows, s_k, hyper.s_v, MEAN_SD, self._rng)
        gibbs_moves.move_lines(hyper, self.priors, of_lines, rows, self._rng)

    def _scale_effects(self) -> None:
        """Scale of tau of each class with its genes' tau and effects."""
        hyper, s, d, chunks, t = self.hyper, self.state, self.layout.blocks, self._chunks, self._kernel_hyper()
        sums = np.zeros((len(chunks), self._classes, 2))
        self._run(lambda i: sum_effects(d, *chunks[i], s, t, sums[i]))
        linear, square = sums.sum(axis=0).T
        draw, prior = gibbs_moves.draw_tau_shift, self.priors.log_t
        shift = np.array([draw(hyper.log_t[c], linear[c], square[c], prior[c], self._rng) for c in range(self._classes)])
        hyper.log_t += shift
        s.log_tau[:] += shift[s.class_of]
        s.e[:] *= np.exp(shift).astype(np.float32)[s.class_of][self.layout.gene_of_cell]

    def _kernel_hyper(self) -> KernelHyper:
        hyper = self.hyper
        halfway = 0.5 * (hyper.mu[-1, 0] - hyper.mu[0, 0]) if self._classes > 1 else self._dependent_below
        base = np.array([hyper.mu[0, 0] if self._classes > 1 else 0.0, hyper.mu[0, 1], halfway])
        log_p = np.log(np.stack([1 - hyper.p, hyper.p], axis=1)) if self._omega2 else np.zeros((self._classes, 2))
        return KernelHyper(
            np.log(hyper.w), hyper.log_t, hyper.mu, hyper.spread, log_p, self._omega2, self._factor, base, hyper.mean_lam, hyper.s_u
        )

    def _update_classes(self) -> None:
        """Weights, scales of tau, shares of departing guides, and spreads with hyper-means of each class."""
        hyper, priors, rng, s = self.hyper, self.priors, self._rng, self.state
        members, guides = self._by_class()
        if self._classes > 1:
            second = rng.beta(priors.w[0] + len(members[1]), priors.w[1] + len(members[0]))
            hyper.w[:] = 1 - second, second
        history = np.empty((self._classes, 4))
        for c, (mine, own) in enumerate(zip(members, guides, strict=True)):
            hyper.log_t[c] = gibbs_moves.update_tau_scale(hyper.log_t[c], s.log_tau[mine], priors.log_t[c], rng)
            flagged = int(s.departs[own].sum())
            hyper.p[c] = rng.beta(priors.p[c, 0] + flagged, priors.p[c, 1] + len(own) - flagged)
            history[c] = self._update_spreads(c)
        self._proposals.spreads_drawn = history

    def _update_spreads(self, c: int) -> np.ndarray:
        """Spreads of a class, locations and hyper-means integrated out: random walks and draws from a t_6, or walks alone.

        In y, where spread / scale is the HalfNormal quantile of Phi(y), the prior is a standard normal. Returns y.
        """
        hyper, rng, scale, proposals = self.hyper, self._rng, self.priors.spread[c], self._proposals
        y = np.clip(from_spread(hyper.spread[c], scale), -MOST_Y, MOST_Y)  # a chain that starts far away may be outside
        now, factor = self._log_density(c, y)
        independent = proposals.independent[c]
        for number in range(2 * ROUNDS):
            is_walk = True
            if independent is None or number % 2 == 0:
                new, correction = y + math.exp(proposals.log_step[c]) * (proposals.walk[c] @ rng.standard_normal(4)), 0.0
            else:
                is_walk, (centre, root) = False, independent
                new = centre + root @ (rng.standard_normal(4) / math.sqrt(rng.chisquare(6) / 6))
                correction = log_t6(y, centre, root) - log_t6(new, centre, root)
            value, other = self._log_density(c, new)
            accept = math.exp(min(0.0, value - now + correction))
            if rng.random() < accept:
                y, now, factor = new, value, other
            if self.iteration < proposals.tune and is_walk:
                proposals.log_step[c] += (accept - 0.3) / (1 + self.iteration) ** 0.6
        hyper.spread[c] = to_spread(y, scale)
        lower, half = factor
        hyper.mu[c] = np.linalg.solve(lower.T, half + rng.standard_normal(2))
        return y

    def _log_density(self, c: int, y: np.ndarray) -> tuple[float, tuple[np.ndarray, np.ndarray]]:
        """log posterior of y, hyper-means integrated out; and L, L^-1 b of their posterior N(R^-1 b, R^-1), R = L L'."""
        if (abs(y) > MOST_Y).any():
            return -math.inf, (np.eye(2), np.zeros(2))
        spread, d = to_spread(y, self.priors.spread[c]), self.layout.blocks
        sums = np.zeros((len(self._chunks), 6))
        self._run(lambda i: sum_class(d, *self._chunks[i], self.state, c, spread, self._omega2, sums[i]))
        v00, v01, v11, k0, k1, constant = sums.sum(axis=0)
        mean, precision = self.priors.mu[c, :, 0], 1 / self.priors.mu[c, :, 1] ** 2
        lower = np.linalg.cholesky(np.array([[v00 + precision[0], v01], [v01, v11 + precision[1]]]))
        half = np.linalg.solve(lower, np.array([k0, k1]) + precision * mean)
        value = constant + 0.5 * half @ half - np.log(np.diag(lower)).sum() - 0.5 * (y**2).sum()
        return float(value), (lower, half)

    def _draw_guides(self) -> None:
        """Locations of genes and guides."""
        s, d, chunks, t = self.state, self.layout.blocks, self._chunks, self._kernel_hyper()
        self._run(lambda i: draw_guides(d, *chunks[i], s, t, self._rngs[i]))

    def _update_lines(self) -> None:
        """Multipliers or, every other iteration, noise of lines given the guides, with e_gl integrated out."""
        hyper, s, d, rng = self.hyper, self.state, self.layout.blocks, self._rng
        before, k, v = hyper.log_k.copy(), np.exp(hyper.log_k)[:, None], np.exp(hyper.log_v)[:, None]
        if self._structure.multiplier and self._even:
            candidates = self._candidates(hyper.log_k, self._proposals.lines[0])
            likelihoods = self._compare_lines(np.exp(candidates), v)
            self.shift_scale(choose_multipliers(hyper.log_k, candidates, likelihoods, self._scale_terms(), hyper.s_k, rng))
            ratio = np.exp(before - hyper.log_k)
            s.R[:] *= ratio.astype(np.float32)[d.line]
        else:
            candidates = self._candidates(hyper.log_v, self._proposals.lines[1])
            choose_noise(hyper.log_v, candidates, self._compare_lines(k, np.exp(candidates)), hyper.s_v, rng)
        self._set_lines()

    def _candidates(self, now: np.ndarray, width: np.ndarray) -> np.ndarray:
        """(line, CANDIDATES) values that are exchangeable with the present ones, the first: draws around a random centre."""
        rng, shape = self._rng, (len(now), CANDIDATES)
        found = (now + width * rng.standard_normal(len(now)))[:, None] + width[:, None] * rng.standard_normal(shape)
        found[:, 0] = now
        return np.clip(found, -300, 300)

    def _compare_lines(self, k: np.ndarray, v: np.ndarray) -> np.ndarray:
        """(line, CANDIDATES) log likelihoods of k and v, one of which may have one column."""
        chunks, shape = self._chunks, (len(self.hyper.log_k), CANDIDATES)
        k, v = (np.ascontiguousarray(np.broadcast_to(each, shape)) for each in (k, v))
        found = np.zeros((len(chunks), *shape))
        self._run(lambda i: compare_lines(self.layout.blocks, *chunks[i], self.state, self._factor, k, v, found[i]))
        return found.sum(axis=0)

    def _draw_effects(self, moments: np.ndarray | None) -> None:
        """e_gl, then p_row with the flags of rows integrated out.

        The pass over the rows gives the likelihood of several values of p_row: a random walk's, and draws from a normal that is
        adapted in warm-up, which are accepted one after the other.
        """
        hyper, rng, d, t = self.hyper, self._rng, self.layout.blocks, self._kernel_hyper()
        centre, sd = self._proposals.shares or (hyper.log_odds_row, 0.0)
        odds = np.full(SHARES, hyper.log_odds_row)
        odds[1] += 0.5 * (2 * sd if sd else 1.0) * rng.standard_normal()
        odds[2:] = centre + sd * rng.standard_normal(SHARES - 2)
        likelihoods, compared = np.zeros((len(self._chunks), SHARES)), self._factor > 1 and self._even
        keep, table = moments is not None, moments if moments is not None else np.zeros((MOMENTS, 1), np.float32)

        def draw(i: int) -> None:
            draw_effects(d, *self._chunks[i], self.state, t, compared, odds, likelihoods[i], keep, table, self._rngs[i])

        self._run(draw)
        if not compared:
            return
        a, b = self.priors.p_row
        target = likelihoods.sum(axis=0) + a * odds - (a + b + len(d.y)) * np.logaddexp(0, odds)
        now = 0
        for new in range(1, SHARES if sd else 2):
            ratio = target[new] - target[now]
            if new > 1:
                ratio += 0.5 * ((odds[new] - centre) ** 2 - (odds[now] - centre) ** 2) / sd**2
            if math.log(rng.random()) < ratio:
                now = new
        hyper.log_odds_row = float(odds[now])

    def _update_line_scales(self) -> None:
        """s_k, of the L - 1 free deviations of log k, and s_v."""
        hyper, lines = self.hyper, len(self.hyper.log_k)
        if self._structure.multiplier:
            squares = float(((hyper.log_k - hyper.log_k.mean()) ** 2).sum())
            hyper.s_k = slice_scale(hyper.s_k, lines - 1, squares, self.priors.s_k, self._rng)
        hyper.s_v = slice_scale(hyper.s_v, lines, float((hyper.log_v**2).sum()), self.priors.s_v, self._rng)

    def _move_scale(self) -> None:
        """The scale move: multipliers up, and every effect with its hyper-parameters down."""
        if not self._structure.multiplier:
            return
        self.shift_scale(gibbs_moves.draw_scale_shift(self._scale_terms(), float(self.hyper.log_k.mean()), self._rng))

    def _scale_terms(self) -> ScaleTerms:
        s, hyper = self.state, self.hyper
        flagged = s.departs > 0
        spread = hyper.spread[s.class_of[self.layout.gene_of_guide[flagged]], 2]
        return gibbs_moves.scale_terms(hyper, self.priors, self._deviation()[flagged, 0], spread, self._omega2)

    def shift_scale(self, q: float) -> None:
        """log k += q, and the logarithms of every effect and its scales -= q."""
        s, hyper = self.state, self.hyper
        hyper.log_k += q
        hyper.log_t -= q
        s.log_tau[:] -= q
        for each in (hyper.mu, hyper.spread, s.phi, s.theta, s.e):
            each *= math.exp(-q)

    def _update_noise_scales(self) -> None:
        """sigma and s_u given the noise of the guides."""
        gibbs_moves.update_guide_noise(self.hyper, self.priors, self.state.lam, self._rng)

    def _move_noise(self) -> None:
        """The noise move: noise of lines up, and noise of guides with its mean down."""
        shift = gibbs_moves.draw_noise_shift(self.hyper, self.priors, self._rng)
        if self.hyper.log_v.min() + shift < LEAST_LOG_V:
            return
        self.hyper.log_v += shift
        self.state.lam[:] -= shift
        self.hyper.mean_lam -= shift
