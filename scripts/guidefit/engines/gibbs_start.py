"""Start a chain of the engine `gibbs` from a draw of an earlier fit to the same or to more rows."""

import math
from collections.abc import Mapping

import numpy as np

from guidefit.engines.gibbs_chain import Chain
from guidefit.models.line_structure import LineStructure

LEAST = 1e-6  # of scales, whose logarithms the chain holds


def start_from(chain: Chain, structure: LineStructure, draw: Mapping[str, np.ndarray]) -> None:
    """Set the parameters of a new chain to a draw: name -> values of the chain's own genes, sgRNAs and cell lines, in their order.

    draw: all parameters that posterior.nc has. Where there are classes, also `second_class` (gene,), and where guides depart,
    `departs` (sgrna,): booleans. The mean of log k is moved to 0, because the draw may have had further lines, and effects are
    scaled to match. Flags of rows start as those of a new chain: none.
    """
    hyper, s, sgrna = chain.hyper, chain.state, chain.layout.sgrna
    sides = structure.sides
    for i, side in enumerate(sides):
        hyper.mu[:, i] = [draw[name] for name in structure.by_class(side.mean)]
        s.phi[:, i] = draw[side.gene[0]]
        s.theta[i::2] = draw[side.sgrna[0]][sgrna]
        for at, name in ((i, side.gene[1]), (2 + i, side.sgrna[1])):
            hyper.spread[:, at] = np.maximum([draw[each] for each in structure.by_class(name)], LEAST)
    _, sd, scale = structure.gene_by_line
    hyper.log_t[:] = np.log([draw[name] for name in structure.by_class(scale)])
    s.log_tau[:] = np.log(np.maximum(draw[sd], LEAST))
    if structure.departing_sgrnas:
        hyper.p[:] = [draw[name] for name in structure.by_class(structure.departing_sgrnas[0])]
        s.departs[:] = draw["departs"][sgrna]
    if structure.weight:
        hyper.w[:] = 1 - float(draw[structure.weight]), float(draw[structure.weight])
        s.class_of[:] = draw["second_class"]
    hyper.mean_lam = 2 * math.log(float(draw[structure.noise]))
    s.lam[:] = hyper.mean_lam + np.log(draw[structure.sgrna_noise[0]])[sgrna]
    hyper.s_u, hyper.s_v = (max(float(draw[name[1]]), LEAST) for name in (structure.sgrna_noise, structure.line_noise))
    hyper.log_v[:] = np.log(draw[structure.line_noise[0]])
    if structure.departing_rows:
        share = float(draw[structure.departing_rows[0]])
        hyper.log_odds_row = math.log(share / (1 - share))
    if structure.multiplier:
        hyper.s_k = max(float(draw[structure.multiplier[1]]), LEAST)
        hyper.log_k[:] = np.log(draw[structure.multiplier[0]])
        chain.shift_scale(-float(hyper.log_k.mean()))
