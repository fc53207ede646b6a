# Predictive checks and pointwise LOO of a batch of fits.


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
