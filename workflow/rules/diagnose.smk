# Estimates, diagnostics and identifiability of every fit, and the study's tables of them.


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
        "{wildcards.study}: join the tables of all fits"
    script:
        "../../scripts/collect_tables.py"
