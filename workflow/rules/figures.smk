# Pictures. One job draws all pictures that need the same data.

DATA_FIGURES = [("logfc_by_cna", "png"), ("logfc_by_x", "png"), ("logfc_density", "svg")]
PREDICTIVE_FIGURES = [
    ("prior_predictive", "svg"),
    ("posterior_predictive", "svg"),
    ("posterior_predictive_by_gene", "svg"),
    ("loo_pit", "svg"),
]
PARAMETER_FIGURES = [
    ("trace", "png"),
    ("rank", "png"),
    ("forest_intercept", "svg"),
    ("forest_slope", "svg"),
    ("truth", "svg"),
    ("pair", "png"),
]


rule plot_screen:
    input:
        screen=lambda wildcards: (
            f"results/{wildcards.study}/data/screen/screen.parquet"
            if wildcards.source == "screen"
            else f"results/{wildcards.study}/data/{wildcards.source}/seeds_{batch_of(wildcards.study, wildcards.seed)}/screen.parquet"
        ),
    output:
        cna=report(
            "results/{study}/figures/data-{source}-logfc_by_cna-seed_{seed}.png",
            caption="../report/logfc_by_cna.rst",
            category="{study}",
            subcategory="1. Data",
            labels={"what": "logFC against copy number ({source}, seed {seed})"},
        ),
        x=report(
            "results/{study}/figures/data-{source}-logfc_by_x-seed_{seed}.png",
            caption="../report/logfc_by_x.rst",
            category="{study}",
            subcategory="1. Data",
            labels={"what": "logFC against the covariate x ({source}, seed {seed})"},
        ),
        density=report(
            "results/{study}/figures/data-{source}-logfc_density-seed_{seed}.svg",
            caption="../report/logfc_density.rst",
            category="{study}",
            subcategory="1. Data",
            labels={"what": "logFC by gene ({source}, seed {seed})"},
        ),
    log:
        "logs/{study}/plot_screen/{source}_seed_{seed}.log",
    conda:
        "../../envs/figures.yaml"
    params:
        covariate=setting("covariate"),
        library=digest("plot_screen"),
    message:
        "{wildcards.study}: draw the screen, seed {wildcards.seed}"
    script:
        "../../scripts/plot_screen.py"


rule plot_predictive:
    input:
        predictive=of_batch("predictive.nc"),
        loo=of_batch("loo.parquet"),
        screen=lambda wildcards: f"{data_of(wildcards.study, wildcards.variant, batch_of(wildcards.study, wildcards.seed))}/screen.parquet",
    output:
        prior=report(
            "results/{study}/figures/{variant}-prior_predictive-seed_{seed}.svg",
            caption="../report/prior_predictive.rst",
            category="{study}",
            subcategory="{variant}",
            labels={"what": "prior predictive (seed {seed})"},
        ),
        posterior=report(
            "results/{study}/figures/{variant}-posterior_predictive-seed_{seed}.svg",
            caption="../report/posterior_predictive.rst",
            category="{study}",
            subcategory="{variant}",
            labels={"what": "posterior predictive (seed {seed})"},
        ),
        by_gene=report(
            "results/{study}/figures/{variant}-posterior_predictive_by_gene-seed_{seed}.svg",
            caption="../report/by_gene.rst",
            category="{study}",
            subcategory="{variant}",
            labels={"what": "posterior predictive by gene (seed {seed})"},
        ),
        loo_pit=report(
            "results/{study}/figures/{variant}-loo_pit-seed_{seed}.svg",
            caption="../report/loo_pit.rst",
            category="{study}",
            subcategory="{variant}",
            labels={"what": "LOO-PIT (seed {seed})"},
        ),
    log:
        "logs/{study}/plot_predictive/{variant}_seed_{seed}.log",
    conda:
        "../../envs/figures.yaml"
    params:
        band_prob=lambda wildcards: STUDIES[wildcards.study]["thresholds"]["band_prob"],
        library=digest("plot_predictive"),
    message:
        "{wildcards.study}: draw the predictive checks of {wildcards.variant}, seed {wildcards.seed}"
    script:
        "../../scripts/plot_predictive.py"


rule plot_parameters:
    input:
        posterior=of_batch("posterior.nc"),
        estimates=of_batch("estimates.parquet"),
    output:
        trace=report(
            "results/{study}/figures/{variant}-trace-seed_{seed}.png",
            caption="../report/trace.rst",
            category="{study}",
            subcategory="{variant}",
            labels={"what": "trace (seed {seed})"},
        ),
        rank=report(
            "results/{study}/figures/{variant}-rank-seed_{seed}.png",
            caption="../report/rank.rst",
            category="{study}",
            subcategory="{variant}",
            labels={"what": "rank plot (seed {seed})"},
        ),
        forest_intercept=report(
            "results/{study}/figures/{variant}-forest_intercept-seed_{seed}.svg",
            caption="../report/forest.rst",
            category="{study}",
            subcategory="{variant}",
            labels={"what": "forest, intercept side (seed {seed})"},
        ),
        forest_slope=report(
            "results/{study}/figures/{variant}-forest_slope-seed_{seed}.svg",
            caption="../report/forest.rst",
            category="{study}",
            subcategory="{variant}",
            labels={"what": "forest, slope side (seed {seed})"},
        ),
        truth=report(
            "results/{study}/figures/{variant}-truth-seed_{seed}.svg",
            caption="../report/truth.rst",
            category="{study}",
            subcategory="{variant}",
            labels={"what": "truth against estimate (seed {seed})"},
        ),
        pair=report(
            "results/{study}/figures/{variant}-pair-seed_{seed}.png",
            caption="../report/pair.rst",
            category="{study}",
            subcategory="{variant}",
            labels={"what": "joint draws (seed {seed})"},
        ),
    log:
        "logs/{study}/plot_parameters/{variant}_seed_{seed}.log",
    conda:
        "../../envs/figures.yaml"
    params:
        contraction_pass=lambda wildcards: STUDIES[wildcards.study]["thresholds"]["contraction_pass"],
        library=digest("plot_parameters"),
    message:
        "{wildcards.study}: draw the parameters of {wildcards.variant}, seed {wildcards.seed}"
    script:
        "../../scripts/plot_parameters.py"


rule plot_model:
    input:
        lambda wildcards: f"results/{wildcards.study}/fits/{wildcards.variant}/seeds_{next(iter(BATCHES[wildcards.study]))}/model.json",
    output:
        report(
            "results/{study}/figures/{variant}-model.svg",
            caption="../report/model.rst",
            category="{study}",
            subcategory="{variant}",
            labels={"what": "model graph"},
        ),
    log:
        "logs/{study}/plot_model/{variant}.log",
    conda:
        "../../envs/figures.yaml"
    params:
        library=digest("plot_model"),
    message:
        "{wildcards.study}: draw the graph of {wildcards.variant}"
    script:
        "../../scripts/plot_model.py"


rule plot_diagnostics:
    input:
        "results/{study}/diagnostics.csv",
    output:
        report(
            "results/{study}/figures/diagnostics.svg",
            caption="../report/diagnostics.rst",
            category="{study}",
            subcategory="0. Answer and tables",
            labels={"what": "diagnostics overview"},
        ),
    log:
        "logs/{study}/plot_diagnostics.log",
    conda:
        "../../envs/figures.yaml"
    params:
        library=digest("plot_diagnostics"),
    message:
        "{wildcards.study}: draw the overview of diagnostics"
    script:
        "../../scripts/plot_diagnostics.py"


rule plot_comparison:
    input:
        "results/{study}/comparison.csv",
    output:
        report(
            "results/{study}/figures/comparison.svg",
            caption="../report/comparison.rst",
            category="{study}",
            subcategory="0. Answer and tables",
            labels={"what": "comparison by PSIS-LOO"},
        ),
    log:
        "logs/{study}/plot_comparison.log",
    conda:
        "../../envs/figures.yaml"
    params:
        library=digest("plot_comparison"),
    message:
        "{wildcards.study}: draw the comparison"
    script:
        "../../scripts/plot_comparison.py"
