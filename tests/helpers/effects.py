"""A small screen with hostile names, simulated posterior draws for it, rows of control genes, and the tables of effects."""

import numpy as np
import pandas as pd
import xarray as xr

from guidefit.effects.draws import EffectDraws
from guidefit.effects.fitted_lines import fit_lines
from guidefit.effects.gene_table import tabulate_genes
from guidefit.effects.line_fit import LineFit
from guidefit.effects.sgrna_table import tabulate_sgrnas
from guidefit.models import declaration, line_structure
from guidefit.screens import arrays, screen_file
from guidefit.simulation import blueprints, simulated_screen
from helpers.defaults import Covariate, Design

HOSTILE = {"gene_0": "<script>alert(1)</script>", "gene_1": "=1+1", "gene_2": "Ärm, $x$ and $", "gene_3": "1-Mar"}
THRESHOLDS = {
    "effect_prob": 0.975,
    "effect_min": 0.1,
    "fdr": 0.05,
    "multiplier_min": 0.3,
    "few_guides": 3,
    "guide_departure_max": 4.0,
    "cna_sd_min": 0.1,
    "leverage_max": 0.5,
}
COVARIATE = Covariate("log2_diploid", diploid=2.0)


def hostile_table():
    """A screen with hostile names: 5 genes of 2 to 5 guides, 30 lines, of which one holds most of gene_4's copies."""
    design = Design(genes=5, sgrnas_per_gene=[2, 3, 3, 4, 5], cell_lines=30)
    blueprint = blueprints.draw(design, np.random.default_rng(3))
    table, _ = simulated_screen.simulate(blueprint, COVARIATE, "x")
    table = table.astype(dict.fromkeys(("gene", "sgrna", "cell_line"), "str"))
    high = (table["gene"] == "gene_4") & (table["cell_line"] == "cell_7")
    table.loc[high, "cna"] = 90.0
    codes, _ = pd.factorize(table["gene"])
    fitted = COVARIATE.fit(table["cna"].to_numpy(), codes)
    table["x"], table["x_diploid"] = fitted.x(table["cna"].to_numpy(), codes), 0.0
    return table.assign(gene=table["gene"].replace(HOSTILE), n_alignments=np.where(table["sgrna"] == "sgRNA_0", 3.0, 1.0))


def write_screen(table, path):
    """Write a real screen in two parts, so that a gene may be split over row groups."""
    with screen_file.ScreenWriter(path, path.with_name("truth.parquet"), "study") as writer:
        half = len(table) // 2
        writer.write_rows(None, table.iloc[:half])
        writer.write_rows(None, table.iloc[half:])


def draws_of(name, data, seed=0):
    """Simulated posterior draws of every variable of a variant."""
    declared = declaration.declare(declaration.VARIANTS / f"{name}.py")
    dims = {"g": ("gene", data.genes), "s": ("sgrna", data.sgrnas), "c": ("cell_line", data.cell_lines)}
    rng, found = np.random.default_rng(seed), {}
    for variable in declared.priors:
        dim, names = dims.get(variable.rpartition("_")[2], (None, []))
        shape = (2, 50, len(names)) if dim else (2, 50)
        values = rng.normal(size=shape)
        positive = variable.startswith("sigma") or variable in ("nu", "kappa", "ratio")
        found[variable] = (("chain", "draw", *([dim] if dim else [])), np.exp(values) if positive else values)
    coords = {"gene": data.genes, "sgrna": data.sgrnas, "cell_line": data.cell_lines}
    return declared, xr.Dataset(found, coords={k: v for k, v in coords.items() if any(k in d for d, _ in found.values())})


def effect_tables(table, path, contents):
    """Genes, sgRNAs and fitted lines of varying_effects under simulated draws."""
    declared, draws = draws_of("varying_effects", arrays.model_data(table))
    found = EffectDraws(draws, declared, contents)
    control = {"gene_4": "essential", "=1+1": "nonessential"}
    genes = tabulate_genes(found, contents, control, 2.0, THRESHOLDS).assign(variant="v")
    sgrnas = tabulate_sgrnas(found, contents).assign(variant="v")
    names = genes["gene"].tolist()
    return genes, sgrnas, fit_lines(found, contents, screen_file.read_rows_of_genes(path, 1, names), names)


def control_rows(slope, seed=1, genes=40, lines=25):
    """Rows of control genes: essential ones at -1, and an effect of copy number on all."""
    rng = np.random.default_rng(seed)
    gene, guide, line = np.meshgrid(np.arange(genes), np.arange(3), np.arange(lines), indexing="ij")
    cna = rng.gamma(4, 0.25, (genes, lines))[gene, line]
    x = np.log2(cna + 1) - 1
    noise = 0.3 * rng.standard_normal(x.shape) + 0.2 * rng.standard_normal((genes, 3))[gene, guide]
    names = {
        "gene": [f"g{i}" for i in gene.ravel()],
        "sgrna": [f"g{i}_{j}" for i, j in zip(gene.ravel(), guide.ravel(), strict=True)],
    }
    rows = pd.DataFrame(
        names | {"cell_line": [f"c{i}" for i in line.ravel()], "cna": cna.ravel(), "x": x.ravel(), "x_diploid": 0.0}
    )
    rows["control"] = np.where(gene.ravel() % 2, "essential", "nonessential")
    rows["logfc"] = -1.0 * (gene.ravel() % 2) + slope * rows["x"] + noise.ravel()
    return rows


def line_fit(genes, lines, variant="gene_classes", sgrnas=None, **moments):
    """A fit of a variant with effects by gene and cell line: simulated draws (2 chains of 50), and moments by name."""
    structure = line_structure.read_structure(declaration.declare(declaration.VARIANTS / f"{variant}.py").structure, variant)
    rng, coords = np.random.default_rng(2), {"gene": genes, "cell_line": lines} | ({"sgrna": sgrnas} if sgrnas else {})
    found = {name: (("chain", "draw"), rng.uniform(0.1, 0.9, (2, 50))) for name in structure.roles}
    for name, dims in structure.dims.items():
        if len(dims) == 1 and dims[0] in coords:
            found[name] = (("chain", "draw", *dims), rng.uniform(0.5, 1.5, (2, 50, len(coords[dims[0]]))))
    of_cells = xr.Dataset(coords=coords)
    for name, values in moments.items():
        of_cells[name] = ("sgrna" if name == "p_departs" else ("gene", "cell_line")[: np.ndim(values)], values)
    return LineFit(structure, xr.Dataset(found, coords=coords), of_cells)
