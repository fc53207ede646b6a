"""Fit one variant to a batch of seeds."""

from guidefit import job

job.start(snakemake.log[0], snakemake.threads, snakemake.input)

import json
import shutil
from pathlib import Path

from guidefit import posterior, randomness, sampling, variants

params, wildcards, inputs = snakemake.params, snakemake.wildcards, snakemake.input
study, variant = wildcards.study, wildcards.variant
place = f"studies.{study}.variants.{variant}"
declared = variants.declare(inputs.variant)
priors = variants.merge_priors(declared.priors, params.priors, f"{place}.priors")
settings = sampling.Settings(**params.settings)
prior_seed = randomness.integer(study, variant, 0, "prior")
engine = sampling.make_engine(declared, priors, settings, snakemake.threads, prior_seed, place)

saved = Path(snakemake.output.posterior).parent / "saved"
fits, errors = sampling.fit_batch(
    engine,
    inputs.screen,
    seed_of=lambda seed: randomness.integer(study, variant, seed, "sampling"),
    seeds=params.seeds,
    saved=saved,
    fingerprint=json.dumps([Path(inputs.variant).read_text(), priors, params.settings, params.library], sort_keys=True),
)
posterior.write_batch(snakemake.output.posterior, fits, errors, params.seeds)
Path(snakemake.output.graph).write_text(json.dumps(engine.graph(), indent=1))
shutil.rmtree(saved)
