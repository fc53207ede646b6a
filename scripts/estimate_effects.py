"""Estimate the effects of genes and sgRNAs, and logFC without its copy-number part, from every variant fitted to a real screen."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import logging

from guidefit.effects import estimates
from guidefit.effects.contents import read_contents
from guidefit.effects.draws import EffectDraws
from guidefit.effects.line_fit import read_line_fit
from guidefit.effects.one_line import OneLine
from guidefit.engines import posterior_file
from guidefit.models import declaration
from guidefit.screens import controls, matrices

logger, params, inputs = logging.getLogger("guidefit"), snakemake.params, snakemake.input
contents = read_contents(inputs.screen, params.seed)
lists = {kind: matrices.read_names(inputs[kind], contents.labels) for kind in controls.KINDS if inputs.get(kind)}
screen = estimates.Screen(
    inputs.screen,
    contents,
    ids={"study": snakemake.wildcards.study, "seed": params.seed},
    control=controls.classify_genes(contents.labels, lists),
    diploid=params.diploid,
    thresholds=params.thresholds,
    show_genes=params.show_genes,
)
paths = estimates.EffectPaths(**dict(snakemake.output.items()))
with estimates.EffectsWriter(paths, screen.ids, params.source_names, contents.labels) as writer:
    for (variant, settings), posterior in zip(params.variants.items(), inputs.posteriors, strict=True):
        fit = posterior_file.read_fit(posterior, params.seed)
        if fit is None:
            logger.warning("%s: its fit stopped with an error, so it has no effects", variant)
            continue
        declared = declaration.declare(declaration.file_of(variant, settings["own_files"]))
        one_line = OneLine(declared.one_line, fit) if declared.one_line else None
        effects = EffectDraws(posterior_file.reported(fit["posterior"].to_dataset()), declared, contents, one_line)
        line_fit = read_line_fit(declared, fit, settings["sampling"]["dependent_below"])
        if effects.is_known:
            estimates.estimate_variant(screen, variant, effects, line_fit, writer)
        else:
            logger.warning("%s: none of its parameters has a name that effects are read by (docs/own_variant.md)", variant)
