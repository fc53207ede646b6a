"""Kernels of the engine `gibbs` as plain Python, a chain of them on a small screen, and its rows one by one."""

import importlib
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
from numba.core import config

from guidefit.engines import gibbs_blocks
from helpers.line_screens import declared, screen

MODULES = ("slice", "linear", "cells", "switch", "genes", "lines", "noise", "moves", "state", "chain")


def plain_modules() -> Iterator[SimpleNamespace]:
    """The engine's modules without compilation, which takes a minute; other tests get their own."""
    names = [name for name in sys.modules if name.startswith("guidefit.engines.gibbs")]
    saved = {name: sys.modules.pop(name) for name in names}
    before, config.DISABLE_JIT = config.DISABLE_JIT, 1
    try:
        yield SimpleNamespace(**{name: importlib.import_module(f"guidefit.engines.gibbs_{name}") for name in MODULES})
    finally:
        config.DISABLE_JIT = before
        for name in [name for name in sys.modules if name.startswith("guidefit.engines.gibbs")]:
            del sys.modules[name]
        sys.modules.update(saved)


def make_chain(plain, variant="gene_classes", seed=1, steps=0, **sizes):
    """A chain on a small screen, its blocks and its screen. Every fifth row is flagged."""
    rng = np.random.default_rng(seed)
    data, _, _ = screen(variant, rng, **sizes)
    _, structure, parameters = declared(variant)
    laid_out = gibbs_blocks.make_layout(data)
    chunks = gibbs_blocks.make_chunks(laid_out)

    def run(function):
        return [function(i) for i in range(len(chunks))]

    seeds = np.random.SeedSequence(seed)
    chain = plain.chain.Chain(structure, plain.moves.read_priors(structure, parameters), laid_out, chunks, run, 30, -0.5, seeds)
    for _ in range(steps):
        chain.step()
    s, lines = chain.state, len(data.cell_lines)
    k, v = np.exp(0.3 * rng.standard_normal((2, lines)))
    s.k[:], s.inverse_k[:], s.inverse_v[:], s.weight[:] = k, 1 / k, 1 / v, k * k / v
    s.precision[:] = np.exp(rng.normal(1, 0.4, len(s.precision)))
    chain.iteration = 30  # warm-up is over: rows may depart
    s.flagged[::5] = 1
    d = laid_out.blocks
    for b in range(len(d.cell_start) - 1):
        cells = slice(d.cell_start[b], d.cell_start[b + 1])
        s.flags_of_cell[cells] = (
            s.flagged[d.row_start[b] : d.row_start[b + 1]].reshape(-1, d.cell_start[b + 1] - d.cell_start[b]).sum(0)
        )
    return chain, laid_out, data


def rows_of_gene(d, s, g, factor):
    """y / k, x, guide, cell and variance of the rows of a gene, one by one."""
    rows = []
    for b in range(d.block_start[g], d.block_start[g + 1]):
        cells = d.cell_start[b + 1] - d.cell_start[b]
        for i in range(d.member_start[b + 1] - d.member_start[b]):
            guide = d.member[d.member_start[b] + i]
            for j in range(cells):
                row, cell = d.row_start[b] + i * cells + j, d.cell_start[b] + j
                k = float(s.k[d.line[cell]])
                precision = s.precision[d.guide_start[g] + guide] * float(s.weight[d.line[cell]])
                noise = (factor if s.flagged[row] else 1) / precision
                rows.append((d.y[row] / k, d.x_of_row[row], guide, cell, noise))
    return [np.array(column) for column in zip(*rows, strict=True)]
