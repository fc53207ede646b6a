"""Each move of the engine `gibbs`, applied to independent draws of parameters and logFC, leaves their distribution as it is."""

import numpy as np
import pytest

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
    chain._draw_effects(None)
    chain.hyper.log_odds_row = kept


def update_noise(chain):
    """p_row, flags of rows, and noise of guides and lines with the multipliers, from the residuals of the effects."""
    chain._update_genes()
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


def apply(move, variant, copies, count, seed):
    """z-scores of the statistics, and of their products, over `count` replicates."""
    replicates, found = Replicates(variant, seed, copies), []
    for _ in range(count):
        replicates.draw()
        move(replicates.chain)
        found.append(statistics(replicates.pivots()))
    return z_scores(found)
