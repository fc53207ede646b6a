# The page that answers in words. (The report itself is Snakemake's own: `make run` asks for it with --report.)


rule summarise:
    input:
        unpack(summary_extras),
        diagnostics="results/{study}/diagnostics.csv",
        estimates="results/{study}/estimates.csv",
    output:
        report(
            "results/{study}/summary.html",
            caption="../report/summary.rst",
            category="{study}",
            subcategory="0. Answer and tables",
            labels={"what": "ANSWER IN WORDS"},
        ),
    log:
        "logs/{study}/summarise.log",
    conda:
        "../../envs/data.yaml"
    params:
        thresholds=setting("thresholds"),
        library=digest("summarise"),
    message:
        "{wildcards.study}: write the summary"
    script:
        "../../scripts/summarise.py"
