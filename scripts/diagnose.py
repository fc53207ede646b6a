"""Estimates, checks, diagnostics, identifiability and rank statistics of test quantities of a batch of fits."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from guidefit.assess import batch, effect_distribution
from guidefit.assess.quantities import Quantities
from guidefit.base import parquet
from guidefit.models import declaration
from guidefit.screens import ledger

params, wildcards, inputs = snakemake.params, snakemake.wildcards, snakemake.input
declared = declaration.declare(declaration.file_of(wildcards.variant, inputs.variant))
priors = declared.priors | params.priors
assessment = batch.assess_batch(
    wildcards.study,
    wildcards.variant,
    batch.Inputs(
        posterior=inputs.posterior,
        screen=inputs.screen,
        truth=inputs.truth,
        loo=parquet.read(inputs.loo) if inputs.get("loo") else None,
        lines=parquet.read(inputs.lines) if inputs.get("lines") else None,
        settings=params.settings,
        thresholds=params.thresholds,
        priors=priors,
        n_ranks=params.n_ranks,
        from_prior=params.from_prior,
        quantities=Quantities(declared, priors) if params.calibrate else None,
        warnings=[text for name in ("ledger", "samples") if inputs.get(name) for text in ledger.read_warnings(inputs[name])],
        normal_effects=effect_distribution.normal_side(declared) if inputs.get("ledger") else None,
        # The sd of a gene whose lines do not differ mixes slowly near 0, with no effect on anything else.
        unjudged=[declared.structure["gene_by_line"][1]] if declared.structure else [],
        # With two cell lines the slopes of genes and sgRNAs keep their prior; effects by gene and line are known all the same.
        spare=[declared.structure["slope"][level][0] for level in ("gene", "sgrna")] if declared.structure else [],
    ),
)
for name, path in snakemake.output.items():
    parquet.write(getattr(assessment, name), path)
