"""Pictures of one fit's predictive checks."""

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import numpy as np
import pandas as pd
import xarray as xr

from guidefit.report import figures
from guidefit.screens import screen_file
from guidefit.report.figures import predictive

output, wildcards = snakemake.output, snakemake.wildcards
seed = int(wildcards.seed)
name = f"({wildcards.variant}, seed {seed})"
loo = pd.read_parquet(snakemake.input.loo).query("seed == @seed")
if loo.empty:
    for path in output:
        figures.save(figures.nothing(f"No predictive check {name}", "this fit stopped with an error: see diagnostics.csv"), path)
else:
    with xr.open_datatree(snakemake.input.predictive, engine="netcdf4") as checks:
        prior = checks[f"seed_{seed}/prior_predictive/logfc"].values
        posterior = checks[f"seed_{seed}/posterior_predictive/logfc"].values
    table = screen_file.read_seed(snakemake.input.screen, seed)
    logfc = table["logfc"].to_numpy()
    gene = np.asarray(table["gene"].astype(str))
    figures.save(predictive.density_check(prior, logfc, f"Prior predictive check {name}", long_tails=True), output.prior)
    figures.save(predictive.density_check(posterior, logfc, f"Posterior predictive check {name}"), output.posterior)
    figures.save(predictive.by_gene(posterior, logfc, gene, f"Posterior predictive check by gene {name}"), output.by_gene)
    figures.save(predictive.loo_pit(loo["pit"].to_numpy(), snakemake.params.band_prob, f"LOO-PIT {name}"), output.loo_pit)
