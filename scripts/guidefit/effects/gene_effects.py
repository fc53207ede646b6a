"""What a fit says of a real screen: the effect of each gene and sgRNA with the copy-number part apart, in logFC units.

An sgRNA's expected logFC is intercept + slope f(x), where f is the identity unless the variant has a response curve. Its effect at
the diploid copy number is intercept + slope f(x_diploid), and the copy-number part of a row slope (f(x) - f(x_diploid)).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import xarray as xr

from guidefit.screens.ledger import mangled
from guidefit.screens.matrices import matched
from guidefit.models.responses import CURVES
from guidefit.screens.screen_file import row_groups_of_seed
from guidefit.models.declaration import Declaration

# The names by which variants without a declared structure call their levels.
CONVENTION = {
    "intercept": {"mean": "mu_gamma", "gene": ("gamma_g", "sigma_gamma"), "sgrna": ("alpha_s", "sigma_alpha")},
    "slope": {"mean": "mu_delta", "gene": ("delta_g", "sigma_delta"), "sgrna": ("beta_s", "sigma_beta")},
}
SOME_DRAWS = 100  # of a curve's parameter, for the copy-number part of every row

GENE_COLUMNS = (
    *("study", "variant", "seed", "gene", "control", "verdict", "flags"),
    *("effect", "effect_sd", "effect_q025", "effect_q975", "p_negative", "effect_scaled"),
    *("slope", "slope_sd", "slope_q025", "slope_q975"),
    *("sgrnas", "rows", "cell_lines", "cna_lowest", "cna_highest", "cna_sd", "leverage", "leverage_cell_line"),
)
CORRECTED_COLUMNS = (
    *("study", "variant", "seed", "gene", "sgrna", "cell_line", "cna", "x", "logfc"),
    *("copy_number_part", "corrected_logfc"),
)
SGRNA_COLUMNS = (
    *("study", "variant", "seed", "sgrna", "gene"),
    *("effect", "effect_sd", "effect_q025", "effect_q975", "slope", "slope_sd", "slope_q025", "slope_q975"),
    *("departure", "departure_sd", "departure_q025", "departure_q975", "departure_scaled", "rows", "n_alignments"),
)


NO_LINES = pd.DataFrame(columns=["variant", "gene", "cna", "fitted", "lower", "upper"])


@dataclass(frozen=True)
class Layout:
    """What a screen says of its genes and sgRNAs, from one pass over its rows.

    genes: one row per gene: gene, label (its name in the source), sgrnas, rows, cell_lines, x_diploid, cna_lowest, cna_highest,
    cna_sd, leverage (largest share of one cell line in the sum of squares of x), leverage_cell_line.
    sgrnas: one row per sgRNA: sgrna, gene, rows, n_alignments.
    """

    genes: pd.DataFrame
    sgrnas: pd.DataFrame

    @property
    def labels(self) -> pd.Series:
        """gene -> its name in the source."""
        return self.genes.set_index("gene")["label"]


def rows_of(path: str | Path, seed: int, columns: list[str], batch_rows: int = 1 << 20) -> Iterator[pd.DataFrame]:
    """The rows of one seed, some at a time, with those of the columns that there are; names as categories."""
    with pq.ParquetFile(path, read_dictionary=["gene", "sgrna", "cell_line"]) as file:
        present = [name for name in columns if name in file.schema_arrow.names]
        for batch in file.iter_batches(batch_rows, row_groups_of_seed(file, seed), present):
            yield batch.to_pandas()


def layout(path: str | Path, seed: int) -> Layout:
    """Look at a screen's genes and sgRNAs in two passes over its rows, so that a screen of any number of rows fits."""
    sums = {"rows": ("x", "size"), "x": ("x", "sum"), "cna": ("cna", "sum"), "cna2": ("cna2", "sum")}
    sums |= {"cna_lowest": ("cna", "min"), "cna_highest": ("cna", "max")}
    sums |= {name: (name, "first") for name in ("x_diploid", "label", "n_alignments")}
    parts = []
    for rows in rows_of(path, seed, ["gene", "sgrna", "cna", "x", "x_diploid", "n_alignments", "Gene"]):
        many = pd.to_numeric(rows.get("n_alignments", np.nan), errors="coerce")
        rows = rows.assign(cna2=rows["cna"] ** 2, n_alignments=many, label=rows.get("Gene", rows["gene"]))
        by = rows.groupby(["sgrna", "gene"], observed=True, sort=False)
        parts.append(by.agg(**sums).reset_index().astype({"gene": "str", "sgrna": "str", "label": "str"}))
    again = dict.fromkeys(("rows", "x", "cna", "cna2"), "sum") | {"cna_lowest": "min", "cna_highest": "max"}
    again |= dict.fromkeys(("x_diploid", "label"), "first")
    guides = pd.concat(parts).groupby(["sgrna", "gene"], sort=False).agg(again | {"n_alignments": "first"}).reset_index()
    genes = guides.groupby("gene", sort=False).agg(again | {"sgrna": "size"}).rename(columns={"sgrna": "sgrnas"})
    genes["cna_sd"] = np.sqrt((genes["cna2"] / genes["rows"] - (genes["cna"] / genes["rows"]) ** 2).clip(lower=0))
    genes = genes.join(_leverage(path, seed, genes["x"] / genes["rows"])).drop(columns=["x", "cna", "cna2"])
    return Layout(genes.reset_index(), guides[["sgrna", "gene", "rows", "n_alignments"]])


def _leverage(path: str | Path, seed: int, mean: pd.Series) -> pd.DataFrame:
    """By gene: cell_lines, leverage and leverage_cell_line. mean: gene -> its mean x."""
    lines: dict[str, int] = {}
    parts = []
    for rows in rows_of(path, seed, ["gene", "cell_line", "x"]):
        genes, names = rows["gene"].cat, rows["cell_line"].cat
        of_gene = mean.index.get_indexer(genes.categories)[genes.codes]
        of_line = np.array([lines.setdefault(name, len(lines)) for name in names.categories])[names.codes]
        squares = pd.Series((rows["x"].to_numpy() - mean.to_numpy()[of_gene]) ** 2)
        parts.append(squares.groupby(of_gene * (1 << 32) + of_line).sum())
    own = pd.concat(parts)
    own = own.groupby(own.index).sum()
    gene, line = own.index.to_numpy() >> 32, own.index.to_numpy() & ((1 << 32) - 1)
    total = np.bincount(gene, own, len(mean))
    share = np.divide(own.to_numpy(), total[gene], out=np.zeros(len(own)), where=total[gene] > 0)
    largest = pd.Series(share).groupby(gene).idxmax().to_numpy()
    found = {
        "cell_lines": np.bincount(gene),
        "leverage": share[largest],
        "leverage_cell_line": np.array(list(lines))[line[largest]],
    }
    return pd.DataFrame(found, index=mean.index)


class Effects:
    """Draws of the intercepts and slopes of genes and sgRNAs of one fit.

    draws: the reported posterior; declared: the variant's file, which says what the levels are called; layout: the screen's.
    """

    def __init__(self, draws: xr.Dataset, declared: Declaration, layout: Layout) -> None:
        names = {"gene": layout.genes["gene"], "sgrna": layout.sgrnas["sgrna"]}
        draws = draws.sel({dim: each.tolist() for dim, each in names.items() if dim in draws.dims})
        self._draws = draws.stack(sample=("chain", "draw"), create_index=False).transpose("sample", ...)
        self._sides: Mapping[str, Any] = declared.gaussian or CONVENTION
        self._gene_of_sgrna = pd.Index(names["gene"]).get_indexer(layout.sgrnas["gene"])
        self._curve, self._parameter = None, np.ones(1)
        if declared.response:
            self._curve, self._parameter = CURVES[declared.response[0]], self._values(declared.response[1])

    def _values(self, name: str) -> np.ndarray:
        return np.asarray(self._draws[name].values, dtype=float)

    def _name(self, side: str, level: str) -> str | None:
        """What the variant calls this effect; None where it has none."""
        names = (self._sides.get(side) or {}).get(level)
        return names[0] if names and names[0] in self._draws else None

    def _level(self, side: str, level: str) -> np.ndarray:
        """(draw, gene) or (draw, sgrna) values of a side; (draw, 1) where all are alike, (1, 1) zero where there are none."""
        gene, sgrna = self._name(side, "gene"), self._name(side, "sgrna")
        names = self._sides.get(side) or {}
        if level == "sgrna" and sgrna:
            found = self._values(sgrna)
        elif gene:
            found = self._values(gene)
            found = found[:, self._gene_of_sgrna] if level == "sgrna" else found
        elif names.get("mean") in self._draws:
            found = self._values(names["mean"])[:, None]
        else:
            return np.zeros((1, 1))
        return found + self._values(names["added"])[:, None] if names.get("added") else found

    @property
    def known(self) -> bool:
        """Whether the variant has any parameter that is read here: one of its own file, named by neither rule, has none."""
        means = (names["mean"] for names in self._sides.values() if isinstance(names, Mapping))
        return self.has("gene") or self.has("sgrna") or any(name in self._draws for name in means)

    def has(self, level: str) -> bool:
        """Whether genes ("gene"), or the sgRNAs of a gene ("sgrna"), differ in this variant."""
        return any(self._name(side, level) for side in ("intercept", "slope"))

    def response(self, x: np.ndarray) -> np.ndarray:
        """f(x) in every draw: (draw, ...) for x (...), or (1, ...) where it is the identity."""
        return self._curve(x[None], self._parameter.reshape(-1, *([1] * x.ndim))) if self._curve else x[None]

    def at_diploid(self, level: str, x_diploid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(draw, gene or sgrna) effects at the diploid copy number, and slopes. x_diploid: (gene or sgrna,)."""
        slope = self._level("slope", level)
        effect = self._level("intercept", level) + slope * self.response(x_diploid)
        return effect, np.broadcast_to(slope, effect.shape)

    def line(self, gene: int, x: np.ndarray) -> np.ndarray:
        """(draw, point) fitted logFC of a gene at x (point,)."""
        intercept, slope = (
            level[:, [gene if level.shape[1] > 1 else 0]]
            for level in (self._level("intercept", "gene"), self._level("slope", "gene"))
        )
        return intercept + slope * self.response(x)

    @cached_property
    def _slope(self) -> np.ndarray:
        slope = self._level("slope", "sgrna")
        return np.broadcast_to(slope, (len(slope), len(self._gene_of_sgrna)))

    @cached_property
    def _mean_slope(self) -> np.ndarray:
        return self._slope.mean(axis=0)

    def copy_number_part(self, sgrna: np.ndarray, x: np.ndarray, x_diploid: np.ndarray) -> np.ndarray:
        """(row,) posterior mean of slope (f(x) - f(x_diploid)); sgrna: (row,) codes. With a curve over some of the draws."""
        if not self._curve:
            return self._mean_slope[sgrna] * (x - x_diploid)
        chosen = np.linspace(0, len(self._slope) - 1, min(SOME_DRAWS, len(self._slope))).astype(int)
        total = np.zeros(len(x))
        for i in chosen:
            parameter = self._parameter[i]
            total += self._slope[i][sgrna] * (self._curve(x, parameter) - self._curve(x_diploid, parameter))
        return total / len(chosen)


def _summary(draws: np.ndarray, name: str) -> dict[str, np.ndarray]:
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return {name: draws.mean(axis=0), f"{name}_sd": draws.std(axis=0, ddof=1), f"{name}_q025": low, f"{name}_q975": high}


def gene_table(
    effects: Effects, layout: Layout, control: Mapping[str, str], diploid: float, thresholds: Mapping[str, float]
) -> pd.DataFrame:
    """One row per gene: effect at the diploid copy number, slope on f(x), verdict, flags, and what the data have to tell by.

    control: gene -> essential or nonessential, where known; then effect_scaled is the effect on DepMap's scale, where the median
    nonessential gene is 0 and the median essential one -1. verdict: depleted, enriched or no effect where the posterior probability
    of an effect below -effect_min, above it, or between the two is effect_prob or more; else unclear (Kruschke 2018).
    """
    t = thresholds
    genes = layout.genes
    if not effects.has("gene"):
        return pd.DataFrame(columns=list(GENE_COLUMNS))
    effect, slope = effects.at_diploid("gene", genes["x_diploid"].to_numpy())
    table = genes.assign(**_summary(effect, "effect"), **_summary(slope, "slope"), p_negative=(effect < 0).mean(axis=0))
    table["control"] = table["gene"].map(control).fillna("")
    shares = {
        "depleted": (effect < -t["effect_min"]).mean(axis=0),
        "enriched": (effect > t["effect_min"]).mean(axis=0),
        "no effect": (np.abs(effect) < t["effect_min"]).mean(axis=0),
    }
    table["verdict"] = np.select([share >= t["effect_prob"] for share in shares.values()], list(shares), "unclear")
    middle = {kind: table.loc[table["control"] == kind, "effect"].median() for kind in ("essential", "nonessential")}
    table["effect_scaled"] = (table["effect"] - middle["nonessential"]) / (middle["nonessential"] - middle["essential"])
    several = layout.sgrnas.assign(many=layout.sgrnas["n_alignments"] > 1).groupby("gene")["many"].any()
    odd = set(mangled(table["gene"]))
    flags = {
        "few guides": table["sgrnas"] < t["few_guides"],
        "no copy-number variation": table["cna_sd"] < t["cna_sd_min"] * diploid,
        "one-line leverage": table["leverage"] > t["leverage_max"],
        "guides cut elsewhere too": table["gene"].map(several).astype(bool),
        "name looks like a date": table["gene"].isin(odd),
    }
    table["flags"] = [
        "; ".join(name for name, on in zip(flags, row, strict=True) if on) for row in zip(*flags.values(), strict=True)
    ]
    return table


def sgrna_table(effects: Effects, layout: Layout, sigma_alpha: float | None) -> pd.DataFrame:
    """One row per sgRNA: its effect and slope, and how far its effect departs from its gene's.

    departure_scaled: the departure in units of sigma_alpha, the sd of sgRNAs around their gene.
    """
    if not effects.has("sgrna"):
        return pd.DataFrame(columns=list(SGRNA_COLUMNS))
    x_of_gene = layout.genes.set_index("gene")["x_diploid"]
    x_diploid = layout.sgrnas["gene"].map(x_of_gene).to_numpy()
    effect, slope = effects.at_diploid("sgrna", x_diploid)
    table = layout.sgrnas.assign(**_summary(effect, "effect"), **_summary(slope, "slope"))
    of_gene, _ = effects.at_diploid("gene", layout.genes["x_diploid"].to_numpy())
    codes = pd.Index(layout.genes["gene"]).get_indexer(layout.sgrnas["gene"])
    away = effect - (of_gene[:, codes] if of_gene.shape[1] > 1 else of_gene)
    table = table.assign(**_summary(away, "departure"))
    return table.assign(departure_scaled=table["departure"] / sigma_alpha if sigma_alpha else np.nan)


def gene_lines(effects: Effects, layout: Layout, screen: pd.DataFrame, genes: list[str], points: int = 60) -> pd.DataFrame:
    """Fitted lines of some genes: gene, cna, fitted (mean), lower, upper (95 %), at copy numbers that each has.

    screen: rows of these genes at least.
    """
    parts = []
    for gene in genes:
        rows = screen[screen["gene"] == gene].drop_duplicates("cna").sort_values("cna")
        rows = rows.iloc[np.unique(np.linspace(0, len(rows) - 1, points).astype(int))]
        line = effects.line(int(np.flatnonzero(layout.genes["gene"] == gene)[0]), rows["x"].to_numpy())
        low, high = np.quantile(line, [0.025, 0.975], axis=0)
        parts.append(pd.DataFrame({"gene": gene, "cna": rows["cna"], "fitted": line.mean(axis=0), "lower": low, "upper": high}))
    return pd.concat(parts, ignore_index=True) if parts else NO_LINES


def shown_genes(table: pd.DataFrame, wanted: list[str], most: int = 12) -> list[str]:
    """Genes to draw: the wanted ones, else those of strongest effect, steepest slope, highest copy number."""
    if wanted or table.empty:
        return [gene for gene in wanted if gene in set(table["gene"])]
    each = most // 3
    chosen = [
        *table.nsmallest(each, "effect")["gene"],
        *table.assign(z=table["slope"] / table["slope_sd"]).nsmallest(2 * each, "z")["gene"],
        *table.nlargest(most, "cna_highest")["gene"],
    ]
    return list(dict.fromkeys(chosen))[:most]


def rows_of_genes(path: str | Path, seed: int, genes: list[str]) -> pd.DataFrame:
    """The rows of some genes: gene, sgrna, cell_line, cna, x, logfc."""
    columns = ["gene", "sgrna", "cell_line", "cna", "x", "logfc"]
    parts = [rows[rows["gene"].isin(genes)].astype({"gene": "str", "sgrna": "str"}) for rows in rows_of(path, seed, columns)]
    return pd.concat(parts, ignore_index=True)


def corrected_rows(effects: Effects, layout: Layout, path: str | Path, seed: int) -> Iterator[pd.DataFrame]:
    """The screen's rows, some at a time, with the copy-number part and logFC without it (CORRECTED_COLUMNS but the ids)."""
    codes = pd.Index(layout.sgrnas["sgrna"])
    for rows in rows_of(path, seed, ["gene", "sgrna", "cell_line", "cna", "x", "logfc", "x_diploid"]):
        guides = rows["sgrna"].cat
        sgrna = codes.get_indexer(guides.categories)[guides.codes]
        x_diploid = rows.pop("x_diploid").to_numpy()
        part = effects.copy_number_part(sgrna, rows["x"].to_numpy(), x_diploid)
        yield rows.assign(copy_number_part=part, corrected_logfc=rows["logfc"].to_numpy() - part)


def no_corrected_rows() -> pd.DataFrame:
    """A table of CORRECTED_COLUMNS without rows."""
    text = ("study", "variant", "gene", "sgrna", "cell_line")
    return pd.DataFrame({name: pd.Series(dtype="str" if name in text else "float64") for name in CORRECTED_COLUMNS})


def labelled(rows: pd.DataFrame, ids: Mapping[str, Any]) -> pd.DataFrame:
    """The rows with study, variant and seed before them."""
    names = {key: pd.Categorical.from_codes(np.zeros(len(rows), int), [ids[key]]) for key in ("study", "variant")}
    return rows.assign(**names, seed=ids["seed"])[list(CORRECTED_COLUMNS)]


def with_source_names(table: pd.DataFrame, names: Mapping[str, str], layout: Layout) -> pd.DataFrame:
    """The table with gene, sgRNA and cell line under the source's own column names too. names: ours -> the source's."""
    labels = layout.labels
    for ours in ("gene", "sgrna", "cell_line"):
        theirs = names.get(ours, ours)
        if ours in table and theirs not in table:
            column = table[ours]
            if ours == "gene":
                column = (
                    column.cat.rename_categories(labels) if isinstance(column.dtype, pd.CategoricalDtype) else column.map(labels)
                )
            table = table.assign(**{theirs: column})
    return table


def gene_labels(path: str | Path, seed: int) -> pd.Series:
    """gene -> its name in the source, as `Layout.labels`, from the names alone."""
    parts = [rows.drop_duplicates("gene").astype("str") for rows in rows_of(path, seed, ["gene", "Gene"])]
    table = pd.concat(parts).drop_duplicates("gene")
    return table.set_index("gene", drop=False)["Gene" if "Gene" in table else "gene"]


def controls(labels: pd.Series, lists: Mapping[str, list[str]]) -> dict[str, str]:
    """Gene -> essential or nonessential; genes of both lists are neither.

    labels: gene -> its name in the source; lists: these two words -> names as the source has them.
    """
    found = {kind: set(labels.index[matched(labels.tolist(), names)]) for kind, names in lists.items()}
    both = set.intersection(*found.values()) if len(found) > 1 else set()
    return {gene: kind for kind, genes in found.items() for gene in genes - both}
