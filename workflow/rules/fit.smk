# One variant fitted to a batch of seeds.

import logging


rule fit:
    input:
        screen=data("screen.parquet"),
        variant=ancient(lookup("{study}/variants/{variant}/own_files", within=STUDIES)),
    output:
        posterior="results/{study}/fits/{variant}/seeds_{seeds}/posterior.nc",
        graph="results/{study}/fits/{variant}/seeds_{seeds}/model.json",
    log:
        "logs/{study}/fit/{variant}_seeds_{seeds}.log",
    benchmark:
        "results/{study}/fits/{variant}/seeds_{seeds}/benchmark.tsv"
    wildcard_constraints:
        study=studies_where("keep_draws", True),
    conda:
        "../../envs/fit.yaml"
    threads: lookup("{study}/threads", within=STUDIES)
    resources:
        mem_mb=times_attempt(2000),
        runtime=times_attempt(60),
    params:
        settings=lookup("{study}/variants/{variant}/sampling", within=STUDIES),
        priors=lookup("{study}/variants/{variant}/priors", within=STUDIES),
        seeds=batch_seeds,
        variant=lookup("{study}/variants/{variant}/code", within=STUDIES),
        library=lookup("{study}/variants/{variant}/fit_code", within=STUDIES),
    message:
        "{wildcards.study}: fit {wildcards.variant} to seeds {wildcards.seeds} (progress: {log})"
    script:
        "../../scripts/fit.py"


# The same fit in studies that do not keep the draws: the file is removed when no rule needs it any more.
use rule fit as fit_temporary with:
    output:
        posterior=temp("results/{study}/fits/{variant}/seeds_{seeds}/posterior.nc"),
        graph="results/{study}/fits/{variant}/seeds_{seeds}/model.json",
    wildcard_constraints:
        study=studies_where("keep_draws", False),


# On a terminal, a line after each batch says how many fits are done and when the last one is expected.
if workflow.is_main_process:
    progress.follow(
        logging.getLogger("snakemake.logging"),
        rules=("fit", "fit_temporary"),
        sizes={(study, name): len(seeds) for study, batches in BATCHES.items() for name, seeds in batches.items()},
    )
