# Over the seeds: do the estimates recover the truth, are the ranks of truths from the prior uniform?


rule recover:
    input:
        estimates=fits_of("estimates.parquet"),
        diagnostics=fits_of("diagnostics.parquet"),
    output:
        report(
            "results/{study}/recovery.csv",
            caption="../report/recovery_table.rst",
            category="{study}",
            subcategory="0. Answer and tables",
            labels={"what": "recovery (table)"},
        ),
    log:
        "logs/{study}/recover.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        library=digest("recover"),
    message:
        "{wildcards.study}: hold the estimates against the truth"
    script:
        "../../scripts/recover.py"


rule calibrate:
    input:
        estimates=fits_of("estimates.parquet"),
        ranks=fits_of("ranks.parquet"),
        diagnostics=fits_of("diagnostics.parquet"),
    output:
        table=report(
            "results/{study}/calibration.csv",
            caption="../report/calibration_table.rst",
            category="{study}",
            subcategory="0. Answer and tables",
            labels={"what": "calibration (table)"},
        ),
        ranks="results/{study}/ranks.parquet",
    log:
        "logs/{study}/calibrate.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        thresholds=setting("thresholds"),
        library=digest("calibrate"),
    message:
        "{wildcards.study}: calibrate"
    script:
        "../../scripts/calibrate.py"


rule plot_recovery:
    input:
        "results/{study}/recovery.csv",
    output:
        coverage=report(
            "results/{study}/figures/recovery-coverage.svg",
            caption="../report/recovery_coverage.rst",
            category="{study}",
            subcategory="1. Over all seeds",
            labels={"what": "recovery: coverage"},
        ),
        bias=report(
            "results/{study}/figures/recovery-bias.svg",
            caption="../report/recovery_bias.rst",
            category="{study}",
            subcategory="1. Over all seeds",
            labels={"what": "recovery: bias and contraction"},
        ),
    log:
        "logs/{study}/plot_recovery.log",
    conda:
        "../../envs/figures.yaml"
    params:
        library=digest("plot_recovery"),
    message:
        "{wildcards.study}: plot the recovery"
    script:
        "../../scripts/plot_recovery.py"


rule plot_calibration:
    input:
        "results/{study}/ranks.parquet",
    output:
        ecdf=report(
            "results/{study}/figures/{variant}-calibration_ecdf.svg",
            caption="../report/calibration_ecdf.rst",
            category="{study}",
            subcategory="1. Over all seeds",
            labels={"what": "calibration: ECDF of ranks", "variant": "{variant}"},
        ),
        bins=report(
            "results/{study}/figures/{variant}-calibration_ranks.svg",
            caption="../report/calibration_ranks.rst",
            category="{study}",
            subcategory="1. Over all seeds",
            labels={"what": "calibration: histograms of ranks", "variant": "{variant}"},
        ),
    log:
        "logs/{study}/plot_calibration/{variant}.log",
    conda:
        "../../envs/figures.yaml"
    params:
        library=digest("plot_calibration"),
    message:
        "{wildcards.study}: plot the calibration of {wildcards.variant}"
    script:
        "../../scripts/plot_calibration.py"
