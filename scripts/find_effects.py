"""Effects of genes and sgRNAs, and logFC without its copy-number part, from every variant fitted to a real screen."""

from guidefit import job

job.start(snakemake.log[0], snakemake.threads, snakemake.input)

import logging

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from guidefit import effects, matrices, posterior, screen, tables, variants

logger = logging.getLogger("guidefit")
params, inputs, output = snakemake.params, snakemake.input, snakemake.output
study, seed, thresholds = snakemake.wildcards.study, params.seed, params.thresholds
layout = effects.layout(inputs.screen, seed)
control = effects.controls(
    layout.labels, {kind: matrices.read_names(inputs[kind]) for kind in ("essential", "nonessential") if inputs.get(kind)}
)
genes = [pd.DataFrame(columns=list(effects.GENE_COLUMNS))]
sgrnas, lines = [pd.DataFrame(columns=list(effects.SGRNA_COLUMNS))], [effects.NO_LINES]
corrected = None
for variant, path, file in zip(params.variants, inputs.posteriors, inputs.variants, strict=True):
    fit = next(fit for each, fit, _ in posterior.read_batch(path) if each == seed)
    if fit is None:
        continue
    ids = {"study": study, "variant": variant, "seed": seed}
    draws = posterior.reported(fit["posterior"].to_dataset())
    found = effects.Effects(draws, variants.declare(file), layout)
    if not found.known:
        logger.warning("%s: none of its parameters has a name that effects are read by (README, adding a variant)", variant)
        continue
    of_genes = effects.gene_table(found, layout, control, params.diploid, thresholds)
    sigma_alpha = float(draws["sigma_alpha"].mean()) if "sigma_alpha" in draws else None
    genes.append(of_genes.assign(**ids))
    sgrnas.append(effects.sgrna_table(found, layout, sigma_alpha).assign(**ids))
    shown = effects.shown_genes(of_genes, params.show_genes)
    lines.append(
        effects.gene_lines(found, layout, effects.rows_of_genes(inputs.screen, seed, shown), shown).assign(variant=variant)
    )
    for rows in effects.corrected_rows(found, layout, inputs.screen, seed):
        table = pa.table(screen.arrow(effects.with_source_names(effects.labelled(rows, ids), params.source_names, layout)))
        corrected = corrected or pq.ParquetWriter(output.corrected, table.schema)
        corrected.write_table(table)
if corrected:
    corrected.close()
else:  # no fit: an empty table of the same columns
    effects.no_corrected_rows().to_parquet(output.corrected)
for parts, columns, name in ((genes, effects.GENE_COLUMNS, "genes"), (sgrnas, effects.SGRNA_COLUMNS, "sgrnas")):
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)[list(columns)]
    table.to_parquet(output[name])
    tables.write(effects.with_source_names(table, params.source_names, layout), output[f"{name[:-1]}_effects"])
pd.concat([part for part in lines if len(part)] or lines[:1], ignore_index=True).to_parquet(output.lines)
