# Predictive checks, estimates and diagnostics of every fit; over all fits: comparison, recovery, calibration.


rule check:
    input:
        posterior="results/{study}/fits/{variant}/seeds_{seeds}/posterior.nc",
        screen=screen_of,
        variant=variant_file,
    output:
        predictive="results/{study}/fits/{variant}/seeds_{seeds}/predictive.nc",
        loo="results/{study}/fits/{variant}/seeds_{seeds}/loo.parquet",
    log:
        "logs/{study}/check/{variant}_seeds_{seeds}.log",
    conda:
        "../../envs/fit.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        priors=fit_priors,
        draws=setting("predictive_draws"),
        figure_seeds=lambda wildcards: STUDIES[wildcards.study]["seeds"][: STUDIES[wildcards.study]["figure_seeds"]],
        library=digest("check"),
    message:
        "{wildcards.study}: check the predictions of {wildcards.variant}, seeds {wildcards.seeds}"
    script:
        "../../scripts/check.py"


rule diagnose:
    input:
        unpack(
            lambda wildcards: (
                {"loo": "results/{study}/fits/{variant}/seeds_{seeds}/loo.parquet"} if wildcards.study in CHECKED else {}
            )
        ),
        posterior="results/{study}/fits/{variant}/seeds_{seeds}/posterior.nc",
        screen=screen_of,
        truth=truth_of,
        variant=variant_file,
    output:
        estimates="results/{study}/fits/{variant}/seeds_{seeds}/estimates.parquet",
        diagnostics="results/{study}/fits/{variant}/seeds_{seeds}/diagnostics.parquet",
        checks="results/{study}/fits/{variant}/seeds_{seeds}/checks.parquet",
        identifiability="results/{study}/fits/{variant}/seeds_{seeds}/identifiability.parquet",
        ranks="results/{study}/fits/{variant}/seeds_{seeds}/ranks.parquet",
    log:
        "logs/{study}/diagnose/{variant}_seeds_{seeds}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        settings=fit_settings,
        priors=fit_priors,
        calibrate=lambda wildcards: wildcards.study in CALIBRATED,
        thresholds=setting("thresholds"),
        n_ranks=setting("n_ranks"),
        library=digest("diagnose"),
    message:
        "{wildcards.study}: diagnose {wildcards.variant}, seeds {wildcards.seeds}"
    script:
        "../../scripts/diagnose.py"


rule collect_tables:
    input:
        estimates=fits_of("estimates.parquet"),
        diagnostics=fits_of("diagnostics.parquet"),
        checks=fits_of("checks.parquet"),
        identifiability=fits_of("identifiability.parquet"),
    output:
        estimates="results/{study}/estimates.csv",
        excerpt=report(
            "results/{study}/estimates_excerpt.csv",
            caption="../report/estimates.rst",
            category="{study}",
            subcategory="0. Answer and tables",
            labels={"what": "estimates (table)"},
        ),
        diagnostics=report(
            "results/{study}/diagnostics.csv",
            caption="../report/diagnostics_table.rst",
            category="{study}",
            subcategory="0. Answer and tables",
            labels={"what": "diagnostics (table)"},
        ),
        checks="results/{study}/checks.csv",
        identifiability=report(
            "results/{study}/identifiability.csv",
            caption="../report/identifiability.rst",
            category="{study}",
            subcategory="0. Answer and tables",
            labels={"what": "identifiability (table)"},
        ),
    log:
        "logs/{study}/collect_tables.log",
    conda:
        "../../envs/data.yaml"
    params:
        library=digest("collect_tables"),
    message:
        "{wildcards.study}: concatenate the tables of all fits"
    script:
        "../../scripts/collect_tables.py"


rule recover:
    input:
        estimates=fits_of("estimates.parquet"),
        checks=fits_of("checks.parquet"),
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
        "{wildcards.study}: compare the estimates with the truth"
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
        "{wildcards.study}: test whether the fits are calibrated"
    script:
        "../../scripts/calibrate.py"


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
