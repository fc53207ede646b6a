"""Each move of the engine `gibbs`, applied to independent draws of parameters and logFC, leaves their distribution as it is."""

import pytest

from guidefit.engines import gibbs_moves
from guidefit.engines.gibbs_chain import Chain
from helpers.prior_replicates import Replicates, statistics, z_scores

pytestmark = pytest.mark.slow

CASES = {
    "gene_classes": ("gene_classes", True),
    "gene_by_line": ("gene_by_line", True),
    "no copy numbers": ("gene_classes", False),
}


def update_genes(chain):
    """Departing guides, tau and class, then the effects that they leave behind. p_row is kept: its flags are drawn later."""
    chain._update_genes()
    draw_effects(chain)


def update_classes(chain):
    chain._update_genes()  # gives the information of the genes
    chain._update_classes()
    draw_effects(chain)


def draw_effects(chain):
    kept = chain.hyper.log_odds_row
    chain._draw_guides()
    chain._update_lines()
    chain._draw_effects(None)
    chain.hyper.log_odds_row = kept


def update_noise(chain):
    """p_row, flags of rows, and noise of guides and lines with the multipliers, from the residuals of the effects."""
    chain._update_genes()
    chain._draw_guides()
    chain._update_lines()
    chain._draw_effects(None)
    chain._update_noise()


def step_thrice(chain):
    for _ in range(3):
        chain.step()


MOVES = {
    "genes": update_genes,
    "classes": update_classes,
    "given locations": lambda chain: chain._update_given_locations(),
    "noise": update_noise,
    "scales of lines": lambda chain: chain._update_line_scales(),
    "scale move": lambda chain: chain._move_scale(),
    "scales of noise": lambda chain: chain._update_noise_scales(),
    "noise move": lambda chain: chain._move_noise(),
    "step": lambda chain: chain.step(),
    "three steps": step_thrice,
}


def apply(move, case, count, seed=11):
    """z-scores of the statistics, and of their products, over `count` replicates."""
    variant, copies = CASES[case]
    replicates, found = Replicates(variant, seed, copies), []
    for iteration in range(count):
        replicates.draw()
        replicates.chain.iteration = iteration  # some moves take turns
        move(replicates.chain)
        found.append(statistics(replicates.pivots()))
    return z_scores(found)


def largest(scores):
    return max(map(abs, scores.values()))


@pytest.mark.parametrize("case", CASES)
def test_a_step_leaves_the_prior(case):
    """4.5 is exceeded by one of 200 normal z-scores with a probability of 0.001; products have longer tails."""
    ones, pairs = apply(Chain.step, case, 600)
    assert largest(ones) < 4.5, ones
    assert largest(pairs) < 6.5, pairs


@pytest.mark.long
@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("case", CASES)
def test_each_move_leaves_the_prior(case, move):
    ones, pairs = apply(MOVES[move], case, 5_000)
    assert largest(ones) < 4.5, ones
    assert largest(pairs) < 6, pairs


def count_a_line_too_many(chain):
    """s_k as if all deviations of log k were free, although they add up to 0."""
    hyper = chain.hyper
    squares = float(((hyper.log_k - hyper.log_k.mean()) ** 2).sum())
    hyper.s_k = gibbs_moves.slice_scale(hyper.s_k, len(hyper.log_k), squares, chain.priors.s_k, chain._rng)


def forget_the_guides(chain):
    """A noise move that leaves the noise of the guides, but not its mean, as it is."""
    kept = chain.state.lam.copy()
    chain._move_noise()
    chain.state.lam[:] = kept


@pytest.mark.parametrize("fault", [count_a_line_too_many, forget_the_guides])
def test_a_faulty_move_is_seen(fault):
    ones, _ = apply(fault, "gene_classes", 2_000)
    assert largest(ones) > 5
