# A screen and its truth: simulated from a design, from a variant's prior or from its posterior given a real screen, or imported.


rule simulate:
    output:
        screen="results/{study}/data/design/seeds_{seeds}/screen.parquet",
        truth="results/{study}/data/design/seeds_{seeds}/truth.parquet",
    log:
        "logs/{study}/simulate/seeds_{seeds}.log",
    conda:
        "../../envs/data.yaml"
    params:
        simulate=setting("simulate"),
        covariate=covariate_settings,
        seeds=batch_seeds,
        library=digest("simulate"),
    message:
        "{wildcards.study}: simulate seeds {wildcards.seeds}"
    script:
        "../../scripts/simulate.py"


rule simulate_prior:
    input:
        unpack(layout_of),
        variant=variant_file,
    output:
        screen="results/{study}/data/{variant}/seeds_{seeds}/screen.parquet",
        truth="results/{study}/data/{variant}/seeds_{seeds}/truth.parquet",
    log:
        "logs/{study}/simulate/{variant}_seeds_{seeds}.log",
    wildcard_constraints:
        study=any_of(name for name in STUDIES if name not in FROM_POSTERIOR),
        variant="(?!design/)[A-Za-z][A-Za-z0-9_]*",
    conda:
        "../../envs/fit.yaml"
    params:
        simulate=setting("simulate"),
        covariate=covariate_settings,
        priors=fit_priors,
        seeds=batch_seeds,
        library=digest("simulate_prior"),
    message:
        "{wildcards.study}: simulate seeds {wildcards.seeds} from the prior of {wildcards.variant}"
    script:
        "../../scripts/simulate_prior.py"


rule simulate_posterior:
    input:
        unpack(layout_of),
        posterior=layout_posterior,
        variant=variant_file,
    output:
        screen="results/{study}/data/{variant}/seeds_{seeds}/screen.parquet",
        truth="results/{study}/data/{variant}/seeds_{seeds}/truth.parquet",
    log:
        "logs/{study}/simulate/{variant}_seeds_{seeds}.log",
    wildcard_constraints:
        study=any_of(FROM_POSTERIOR),
    conda:
        "../../envs/fit.yaml"
    params:
        simulate=setting("simulate"),
        covariate=covariate_settings,
        priors=fit_priors,
        seeds=batch_seeds,
        layout_seed=lambda wildcards: STUDIES[STUDIES[wildcards.study]["simulate"]["layout"]]["first_seed"],
        library=digest("simulate_posterior"),
    message:
        "{wildcards.study}: simulate seeds {wildcards.seeds} from the posterior of {wildcards.variant}"
    script:
        "../../scripts/simulate_posterior.py"


rule import_table:
    input:
        lambda wildcards: STUDIES[wildcards.study]["screen"]["path"],
    output:
        screen="results/{study}/data/screen/screen.parquet",
        truth="results/{study}/data/screen/truth.parquet",
        dropped=report(
            "results/{study}/data/screen/dropped.csv",
            caption="../report/dropped.rst",
            category="{study}",
            subcategory="0. Answer and tables",
            labels={"what": "left out of the screen (table)"},
        ),
    log:
        "logs/{study}/import_screen.log",
    wildcard_constraints:
        study=any_of(TABLES),
    priority: 100  # bad input is told before anything long starts
    conda:
        "../../envs/data.yaml"
    params:
        table=screen_settings("columns", "missing", "constant_covariate", "copy_number_unit"),
        covariate=covariate_settings,
        library=digest("import_table"),
    message:
        "{wildcards.study}: import {input}"
    script:
        "../../scripts/import_table.py"


rule import_depmap:
    input:
        unpack(depmap_files),
    output:
        screen="results/{study}/data/screen/screen.parquet",
        truth="results/{study}/data/screen/truth.parquet",
        dropped=report(
            "results/{study}/data/screen/dropped.csv",
            caption="../report/dropped.rst",
            category="{study}",
            subcategory="0. Answer and tables",
            labels={"what": "left out of the screen (table)"},
        ),
    log:
        "logs/{study}/import_screen.log",
    benchmark:
        "results/{study}/data/screen/benchmark.tsv"
    wildcard_constraints:
        study=any_of(DEPMAP),
    priority: 100
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
    params:
        map_columns=screen_settings("map_columns"),
        steps=screen_settings("normalise", "pdna_batches", "min_pdna", "replicates", "multi_mapping", "drop_reason", "failed_qc"),
        screen=screen_settings("constant_covariate", "copy_number_unit"),
        covariate=covariate_settings,
        library=digest("import_depmap"),
    message:
        "{wildcards.study}: import DepMap's files"
    script:
        "../../scripts/import_depmap.py"
