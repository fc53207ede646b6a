"""Hold the copy-number correction of every variant against control genes and simple corrections."""

import sys

sys.path.insert(0, sys.path[-1])  # the library next to this script goes before any other of its name

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import pandas as pd
import pyarrow as pa

from guidefit.base import tables
from guidefit.effects import correction, gene_effects
from guidefit.screens import matrices, sufficient

inputs, params = snakemake.input, snakemake.params
labels = gene_effects.gene_labels(inputs.screen, params.seed)
control = gene_effects.controls(labels, {kind: matrices.read_names(inputs[kind]) for kind in ("essential", "nonessential")})
among_controls = [("gene", "in", pa.array(list(control), pa.string()))]
rows = pd.read_parquet(inputs.screen, filters=among_controls)
rows["control"] = rows["gene"].astype("str").map(control)
corrected = pd.read_parquet(inputs.corrected, columns=["variant", "corrected_logfc"], filters=among_controls)
by_variant = {name: part["corrected_logfc"].to_numpy() for name, part in corrected.groupby("variant", observed=True, sort=False)}
statistics = sufficient.from_parquet(inputs.screen, params.seed)
table = correction.compare(rows, statistics, by_variant, params.diploid)
table = table.assign(study=snakemake.wildcards.study, seed=params.seed)[list(correction.COLUMNS)]
tables.write(table, snakemake.output[0])
