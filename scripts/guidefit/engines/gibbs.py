"""Engine `gibbs`: fits variants with effects by gene and cell line (STRUCTURE) at the scale of whole screens.

A partially collapsed blocked Gibbs sampler (guidefit.engines.gibbs_chain). It stops when the smallest bulk ESS of any
hyper-parameter reaches the setting `ess`, or after `draws` iterations per chain. Effects by gene and cell line are kept as
moments, not as draws. Chunks of genes, each with a random stream of its own, are updated in threads; their number changes no
result.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import xarray as xr

from guidefit.base.errors import UserError
from guidefit.engines import one_line_gibbs
from guidefit.engines.one_line_gibbs import OneLineEngine
from guidefit.engines.gibbs_blocks import make_chunks, make_layout
from guidefit.engines.gibbs_chain import Chain
from guidefit.engines.gibbs_draws import Draws
from guidefit.engines.gibbs_moves import read_priors
from guidefit.engines.interface import FitError, Settings, data_groups
from guidefit.models import line_prior
from guidefit.models.declaration import Declaration, Priors
from guidefit.models.line_graph import line_graph
from guidefit.models.line_structure import LineStructure, prior_parameters, read_structure
from guidefit.screens import arrays, screen_file
from guidefit.screens.arrays import ModelData

logger = logging.getLogger("guidefit")

ROUND = 100  # iterations of each chain between two looks at the ESS
PRIOR_VALUES = 1 << 21  # draws x sgRNAs of the prior that are kept, about, at most
ROWS_KEPT = 2_000_000  # posterior.nc does not repeat the rows of larger screens


class GibbsEngine:
    """The engine for one variant. parameters: of the priors, from `line_structure.prior_parameters`."""

    def __init__(
        self,
        structure: LineStructure,
        parameters: dict[str, tuple[float, ...]],
        priors: Priors,
        settings: Settings,
        threads: int,
        prior_seed: int,
    ) -> None:
        self.declared = self.structure = structure  # structure: that of the screen read last, without slopes if it has no x
        self.parameters, self.priors = parameters, priors
        self.settings, self.threads, self.prior_seed = settings, threads, prior_seed
        self._sizes: dict[str, int] = {}
        self._prior: tuple[ModelData, xr.Dataset] | None = None

    def read(self, path: str | Path, seeds: Iterable[int]) -> Iterator[ModelData]:
        """The rows of one seed after the other."""
        for table in screen_file.iterate_seeds(path, seeds):
            data = arrays.model_data(table)
            self._suit(data)
            yield data

    def fit(self, data: ModelData, seed: int) -> xr.DataTree:
        """Fit one screen. Groups: those of the engine `nuts` without draws of the effects by gene and line, and their moments.

        Raises UserError for screens that the engine cannot lay out, FitError where the sampler leaves the finite numbers.
        """
        started = time.perf_counter()
        if len(data.cell_lines) < 2:
            raise UserError(
                f"the screen has one cell line, {data.cell_lines[0]}, and engine gibbs needs at least two to distinguish the "
                "effects of lines from those of genes. Use the variant one_line."
            )
        s = self.settings
        with self.start_chains(data, np.random.SeedSequence(seed).spawn(s.chains), s.tune) as chains:
            draws = Draws(self.structure, chains[0].layout, s.chains, s.draws)
            chains[0].step()  # compiles, or reads the compiled kernels from the cache
            compiled = time.perf_counter()
            made = self._sample(chains, draws)
        sampled = time.perf_counter()
        rows = data_groups(data) if len(data.x) <= ROWS_KEPT else {}
        tree = xr.DataTree.from_dict({**draws.groups(made, data.coords), "prior": self._prior_draws(data), **rows})
        tree.attrs = {"seconds_compile": compiled - started, "seconds_sampling": sampled - compiled}
        return tree

    @contextmanager
    def start_chains(self, data: ModelData, seeds: Sequence[np.random.SeedSequence], tune: int) -> Iterator[list[Chain]]:
        """New chains for a screen, one for each seed, with tune iterations of warm-up; chunks of genes are updated in threads.

        Raises UserError for screens that the engine cannot lay out, FitError where a sampler leaves the finite numbers.
        """
        self._suit(data)
        layout = make_layout(data)
        chunks, below = make_chunks(layout), self.settings.dependent_below
        with ThreadPoolExecutor(self.threads) as pool:

            def run(function: Callable[[int], Any]) -> list[Any]:
                return list(map(function, range(len(chunks)))) if len(chunks) == 1 else list(pool.map(function, range(len(chunks))))

            priors = read_priors(self.structure, self.parameters)
            try:
                yield [Chain(self.structure, priors, layout, chunks, run, tune, below, seed) for seed in seeds]
            except (ArithmeticError, ValueError) as error:  # 1 / 0, log(0), a matrix without a root
                raise FitError(f"the sampler reached values that are not finite: {error}") from error

    def _suit(self, data: ModelData) -> None:
        """Take the sizes of a screen, and the structure without slopes where it has no copy numbers."""
        self._sizes = _lengths_of_dims(data)
        self.structure = self.declared if data.has_covariate else self.declared.without_slope()

    def graph(self) -> dict[str, Any]:
        """The graph of the model of the screen that was read or fitted last."""
        return line_graph(self.structure, self.priors, self._sizes)

    def _sample(self, chains: list[Chain], draws: Draws) -> int:
        """Run the chains through warm-up and until they have enough draws; returns the number of iterations after warm-up."""
        s = self.settings
        for number, chain in enumerate(chains, 1):
            while chain.iteration < s.tune:
                chain.step()
            logger.info("  chain %d of %d: warm-up of %d iterations done", number, len(chains), s.tune)
        made = 0
        while made < s.draws:
            end = min(made + ROUND, s.draws)
            for number, chain in enumerate(chains):
                for iteration in range(made, end):
                    before = chain.state.accepted.sum()
                    chain.step(draws.moments_at(iteration))
                    draws.add(number, iteration, chain, (chain.state.accepted.sum() - before) / len(chain.state.accepted))
            made = end
            least, worst = self._smallest_ess(draws.hyper[:, :made])
            logger.info("  %d of at most %d draws per chain, smallest ESS %.0f (%s)", made, s.draws, least, worst)
            if least >= s.ess:
                logger.info("  stopped: every hyper-parameter has an ESS of %d", s.ess)
                return made
        logger.info("  stopped after %d draws per chain, before every hyper-parameter had an ESS of %d", made, s.ess)
        return made

    def _smallest_ess(self, hyper: np.ndarray) -> tuple[float, str]:
        """The smallest bulk ESS of (chain, draw, hyper-parameter), and whose it is."""
        if hyper.shape[1] < 4:
            return 0.0, "too few draws"
        found = np.array([float(az.ess(hyper[..., i], method="bulk")) for i in range(hyper.shape[2])])
        worst = int(np.argmin(np.nan_to_num(found)))
        return float(np.nan_to_num(found)[worst]), list(self.structure.roles)[worst]

    def _prior_draws(self, data: ModelData) -> xr.Dataset:
        """Draws from the prior, made once per design, without effects by gene and cell line."""
        if self._prior is None or not data.has_same_design(self._prior[0]):
            count = int(min(self.settings.prior_draws, max(250, PRIOR_VALUES // len(data.sgrnas))))
            rng = np.random.default_rng(self.prior_seed)
            drawn = [line_prior.draw_all(self.structure, self.parameters, data, rng, cells=False)[0] for _ in range(count)]
            dims = self.structure.dims
            found = {
                name: (("chain", "draw", *dims.get(name, ())), np.stack([each[name] for each in drawn])[None]) for name in drawn[0]
            }
            named = {dim: data.coords[dim] for dim in ("gene", "sgrna", "cell_line")}
            self._prior = data, xr.Dataset(found, coords={"chain": [0], "draw": np.arange(count)} | named)
        return self._prior[1]


def _lengths_of_dims(data: ModelData) -> dict[str, int]:
    sizes = data.sizes
    return {"gene": sizes["genes"], "sgrna": sizes["sgrnas"], "cell_line": sizes["cell_lines"], "row": sizes["rows"]}


def make_engine(
    declared: Declaration, priors: Priors, settings: Settings, threads: int, prior_seed: int, place: str
) -> GibbsEngine | OneLineEngine:
    """The engine for a variant that declares STRUCTURE or ONE_LINE; see `registry.make_engine`. Raises UserError without them."""
    if declared.one_line is not None:
        return one_line_gibbs.make_engine(declared, priors, settings, prior_seed, place)
    structure = read_structure(declared.structure, place)
    return GibbsEngine(structure, prior_parameters(structure, priors, place), priors, settings, threads, prior_seed)
