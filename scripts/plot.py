"""Draw the figures of one rule. The param `figure` names their module in guidefit.report.figures."""

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from importlib import import_module

figure = import_module(f"guidefit.report.figures.{snakemake.params.figure}")
settings = dict(snakemake.params.items()) | dict(snakemake.wildcards.items())
figure.draw(dict(snakemake.input.items()), dict(snakemake.output.items()), settings)
