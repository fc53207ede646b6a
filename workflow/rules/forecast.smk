# What the whole config will cost: `make forecast` runs the first batch of each variant of each study, and nothing else.


rule forecast:
    input:
        [
            collect(
                rules.diagnose.output.diagnostics,
                study=study,
                variant=STUDIES[study]["variants"],
                seeds=next(iter(BATCHES[study])),
            )
            for study in STUDIES
        ],
    output:
        table="results/forecast.csv",
        text="results/forecast.txt",
    log:
        "logs/forecast.log",
    conda:
        "../../envs/data.yaml"
    params:
        first_batches=first_batches(),
        other_jobs=count_other_jobs(),
        cores=workflow.cores,
        bounded=STOPPING,
        library=digest("forecast"),
    message:
        "forecast what all batches cost"
    script:
        "../../scripts/forecast.py"
