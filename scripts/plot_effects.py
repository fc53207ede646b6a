"""Pictures of the effects that one variant finds in a real screen."""

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import logging

import pandas as pd

from guidefit.screens import screen_file
from guidefit.report import figures
from guidefit.report.figures import effects as pictures

logger = logging.getLogger("guidefit")
inputs, output, params = snakemake.input, snakemake.output, snakemake.params
study, variant = snakemake.wildcards.study, snakemake.wildcards.variant
genes, sgrnas, lines = (pd.read_parquet(inputs[name]).query("variant == @variant") for name in ("genes", "sgrnas", "lines"))
name = f"({study}, {variant})"
if genes.empty:
    for path in output:
        figures.save(
            figures.nothing(f"No effects of genes {name}", "this variant has none, or its fit stopped with an error"), path
        )
else:
    shown = list(dict.fromkeys(lines["gene"]))
    rows = screen_file.read_rows_of_genes(inputs.screen, params.seed, shown)
    figures.save(pictures.volcano(genes, f"Effects of genes {name}"), output.genes)
    figures.save(pictures.ranking(genes, f"Strongest effects {name}"), output.ranking)
    absent = [gene for gene in params.show_genes if gene not in shown]
    if absent:
        logger.warning("show_genes: not in the screen: %s", ", ".join(absent))
    figures.save(pictures.lines(rows, lines, genes, params.diploid, absent, f"LogFC against copy number {name}"), output.lines)
    figures.save(pictures.guides(sgrnas, genes, shown, f"sgRNAs of a gene {name}"), output.guides)
