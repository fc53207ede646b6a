"""The picture of a variant's graph."""

from guidefit.base import startup

startup.start_job(snakemake.log[0], snakemake.threads, snakemake.input)

import json
from pathlib import Path

from guidefit.report import figures
from guidefit.report.figures import graph

model = json.loads(Path(snakemake.input[0]).read_text())
figures.save(graph.model_graph(model, f"Model graph of {snakemake.wildcards.variant}"), snakemake.output[0])
