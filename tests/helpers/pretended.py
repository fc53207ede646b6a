"""Finished runs of every rule that computed nothing: empty files of results that Snakemake takes for up to date."""

import re
from collections import Counter

import yaml

COLUMNS = {"gene": "gene", "sgrna": "sgrna", "cell_line": "line", "cna": "cna", "logfc": "lfc"}
CHEAP = {"checks": False, "figure_seeds": 0}
SMALL = {"genes": 2, "sgrnas_per_gene": 2, "cell_lines": 8}
FILES = ("screen", "essential", "nonessential", "counts", "sequence_map", "guide_map", "copy_number")
OWN_VARIANT = '''"""One level, centred where a module next to this file says."""

import pymc as pm
from guidefit.variants.parts import prior, rows
from shared_priors import CENTRE

PRIORS = {"sigma": {"distribution": "Exponential", "lam": 1}}


def build(data, priors):
    with pm.Model(coords=data.coords) as model:
        x, logfc = rows(data)
        pm.Normal("logfc", pm.Normal("mu", CENTRE, 0.01), prior("sigma", priors), observed=logfc, dims="row")
    return model
'''
STUDIES = {
    "design": {
        "simulate": SMALL,
        "variants": {"varying_effects": {"engine": "collapsed"}, "gene_effects": {}},
        "seeds": "0-1",
        "batch_size": 2,
    },
    "drawn": CHEAP
    | {
        "simulate": SMALL | {"truth": "prior"},
        "variants": ["varying_effects"],
        "seeds": "0-3",
        "batch_size": 2,
        "keep_draws": False,
    },
    "power": CHEAP
    | {"simulate": {"genes": 2, "grid": {"cell_lines": [8, 9]}}, "variants": ["gene_effects"], "seeds": "0-1", "batch_size": 2},
    "real": CHEAP
    | {
        "screen": {"path": "screen.csv", "columns": COLUMNS, "essential": "essential.csv", "nonessential": "nonessential.csv"},
        "covariate": "log2",
        "variants": {"mine": {"file": "mine.py"}, "varying_effects": {}},
    },
    "replicated": CHEAP
    | {"simulate": {"layout": "real", "truth": "posterior"}, "covariate": "log2", "variants": {"mine": {"file": "mine.py"}}},
    "depmap": CHEAP
    | {
        "screen": {key: f"{key}.csv" for key in ("counts", "sequence_map", "guide_map", "copy_number", "nonessential")},
        "covariate": "log2_diploid",
        "variants": ["gene_effects"],
    },
}
"""Together they need every rule but those of count tables."""


def pretend(workflow, studies=STUDIES):
    """Make the results of these studies, as empty files, and have Snakemake record them as the results of their rules."""
    for name in FILES:
        (workflow / f"{name}.csv").touch()
    (workflow / "mine.py").write_text(OWN_VARIANT)
    (workflow / "shared_priors.py").write_text("CENTRE = 0.0\n")
    (workflow / "config.yaml").write_text(yaml.safe_dump({"studies": studies}))
    for line in summary(workflow):
        (workflow / line["output_file"]).parent.mkdir(parents=True, exist_ok=True)
        (workflow / line["output_file"]).touch()
    workflow.run("--touch", "--forceall")


def summary(workflow):
    """Snakemake's table of all output files, a dict for each."""
    text = workflow.run("--summary").output
    header, *lines = [line.split("\t") for line in text[text.index("output_file\t") :].splitlines()]
    return [dict(zip(header, line, strict=True)) for line in lines]


def planned(output):
    """Rule -> number of jobs that a dry run would run, from its table of them."""
    table = output.partition("Job stats:")[2].partition("total")[0]
    return Counter({rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)})
