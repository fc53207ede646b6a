"""What a fit of a variant with effects by gene and cell line (STRUCTURE) has beyond the draws that every variant has."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from guidefit.effects.draws import pool, summarise
from guidefit.effects.line_moments import moments_of_draws
from guidefit.models.declaration import Declaration
from guidefit.models.line_structure import LineStructure, read_structure

WEAK = "line hardly responds"
"""The flag of lines whose effects are those of the other lines."""
SELECTIVITY_COLUMNS = ("selectivity", "selectivity_sd", "selectivity_q025", "selectivity_q975")
SLOPE_COLUMNS = (
    *("slope_artefact", "slope_artefact_sd", "slope_artefact_q025", "slope_artefact_q975"),
    *("slope_biology", "slope_biology_sd", "slope_biology_q025", "slope_biology_q975"),
)


@dataclass(frozen=True)
class LineFit:
    """The draws (chain, draw, ...) of a fit and its moments: effects by gene and cell line, and probabilities of classes and flags.

    moments: those that the engine `gibbs` keeps (`guidefit.engines.gibbs_draws.Draws`), or the same computed from draws.
    """

    structure: LineStructure
    draws: xr.Dataset
    moments: xr.Dataset

    def values(self, name: str, dim: str | None = None, names: list[str] | None = None) -> np.ndarray:
        """(draw, ...) draws of a variable; names: coordinates of `dim` in the order wanted."""
        found = self.draws[name] if dim is None else self.draws[name].sel({dim: names})
        return np.asarray(pool(found).values, dtype=float)

    def find_weak_lines(self, multiplier_min: float) -> np.ndarray:
        """(cell_line,) whether a line hardly responds: its multiplier k_l (posterior mean) is below multiplier_min."""
        names = self.moments["cell_line"].values.tolist()
        if not self.structure.multiplier:
            return np.zeros(len(names), bool)
        return self.values(self.structure.multiplier[0], "cell_line", names).mean(axis=0) < multiplier_min

    def summarise_genes(self, genes: list[str]) -> pd.DataFrame:
        """By gene, as far as the variant has them: p_common, selectivity and the two parts of the slope, see `tabulate_genes`."""
        structure, parts = self.structure, []
        if structure.classes:
            of_gene = self.moments[f"p_{structure.classes[1]}"].sel(gene=genes).values.astype(float)
            parts.append(pd.DataFrame({"p_common": of_gene}))
        parts.append(summarise(self.values(structure.gene_by_line[1], "gene", genes), "selectivity"))
        if structure.slope.gene[0] in self.draws:
            shared = self.values(structure.by_class(structure.slope.mean)[0])[:, None]
            own = self.values(structure.slope.gene[0], "gene", genes) - shared
            parts += [summarise(np.broadcast_to(shared, own.shape), "slope_artefact"), summarise(own, "slope_biology")]
        return pd.concat(parts, axis=1)

    def sgrna_sds(self, genes: list[str]) -> np.ndarray:
        """(gene,) sd of the sgRNAs' intercepts around their gene's: sigma_alpha, of each class by its probability."""
        structure = self.structure
        names = structure.by_class(structure.intercept.sgrna[1])
        variances = np.array([self.values(name).mean() for name in names]) ** 2
        if not structure.classes:
            return np.full(len(genes), np.sqrt(variances[0]))
        second = self.moments[f"p_{structure.classes[1]}"].sel(gene=genes).values.astype(float)
        return np.sqrt(variances[0] * (1 - second) + variances[1] * second)

    def summarise_sgrnas(self, sgrnas: list[str]) -> pd.DataFrame:
        """By sgRNA: noise, and p_departs with its direction where there are classes, see `tabulate_sgrnas`.

        With one class of genes, flags describe the population of guides and not single ones, and are left out.
        """
        structure = self.structure
        found = summarise(self.values(structure.sgrna_noise[0], "sgrna", sgrnas), "noise")
        if not (structure.classes and structure.departing_sgrnas):
            return found
        return found.assign(p_departs=self.moments["p_departs"].sel(sgrna=sgrnas).values.astype(float))


def read_line_fit(declared: Declaration, fit: xr.DataTree, dependent_below: float) -> LineFit | None:
    """The fit of a variant with effects by gene and cell line; None for other variants.

    dependent_below: of the variant's sampling settings, for fits that have draws of all effects and no moments.
    """
    if declared.structure is None:
        return None
    structure, posterior = read_structure(declared.structure, str(declared.path)), fit["posterior"].to_dataset()
    if "moments" in fit.children:
        return LineFit(structure, posterior, fit["moments"].to_dataset())
    moments = moments_of_draws(structure, posterior, fit["constant_data"].to_dataset(), dependent_below)
    return LineFit(structure, posterior, moments)
