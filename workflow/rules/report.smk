# Figures and pages. (The report itself is Snakemake's own: `make run` asks for it with --report.)

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
EFFECT_FIGURES = [("genes", "png"), ("gene_ranking", "svg"), ("copy_number_lines", "png"), ("guides", "svg")]


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
        covariate=lookup("{study}/covariate/name", within=STUDIES),
        figure="data",
        library=digest("plot", "guidefit.report.figures.data"),
    message:
        "{wildcards.study}: plot the screen, seed {wildcards.seed}"
    script:
        "../../scripts/plot.py"


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
        figure="predictive",
        library=digest("plot", "guidefit.report.figures.predictive"),
    message:
        "{wildcards.study}: plot the predictive checks of {wildcards.variant}, seed {wildcards.seed}"
    script:
        "../../scripts/plot.py"


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
        rank_plot=report(
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
            labels={"what": "intervals of intercepts (seed {seed})"},
        ),
        forest_slope=report(
            "results/{study}/figures/{variant}-forest_slope-seed_{seed}.svg",
            caption="../report/forest.rst",
            category="{study}",
            subcategory="{variant}",
            labels={"what": "intervals of slopes (seed {seed})"},
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
        figure="parameters",
        library=digest("plot", "guidefit.report.figures.parameters"),
    message:
        "{wildcards.study}: plot the parameters of {wildcards.variant}, seed {wildcards.seed}"
    script:
        "../../scripts/plot.py"


rule plot_model:
    input:
        model=lambda wildcards: f"results/{wildcards.study}/fits/{wildcards.variant}/seeds_{next(iter(BATCHES[wildcards.study]))}/model.json",
    output:
        graph=report(
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
        figure="graph",
        library=digest("plot", "guidefit.report.figures.graph"),
    message:
        "{wildcards.study}: plot the model graph of {wildcards.variant}"
    script:
        "../../scripts/plot.py"


rule plot_diagnostics:
    input:
        checks="results/{study}/checks.csv",
    output:
        diagnostics=report(
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
        figure="diagnostics",
        library=digest("plot", "guidefit.report.figures.diagnostics"),
    message:
        "{wildcards.study}: plot the diagnostics"
    script:
        "../../scripts/plot.py"


rule plot_comparison:
    input:
        comparison="results/{study}/comparison.csv",
    output:
        comparison=report(
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
        figure="comparison",
        library=digest("plot", "guidefit.report.figures.comparison"),
    message:
        "{wildcards.study}: plot the comparison of variants"
    script:
        "../../scripts/plot.py"


rule plot_recovery:
    input:
        recovery="results/{study}/recovery.csv",
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
        figure="recovery",
        library=digest("plot", "guidefit.report.figures.recovery"),
    message:
        "{wildcards.study}: plot the recovery"
    script:
        "../../scripts/plot.py"


rule plot_calibration:
    input:
        ranks="results/{study}/ranks.parquet",
    output:
        ecdf=report(
            "results/{study}/figures/{variant}-calibration_ecdf.svg",
            caption="../report/calibration_ecdf.rst",
            category="{study}",
            subcategory="1. Over all seeds",
            labels={"what": "calibration: ECDF of rank statistics", "variant": "{variant}"},
        ),
        histograms=report(
            "results/{study}/figures/{variant}-calibration_ranks.svg",
            caption="../report/calibration_ranks.rst",
            category="{study}",
            subcategory="1. Over all seeds",
            labels={"what": "calibration: histograms of rank statistics", "variant": "{variant}"},
        ),
    log:
        "logs/{study}/plot_calibration/{variant}.log",
    conda:
        "../../envs/figures.yaml"
    params:
        figure="calibration",
        library=digest("plot", "guidefit.report.figures.calibration"),
    message:
        "{wildcards.study}: plot the calibration of {wildcards.variant}"
    script:
        "../../scripts/plot.py"


rule plot_effects:
    input:
        screen="results/{study}/data/screen/screen.parquet",
        genes="results/{study}/effects/genes.parquet",
        sgrnas="results/{study}/effects/sgrnas.parquet",
        lines="results/{study}/effects/lines.parquet",
    output:
        genes=report(
            "results/{study}/figures/{variant}-genes.png",
            caption="../report/gene_volcano.rst",
            category="{study}",
            subcategory="{variant}",
            labels={"what": "genes: effect and certainty"},
        ),
        ranking=report(
            "results/{study}/figures/{variant}-gene_ranking.svg",
            caption="../report/gene_ranking.rst",
            category="{study}",
            subcategory="{variant}",
            labels={"what": "genes: strongest effects"},
        ),
        lines=report(
            "results/{study}/figures/{variant}-copy_number_lines.png",
            caption="../report/copy_number_lines.rst",
            category="{study}",
            subcategory="{variant}",
            labels={"what": "genes: logFC against copy number, with the fit"},
        ),
        guides=report(
            "results/{study}/figures/{variant}-guides.svg",
            caption="../report/guides.rst",
            category="{study}",
            subcategory="{variant}",
            labels={"what": "sgRNAs: effects by gene"},
        ),
    log:
        "logs/{study}/plot_effects/{variant}.log",
    conda:
        "../../envs/figures.yaml"
    params:
        seed=first_seed,
        diploid=diploid,
        show_genes=setting("show_genes"),
        figure="effects",
        library=digest("plot", "guidefit.report.figures.effects"),
    message:
        "{wildcards.study}: plot the effects of {wildcards.variant}"
    script:
        "../../scripts/plot.py"


rule plot_correction:
    input:
        correction="results/{study}/correction.csv",
    output:
        correction=report(
            "results/{study}/figures/correction.svg",
            caption="../report/correction_plot.rst",
            category="{study}",
            subcategory="1. Over all variants",
            labels={"what": "copy-number corrections"},
        ),
    log:
        "logs/{study}/plot_correction.log",
    conda:
        "../../envs/figures.yaml"
    params:
        figure="correction",
        library=digest("plot", "guidefit.report.figures.correction"),
    message:
        "{wildcards.study}: plot the copy-number corrections"
    script:
        "../../scripts/plot.py"


rule write_gene_page:
    input:
        unpack(gene_page_extras),
        genes="results/{study}/effects/genes.parquet",
        sgrnas="results/{study}/effects/sgrnas.parquet",
        diagnostics="results/{study}/diagnostics.csv",
    output:
        page=report(
            "results/{study}/genes.html",
            caption="../report/genes.rst",
            category="{study}",
            subcategory="0. Answer and tables",
            labels={"what": "Genes"},
        ),
    log:
        "logs/{study}/write_gene_page.log",
    conda:
        "../../envs/data.yaml"
    params:
        thresholds=effect_thresholds,
        page="genes",
        library=digest("write_page", "guidefit.report.pages.genes"),
    message:
        "{wildcards.study}: write the page on genes"
    script:
        "../../scripts/write_page.py"


rule write_summary_page:
    input:
        unpack(summary_extras),
        diagnostics="results/{study}/diagnostics.csv",
        checks="results/{study}/checks.csv",
        estimates="results/{study}/estimates.csv",
    output:
        page=report(
            "results/{study}/summary.html",
            caption="../report/summary.rst",
            category="{study}",
            subcategory="0. Answer and tables",
            labels={"what": "Summary"},
        ),
    log:
        "logs/{study}/write_summary_page.log",
    conda:
        "../../envs/data.yaml"
    params:
        thresholds=setting("thresholds"),
        page="summary",
        library=digest("write_page", "guidefit.report.pages.summary"),
    message:
        "{wildcards.study}: write the summary page"
    script:
        "../../scripts/write_page.py"
