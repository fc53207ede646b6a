"""Fit one variant to a batch of seeds."""

import os
import sys

# Snakemake puts the folder of this script last: its library goes before any other of this name, as on PYTHONPATH.
sys.path.insert(0, [folder for folder in sys.path if os.path.isdir(f"{folder}/guidefit")][-1])

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import json
import shutil
from pathlib import Path

from guidefit.base import randomness
from guidefit.engines import batch, declared_structure, interface, posterior_file, registry
from guidefit.models import declaration

params, wildcards, inputs = snakemake.params, snakemake.wildcards, snakemake.input
study, variant = wildcards.study, wildcards.variant
place = f"studies.{study}.variants.{variant}"
declared = declaration.declare(declaration.file_of(variant, inputs.variant))
priors = declaration.merge_priors(declared.priors, params.priors, f"{place}.priors")
settings = interface.Settings(**params.settings)
prior_seed = randomness.integer(study, variant, 0, "prior")
engine = registry.make_engine(declared, priors, settings, snakemake.threads, prior_seed, place)
fingerprint = json.dumps([params.variant, priors, params.settings, params.library], sort_keys=True)

saved = Path(snakemake.output.posterior).parent / "saved"
with batch.claim(saved):
    if settings.engine != "nuts":
        declared_structure.check_once(declared, priors, place, fingerprint)
    fits, errors = batch.fit_batch(
        engine,
        inputs.screen,
        seed_of=lambda seed: randomness.integer(study, variant, seed, "sampling"),
        seeds=params.seeds,
        saved=saved,
        fingerprint=fingerprint,
    )
    posterior_file.write_batch(snakemake.output.posterior, fits, errors, params.seeds)
    Path(snakemake.output.graph).write_text(json.dumps(engine.graph(), indent=1))
    shutil.rmtree(saved)
