# One variant fitted to a batch of seeds.


rule fit:
    input:
        screen=screen_of,
        variant=variant_file,
    output:
        posterior="results/{study}/fits/{variant}/seeds_{seeds}/posterior.nc",
        graph="results/{study}/fits/{variant}/seeds_{seeds}/model.json",
    log:
        "logs/{study}/fit/{variant}_seeds_{seeds}.log",
    benchmark:
        "results/{study}/fits/{variant}/seeds_{seeds}/benchmark.tsv"
    wildcard_constraints:
        study=any_of(KEPT),
    conda:
        "../../envs/fit.yaml"
    threads: lambda wildcards: STUDIES[wildcards.study]["threads"]
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        settings=fit_settings,
        priors=fit_priors,
        seeds=batch_seeds,
        library=lambda wildcards: digest("fit", f"guidefit.engines.{fit_settings(wildcards)['engine']}"),
    message:
        "{wildcards.study}: fit {wildcards.variant} to seeds {wildcards.seeds} (progress: {log})"
    script:
        "../../scripts/fit.py"


# The same, for studies that do not keep the draws: the file goes when its last reader is done.
use rule fit as fit_for_now with:
    output:
        posterior=temp("results/{study}/fits/{variant}/seeds_{seeds}/posterior.nc"),
        graph="results/{study}/fits/{variant}/seeds_{seeds}/model.json",
    wildcard_constraints:
        study=any_of(set(STUDIES) - set(KEPT)),
