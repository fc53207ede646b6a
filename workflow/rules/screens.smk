# Screens and their truth: simulated from a design, from a variant's prior or from its posterior given a real screen; or imported.


rule simulate:
    output:
        screen="results/{study}/data/design/seeds_{seeds}/screen.parquet",
        truth="results/{study}/data/design/seeds_{seeds}/truth.parquet",
    log:
        "logs/{study}/simulate/seeds_{seeds}.log",
    conda:
        "../../envs/data.yaml"
    params:
        simulate=lookup("{study}/simulate", within=STUDIES),
        covariate=lookup("{study}/covariate", within=STUDIES),
        seeds=batch_seeds,
        library=digest("simulate"),
    message:
        "{wildcards.study}: simulate seeds {wildcards.seeds}"
    script:
        "../../scripts/simulate.py"


rule simulate_prior:
    input:
        layout=layout_screen,
        variant=ancient(lookup("{study}/variants/{variant}/own_files", within=STUDIES)),
    output:
        screen="results/{study}/data/{variant}/seeds_{seeds}/screen.parquet",
        truth="results/{study}/data/{variant}/seeds_{seeds}/truth.parquet",
    log:
        "logs/{study}/simulate/{variant}_seeds_{seeds}.log",
    wildcard_constraints:
        study=studies_where("truth", "prior"),
    conda:
        "../../envs/fit.yaml"
    params:
        simulate=lookup("{study}/simulate", within=STUDIES),
        covariate=lookup("{study}/covariate", within=STUDIES),
        priors=lookup("{study}/variants/{variant}/priors", within=STUDIES),
        seeds=batch_seeds,
        variant=lookup("{study}/variants/{variant}/code", within=STUDIES),
        library=digest("simulate_prior"),
    message:
        "{wildcards.study}: simulate seeds {wildcards.seeds} from the prior of {wildcards.variant}"
    script:
        "../../scripts/simulate_prior.py"


rule simulate_posterior:
    input:
        layout=layout_screen,
        posterior=layout_posterior,
        variant=ancient(lookup("{study}/variants/{variant}/own_files", within=STUDIES)),
    output:
        screen="results/{study}/data/{variant}/seeds_{seeds}/screen.parquet",
        truth="results/{study}/data/{variant}/seeds_{seeds}/truth.parquet",
    log:
        "logs/{study}/simulate/{variant}_seeds_{seeds}.log",
    wildcard_constraints:
        study=studies_where("truth", "posterior"),
    conda:
        "../../envs/fit.yaml"
    params:
        simulate=lookup("{study}/simulate", within=STUDIES),
        covariate=lookup("{study}/covariate", within=STUDIES),
        priors=lookup("{study}/variants/{variant}/priors", within=STUDIES),
        seeds=batch_seeds,
        layout_seed=lookup("{layout}/first_seed", within=STUDIES, layout=lookup("{study}/simulate/layout", within=STUDIES)),
        variant=lookup("{study}/variants/{variant}/code", within=STUDIES),
        library=digest("simulate_posterior"),
    message:
        "{wildcards.study}: simulate seeds {wildcards.seeds} from the posterior of {wildcards.variant}"
    script:
        "../../scripts/simulate_posterior.py"


rule import_table:
    input:
        lookup("{study}/screen/path", within=STUDIES),
    output:
        screen="results/{study}/data/screen/screen.parquet",
        truth="results/{study}/data/screen/truth.parquet",
        dropped=in_report("results/{study}/data/screen/dropped.csv", "dropped", "rows left out of the screen (table)", SUMMARY),
        joins="results/{study}/data/screen/joins_of_files.csv",
    log:
        "logs/{study}/import_screen.log",
    wildcard_constraints:
        study=studies_where("kind", "table"),
    priority: 100  # errors in the input are reported before anything long starts
    conda:
        "../../envs/data.yaml"
    params:
        lost_share=lookup("{study}/thresholds/lost_share", within=STUDIES),
        guide_departure=lookup("{study}/thresholds/guide_departure_warn", within=STUDIES),
        table=pick("screen", "columns", "missing", "constant_covariate", "copy_number_unit", "logfc_max"),
        covariate=lookup("{study}/covariate", within=STUDIES),
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
        dropped=in_report("results/{study}/data/screen/dropped.csv", "dropped", "rows left out of the screen (table)", SUMMARY),
        joins="results/{study}/data/screen/joins_of_files.csv",
    log:
        "logs/{study}/import_screen.log",
    benchmark:
        "results/{study}/data/screen/benchmark.tsv"
    wildcard_constraints:
        study=studies_where("kind", "depmap"),
    priority: 100
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=times_attempt(6000),
    params:
        map_columns=pick("screen", "map_columns"),
        steps=pick("screen", "normalise", "pdna_batches", "min_pdna", "replicates", "multi_mapping", "drop_reason", "failed_qc"),
        screen=pick("screen", "constant_covariate", "copy_number_unit", "logfc_max"),
        lost_share=lookup("{study}/thresholds/lost_share", within=STUDIES),
        guide_departure=lookup("{study}/thresholds/guide_departure_warn", within=STUDIES),
        covariate=lookup("{study}/covariate", within=STUDIES),
        library=digest("import_depmap"),
    message:
        "{wildcards.study}: import DepMap's files"
    script:
        "../../scripts/import_depmap.py"


# The import validates the lists that exist by then. A new list is validated here, and re-runs neither the import nor any fit.
rule validate_controls:
    input:
        unpack(lookup("{study}/control_lists", within=STUDIES)),
        screen="results/{study}/data/screen/screen.parquet",
        joins="results/{study}/data/screen/joins_of_files.csv",
    output:
        controls="results/{study}/data/screen/controls.csv",
        joins=in_report("results/{study}/data/screen/joins.csv", "joins", "joins of the screen's files (table)", SUMMARY),
    log:
        "logs/{study}/validate_controls.log",
    wildcard_constraints:
        study="|".join(REAL) or "(?!)",
    priority: 100
    conda:
        "../../envs/data.yaml"
    params:
        seed=lookup("{study}/first_seed", within=STUDIES),
        library=digest("validate_controls"),
    message:
        "{wildcards.study}: validate the lists of control genes"
    script:
        "../../scripts/validate_controls.py"
