"""Compare the variants of a study by PSIS-LOO, seed by seed."""

from guidefit import job

job.start(snakemake.log[0], snakemake.threads)

import pandas as pd

from guidefit import comparison

study, thresholds = snakemake.wildcards.study, snakemake.params.thresholds
diagnostics = pd.read_csv(snakemake.input.diagnostics)
loo = pd.concat([pd.read_parquet(path) for path in snakemake.input.loo], ignore_index=True)
parts = [pd.DataFrame(columns=comparison.COLUMNS)]
for seed, rows in loo.groupby("seed", sort=True):
    verdicts = diagnostics[diagnostics["seed"] == seed].set_index("variant")["verdict"].to_dict()
    table = comparison.compare(rows, verdicts, thresholds["elpd_diff_min"], thresholds["elpd_se_min"])
    parts.append(table.assign(study=study, seed=seed)[list(comparison.COLUMNS)])
result = pd.concat(parts[1:] or parts, ignore_index=True)
result.to_csv(snakemake.output[0], index=False)
