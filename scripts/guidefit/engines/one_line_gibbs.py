"""Engine `gibbs` for variants of one cell line (ONE_LINE): a Gibbs sampler in which the effects of genes are integrated out.

An iteration, in the notation of guidefit.models.one_line:

1. the class of each gene, in proportion to w_c p_g(c); then w_c from its beta distribution
2. the coefficients of the curve and both means, jointly normal: m_g = mu_c + f(x_g) + N(0, sd_c^2 + s_c^2 / n)
3. sd_c and s_c of each class, by slices of their logarithms
4. gamma_g given its class, exactly: N(mu_c + r (m_g - f - mu_c), r s_c^2 / n) with r = sd_c^2 / (sd_c^2 + s_c^2 / n)
"""

import logging
import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import xarray as xr

from guidefit.engines.gibbs_moves import slice_step
from guidefit.engines.interface import FitError, Settings, data_groups
from guidefit.models.declaration import Declaration, Priors
from guidefit.models.one_line import GeneSums, OneLineStructure, log_class_terms, read_one_line, sum_genes
from guidefit.screens import arrays, screen_file
from guidefit.screens.arrays import ModelData

logger = logging.getLogger("guidefit")

ROUND = 100  # iterations of each chain between two looks at the ESS
PRIOR_DRAWS = 250


@dataclass
class Hyper:
    """mu, sd, noise, w: (class,); curve: (coefficient,)."""

    mu: np.ndarray
    sd: np.ndarray
    noise: np.ndarray
    w: np.ndarray
    curve: np.ndarray


class OneLineChain:
    """One chain: hyper, class_of (gene,) codes, second (gene,) probability of the second class, gamma (gene,)."""

    def __init__(
        self, structure: OneLineStructure, parameters: dict[str, tuple[float, ...]], sums: GeneSums, seed: np.random.SeedSequence
    ):
        self._sums, self._rng = sums, np.random.default_rng(seed)
        size = sums.basis.shape[1]

        def of(names: Iterable[str]) -> np.ndarray:
            return np.array([parameters[name] for name in names])

        location = np.vstack([of(structure.by_class(structure.mean)), of(structure.curve[:size]).reshape(size, 2)])
        self._prior_mean, self._prior_precision = location[:, 0], location[:, 1] ** -2.0
        self._scales = np.stack([of(structure.by_class(name))[:, 0] for name in (structure.sd, structure.noise)])
        self._beta = parameters[structure.weight]
        rng = self._rng
        sd, noise = self._scales * 0.5 * np.exp(0.2 * rng.standard_normal((2, 2)))
        mu = location[:2, 0] + 0.2 * location[:2, 1] * rng.standard_normal(2)
        self.hyper = Hyper(mu, sd, noise, np.full(2, 0.5), np.zeros(size))
        self.class_of = np.zeros(len(sums.n), np.int64)
        self.second, self.gamma = np.zeros(len(sums.n)), np.zeros(len(sums.n))

    def step(self) -> None:
        """One iteration."""
        h, sums, rng = self.hyper, self._sums, self._rng
        rest = sums.mean - sums.basis @ h.curve
        terms = np.log(h.w)[:, None] + log_class_terms(sums, rest, h.mu, h.sd, h.noise)
        self.second = 1 / (1 + np.exp(np.clip(terms[0] - terms[1], -700, 700)))
        self.class_of = (rng.random(len(sums.n)) < self.second).astype(np.int64)
        count = int(self.class_of.sum())
        share = rng.beta(self._beta[0] + count, self._beta[1] + len(sums.n) - count)
        h.w = np.clip([1 - share, share], 1e-300, 1.0)
        self._draw_locations()
        self._draw_scales()
        self._draw_effects()

    def _draw_locations(self) -> None:
        h, sums, c = self.hyper, self._sums, self.class_of
        precision = 1 / (h.sd[c] ** 2 + h.noise[c] ** 2 / sums.n)
        design = np.column_stack([c == 0, c == 1, sums.basis]).astype(float)
        matrix = design.T @ (design * precision[:, None]) + np.diag(self._prior_precision)
        lower = np.linalg.cholesky(matrix)
        half = np.linalg.solve(lower, design.T @ (precision * sums.mean) + self._prior_precision * self._prior_mean)
        drawn = np.linalg.solve(lower.T, half + self._rng.standard_normal(len(half)))
        h.mu, h.curve = drawn[:2], drawn[2:]

    def _draw_scales(self) -> None:
        h, sums = self.hyper, self._sums
        rest = sums.mean - sums.basis @ h.curve
        for c in range(2):
            own = self.class_of == c
            mine = GeneSums(sums.n[own], sums.mean[own], sums.squares[own], sums.basis[own])
            for values, scale in ((h.sd, self._scales[0, c]), (h.noise, self._scales[1, c])):
                self._draw_scale(values, c, scale, mine, rest[own])

    def _draw_scale(self, values: np.ndarray, c: int, scale: float, mine: GeneSums, rest: np.ndarray) -> None:
        """Draw one scale, values[c], with a HalfNormal(scale) prior, by a slice of its logarithm t, with the Jacobian t."""
        h = self.hyper

        def density(t: float) -> float:
            if not -20 < t < 20:
                return -math.inf
            values[c] = math.exp(t)
            terms = log_class_terms(mine, rest, h.mu[[c]], h.sd[[c]], h.noise[[c]])
            return float(terms.sum()) - 0.5 * (values[c] / scale) ** 2 + t

        values[c] = math.exp(slice_step(density, math.log(values[c]), 0.3, self._rng))

    def _draw_effects(self) -> None:
        h, sums, c = self.hyper, self._sums, self.class_of
        noise, rest = h.noise[c] ** 2 / sums.n, sums.mean - sums.basis @ h.curve
        shrunk = h.sd[c] ** 2 / (h.sd[c] ** 2 + noise)
        self.gamma = h.mu[c] + shrunk * (rest - h.mu[c]) + np.sqrt(shrunk * noise) * self._rng.standard_normal(len(rest))

    def in_order(self) -> np.ndarray:
        """The hyper-parameters in the order of `OneLineStructure.roles`."""
        h = self.hyper
        return np.concatenate([h.mu, h.sd, h.noise, h.w[1:], h.curve])


class OneLineEngine:
    """The engine for one variant. parameters: of the priors of its hyper-parameters."""

    def __init__(
        self,
        structure: OneLineStructure,
        parameters: dict[str, tuple[float, ...]],
        priors: Priors,
        settings: Settings,
        prior_seed: int,
    ) -> None:
        self.structure, self.parameters, self.priors = structure, parameters, priors
        self.settings, self.prior_seed = settings, prior_seed
        self._data: ModelData | None = None

    def read(self, path: str | Path, seeds: Iterable[int]) -> Iterator[ModelData]:
        """The rows of one seed after the other."""
        for table in screen_file.iterate_seeds(path, seeds):
            self._data = arrays.model_data(table)
            yield self._data

    def fit(self, data: ModelData, seed: int) -> xr.DataTree:
        """Fit one screen. Groups: those of the engine `nuts`, and moments with p_ of the second class by gene.

        Raises UserError for a screen of several cell lines, FitError where the sampler leaves the finite numbers.
        """
        self._data, started, s = data, time.perf_counter(), self.settings
        sums = sum_genes(data)
        names = list(self.structure.roles(sums.basis.shape[1]))
        if data.has_covariate and (left_out := self.structure.curve[sums.basis.shape[1] :]):
            logger.info("  the copy numbers carry too little information about %s of the curve: left out", ", ".join(left_out))
        chains = [
            OneLineChain(self.structure, self.parameters, sums, each) for each in np.random.SeedSequence(seed).spawn(s.chains)
        ]
        hyper = np.empty((s.chains, s.draws, len(names)))
        gamma, second = np.empty((s.chains, s.draws, len(data.genes)), np.float32), np.zeros(len(data.genes))
        made = 0
        try:
            for chain in chains:
                for _ in range(s.tune):
                    chain.step()
            while made < s.draws:
                end = min(made + ROUND, s.draws)
                for number, chain in enumerate(chains):
                    for i in range(made, end):
                        chain.step()
                        hyper[number, i], gamma[number, i] = chain.in_order(), chain.gamma
                        second += chain.second
                made = end
                least = min(float(az.ess(hyper[:, :made, i], method="bulk")) for i in range(len(names))) if made > 3 else 0.0
                logger.info("  %d of at most %d draws per chain, smallest ESS %.0f", made, s.draws, least)
                if least >= s.ess:
                    break
        except (FloatingPointError, np.linalg.LinAlgError) as error:
            raise FitError(f"the sampler reached values that are not finite: {error}") from error
        coords = {"chain": np.arange(s.chains), "draw": np.arange(made), "gene": data.genes}
        posterior: dict[str, Any] = {name: (("chain", "draw"), hyper[:, :made, i]) for i, name in enumerate(names)}
        posterior[self.structure.gene] = (("chain", "draw", "gene"), gamma[:, :made].astype(float))
        moments = {f"p_{self.structure.classes[1]}": ("gene", second / (s.chains * made))}
        statistics = {"departing_rows": (("chain", "draw"), np.zeros((s.chains, made)))}  # this model has none
        groups = {
            "posterior": xr.Dataset(posterior, coords=coords),
            "sample_stats": xr.Dataset(statistics, coords={name: coords[name] for name in ("chain", "draw")}),
            "moments": xr.Dataset(moments, coords={"gene": data.genes}),
            "prior": self._prior_draws(data, sums.basis.shape[1]),
            **data_groups(data),
        }
        tree = xr.DataTree.from_dict(groups)
        tree.attrs = {"seconds_compile": 0.0, "seconds_sampling": time.perf_counter() - started}
        return tree

    def _prior_draws(self, data: ModelData, coefficients: int) -> xr.Dataset:
        rng, count, found = np.random.default_rng(self.prior_seed), PRIOR_DRAWS, {}
        for name, kind in self.structure.roles(coefficients).items():
            given = self.parameters[name]
            found[name] = (
                abs(rng.normal(0, given[0], count)) if kind == "HalfNormal" else getattr(rng, kind.lower())(*given, size=count)
            )
        second = rng.random((count, len(data.genes))) < found[self.structure.weight][:, None]
        mean, sd = (
            np.where(second, found[two][:, None], found[one][:, None])
            for one, two in (self.structure.by_class(name) for name in (self.structure.mean, self.structure.sd))
        )
        arrays_of = {name: (("chain", "draw"), found[name][None]) for name in found}
        gamma = (mean + sd * rng.standard_normal(mean.shape))[None]
        drawn = {**arrays_of, self.structure.gene: (("chain", "draw", "gene"), gamma)}
        return xr.Dataset(drawn, coords={"chain": [0], "draw": np.arange(count), "gene": data.genes})

    def graph(self) -> dict[str, Any]:
        """The graph of the model of the screen that was read or fitted last."""
        structure, data = self.structure, self._data
        roles = structure.roles(sum_genes(data).basis.shape[1] if data else len(structure.curve))
        nodes = [{"name": name, "kind": "free", "distribution": kind, "dims": []} for name, kind in roles.items()]
        sizes = data.sizes if data else {"genes": 0, "rows": 0}
        nodes.append({"name": structure.gene, "kind": "free", "distribution": "Mixture", "dims": [f"{sizes['genes']} genes"]})
        nodes.append({"name": "logfc", "kind": "observed", "distribution": "Mixture", "dims": [f"{sizes['rows']} rows"]})
        to_gene = [*structure.by_class(structure.mean), *structure.by_class(structure.sd), structure.weight]
        curve = [name for name in structure.curve if name in roles]
        to_rows = [structure.gene, *structure.by_class(structure.noise), *curve]
        if curve:
            nodes.append({"name": "x", "kind": "data", "distribution": "", "dims": [f"{sizes['rows']} rows"]})
            to_rows.append("x")
        return {"nodes": nodes, "edges": [[n, structure.gene] for n in to_gene] + [[n, "logfc"] for n in to_rows]}


def make_engine(declared: Declaration, priors: Priors, settings: Settings, prior_seed: int, place: str) -> OneLineEngine:
    """The engine for a variant that declares ONE_LINE."""
    structure, parameters = read_one_line(declared.one_line or {}, priors, place)
    return OneLineEngine(structure, parameters, priors, settings, prior_seed)
