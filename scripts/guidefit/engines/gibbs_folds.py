"""Fits of a variant with effects by gene and cell line to parts of a screen, for predictions of cell lines and genes left out.

Lines and genes are dealt into folds at random. The fit of a fold sees neither its lines nor its genes. Each is a short chain of the
engine `gibbs` that starts from a draw of the fit to the whole screen, so that its warm-up can be short.
"""

import logging
from collections.abc import Mapping

import numpy as np
import xarray as xr

from guidefit.engines.gibbs import GibbsEngine
from guidefit.engines.gibbs_draws import in_order
from guidefit.engines.gibbs_start import start_from
from guidefit.models.line_structure import LineStructure
from guidefit.screens.arrays import ModelData

logger = logging.getLogger("guidefit")

FOLDS = 5
FEWEST_LINES = 3  # of a screen: a fit needs at least two
WARM_UP, DRAWS = 60, 100  # iterations of the chain of each fold


def deal(count: int, folds: int, rng: np.random.Generator) -> np.ndarray:
    """(count,) the fold of each of `count` items, at random; sizes of folds differ by at most one."""
    return rng.permutation(np.arange(count) % folds)


def fit_folds(
    engine: GibbsEngine, data: ModelData, fit: xr.DataTree, folds: np.random.SeedSequence, seed: np.random.SeedSequence
) -> xr.Dataset:
    """Draws of the hyper-parameters in each fold, name -> (fold, draw), and fold_of_line, fold_of_gene, shared_slope, multiplier.

    shared_slope (fold, draw) is the mean slope of the genes, of the first of two classes where there are classes; 0 without copy
    numbers. multiplier (fold, cell_line) is that of the whole fit, since how strongly a line answers is known from its own rows
    alone, in the fold's unit, in which the lines that it keeps have log-mean 0.
    fit: of the whole screen `data` by the same engine. folds, seed: random streams of the folds and of the chains. A screen with
    fewer than FEWEST_LINES cell lines has no folds. Raises what the engine raises.
    """
    lines, genes = len(data.cell_lines), len(data.genes)
    count = min(FOLDS, lines, genes) if lines >= FEWEST_LINES and genes >= FEWEST_LINES else 0
    rng = np.random.default_rng(folds)
    fold_of_line, fold_of_gene = (deal(size, max(count, 1), rng) for size in (lines, genes))
    found = []
    for fold, of_fold in enumerate(seed.spawn(count)):
        kept = (fold_of_line[data.cell_line_of_row] != fold) & (fold_of_gene[data.gene_of_row] != fold)
        part = data.take_rows(kept)
        logger.info("  fold %d of %d: %d rows", fold + 1, count, kept.sum())
        found.append(_sample(engine, part, fit, of_fold))
    names = list(engine.structure.roles)
    values = np.array(found).reshape(count, DRAWS, len(names))
    folded = {
        "fold_of_line": ("cell_line", fold_of_line),
        "fold_of_gene": ("gene", fold_of_gene),
        "multiplier": (("fold", "cell_line"), _multipliers(engine.structure, data, fit, fold_of_line, count)),
    }
    shared = engine.structure.by_class(engine.structure.slope.mean)[0]
    slope = values[..., names.index(shared)] if shared in names else np.zeros((count, DRAWS))
    draws = {name: (("fold", "draw"), values[..., i]) for i, name in enumerate(names)} | {"shared_slope": (("fold", "draw"), slope)}
    return xr.Dataset(draws | folded, coords={"cell_line": data.cell_lines, "gene": data.genes})


def _multipliers(structure: LineStructure, data: ModelData, fit: xr.DataTree, fold_of_line: np.ndarray, count: int) -> np.ndarray:
    """(fold, cell_line) posterior means of the multipliers over their geometric mean in the lines that a fold keeps."""
    if not structure.multiplier:
        return np.ones((count, len(fold_of_line)))
    of_draws = fit["posterior"].to_dataset()[structure.multiplier[0]].sel(cell_line=data.cell_lines)
    k = of_draws.mean(("chain", "draw")).values
    units = [np.exp(np.log(k[fold_of_line != fold]).mean()) for fold in range(count)]
    return k / np.array(units).reshape(-1, 1)


def _sample(engine: GibbsEngine, part: ModelData, fit: xr.DataTree, seed: np.random.SeedSequence) -> np.ndarray:
    """(draw, hyper-parameter) of one fold, in the order of `LineStructure.roles`."""
    found, (of_start, of_chain) = [], seed.spawn(2)
    with engine.start_chains(part, [of_chain], WARM_UP) as (chain,):
        start_from(chain, engine.structure, draw_of_part(fit, part, np.random.default_rng(of_start)))
        for iteration in range(WARM_UP + DRAWS):
            chain.step()
            if iteration >= WARM_UP:
                found.append(in_order(engine.structure, chain))
    return np.array(found)


def draw_of_part(fit: xr.DataTree, part: ModelData, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """A draw of the fit to the whole screen, for the genes, sgRNAs and cell lines of a part of it; see `start_from`."""
    names = {"gene": part.genes, "sgrna": part.sgrnas, "cell_line": part.cell_lines}
    posterior, moments = fit["posterior"].to_dataset(), fit["moments"].to_dataset()
    one = posterior.isel(chain=rng.integers(posterior.sizes["chain"]), draw=rng.integers(posterior.sizes["draw"]))
    found = {str(name): each.values for name, each in one.sel(names).data_vars.items()}
    classes = [name for name in moments if str(name).startswith("p_") and moments[name].dims == ("gene",)]
    if classes:
        found["second_class"] = moments[classes[0]].sel(gene=part.genes).values > 0.5
    if "p_departs" in moments:
        found["departs"] = moments["p_departs"].sel(sgrna=part.sgrnas).values > 0.5
    return found
