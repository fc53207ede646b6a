"""Pictures of one variant's calibration."""

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import pandas as pd

from guidefit.report import figures
from guidefit.report.figures import seeds

variant = snakemake.wildcards.variant
spread = pd.read_parquet(snakemake.input[0]).query("variant == @variant")
for path, picture, name in ((snakemake.output.ecdf, seeds.ecdf, "Calibration"), (snakemake.output.bins, seeds.bins, "Ranks")):
    title = f"{name} of {variant}, study {snakemake.wildcards.study}"
    figures.save(picture(spread, title) if len(spread) else figures.nothing(title, "no fit has ranks"), path)
