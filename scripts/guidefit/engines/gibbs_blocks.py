"""A screen as blocks for the engine `gibbs`: some guides of a gene by the cell lines in which exactly these were measured.

Missing values then cost nothing, and the data of a gene lie next to each other.
"""

from typing import NamedTuple

import numpy as np

from guidefit.base.errors import UserError
from guidefit.screens.arrays import ModelData

MOST_GUIDES = 60  # of a gene: the guides of a cell are the bits of an integer, and a gene's equations have two unknowns per guide


class Blocks(NamedTuple):
    """Genes in their order; guides by gene; blocks by gene; cells (a gene in a line) by block; rows by block, guide and cell.

    guide_start, block_start, matrix_start: (gene + 1,) first guide, block and element of the information matrix of each gene.
    member_start, cell_start, row_start: (block + 1,) first entry of `member` (number of a guide within its gene), cell and row.
    line: (cell,) codes; x: (cell,) mean covariate; uniform: (cell,) whether x is the same in all its rows; y, x_of_row: (row,).
    rows_of_guide: (guide,); most_guides, most_cells: of any gene.
    """

    guide_start: np.ndarray
    block_start: np.ndarray
    matrix_start: np.ndarray
    member_start: np.ndarray
    member: np.ndarray
    cell_start: np.ndarray
    row_start: np.ndarray
    line: np.ndarray
    x: np.ndarray
    uniform: np.ndarray
    y: np.ndarray
    x_of_row: np.ndarray
    rows_of_guide: np.ndarray
    most_guides: int
    most_cells: int


class Layout(NamedTuple):
    """blocks; sgrna: (guide,) code of each guide; gene_of_guide, gene_of_cell: codes; rows_of_line: (line,)."""

    blocks: Blocks
    sgrna: np.ndarray
    gene_of_guide: np.ndarray
    gene_of_cell: np.ndarray
    rows_of_line: np.ndarray


def make_layout(data: ModelData) -> Layout:
    """The blocks of a screen. Raises UserError for two rows of an sgRNA in a cell line, or a gene with more than MOST_GUIDES."""
    genes, lines = len(data.genes), len(data.cell_lines)
    sgrna = np.argsort(data.gene_of_sgrna, kind="stable")
    gene_of_guide = data.gene_of_sgrna[sgrna]
    guide_start = np.searchsorted(gene_of_guide, np.arange(genes + 1))
    _refuse_many_guides(data, np.diff(guide_start))
    member_of_sgrna = np.empty(len(sgrna), np.int64)
    member_of_sgrna[sgrna] = np.arange(len(sgrna)) - guide_start[gene_of_guide]

    gene, member = data.gene_of_row, member_of_sgrna[data.sgrna_of_row]
    _, cell = np.unique(gene * lines + data.cell_line_of_row, return_inverse=True)
    pattern = np.zeros(int(cell.max()) + 1, np.int64)
    np.bitwise_or.at(pattern, cell, np.int64(1) << member)
    order = np.lexsort((data.cell_line_of_row, member, -pattern[cell], gene))
    same = (np.diff(cell[order]) == 0) & (np.diff(member[order]) == 0)
    if same.any():
        row = order[np.flatnonzero(same)[0]]
        raise UserError(
            f"sgRNA {data.sgrnas[data.sgrna_of_row[row]]} has more than one row in cell line "
            f"{data.cell_lines[data.cell_line_of_row[row]]}, and engine gibbs needs one value for each sgRNA and cell line. "
            "Average the replicates, or use engine: nuts."
        )
    is_first = np.r_[True, (np.diff(gene[order]) != 0) | (np.diff(pattern[cell[order]]) != 0)]
    row_start = np.r_[np.flatnonzero(is_first), len(order)]
    block_of_row = np.cumsum(is_first) - 1
    is_new_member = is_first | np.r_[True, np.diff(member[order]) != 0]
    member_start = np.searchsorted(block_of_row[is_new_member], np.arange(len(row_start)))
    cells_of_block = np.diff(row_start) // np.diff(member_start)
    cell_start = np.r_[0, np.cumsum(cells_of_block)]
    within = np.arange(len(order)) - row_start[block_of_row]
    of_first_guide = within < cells_of_block[block_of_row]
    place = cell_start[block_of_row] + within % cells_of_block[block_of_row]  # of each row among the cells
    x = data.x[order]
    x_of_cell = np.bincount(place, x) / np.bincount(place)
    spread = np.zeros(len(x_of_cell))
    np.maximum.at(spread, place, abs(x - x_of_cell[place]))
    guides = np.diff(guide_start)
    gene_of_block = gene[order][row_start[:-1]]
    block_start = np.searchsorted(gene_of_block, np.arange(genes + 1))
    cells_of_gene = np.diff(cell_start[block_start])
    blocks = Blocks(
        guide_start,
        block_start,
        np.r_[0, np.cumsum((2 * guides) ** 2)],
        member_start,
        member[order][is_new_member],
        cell_start,
        row_start,
        data.cell_line_of_row[order][of_first_guide].astype(np.int32),
        x_of_cell.astype(np.float32),
        (spread <= 1e-6 * (1 + abs(x_of_cell))).astype(np.uint8),
        data.logfc[order].astype(np.float32),
        x.astype(np.float32),
        np.bincount(data.sgrna_of_row, minlength=len(sgrna))[sgrna].astype(float),
        int(guides.max()),
        int(cells_of_gene.max()),
    )
    rows_of_line = np.bincount(data.cell_line_of_row, minlength=lines).astype(float)
    return Layout(blocks, sgrna, gene_of_guide, np.repeat(np.arange(genes), cells_of_gene), rows_of_line)


def _refuse_many_guides(data: ModelData, guides: np.ndarray) -> None:
    if guides.max() > MOST_GUIDES:
        raise UserError(
            f"gene {data.genes[int(guides.argmax())]} has {guides.max()} sgRNAs, and engine gibbs allows {MOST_GUIDES}. Control "
            "sgRNAs that share one gene's name are not one gene: leave them out, or give them other names."
        )


def make_chunks(layout: Layout, rows_per_chunk: int = 12_000, most: int = 64) -> list[tuple[int, int]]:
    """Ranges of genes with about the same number of rows each. They depend on the data only, and each has its own random stream."""
    rows = np.bincount(layout.gene_of_guide, layout.blocks.rows_of_guide)
    count = int(min(most, len(rows), max(1, rows.sum() // rows_per_chunk)))
    inner = np.searchsorted(np.cumsum(rows), np.linspace(0, rows.sum(), count + 1)[1:-1])
    edges = np.unique(np.r_[0, inner, len(rows)])
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
