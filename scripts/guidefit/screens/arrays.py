"""A screen as the arrays that models are built from."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class ModelData:
    """A screen as the arrays a model is built from.

    genes, sgrnas: names, in order of first appearance; gene_of_sgrna: (sgrna,) codes; sgrna_of_row: (row,) codes;
    x: (row,) covariate; logfc: (row,) log2 fold change; cell_lines: names; cell_line_of_row: (row,) codes.
    """

    genes: list[str]
    sgrnas: list[str]
    gene_of_sgrna: np.ndarray
    sgrna_of_row: np.ndarray
    x: np.ndarray
    logfc: np.ndarray
    cell_lines: list[str]
    cell_line_of_row: np.ndarray

    @property
    def sizes(self) -> dict[str, int]:
        """Numbers of rows, genes, sgrnas and cell_lines."""
        names = {"genes": self.genes, "sgrnas": self.sgrnas, "cell_lines": self.cell_lines}
        return {"rows": len(self.x)} | {key: len(each) for key, each in names.items()}

    def digest(self) -> str:
        """Checksum of the design (names and codes), x and logFC."""
        names = "\x1f".join([*self.genes, *self.sgrnas, *self.cell_lines]).encode()
        arrays = (self.gene_of_sgrna, self.sgrna_of_row, self.cell_line_of_row, self.x, self.logfc)
        return hashlib.sha256(names + b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()

    @property
    def has_covariate(self) -> bool:
        """Whether x is not 0 everywhere, as it is in a screen without copy numbers."""
        return bool(np.any(self.x))

    @property
    def gene_of_row(self) -> np.ndarray:
        """(row,) gene codes."""
        return self.gene_of_sgrna[self.sgrna_of_row]

    @property
    def coords(self) -> dict[str, Any]:
        """Coordinates of the model's dims."""
        return {"gene": self.genes, "sgrna": self.sgrnas, "cell_line": self.cell_lines, "row": np.arange(len(self.x))}

    def take_rows(self, kept: np.ndarray) -> "ModelData":
        """The screen of some rows, with the genes, sgRNAs and cell lines that these have. kept: (row,) booleans."""
        sgrnas, sgrna_of_row = np.unique(self.sgrna_of_row[kept], return_inverse=True)
        genes, gene_of_sgrna = np.unique(self.gene_of_sgrna[sgrnas], return_inverse=True)
        lines, line_of_row = np.unique(self.cell_line_of_row[kept], return_inverse=True)
        names = [[own[i] for i in codes] for own, codes in ((self.genes, genes), (self.sgrnas, sgrnas), (self.cell_lines, lines))]
        return ModelData(names[0], names[1], gene_of_sgrna, sgrna_of_row, self.x[kept], self.logfc[kept], names[2], line_of_row)

    def has_same_design(self, other: "ModelData") -> bool:
        """Whether a model compiled for the other data fits these after swapping x and logfc."""
        return (
            self.has_covariate == other.has_covariate
            and self.genes == other.genes
            and self.sgrnas == other.sgrnas
            and self.cell_lines == other.cell_lines
            and np.array_equal(self.gene_of_sgrna, other.gene_of_sgrna)
            and np.array_equal(self.sgrna_of_row, other.sgrna_of_row)
            and np.array_equal(self.cell_line_of_row, other.cell_line_of_row)
        )


def model_data(table: pd.DataFrame) -> ModelData:
    """Arrays of one screen (one seed's rows)."""
    sgrna_codes, sgrnas = _factorize(table["sgrna"])
    gene_codes, genes = _factorize(table["gene"])
    line_codes, lines = _factorize(table["cell_line"])
    gene_of_sgrna = np.empty(len(sgrnas), dtype=np.int64)
    gene_of_sgrna[sgrna_codes] = gene_codes
    logfc = table["logfc"] if "logfc" in table else np.zeros(len(table))
    x, y = np.asarray(table["x"], float), np.asarray(logfc, float)
    return ModelData(genes, sgrnas, gene_of_sgrna, sgrna_codes, x, y, lines, line_codes)


def _factorize(names: pd.Series) -> tuple[np.ndarray, list[str]]:
    """(row,) codes and the names in order of first appearance."""
    is_category = isinstance(names.dtype, pd.CategoricalDtype) and pd.api.types.is_string_dtype(names.cat.categories.dtype)
    codes, found = pd.factorize(names if is_category else names.astype(str))
    return codes, list(found)
