"""Effects of genes and sgRNAs, and logFC without its copy-number part, from every variant fitted to a real screen."""

import sys

sys.path.insert(0, sys.path[-1])  # the library next to this script goes before any other of its name

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import logging

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from guidefit.base import tables
from guidefit.effects import gene_effects
from guidefit.engines import posterior_file
from guidefit.models import declaration
from guidefit.screens import matrices, screen_file

logger = logging.getLogger("guidefit")
params, inputs, output = snakemake.params, snakemake.input, snakemake.output
study, seed, thresholds = snakemake.wildcards.study, params.seed, params.thresholds
layout = gene_effects.layout(inputs.screen, seed)
control = gene_effects.controls(
    layout.labels, {kind: matrices.read_names(inputs[kind]) for kind in ("essential", "nonessential") if inputs.get(kind)}
)
genes = [pd.DataFrame(columns=list(gene_effects.GENE_COLUMNS))]
sgrnas, lines = [pd.DataFrame(columns=list(gene_effects.SGRNA_COLUMNS))], [gene_effects.NO_LINES]
corrected = None
for (variant, settings), path in zip(params.variants.items(), inputs.posteriors, strict=True):
    fit = next(fit for each, fit, _ in posterior_file.read_batch(path) if each == seed)
    if fit is None:
        continue
    ids = {"study": study, "variant": variant, "seed": seed}
    draws = posterior_file.reported(fit["posterior"].to_dataset())
    found = gene_effects.Effects(draws, declaration.declare(declaration.file_of(variant, settings["own_files"])), layout)
    if not found.known:
        logger.warning("%s: none of its parameters has a name that effects are read by (README, adding a variant)", variant)
        continue
    of_genes = gene_effects.gene_table(found, layout, control, params.diploid, thresholds)
    sigma_alpha = float(draws["sigma_alpha"].mean()) if "sigma_alpha" in draws else None
    genes.append(of_genes.assign(**ids))
    sgrnas.append(gene_effects.sgrna_table(found, layout, sigma_alpha).assign(**ids))
    shown = gene_effects.shown_genes(of_genes, params.show_genes)
    lines.append(
        gene_effects.gene_lines(found, layout, gene_effects.rows_of_genes(inputs.screen, seed, shown), shown).assign(
            variant=variant
        )
    )
    for rows in gene_effects.corrected_rows(found, layout, inputs.screen, seed):
        table = pa.table(
            screen_file.arrow_columns(gene_effects.with_source_names(gene_effects.labelled(rows, ids), params.source_names, layout))
        )
        corrected = corrected or pq.ParquetWriter(output.corrected, table.schema)
        corrected.write_table(table)
if corrected:
    corrected.close()
else:  # no fit: an empty table of the same columns
    gene_effects.no_corrected_rows().to_parquet(output.corrected)
for parts, columns, name in ((genes, gene_effects.GENE_COLUMNS, "genes"), (sgrnas, gene_effects.SGRNA_COLUMNS, "sgrnas")):
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)[list(columns)]
    table.to_parquet(output[name])
    tables.write(gene_effects.with_source_names(table, params.source_names, layout), output[f"{name[:-1]}_effects"])
pd.concat([part for part in lines if len(part)] or lines[:1], ignore_index=True).to_parquet(output.lines)
