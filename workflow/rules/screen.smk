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
        covariate=setting("covariate"),
        winsor_quantiles=setting("winsor_quantiles"),
        seeds=batch_seeds,
        library=digest("data"),
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
        covariate=setting("covariate"),
        winsor_quantiles=setting("winsor_quantiles"),
        priors=fit_priors,
        seeds=batch_seeds,
        library=digest("simulate"),
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
        covariate=setting("covariate"),
        winsor_quantiles=setting("winsor_quantiles"),
        priors=fit_priors,
        seeds=batch_seeds,
        layout_seed=lambda wildcards: STUDIES[STUDIES[wildcards.study]["simulate"]["layout"]]["seeds"][0],
        library=digest("simulate"),
    message:
        "{wildcards.study}: simulate seeds {wildcards.seeds} from the posterior of {wildcards.variant}"
    script:
        "../../scripts/simulate_posterior.py"


rule import_screen:
    input:
        table=lambda wildcards: STUDIES[wildcards.study]["screen"]["path"],
    output:
        screen="results/{study}/data/screen/screen.parquet",
        truth="results/{study}/data/screen/truth.parquet",
        dropped="results/{study}/data/screen/dropped.csv",
    log:
        "logs/{study}/import_screen.log",
    priority: 100  # bad input is told before anything long starts
    conda:
        "../../envs/data.yaml"
    params:
        columns=lambda wildcards: STUDIES[wildcards.study]["screen"]["columns"],
        missing=lambda wildcards: STUDIES[wildcards.study]["screen"]["missing"],
        constant_covariate=lambda wildcards: STUDIES[wildcards.study]["screen"]["constant_covariate"],
        covariate=setting("covariate"),
        winsor_quantiles=setting("winsor_quantiles"),
        library=digest("data"),
    message:
        "{wildcards.study}: import {input.table}"
    script:
        "../../scripts/import_screen.py"
