# Figures. (Snakemake itself writes the report: `make run` asks for it with --report.)


rule plot_screen:
    input:
        screen=data("screen.parquet"),
    output:
        cna=in_report(
            "results/{study}/figures/data-{source}-logfc_by_cna-seed_{seed}.png",
            "logfc_by_cna",
            "logFC against copy number ({source}, seed {seed})",
            DATA,
        ),
        x=in_report(
            "results/{study}/figures/data-{source}-logfc_by_x-seed_{seed}.png",
            "logfc_by_x",
            "logFC against the covariate x ({source}, seed {seed})",
            DATA,
        ),
        density=in_report(
            "results/{study}/figures/data-{source}-logfc_density-seed_{seed}.svg",
            "logfc_density",
            "logFC by gene ({source}, seed {seed})",
            DATA,
        ),
    log:
        "logs/{study}/plot_screen/{source}_seed_{seed}.log",
    wildcard_constraints:
        study=studies_where("has_copy_numbers", True),
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


use rule plot_screen as plot_screen_without_copies with:
    output:
        density=in_report(
            "results/{study}/figures/data-{source}-logfc_density-seed_{seed}.svg",
            "logfc_density",
            "logFC by gene ({source}, seed {seed})",
            DATA,
        ),
    wildcard_constraints:
        study=studies_where("has_copy_numbers", False),


rule plot_predictive:
    input:
        predictive=fit_of("predictive.nc"),
        loo=fit_of("loo.parquet"),
        lines=fit_of("predicted_lines.parquet"),
    output:
        prior=in_report(
            "results/{study}/figures/{variant}-prior_predictive-seed_{seed}.svg",
            "prior_predictive",
            "prior predictive (seed {seed})",
            OF_VARIANT,
        ),
        posterior=in_report(
            "results/{study}/figures/{variant}-posterior_predictive-seed_{seed}.svg",
            "posterior_predictive",
            "posterior predictive (seed {seed})",
            OF_VARIANT,
        ),
        by_gene=in_report(
            "results/{study}/figures/{variant}-posterior_predictive_by_gene-seed_{seed}.svg",
            "by_gene",
            "posterior predictive by gene (seed {seed})",
            OF_VARIANT,
        ),
        by_line=in_report(
            "results/{study}/figures/{variant}-posterior_predictive_by_line-seed_{seed}.svg",
            "by_line",
            "posterior predictive by cell line (seed {seed})",
            OF_VARIANT,
        ),
        loo_pit=in_report(
            "results/{study}/figures/{variant}-loo_pit-seed_{seed}.svg", "loo_pit", "LOO-PIT (seed {seed})", OF_VARIANT
        ),
    log:
        "logs/{study}/plot_predictive/{variant}_seed_{seed}.log",
    conda:
        "../../envs/figures.yaml"
    params:
        band_prob=lookup("{study}/thresholds/band_prob", within=STUDIES),
        figure="predictive",
        library=digest("plot", "guidefit.report.figures.predictive"),
    message:
        "{wildcards.study}: plot the predictive checks of {wildcards.variant}, seed {wildcards.seed}"
    script:
        "../../scripts/plot.py"


rule plot_parameters:
    input:
        posterior=fit_of("posterior.nc"),
        estimates=fit_of("estimates.parquet"),
    output:
        trace=in_report("results/{study}/figures/{variant}-trace-seed_{seed}.png", "trace", "trace (seed {seed})", OF_VARIANT),
        rank_plot=in_report("results/{study}/figures/{variant}-rank-seed_{seed}.png", "rank", "rank plot (seed {seed})", OF_VARIANT),
        forest_intercept=in_report(
            "results/{study}/figures/{variant}-forest_intercept-seed_{seed}.svg",
            "forest",
            "intervals of intercepts (seed {seed})",
            OF_VARIANT,
        ),
        forest_slope=in_report(
            "results/{study}/figures/{variant}-forest_slope-seed_{seed}.svg",
            "forest",
            "intervals of slopes (seed {seed})",
            OF_VARIANT,
        ),
        truth=in_report(
            "results/{study}/figures/{variant}-truth-seed_{seed}.svg", "truth", "truth against estimate (seed {seed})", OF_VARIANT
        ),
        pair=in_report("results/{study}/figures/{variant}-pair-seed_{seed}.png", "pair", "joint draws (seed {seed})", OF_VARIANT),
    log:
        "logs/{study}/plot_parameters/{variant}_seed_{seed}.log",
    conda:
        "../../envs/figures.yaml"
    params:
        contraction_pass=lookup("{study}/thresholds/contraction_pass", within=STUDIES),
        figure="parameters",
        library=digest("plot", "guidefit.report.figures.parameters"),
    message:
        "{wildcards.study}: plot the parameters of {wildcards.variant}, seed {wildcards.seed}"
    script:
        "../../scripts/plot.py"


rule plot_model:
    input:
        model=fit_of("model.json"),
    output:
        graph=in_report("results/{study}/figures/{variant}-model.svg", "model", "model graph", OF_VARIANT),
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
        checks=rules.collect_tables.output.checks,
    output:
        diagnostics=in_report("results/{study}/figures/diagnostics.svg", "diagnostics", "diagnostics overview", SUMMARY),
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
        comparison=rules.compare.output[0],
    output:
        comparison=in_report("results/{study}/figures/comparison.svg", "comparison", "comparison by PSIS-LOO", SUMMARY),
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
        recovery=rules.recover.output[0],
    output:
        coverage=in_report("results/{study}/figures/recovery-coverage.svg", "recovery_coverage", "recovery: coverage", OVER_SEEDS),
        bias=in_report("results/{study}/figures/recovery-bias.svg", "recovery_bias", "recovery: bias and contraction", OVER_SEEDS),
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
        ranks=rules.calibrate.output.ranks,
    output:
        ecdf=in_report(
            "results/{study}/figures/{variant}-calibration_ecdf.svg",
            "calibration_ecdf",
            "calibration of {variant}: ECDF of rank statistics",
            OVER_SEEDS,
        ),
        histograms=in_report(
            "results/{study}/figures/{variant}-calibration_ranks.svg",
            "calibration_ranks",
            "calibration of {variant}: histograms of rank statistics",
            OVER_SEEDS,
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
        genes=rules.estimate_effects.output.genes,
        sgrnas=rules.estimate_effects.output.sgrnas,
        lines=rules.estimate_effects.output.lines,
    output:
        genes=in_report("results/{study}/figures/{variant}-genes.png", "gene_volcano", "genes: effect and certainty", OF_VARIANT),
        ranking=in_report(
            "results/{study}/figures/{variant}-gene_ranking.svg", "gene_ranking", "genes: strongest effects", OF_VARIANT
        ),
        lines=in_report(
            "results/{study}/figures/{variant}-copy_number_lines.png",
            "copy_number_lines",
            "genes: logFC against copy number, with the fit",
            OF_VARIANT,
        ),
        guides=in_report("results/{study}/figures/{variant}-guides.svg", "guides", "sgRNAs: effects by gene", OF_VARIANT),
    log:
        "logs/{study}/plot_effects/{variant}.log",
    wildcard_constraints:
        study=studies_where("has_copy_numbers", True),
    conda:
        "../../envs/figures.yaml"
    params:
        seed=lookup("{study}/first_seed", within=STUDIES),
        diploid=lookup("{study}/covariate/diploid", within=STUDIES),
        show_genes=lookup("{study}/show_genes", within=STUDIES),
        figure="effects",
        library=digest("plot", "guidefit.report.figures.effects"),
    message:
        "{wildcards.study}: plot the effects of {wildcards.variant}"
    script:
        "../../scripts/plot.py"


use rule plot_effects as plot_effects_without_copies with:
    output:
        genes=in_report("results/{study}/figures/{variant}-genes.png", "gene_volcano", "genes: effect and certainty", OF_VARIANT),
        ranking=in_report(
            "results/{study}/figures/{variant}-gene_ranking.svg", "gene_ranking", "genes: strongest effects", OF_VARIANT
        ),
        guides=in_report("results/{study}/figures/{variant}-guides.svg", "guides", "sgRNAs: effects by gene", OF_VARIANT),
    wildcard_constraints:
        study=studies_where("has_copy_numbers", False),


rule plot_correction:
    input:
        correction=rules.assess_correction.output.correction,
    output:
        correction=in_report("results/{study}/figures/correction.svg", "correction_plot", "copy-number corrections", SUMMARY),
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


# All figures of studies, and the studies that have them: what a run makes and what the pages of the studies show.
FIGURES = [
    (rules.plot_screen.output, WITH_COPIES),
    (rules.plot_screen_without_copies.output, WITHOUT_COPIES),
    (rules.plot_samples.output, SAMPLED),
    (rules.plot_model.output, STUDIES),
    (rules.plot_parameters.output, STUDIES),
    (rules.plot_predictive.output, CHECKED),
    (rules.plot_diagnostics.output, STUDIES),
    (rules.plot_recovery.output, SEVERAL_SEEDS),
    (rules.plot_calibration.output, CALIBRATED),
    (rules.plot_comparison.output, SEVERAL_VARIANTS),
    (rules.plot_effects.output, REAL_WITH_COPIES),
    (rules.plot_effects_without_copies.output, WITHOUT_COPIES),
    (rules.plot_correction.output, JUDGED),
]
