# Figures and pages. (Snakemake itself writes the report: `make run` asks for it with --report.)


rule plot_screen:
    input:
        screen=data("screen.parquet"),
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
        library=digest("plot_screen"),
    message:
        "{wildcards.study}: draw the screen, seed {wildcards.seed}"
    script:
        "../../scripts/plot_screen.py"


rule plot_predictive:
    input:
        predictive=fit_of_seed("predictive.nc"),
        loo=fit_of_seed("loo.parquet"),
        screen=data("screen.parquet"),
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
        band_prob=lookup("{study}/thresholds/band_prob", within=STUDIES),
        library=digest("plot_predictive"),
    message:
        "{wildcards.study}: draw the predictive checks of {wildcards.variant}, seed {wildcards.seed}"
    script:
        "../../scripts/plot_predictive.py"


rule plot_parameters:
    input:
        posterior=fit_of_seed("posterior.nc"),
        estimates=fit_of_seed("estimates.parquet"),
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
        contraction_pass=lookup("{study}/thresholds/contraction_pass", within=STUDIES),
        library=digest("plot_parameters"),
    message:
        "{wildcards.study}: draw the parameters of {wildcards.variant}, seed {wildcards.seed}"
    script:
        "../../scripts/plot_parameters.py"


rule plot_model:
    input:
        collect(rules.fit.output.graph, seeds=lookup("{study}/first_batch", within=STUDIES), allow_missing=True),
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
        rules.collect_tables.output.diagnostics,
    output:
        report(
            "results/{study}/figures/diagnostics.svg",
            caption="../report/diagnostics.rst",
            category="{study}",
            subcategory="0. Summary and tables",
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
        rules.compare.output,
    output:
        report(
            "results/{study}/figures/comparison.svg",
            caption="../report/comparison.rst",
            category="{study}",
            subcategory="0. Summary and tables",
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


rule plot_recovery:
    input:
        rules.recover.output,
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
        library=digest("plot_recovery"),
    message:
        "{wildcards.study}: plot the recovery"
    script:
        "../../scripts/plot_recovery.py"


rule plot_calibration:
    input:
        rules.calibrate.output.ranks,
    output:
        ecdf=report(
            "results/{study}/figures/{variant}-calibration_ecdf.svg",
            caption="../report/calibration_ecdf.rst",
            category="{study}",
            subcategory="1. Over all seeds",
            labels={"what": "calibration: ECDF of ranks", "variant": "{variant}"},
        ),
        bins=report(
            "results/{study}/figures/{variant}-calibration_ranks.svg",
            caption="../report/calibration_ranks.rst",
            category="{study}",
            subcategory="1. Over all seeds",
            labels={"what": "calibration: histograms of ranks", "variant": "{variant}"},
        ),
    log:
        "logs/{study}/plot_calibration/{variant}.log",
    conda:
        "../../envs/figures.yaml"
    params:
        library=digest("plot_calibration"),
    message:
        "{wildcards.study}: plot the calibration of {wildcards.variant}"
    script:
        "../../scripts/plot_calibration.py"


rule plot_effects:
    input:
        screen="results/{study}/data/screen/screen.parquet",
        genes=rules.estimate_effects.output.genes,
        sgrnas=rules.estimate_effects.output.sgrnas,
        lines=rules.estimate_effects.output.lines,
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
            labels={"what": "sgRNAs: how consistent they are"},
        ),
    log:
        "logs/{study}/plot_effects/{variant}.log",
    conda:
        "../../envs/figures.yaml"
    params:
        seed=lookup("{study}/first_seed", within=STUDIES),
        diploid=lookup("{study}/covariate/diploid", within=STUDIES),
        show_genes=lookup("{study}/show_genes", within=STUDIES),
        library=digest("plot_effects"),
    message:
        "{wildcards.study}: plot the effects of {wildcards.variant}"
    script:
        "../../scripts/plot_effects.py"


rule plot_correction:
    input:
        rules.assess_correction.output,
    output:
        report(
            "results/{study}/figures/correction.svg",
            caption="../report/correction_plot.rst",
            category="{study}",
            subcategory="1. Over all variants",
            labels={"what": "is the copy-number correction right?"},
        ),
    log:
        "logs/{study}/plot_correction.log",
    conda:
        "../../envs/figures.yaml"
    params:
        library=digest("plot_correction"),
    message:
        "{wildcards.study}: plot the check of the correction"
    script:
        "../../scripts/plot_correction.py"


rule write_gene_page:
    input:
        genes=rules.estimate_effects.output.genes,
        sgrnas=rules.estimate_effects.output.sgrnas,
        diagnostics=rules.collect_tables.output.diagnostics,
        comparison=branch(lookup("{study}/is_compared", within=STUDIES), then=rules.compare.output[0]),
        correction=branch(lookup("{study}/is_judged", within=STUDIES), then=rules.assess_correction.output[0]),
    output:
        report(
            "results/{study}/genes.html",
            caption="../report/genes.rst",
            category="{study}",
            subcategory="0. Summary and tables",
            labels={"what": "Summary of genes"},
        ),
    log:
        "logs/{study}/write_gene_page.log",
    conda:
        "../../envs/data.yaml"
    params:
        thresholds=pick("thresholds", *EFFECT_THRESHOLDS),
        library=digest("write_gene_page"),
    message:
        "{wildcards.study}: write the page of genes"
    script:
        "../../scripts/write_gene_page.py"


rule write_summary_page:
    input:
        diagnostics=rules.collect_tables.output.diagnostics,
        estimates=rules.collect_tables.output.estimates,
        recovery=branch(lookup("{study}/kind", within=STUDIES), cases={"simulated": rules.recover.output[0]}, otherwise=[]),
        calibration=branch(lookup("{study}/is_calibrated", within=STUDIES), then=rules.calibrate.output.table),
        comparison=branch(lookup("{study}/is_compared", within=STUDIES), then=rules.compare.output[0]),
        dropped=branch(lookup("{study}/kind", within=STUDIES), cases={"simulated": []}, otherwise=rules.import_table.output.dropped),
        on_layout=collect(rules.calibrate.output.table, study=lookup("{study}/calibrated_on", within=STUDIES)),
    output:
        report(
            "results/{study}/summary.html",
            caption="../report/summary.rst",
            category="{study}",
            subcategory="0. Summary and tables",
            labels={"what": "Summary"},
        ),
    log:
        "logs/{study}/write_summary_page.log",
    conda:
        "../../envs/data.yaml"
    params:
        thresholds=lookup("{study}/thresholds", within=STUDIES),
        library=digest("write_summary_page"),
    message:
        "{wildcards.study}: write the summary"
    script:
        "../../scripts/write_summary_page.py"
