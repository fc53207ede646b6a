"""Does one toxic guide decide its gene, or one outlying row its cell, in real screens?

python benchmarks/odd_guides.py [--quick]        writes benchmarks/odd_guides.md

About 5 minutes. Into the two real screens of `real_screens.py` go 30 toxic guides of nonessential genes (logFC -1.5, -3 or -9
lower in all lines), and, in another fit, 30 rows of nonessential genes that are 6 higher and 30 that are 6 lower. `gene_classes`
fits each screen with and without them.
"""

import dataclasses
import json
import subprocess

import numpy as np
import pandas as pd
import xarray as xr
from measuring import CORES, Bench, Raw, answer, paragraph, snakemake, table
from real_screens import DATA, LIBRARIES, files, symbols

from guidefit.assess.calls import false_discovery_rate
from guidefit.config.sampling import Sampling
from guidefit.engines import interface, registry
from guidefit.models import declaration
from guidefit.screens import arrays, screen_file
from guidefit.screens.arrays import ModelData

SHIFTS = (-1.5, -3.0, -9.0)
GUIDES, ROWS, ROW_SHIFT = 10, 30, 6.0  # toxic guides with each shift; outlying rows on each side


def measure(bench: Bench) -> Raw:
    """The figures by library."""
    if not DATA.is_dir():
        raise SystemExit(f"There is no folder {DATA} with the raw samples of the screens. Put them there; nothing was measured.")
    names = LIBRARIES[1:] if bench.quick else LIBRARIES
    return {"libraries": {library: try_library(bench, library) for library in names}}


def try_library(bench: Bench, library: str) -> Raw:
    """Fit a screen as it is, with toxic guides, and with outlying rows."""
    data = read_screen(bench, library)
    controls = set(symbols(pd.read_csv(files(library)["nonessential"])["Gene"]))
    quiet = np.flatnonzero(symbols(pd.Series(data.genes)).isin(controls))
    rng = np.random.default_rng(7)
    genes = rng.choice(quiet, GUIDES * len(SHIFTS), replace=False)
    guides = np.array([rng.choice(np.flatnonzero(data.gene_of_sgrna == gene)) for gene in genes])
    others = np.flatnonzero(np.isin(data.gene_of_row, np.setdiff1d(quiet, genes)))
    rows = rng.choice(others, 2 * ROWS, replace=False)

    plain = fit(data, bench.quick)
    shift = pd.Series(np.repeat(SHIFTS, GUIDES), guides).reindex(np.arange(len(data.sgrnas)), fill_value=0.0).to_numpy()
    toxic = fit(dataclasses.replace(data, logfc=data.logfc + shift[data.sgrna_of_row]), bench.quick)
    moved = np.zeros(len(data.logfc))
    moved[rows] = np.repeat([ROW_SHIFT, -ROW_SHIFT], ROWS)
    outlying = fit(dataclasses.replace(data, logfc=data.logfc + moved), bench.quick)
    return {"guides": judge_guides(plain, toxic, genes, guides), "rows": judge_rows(plain, outlying, data, rows)}


def read_screen(bench: Bench, library: str) -> ModelData:
    """The screen as the workflow imports it."""
    study = {"screen": files(library) | {"constant_covariate": "drop"}, "covariate": "log2_diploid", "seeds": [1]}
    study |= {"sampling": {"engine": "gibbs"}, "variants": ["gene_classes"]}
    folder = bench.folder / library
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"studies": {"screen": study}}))
    path = "results/screen/data/screen/screen.parquet"
    subprocess.run(snakemake(path), cwd=folder, check=True)
    return arrays.model_data(next(iter(screen_file.iterate_seeds(folder / path, [1]))))


def fit(data: ModelData, quick: bool) -> xr.Dataset:
    """The moments of a fit by gene_classes."""
    found = declaration.declare(declaration.VARIANTS / "gene_classes.py")
    changed = {"engine": "gibbs", "chains": 2, "tune": 60 if quick else 500, "draws": 60 if quick else 500, "prior_draws": 50}
    settings = interface.Settings(**Sampling().model_dump() | changed)
    return registry.make_engine(found, found.priors, settings, CORES, 1, "gene_classes").fit(data, 1)["moments"].to_dataset()


def judge_guides(plain: xr.Dataset, toxic: xr.Dataset, genes: np.ndarray, guides: np.ndarray) -> list[Raw]:
    """What becomes of the genes with a toxic guide, by its shift, and of all others."""
    called = false_discovery_rate(1 - toxic["p_common"].values.astype(float)) <= 0.05
    change = (toxic["effect"] - plain["effect"]).mean("cell_line").values
    found = []
    for number, shift in enumerate(SHIFTS):
        mine = slice(number * GUIDES, (number + 1) * GUIDES)
        found.append(
            {
                "shift": shift,
                "called": int(called[genes[mine]].sum()),
                "p_common": float(toxic["p_common"].values[genes[mine]].max()),
                "change": float(np.sqrt((change[genes[mine]] ** 2).mean())),
                "departs": int((toxic["p_departs"].values[guides[mine]] > 0.5).sum()),
            }
        )
    others = float(np.sqrt((np.delete(change, genes) ** 2).mean()))
    width = float((toxic["effect_sd"] / plain["effect_sd"]).median())
    return [*found, {"shift": None, "change": others, "width": width}]


def judge_rows(plain: xr.Dataset, outlying: xr.Dataset, data: ModelData, rows: np.ndarray) -> Raw:
    """How far the cells of outlying rows move, by side, and all other cells."""
    change = (outlying["effect"] - plain["effect"]).values
    own = change[data.gene_of_row[rows], data.cell_line_of_row[rows]]
    change[data.gene_of_row[rows], data.cell_line_of_row[rows]] = np.nan
    return {"up": float(own[:ROWS].mean()), "down": float(own[ROWS:].mean()), "others": float(np.sqrt(np.nanmean(change**2)))}


def page(raw: Raw) -> list[str]:
    """The page: a table for guides, and one for rows."""
    guides, rows = [], []
    for library, found in raw["libraries"].items():
        *toxic, others = found["guides"]
        guides += [
            [
                library,
                f"{each['shift']:g}",
                f"{each['called']}",
                f"{each['p_common']:.2f}",
                f"{each['change']:.3f}",
                f"{each['departs']}",
            ]
            for each in toxic
        ]
        guides.append([library, "other genes", "", "", f"{others['change']:.3f}", ""])
        rows.append([library, *(f"{found['rows'][key]:.3f}" for key in ("up", "down", "others"))])
    widths = ", ".join(f"{each['guides'][-1]['width']:.2f} ({name})" for name, each in raw["libraries"].items())
    return [
        *paragraph(
            f"Of {GUIDES} genes with a toxic guide of each shift: those called `common` at 5 % FDR, the largest P(common), the "
            "change of the gene's mean effect (root mean square, logFC), and toxic guides with P(departs) above one half. The "
            f"median sd of effects by gene and line with toxic guides, in units of that without: {widths}."
        ),
        *table(["library", "shift of the guide", "called", "P(common)", "change", "guides found"], guides),
        *paragraph(
            f"Mean change of the effects in the cells of {ROWS} rows that are {ROW_SHIFT:g} higher and {ROWS} that are "
            f"{ROW_SHIFT:g} lower, and the root mean square change in all other cells, logFC."
        ),
        *table(["library", "rows higher", "rows lower", "other cells"], rows),
    ]


if __name__ == "__main__":
    answer(__file__, measure, page)
