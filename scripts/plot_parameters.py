"""Pictures of one fit's parameters."""

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import pandas as pd

from guidefit.assess import identifiability
from guidefit.engines import posterior_file
from guidefit.report import figures
from guidefit.report.figures import parameters

output, wildcards = snakemake.output, snakemake.wildcards
seed = int(wildcards.seed)
name = f"({wildcards.variant}, seed {seed})"
fit = next(fit for each, fit, _ in posterior_file.read_batch(snakemake.input.posterior) if each == seed)
if fit is None:
    for path in output:
        figures.save(figures.nothing(f"No estimates {name}", "this fit stopped with an error: see diagnostics.csv"), path)
else:
    after, before = (posterior_file.reported(fit[group].to_dataset()) for group in ("posterior", "prior"))
    estimates = pd.read_parquet(snakemake.input.estimates).query("seed == @seed")
    scalars = parameters.scalars(after)
    parameters.trace(fit, scalars).savefig(output.trace)
    parameters.rank(fit, scalars).savefig(output.rank)
    intercepts = parameters.forest(estimates, parameters.INTERCEPT_SIDE, "logFC at x = 0", f"Intercept side {name}")
    slopes = parameters.forest(estimates, parameters.SLOPE_SIDE, "logFC per unit of x", f"Slope side {name}")
    figures.save(intercepts, output.forest_intercept)
    figures.save(slopes, output.forest_slope)
    figures.save(parameters.truth_against_estimate(estimates, f"Truth against estimate {name}"), output.truth)
    _, directions = identifiability.find_unidentified_directions(after, before, snakemake.params.contraction_pass)
    figures.save(parameters.pair(after, before, directions, f"Joint draws {name}"), output.pair)
