"""Estimates, diagnostics and identifiability of a batch of fits."""

from guidefit import job

job.start(snakemake.log[0], snakemake.threads)

import pandas as pd

from guidefit import diagnostics, posterior, randomness, screen

params, wildcards, inputs = snakemake.params, snakemake.wildcards, snakemake.input
loo = pd.read_parquet(inputs.loo) if inputs.get("loo") else None
estimates, health, unlearnt = [], [], []
for seed, fit, error in posterior.read_batch(inputs.posterior):
    ids = {"study": wildcards.study, "variant": wildcards.variant, "seed": seed}
    if fit is None:
        health.append(ids | {"verdict": "error", "reasons": f"error: {error}"} | params.settings)
        continue
    one = diagnostics.estimates(
        posterior.reported(fit["posterior"].to_dataset()),
        screen.truth_of_seed(inputs.truth, seed),
        params.n_ranks,
        randomness.generator(wildcards.study, wildcards.variant, seed, "ranks"),
        fit["summary"].to_dataset() if "summary" in fit.children else None,
        diagnostics.is_mcmc(fit),
    )
    data = screen.model_data(screen.of_seed(inputs.screen, seed)) if loo is not None else None
    mine = loo[loo["seed"] == seed] if loo is not None else None
    row, directions = diagnostics.diagnose(fit, one, mine, data, params.thresholds)
    info = {name: float(value) for name, value in fit["fit_info"].data_vars.items()}
    health.append(ids | row | params.settings | info | {"versions": fit.attrs["versions"]})
    estimates.append(one.assign(**ids))
    unlearnt += [ids | d.as_row(rank) for rank, d in enumerate(directions, 1)]

diagnostics.estimate_table(estimates).to_parquet(snakemake.output.estimates)
diagnostics.diagnostics_table(health).to_parquet(snakemake.output.diagnostics)
diagnostics.identifiability_table(unlearnt).to_parquet(snakemake.output.identifiability)
