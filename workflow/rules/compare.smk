# Which variant predicts better.


rule compare:
    input:
        unpack(compared_loo),
        diagnostics="results/{study}/diagnostics.csv",
    output:
        report(
            "results/{study}/comparison.csv",
            caption="../report/comparison_table.rst",
            category="{study}",
            subcategory="0. Answer and tables",
            labels={"what": "comparison (table)"},
        ),
    log:
        "logs/{study}/compare.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        thresholds=setting("thresholds"),
        library=digest("compare"),
    message:
        "{wildcards.study}: compare the variants"
    script:
        "../../scripts/compare.py"
