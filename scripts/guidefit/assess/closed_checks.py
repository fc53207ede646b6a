"""Predictive checks in closed form given some posterior draws, without any array of all draws by all rows.

Locations are integrated out gene by gene (guidefit.assess.row_kernels), so that leaving a row out of them is exact. Only scales,
multipliers and the like are left to importance weights, for which STATES draws suffice.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from guidefit.assess import gaussian_states, leave_one_out, line_states, one_line_states
from guidefit.assess.leave_one_out import KEPT_DRAWS, Checker, PredictiveChecks, RowDensities
from guidefit.assess.predicted_lines import PredictedLines
from guidefit.assess.row_kernels import RowState, SortedRows, leave_rows_out
from guidefit.base.arrays import evenly_spaced
from guidefit.models import line_prior, structure
from guidefit.models.declaration import Declaration, Priors
from guidefit.models.line_structure import LineStructure, prior_parameters, read_structure
from guidefit.models.one_line import OneLineStructure, read_one_line
from guidefit.models.structure import Structure
from guidefit.screens import screen_file
from guidefit.screens.arrays import ModelData, model_data

STATES = 200  # posterior draws that are used, evenly spaced and from all chains
ROWS_AT_ONCE = 16_000  # rows, about, whose densities given all draws are held at a time
MOST_ROWS = 2_000_000  # of larger screens, some genes are checked
ROWS_KEPT = 20_000  # rows, about, at most, whose predicted values are kept, for figures


def make_checker(declared: Declaration, priors: Priors, n_draws: int, essential: Collection[str]) -> Checker:
    """The checks of fits of a variant that declares STRUCTURE or GAUSSIAN, with at most n_draws of their draws.

    essential: genes known to be essential.
    """
    count, place = min(n_draws, STATES), declared.path.stem
    if declared.structure is not None:
        of_lines = read_structure(declared.structure, place)
        parameters = prior_parameters(of_lines, priors, place)
        return lambda data, fit, seed: check_lines(of_lines, parameters, data, fit, essential, count, seed)
    if declared.one_line is not None:
        one, own_priors = read_one_line(declared.one_line, priors, place)
        return lambda data, fit, seed: check_one_line(one, own_priors, data, fit, essential, count, seed)
    gaussian = structure.make(declared.gaussian, priors, place)
    return lambda data, fit, seed: check_gaussian(gaussian, data, fit, essential, count, seed)


def check_lines(
    declared: LineStructure,
    parameters: Mapping[str, tuple[float, ...]],
    data: ModelData,
    fit: xr.DataTree,
    essential: Collection[str],
    n_draws: int,
    seed: int,
) -> PredictiveChecks:
    """Check the predictions of a fit of a variant with effects by gene and cell line, with n_draws of its draws.

    declared: as the variant has it; parameters: of its priors, from `line_structure.prior_parameters`.
    """
    own = declared if data.has_covariate else declared.without_slope()
    rng = np.random.default_rng(_streams(seed, data)[0])
    draws = some_draws(fit["posterior"].to_dataset(), data, n_draws)
    states = line_states.read_states(own, draws, data.gene_of_sgrna, rng)

    def draw_prior(some: ModelData) -> Iterator[np.ndarray]:
        for _ in range(KEPT_DRAWS):
            yield line_prior.draw_logfc(own, line_prior.draw_all(own, parameters, some, rng)[0], some, rng)

    return _check(states, data, essential, draw_prior, seed)


def check_one_line(
    declared: OneLineStructure,
    parameters: Mapping[str, tuple[float, ...]],
    data: ModelData,
    fit: xr.DataTree,
    essential: Collection[str],
    n_draws: int,
    seed: int,
) -> PredictiveChecks:
    """Check the predictions of a fit of a variant of one cell line, with n_draws of its draws."""
    rng = np.random.default_rng(_streams(seed, data)[0])
    draws = some_draws(fit["posterior"].to_dataset(), data, n_draws)

    def draw_prior(some: ModelData) -> Iterator[np.ndarray]:
        for _ in range(KEPT_DRAWS):
            yield one_line_states.draw_logfc(declared, parameters, some, rng)

    states = one_line_states.read_states(declared, draws, data)
    return _check(states, data, essential, draw_prior, seed, one_line_states.leave_rows_out)


def check_gaussian(
    model: Structure, data: ModelData, fit: xr.DataTree, essential: Collection[str], n_draws: int, seed: int
) -> PredictiveChecks:
    """Check the predictions of a fit of a linear Gaussian variant, with n_draws of its draws."""
    rng = np.random.default_rng(_streams(seed, data)[0])
    draws = some_draws(fit["posterior"].to_dataset(), data, n_draws)

    def draw_prior(some: ModelData) -> Iterator[np.ndarray]:
        drawn = model.prior_draws(some.gene_of_sgrna, KEPT_DRAWS, rng)
        yield from gaussian_states.draw_logfc(model, drawn, some, rng)

    return _check(gaussian_states.read_states(model, draws, data), data, essential, draw_prior, seed)


def _streams(seed: int, data: ModelData) -> list[np.random.SeedSequence]:
    """Random streams: one of its own, and one for each gene that a part of the rows may start with."""
    return np.random.SeedSequence(seed).spawn(1 + len(data.genes))


def _check(
    drawn: Iterable[Any],
    data: ModelData,
    essential: Collection[str],
    draw_prior: Callable[[ModelData], Iterator[np.ndarray]],
    seed: int,
    leave_out: Callable[..., None] = leave_rows_out,
) -> PredictiveChecks:
    """All parts of the checks. draw_prior: KEPT_DRAWS predictions (row,) from the prior for the rows of a screen.

    leave_out: predicts rows given one of the drawn states, a `row_kernels.RowState` unless it is of a kind of its own.
    """
    rows, order, guide_order = sort_rows(data)
    states = [by_gene(state, guide_order) if isinstance(state, RowState) else state for state in drawn]
    streams = _streams(seed, data)[1:]
    kept = rows_of_some_genes(data, ROWS_KEPT)
    parts, position, count = [], np.full(len(order), -1), len(states)
    position[kept] = np.arange(len(kept))
    predicted, lines = np.empty((count, len(kept)), np.float32), PredictedLines(data, count, essential)
    for lo, hi in chunks_of_genes(rows, ROWS_AT_ONCE):
        first, last = rows.row_start[rows.cell_start[[lo, hi]]]
        rng = np.random.default_rng(streams[lo])
        found = [np.empty((count, last - first)) for _ in range(5)]
        for number, state in enumerate(states):
            leave_out(rows, lo, hi, state, *(each[number] for each in found), rng)
        log_density, lower, log_own, made, fresh = found
        lines.add(order[first:last], fresh)
        parts.append(leave_one_out.weigh(RowDensities(log_density.T, lower.T, log_own.T)))
        places = position[order[first:last]]
        predicted[:, places[places >= 0]] = made[:, places >= 0]
    loo = leave_one_out.join(parts, order, count)
    prior = np.stack([made.astype(np.float32) for made in draw_prior(only_rows(data, kept))])
    dims = ("sample", "row")
    draws = leave_one_out.predicted_draws(xr.DataArray(prior, dims=dims), xr.DataArray(predicted, dims=dims), data, kept)
    return PredictiveChecks(draws, loo, lines.table())


def read_screen(path: str | Path, seed: int) -> ModelData:
    """The screen that is checked: of one with more than MOST_ROWS rows evenly spaced genes with about that many."""
    rows = screen_file.count_rows(path, seed)
    if rows <= MOST_ROWS:
        return model_data(screen_file.read_seed(path, seed))
    genes = len(screen_file.read_gene_labels(path, seed))
    return model_data(screen_file.read_some_genes(path, seed, max(1, genes * MOST_ROWS // rows))[0])


def some_draws(posterior: xr.Dataset, data: ModelData, most: int) -> dict[str, np.ndarray]:
    """name -> (draw, ...): at most `most` draws of all chains, evenly spaced; genes, sgRNAs and lines are those of the screen."""
    for dim, names in (("gene", data.genes), ("sgrna", data.sgrnas), ("cell_line", data.cell_lines)):
        if dim in posterior.dims and posterior[dim].values.tolist() != names:
            posterior = posterior.sel({dim: names})
    chosen = evenly_spaced(posterior.sizes["chain"] * posterior.sizes["draw"], most)
    chain, draw = np.divmod(chosen, posterior.sizes["draw"])
    values = {str(name): each.transpose("chain", "draw", ...).values for name, each in posterior.data_vars.items()}
    return {name: each[chain, draw] for name, each in values.items()}


def sort_rows(data: ModelData) -> tuple[SortedRows, np.ndarray, np.ndarray]:
    """The rows as the kernels take them, the places of these rows in the screen, and the codes of the sgRNAs in their order."""
    lines, genes = len(data.cell_lines), len(data.genes)
    guide_order = np.argsort(data.gene_of_sgrna, kind="stable")
    guide_of_sgrna = np.argsort(guide_order)
    guide_start = np.searchsorted(data.gene_of_sgrna[guide_order], np.arange(genes + 1))
    cell = data.gene_of_row * lines + data.cell_line_of_row
    order = np.lexsort((guide_of_sgrna[data.sgrna_of_row], cell))
    cells, row_start = np.unique(cell[order], return_index=True)
    cell_start = np.searchsorted(cells // lines, np.arange(genes + 1))
    starts = np.append(row_start, len(order))
    rows = SortedRows(
        guide_start,
        cell_start,
        starts,
        cells % lines,
        guide_of_sgrna[data.sgrna_of_row[order]],
        data.x[order],
        data.logfc[order],
        int(np.diff(guide_start).max()),
        int(np.diff(starts[cell_start]).max()),
    )
    return rows, order, guide_order


def by_gene(state: RowState, guide_order: np.ndarray) -> RowState:
    """The same state with its guides in the order of `sort_rows`."""
    root, alpha, beta, noise = (each[guide_order] for each in (state.guide_root, state.alpha, state.beta, state.noise))
    return state._replace(guide_root=root, alpha=alpha, beta=beta, noise=noise)


def chunks_of_genes(rows: SortedRows, most: int) -> list[tuple[int, int]]:
    """Ranges of genes with about `most` rows each."""
    ends = rows.row_start[rows.cell_start]
    edges = np.unique(np.append(np.searchsorted(ends, np.arange(0, ends[-1], most)), len(ends) - 1))
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def rows_of_some_genes(data: ModelData, most: int) -> np.ndarray:
    """The places of about `most` rows at most, all those of evenly spaced genes; of at least one gene."""
    genes = max(1, int(len(data.genes) * most / max(len(data.x), 1)))
    chosen = np.zeros(len(data.genes), bool)
    chosen[evenly_spaced(len(data.genes), genes)] = True
    return np.flatnonzero(chosen[data.gene_of_row])


def only_rows(data: ModelData, places: np.ndarray) -> ModelData:
    """The screen of these rows alone, with all its cell lines."""
    sgrnas, sgrna_of_row = np.unique(data.sgrna_of_row[places], return_inverse=True)
    genes, gene_of_sgrna = np.unique(data.gene_of_sgrna[sgrnas], return_inverse=True)
    return ModelData(
        [data.genes[gene] for gene in genes],
        [data.sgrnas[sgrna] for sgrna in sgrnas],
        gene_of_sgrna,
        sgrna_of_row,
        data.x[places],
        data.logfc[places],
        data.cell_lines,
        data.cell_line_of_row[places],
    )
