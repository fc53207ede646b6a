"""What the engine `gibbs` keeps of its chains: draws of most parameters, and moments of the effects by gene and cell line."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from guidefit.engines.gibbs_blocks import Layout
from guidefit.engines.gibbs_chain import Chain
from guidefit.engines.gibbs_compile import apart
from guidefit.engines.gibbs_state import MOMENTS
from guidefit.models.line_structure import LineStructure

MOMENTS_EVERY = 3  # iterations: neighbours carry nearly the same information, and moments cost as much as draws of the effects
MOST_VALUES = 1 << 26  # draws x parameters that are kept, about, at most: of large screens, every nth draw is kept


class Draws:
    """Draws (chain, draw, ...) of a fit and the sums of its moments.

    draws: the largest number of iterations of a chain after warm-up; every `thin`-th is kept.
    """

    def __init__(self, structure: LineStructure, layout: Layout, chains: int, draws: int) -> None:
        self._structure, self._layout = structure, layout
        genes, guides, lines = len(layout.blocks.guide_start) - 1, len(layout.sgrna), len(layout.rows_of_line)
        self.thin = -(-chains * draws * (3 * genes + 3 * guides + 2 * lines) // MOST_VALUES)
        self.kept = draws // self.thin
        sizes = {"gene": genes, "sgrna": guides, "cell_line": lines}
        shape = (chains, self.kept)
        self.hyper = np.empty((chains, draws, len(structure.roles)))
        by_line = structure.gene_by_line[0]
        self._effects = {
            name: np.empty((*shape, sizes[dims[0]]), np.float32) for name, dims in structure.dims.items() if name != by_line
        }
        self._statistics = {name: np.zeros(shape) for name in ("acceptance_rate", "departing_rows", "departing_sgrnas")}
        self.moments = apart(np.zeros((MOMENTS, len(layout.blocks.line)), np.float32))
        self._second_class, self._departs = np.zeros(genes), np.zeros(guides)
        self._iterations, self._summed = 0, 0

    def moments_at(self, iteration: int) -> np.ndarray | None:
        """The sums that the step of this iteration of a chain has to add to, or None: only every MOMENTS_EVERY-th adds to them."""
        if iteration % MOMENTS_EVERY:
            return None
        self._summed += 1
        return self.moments

    def add(self, chain: int, iteration: int, now: Chain, accepted: float) -> None:
        """Add the present draw of a chain. accepted: share of the genes whose proposal of tau was accepted."""
        hyper, s = now.hyper, now.state
        self._iterations += 1
        self._second_class += s.class_of
        self._departs += s.departs
        self.hyper[chain, iteration] = in_order(self._structure, now)
        if iteration % self.thin or (at := iteration // self.thin) >= self.kept:
            return
        structure, sgrna = self._structure, self._layout.sgrna
        intercept, slope = structure.intercept, structure.slope
        self._effects[intercept.gene[0]][chain, at] = s.phi[:, 0]
        if structure.has_slope:
            self._effects[slope.gene[0]][chain, at] = s.phi[:, 1]
            self._effects[slope.sgrna[0]][chain, at, sgrna] = s.theta[1::2]
        noise = np.exp(s.lam - hyper.mean_lam)
        for name, values in ((intercept.sgrna[0], s.theta[::2]), (structure.sgrna_noise[0], noise)):
            self._effects[name][chain, at, sgrna] = values
        self._effects[structure.gene_by_line[1]][chain, at] = np.exp(s.log_tau)
        self._effects[structure.line_noise[0]][chain, at] = np.exp(hyper.log_v)
        if structure.multiplier:
            self._effects[structure.multiplier[0]][chain, at] = np.exp(hyper.log_k)
        self._statistics["acceptance_rate"][chain, at] = accepted
        self._statistics["departing_rows"][chain, at] = now.rows_departing
        self._statistics["departing_sgrnas"][chain, at] = s.departs.sum()

    def groups(self, draws: int, coords: Mapping[str, list[str]]) -> dict[str, xr.Dataset]:
        """Groups posterior, sample_stats and moments; draws: iterations that were made after warm-up."""
        kept = min(self.kept, -(-draws // self.thin))
        hyper = self.hyper[:, : kept * self.thin : self.thin]
        arrays: dict[str, Any] = {name: (("chain", "draw"), hyper[..., i]) for i, name in enumerate(self._structure.roles)}
        dims = self._structure.dims
        arrays |= {name: (("chain", "draw", *dims[name]), each[:, :kept].astype(float)) for name, each in self._effects.items()}
        chains = {"chain": np.arange(len(hyper)), "draw": np.arange(kept)}
        statistics = {name: (("chain", "draw"), each[:, :kept]) for name, each in self._statistics.items()}
        named = {dim: coords[dim] for dim in ("gene", "sgrna", "cell_line")}
        return {
            "posterior": xr.Dataset(arrays, coords=chains | named),
            "sample_stats": xr.Dataset(statistics, coords=chains),
            "moments": self._moments(named),
        }

    def _moments(self, coords: Mapping[str, list[str]]) -> xr.Dataset:
        """Means and sds of the effects by gene and cell line, NaN in lines without rows of the gene, and probabilities.

        effect: gamma_g + e_gl + the gene's own slope times x_gl, relative to the first of two classes.
        """
        e, e2, effect, effect2, p_dependent, p_negative, information = self.moments.astype(float) / max(self._summed, 1)
        name, layout = self._structure.gene_by_line[0], self._layout
        of_cells = {
            f"{name}_mean": e,
            f"{name}_sd": np.sqrt(np.maximum(e2 - e**2, 0)),
            "effect": effect,
            "effect_sd": np.sqrt(np.maximum(effect2 - effect**2, 0)),
            "p_dependent": p_dependent,
            "p_negative": p_negative,
            "information": information,
        }
        found: dict[str, Any] = {}
        for variable, values in of_cells.items():
            table = np.full((len(coords["gene"]), len(coords["cell_line"])), np.nan, np.float32)
            table[layout.gene_of_cell, layout.blocks.line] = values
            found[variable] = (("gene", "cell_line"), table)
        if self._structure.classes:
            found[f"p_{self._structure.classes[1]}"] = ("gene", self._second_class / max(self._iterations, 1))
        if self._structure.departing_sgrnas:
            departs = np.empty(len(layout.sgrna))
            departs[layout.sgrna] = self._departs / max(self._iterations, 1)
            found["p_departs"] = ("sgrna", departs)
        return xr.Dataset(found, coords=dict(coords))


def in_order(structure: LineStructure, chain: Chain) -> np.ndarray:
    """The hyper-parameters of a chain in the order of `LineStructure.roles`."""
    hyper = chain.hyper
    sides = len(structure.sides)  # without slopes, the engine's own are left out
    found = [*hyper.mu[:, :sides].T.ravel(), *hyper.spread[:, :: 3 - sides].T.ravel(), *np.exp(hyper.log_t)]
    found += list(hyper.p) if structure.departing_sgrnas else []
    found += [hyper.w[1]] if structure.weight else []
    found += [np.exp(hyper.mean_lam / 2), hyper.s_u, hyper.s_v]
    found += [hyper.s_k] if structure.multiplier else []
    return np.array(found + ([1 / (1 + np.exp(-hyper.log_odds_row))] if structure.departing_rows else []))
