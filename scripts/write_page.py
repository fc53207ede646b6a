"""Write one page of the report. The param `page` names its module in guidefit.report.pages."""

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

from importlib import import_module
from pathlib import Path

page = import_module(f"guidefit.report.pages.{snakemake.params.page}")
settings = dict(snakemake.params.items()) | dict(snakemake.wildcards.items())
Path(snakemake.output.page).write_text(page.render(dict(snakemake.input.items()), settings), encoding="utf-8")
