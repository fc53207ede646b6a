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
    table = screen.of_seed(inputs.screen, seed)
    data = screen.model_data(table)
    rng = randomness.generator(wildcards.study, wildcards.variant, seed, "ranks")
    one = diagnostics.estimates(
        posterior.reported(fit["posterior"].to_dataset()), screen.truth_of_seed(inputs.truth, seed), params.n_ranks, rng
    )
    mine = loo[loo["seed"] == seed] if loo is not None else None
    row, directions = diagnostics.diagnose(fit, one, mine, data, params.thresholds)
    info = fit["fit_info"].to_dataset()
    sizes = {"rows": len(table), "genes": len(data.genes), "sgrnas": len(data.sgrnas), "cell_lines": table["cell_line"].nunique()}
    seconds = {name: float(info[name]) for name in ("seconds_compile", "seconds_sampling")}
    health.append(ids | row | params.settings | seconds | sizes | {"versions": fit.attrs["versions"]})
    estimates.append(one.assign(**ids))
    unlearnt += [ids | d.as_row(rank) for rank, d in enumerate(directions, 1)]

diagnostics.estimate_table(estimates).to_parquet(snakemake.output.estimates)
pd.DataFrame(health).to_parquet(snakemake.output.diagnostics)
diagnostics.identifiability_table(unlearnt).to_parquet(snakemake.output.identifiability)
