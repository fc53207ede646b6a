"""The long table of a screen from matrices, some genes at a time, so that no table of all rows is held in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from guidefit.base.errors import UserError
from guidefit.screens.counted import median
from guidefit.screens.covariates import WITHIN_GENES, Covariate, FittedCovariate
from guidefit.screens.depmap_files import Steps
from guidefit.screens.depmap_joins import select_guides
from guidefit.screens.ledger import Ledger, listed
from guidefit.screens.replicates import Replicates


@dataclass(frozen=True)
class Block:
    """Some genes of a screen.

    guides: their rows of the guide map; logfc (average of replicates), cna (linear), count (replicates with a value), sd (of the
    replicates) and kept (which cells are rows of the screen): (line, guide) arrays.
    """

    guides: pd.DataFrame
    logfc: np.ndarray
    cna: np.ndarray
    count: np.ndarray
    sd: np.ndarray
    kept: np.ndarray

    @property
    def genes(self) -> tuple[np.ndarray, np.ndarray]:
        """(guide,) gene codes within the block, and the genes' names."""
        codes, names = pd.factorize(self.guides["gene"])
        return codes, np.asarray(names)


class Blocks:
    """The blocks of a screen: guides, cell lines and copy numbers that belong together.

    copies: (cell line, gene) linear copy numbers, None where there are none; block_rows: about how many rows a block has;
    fewest_lines: with copy numbers that a screen may have. What is
    left out goes into the
    ledger: guides and cell lines at once, single rows when `iterate` has gone through all blocks.
    """

    def __init__(
        self,
        guides: pd.DataFrame,
        replicates: Replicates,
        copies: pd.DataFrame | None,
        steps: Steps,
        ledger: Ledger,
        block_rows: int,
        fewest_lines: int = 2,
    ) -> None:
        self._replicates, self._copies, self._steps = replicates, copies, steps
        self._block_rows = block_rows
        names = replicates.lines
        self.lines = np.unique(names if copies is None else names[pd.Index(names).isin(copies.index)])
        self.guides = select_guides(guides, replicates.sgrnas, np.unique(names), copies, steps, ledger, fewest_lines)
        self._line_rows = np.empty(0, int) if copies is None else copies.index.get_indexer(self.lines)
        # Replicates are sorted by cell line: where each line's begin among those that are kept.
        self._kept_replicates = np.flatnonzero(pd.Index(names).isin(self.lines))
        self._starts = np.searchsorted(names[self._kept_replicates], self.lines)

    def iterate(self, ledger: Ledger | None = None) -> Iterator[Block]:
        """All genes, some at a time. With a ledger, rows that are left out are counted there after the last block."""
        sizes = self.guides.groupby("gene", sort=False).size()
        block_of_gene = np.cumsum(sizes.to_numpy()) * len(self.lines) // self._block_rows
        block = self.guides["gene"].map(dict(zip(sizes.index, block_of_gene, strict=True)))
        scarce, without_logfc, without_cna = 0, 0, 0
        for _, guides in self.guides.groupby(block, sort=False):
            each, is_scarce = self._replicates.logfc(guides["position"].to_numpy())
            logfc, count, sd = self._average(each[self._kept_replicates])
            cna, has_cna = self._copy_numbers(guides, logfc.shape)
            is_missing = count == 0
            is_scarce = is_missing & np.logical_or.reduceat(is_scarce[self._kept_replicates], self._starts, axis=0)
            scarce += int(is_scarce.sum())
            without_logfc += int((is_missing & ~is_scarce).sum())
            without_cna += int((~is_missing & ~has_cna).sum())
            yield Block(guides, logfc, cna, count, sd, ~is_missing & has_cna)
        if ledger:
            of_reference = "mean scaled count of both arms" if self._steps.against else "scaled count of the reference"
            ledger.drop(f"{of_reference} below {self._steps.min_pdna:g}", scarce, [])
            ledger.drop("no count or logFC", without_logfc, [])
            ledger.drop("no copy number for the gene in the cell line", without_cna, [])

    def _copy_numbers(self, guides: pd.DataFrame, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """(line, guide) linear copy numbers, and which are known; without copy numbers all are missing and none is asked for."""
        if self._copies is None:
            return np.full(shape, np.nan), np.ones(shape, dtype=bool)
        cna = self._copies.to_numpy()[np.ix_(self._line_rows, guides["copies"].to_numpy(int))]
        return cna, np.isfinite(cna)

    def _average(self, each: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(line, guide) average of (replicate, guide) logFC, number of replicates with a value, and their sd (NaN for one)."""
        is_known = np.isfinite(each)
        count = np.add.reduceat(is_known, self._starts, axis=0, dtype=int)
        with np.errstate(invalid="ignore", divide="ignore"):
            average = np.add.reduceat(np.where(is_known, each, 0.0), self._starts, axis=0) / count
            sizes = np.diff([*self._starts, len(each)])
            deviation = np.where(is_known, each - np.repeat(average, sizes, axis=0), 0.0)
            sd = np.sqrt(np.add.reduceat(deviation**2, self._starts, axis=0) / (count - 1))
        if self._steps.replicates == "median":
            average = np.stack([median(part) for part in np.split(each, self._starts[1:])])
        return average, count, np.where(count > 1, sd, np.nan)


@dataclass
class CopyNumbers:
    """Copy numbers of the rows of each gene, collected block by block, to fit the covariate and to find genes without variation.

    rows: gene -> number of rows; ends: gene -> lowest and highest copy number; all_values: gene -> copy numbers of all its rows,
    only where the covariate depends on the rows of all genes; cells: guides x lines; has_rows: (line,) whether it has rows.
    """

    covariate: Covariate
    rows: dict[str, int] = field(default_factory=dict)
    ends: dict[str, np.ndarray] = field(default_factory=dict)
    all_values: dict[str, np.ndarray] = field(default_factory=dict)
    cells: int = 0
    has_rows: np.ndarray | bool = False

    def add(self, block: Block) -> None:
        """Collect the copy numbers of a block."""
        codes, names = block.genes
        self.count(block)
        for i, gene in enumerate(names):
            cna = block.cna[:, codes == i][block.kept[:, codes == i]]
            if len(cna):
                self.ends[gene] = np.array([cna.min(), cna.max()])
                if self.covariate.name not in WITHIN_GENES:
                    self.all_values[gene] = cna

    def count(self, block: Block) -> None:
        """Count the cells and rows of a block."""
        codes, names = block.genes
        self.cells += block.kept.size
        self.has_rows = self.has_rows | block.kept.any(axis=1)
        self.rows |= dict(zip(names, np.bincount(codes, block.kept.sum(axis=0), len(names)).astype(int).tolist(), strict=True))

    def fit(self) -> FittedCovariate | None:
        """The covariate that depends on the rows of all genes; None where each gene's depends on its own rows alone."""
        if not self.all_values:
            return None
        cna = np.concatenate([*self.all_values.values()])
        return self.covariate.fit(cna, np.zeros(len(cna), dtype=int))

    def find_constant_genes(self) -> list[str]:
        """Genes whose covariate does not vary."""
        fitted = self.fit()
        x = {gene: fitted.x(ends, np.zeros(2, dtype=int)) if fitted else ends for gene, ends in self.ends.items()}
        return [gene for gene, (low, high) in x.items() if high - low <= 1e-9]

    def drop(self, genes: list[str]) -> int:
        """Forget genes; returns how many rows they had."""
        for gene in genes:
            self.all_values.pop(gene, None)
        return sum(self.rows.pop(gene) for gene in genes)


def make_tables(
    blocks: Blocks, covariate: Covariate, constant_covariate: str, place: str, ledger: Ledger
) -> Iterator[pd.DataFrame]:
    """The blocks as long tables with x and x_diploid, after a first pass over all copy numbers, which completes the ledger.

    constant_covariate: "refuse", "drop" or "keep" genes whose covariate does not vary. place: begins messages. Raises UserError.
    """
    copies = CopyNumbers(covariate)
    for block in blocks.iterate(ledger):
        copies.add(block)
    _report_losses(copies, blocks.lines, ledger, "cells with data and copy number")
    constant = [] if constant_covariate == "keep" else copies.find_constant_genes()
    if constant and constant_covariate == "refuse":
        raise UserError(
            f"{place}: no variation of the covariate {covariate.name} in {len(constant)} gene(s) ({listed(constant)}), so no "
            "slope can be fitted for them. Set screen.constant_covariate: drop to leave them out and count them."
        )
    warn_of_constant_genes(len(constant), len(copies.ends), ledger)
    ledger.drop(f"no variation of the covariate in {len(constant)} gene(s)", copies.drop(constant), constant)
    if not sum(copies.rows.values()):
        raise UserError(_explain_no_rows(f"{place}: ", ledger))
    return _iterate_tables(blocks, covariate, copies.fit(), constant)


def make_tables_without_copies(blocks: Blocks, ledger: Ledger) -> Iterator[pd.DataFrame]:
    """The blocks of a screen without copy numbers as long tables: cna is missing, x and x_diploid are 0.

    LogFC is computed once: the ledger is complete after the last block. Raises UserError then where no block had a row.
    """
    none, found = FittedCovariate(lambda copies, _: np.zeros(len(copies)), None), CopyNumbers(NO_COPIES)
    for block in blocks.iterate(ledger):
        found.count(block)
        if block.kept.any():
            yield _make_table(block, block.kept, blocks.lines, NO_COPIES, none)
    _report_losses(found, blocks.lines, ledger, "cells with data")
    if not sum(found.rows.values()):
        raise UserError(_explain_no_rows("", ledger))


def _explain_no_rows(place: str, ledger: Ledger) -> str:
    left_out = ledger.table().to_string(index=False)
    return f"{place}no rows are left. Correct the files or the settings by which rows were left out:\n{left_out}"


NO_COPIES = Covariate("raw", (), np.nan)  # of which nothing is used


def _report_losses(copies: CopyNumbers, lines: np.ndarray, ledger: Ledger, side: str) -> None:
    """Genes and lines without a single row, and the share of cells that are rows. side: which cells are rows."""
    kept, without = sum(copies.rows.values()), [gene for gene, rows in copies.rows.items() if not rows]
    if kept:
        ledger.join_of_screen(side, "genes of the screen", len(copies.rows), without)
        ledger.join_of_screen(side, "cell lines of the screen", len(lines), lines[~np.asarray(copies.has_rows)].tolist())
        if kept < (1 - ledger.lost_share) * copies.cells:
            ledger.warn(f"{copies.cells - kept:,} of {copies.cells:,} cells (guide and line) are no rows of the screen, see above")


def warn_of_constant_genes(constant: int, genes: int, ledger: Ledger) -> None:
    """Warn where more than the share that may be lost are genes without variation of the covariate."""
    if constant > ledger.lost_share * genes:
        ledger.warn(
            f"{constant:,} of {genes:,} genes are left out, as their covariate does not vary (screen.constant_covariate: drop)"
        )


def _iterate_tables(
    blocks: Blocks, covariate: Covariate, fitted: FittedCovariate | None, left_out: list[str]
) -> Iterator[pd.DataFrame]:
    for block in blocks.iterate():
        codes, names = block.genes
        kept = block.kept & ~pd.Index(names).isin(left_out)[codes]
        if kept.any():
            yield _make_table(block, kept, blocks.lines, covariate, fitted)


def _make_table(
    block: Block, kept: np.ndarray, lines: np.ndarray, covariate: Covariate, fitted: FittedCovariate | None
) -> pd.DataFrame:
    """The kept cells of a block as rows, guide by guide; fitted None: the covariate is fitted to each gene's own rows here."""
    codes, names = block.genes
    guide, line = np.nonzero(kept.T)
    cna, gene = block.cna.T[kept.T], codes[guide]
    if fitted is None:
        _, code = np.unique(gene, return_inverse=True)  # some genes of the block may have no row
        fitted = covariate.fit(cna, code)
    else:
        code = np.zeros(len(cna), dtype=int)
    labels = block.guides.drop_duplicates("gene")["label"].tolist()
    table = {
        "gene": pd.Categorical.from_codes(gene, names.tolist()),
        "sgrna": pd.Categorical.from_codes(guide, block.guides["sgrna"].tolist()),
        "cell_line": pd.Categorical.from_codes(line, lines.tolist()),
        "cna": cna,
        "x": fitted.x(cna, code),
        "logfc": block.logfc.T[kept.T],
        "x_diploid": fitted.x(np.full(len(cna), covariate.diploid), code),
        "n_replicates": block.count.T[kept.T].astype(np.int32),
        "logfc_sd": block.sd.T[kept.T].astype(np.float32),
        "Gene": pd.Categorical.from_codes(gene, labels),
        "n_alignments": block.guides["n_alignments"].to_numpy()[guide],
    }
    return pd.DataFrame(table)
