# Screens and their truth: simulated from a design, from a variant's prior or from its posterior given a real screen; or imported.


STEPS = (
    *("normalise", "control_guides", "of", "against", "pdna_batches", "min_pdna", "replicates", "multi_mapping", "drop_reason"),
    "failed_qc",
)
SAMPLE_THRESHOLDS = (
    *("sample_reads_min", "sample_zeros_max", "sample_gini_max", "sample_correlation_min", "sample_nnmd_max", "centre_max"),
)


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
        study="|".join(study for study in CALIBRATED if STUDIES[study]["truth"] == "prior" and study not in DRAWN) or "(?!)",
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


rule simulate_drawn:
    input:
        layout=layout_screen,
        variants=ancient(
            lambda wildcards: [file for own in STUDIES[wildcards.study]["variants"].values() for file in own["own_files"]]
        ),
    output:
        screen="results/{study}/data/drawn/seeds_{seeds}/screen.parquet",
        truth="results/{study}/data/drawn/seeds_{seeds}/truth.parquet",
    log:
        "logs/{study}/simulate/drawn_seeds_{seeds}.log",
    wildcard_constraints:
        study="|".join(DRAWN) or "(?!)",
    conda:
        "../../envs/fit.yaml"
    params:
        simulate=lookup("{study}/simulate", within=STUDIES),
        covariate=lookup("{study}/covariate", within=STUDIES),
        variants=drawn_variants,
        seeds=batch_seeds,
        library=digest("simulate_drawn"),
    message:
        "{wildcards.study}: simulate seeds {wildcards.seeds} from variants drawn by their probabilities"
    script:
        "../../scripts/simulate_drawn.py"


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
        unpack(pick("screen", "path", "ploidy")),
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
        "{wildcards.study}: import {input.path}"
    script:
        "../../scripts/import_table.py"


rule import_depmap:
    input:
        unpack(screen_files),
        judged=branch(lookup("{study}/screen/drop_failing_samples", within=STUDIES), then="results/{study}/data/screen/samples.csv"),
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
        steps=pick("screen", *STEPS),
        screen=pick("screen", "constant_covariate", "copy_number_unit", "logfc_max"),
        lost_share=lookup("{study}/thresholds/lost_share", within=STUDIES),
        guide_departure=lookup("{study}/thresholds/guide_departure_warn", within=STUDIES),
        covariate=lookup("{study}/covariate", within=STUDIES),
        library=digest("import_depmap"),
    message:
        "{wildcards.study}: import DepMap's files"
    script:
        "../../scripts/import_depmap.py"


# Studies with the same count table share its import.
rule convert_count_table:
    input:
        lambda wildcards: COUNT_TABLES[wildcards.table],
    output:
        "results/count-tables/{table}.parquet",
    log:
        "logs/count-tables/{table}.log",
    benchmark:
        "results/count-tables/{table}.tsv"
    wildcard_constraints:
        table="|".join(COUNT_TABLES) or "(?!)",
    priority: 100
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=times_attempt(4000),
    params:
        library=digest("convert_count_table"),
    message:
        "read the count table {input}"
    script:
        "../../scripts/convert_count_table.py"


rule import_count_table:
    input:
        unpack(screen_files),
        judged=branch(lookup("{study}/screen/drop_failing_samples", within=STUDIES), then="results/{study}/data/screen/samples.csv"),
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
        study=studies_where("kind", "count_table"),
    priority: 100
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=times_attempt(4000),
    params:
        map_columns=pick("screen", "map_columns"),
        steps=pick("screen", *STEPS),
        screen=pick("screen", "constant_covariate", "copy_number_unit"),
        place=lookup("{study}/screen/count_table", within=STUDIES, default=""),
        lost_share=lookup("{study}/thresholds/lost_share", within=STUDIES),
        guide_departure=lookup("{study}/thresholds/guide_departure_warn", within=STUDIES),
        covariate=lookup("{study}/covariate", within=STUDIES),
        library=digest("import_count_table"),
    message:
        "{wildcards.study}: import the samples of the count table"
    script:
        "../../scripts/import_count_table.py"


# The quality of samples depends on lists and thresholds that the import does not need, so that these can change without another fit.
rule judge_samples:
    input:
        unpack(lambda wildcards: screen_files(wildcards) | pick("screen", "essential", "nonessential")(wildcards)),
    output:
        samples=in_report("results/{study}/data/screen/samples.csv", "samples", "samples: quality (table)", SUMMARY),
        warnings="results/{study}/data/screen/sample_warnings.csv",
    log:
        "logs/{study}/judge_samples.log",
    wildcard_constraints:
        study=studies_where("has_samples", True),
    priority: 100
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=times_attempt(6000),
    params:
        map_columns=pick("screen", "map_columns"),
        steps=pick("screen", *STEPS),
        drops=lookup("{study}/screen/drop_failing_samples", within=STUDIES, default=False),
        place=lookup("{study}/screen/count_table", within=STUDIES, default=""),
        thresholds=pick("thresholds", *SAMPLE_THRESHOLDS),
        library=digest("judge_samples"),
    message:
        "{wildcards.study}: judge the samples"
    script:
        "../../scripts/judge_samples.py"


rule plot_samples:
    input:
        samples=rules.judge_samples.output.samples,
    output:
        samples=in_report("results/{study}/figures/samples.svg", "samples_plot", "samples: quality", DATA),
    log:
        "logs/{study}/plot_samples.log",
    conda:
        "../../envs/figures.yaml"
    params:
        thresholds=pick("thresholds", *SAMPLE_THRESHOLDS),
        figure="samples",
        library=digest("plot", "guidefit.report.figures.samples"),
    message:
        "{wildcards.study}: plot the quality of the samples"
    script:
        "../../scripts/plot.py"


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
