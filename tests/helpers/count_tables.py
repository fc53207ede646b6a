"""A small simulated screen as MAGeCK's count table with a sample sheet: two arms of two lines, each with its own initial sample."""

import numpy as np
import pandas as pd

from guidefit.screens import count_table, depmap
from guidefit.screens.ledger import Ledger
from helpers.defaults import Covariate, Steps

LINES = ("L1", "L2", "L3")
GENES = [*(f"ESS{i}" for i in range(6)), *(f"NON{i}" for i in range(10)), *(f"HIT{i}" for i in range(3))]
GUIDES, CONTROLS = 4, 12
OF_GENE = {"ESS": (-2.0, 0.0), "NON": (0.0, 0.0), "HIT": (0.0, -1.5)}  # log2 change by day 14, and what the drug adds


def made_up(seed=5, depth=400.0):
    """The count table, the sample sheet, and the truth: gene, effect (of day 14), difference (of the arms), kind."""
    rng = np.random.default_rng(seed)
    names = [(f"{gene}_sg{i}", gene) for gene in GENES for i in range(GUIDES)]
    names += [(f"NTC_{i}", "") for i in range(CONTROLS)]
    guides = pd.DataFrame(names, columns=["sgRNA", "Gene"])
    effects = np.array([OF_GENE.get(gene[:3], (0.0, 0.0)) for gene in guides["Gene"]])
    effects[guides["Gene"] != ""] *= rng.lognormal(0, 0.1, (len(GENES) * GUIDES, 1))
    library = rng.gamma(8, depth / 8, len(guides))
    rows, counts = [], {}
    for line in LINES:
        for condition, day, replicate, change in (
            ("", 0, "", 0 * effects[:, 0]),
            *(("DMSO", 14, r, effects[:, 0]) for r in ("A", "B")),
            *(("Drug", 14, r, effects.sum(axis=1)) for r in ("A", "B")),
        ):
            name = "_".join(part for part in (line, f"d{day}", condition, replicate) if part)
            rows.append((name, line, condition, day, replicate))
            expected = library * 2 ** (change + rng.normal(0, 0.15, len(guides))) * rng.uniform(0.7, 1.4)
            counts[name] = rng.poisson(expected)
    sheet = pd.DataFrame(rows, columns=["sample", "cell_line", "condition", "day", "replicate"])
    truth = pd.DataFrame([(gene, *OF_GENE[gene[:3]], gene[:3]) for gene in GENES], columns=["gene", "effect", "difference", "kind"])
    return guides.join(pd.DataFrame(counts)), sheet, truth


def save(folder, table, sheet, separator="\t"):
    """Write both; returns the keys count_table and samples of a screen."""
    table.to_csv(folder / "counts.txt", sep=separator, index=False)
    sheet.to_csv(folder / "samples.csv", index=False)
    return {"count_table": str(folder / "counts.txt"), "samples": str(folder / "samples.csv")}


def import_screen(folder, table, sheet, copy_number=None, control_list=None, left_out=(), lost_share=1.0, **steps):
    """The screen of a count table without copy numbers (unless they are given), and the table of its ledger."""
    paths = save(folder, table, sheet)
    count_table.convert(paths["count_table"], folder / "counts.parquet")
    files = depmap.Files(
        map_columns={},
        counts=str(folder / "counts.parquet"),
        sequence_map=paths["samples"],
        copy_number=copy_number,
        control_list=control_list,
    )
    settings = {"normalise": "control_guides", "control_guides": None if control_list else "NTC*"} | steps
    blocks, ledger = count_table.import_count_table(
        files,
        Steps(**settings),
        Covariate("log2", diploid=1.0),
        "refuse",
        None,
        lost_share,
        paths["count_table"],
        left_out,
    )
    blocks = [block.astype(dict.fromkeys(("gene", "sgrna", "cell_line", "Gene"), "str")) for block in blocks]
    return pd.concat(blocks, ignore_index=True), ledger.table()


def read_counts(folder, table, sheet, **steps):
    """All counts of a count table, its files and its steps."""
    paths = save(folder, table, sheet)
    count_table.convert(paths["count_table"], folder / "counts.parquet")
    files = depmap.Files(map_columns={}, counts=str(folder / "counts.parquet"), sequence_map=paths["samples"])
    settings = Steps(**{"normalise": "control_guides", "control_guides": "NTC*"} | steps)
    return count_table.read_all(files, settings, paths["count_table"], Ledger()), files, settings
