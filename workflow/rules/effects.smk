# A real screen's answers: effects of genes and sgRNAs apart from copy number, and whether the correction is right.

EFFECT_FIGURES = [("genes", "png"), ("gene_ranking", "svg"), ("copy_number_lines", "png"), ("guides", "svg")]


rule find_effects:
    input:
        unpack(control_lists),
        screen="results/{study}/data/screen/screen.parquet",
        posteriors=first_fits,
        variants=variant_files,
    output:
        gene_effects=report(
            "results/{study}/gene_effects.csv",
            caption="../report/gene_effects.rst",
            category="{study}",
            subcategory="0. Answer and tables",
            labels={"what": "genes: effects (table)"},
        ),
        sgrna_effects=report(
            "results/{study}/sgrna_effects.csv",
            caption="../report/sgrna_effects.rst",
            category="{study}",
            subcategory="0. Answer and tables",
            labels={"what": "sgRNAs: effects (table)"},
        ),
        corrected="results/{study}/corrected_logfc.parquet",
        genes="results/{study}/effects/genes.parquet",
        sgrnas="results/{study}/effects/sgrnas.parquet",
        lines="results/{study}/effects/lines.parquet",
    log:
        "logs/{study}/find_effects.log",
    benchmark:
        "results/{study}/effects/benchmark.tsv"
    conda:
        "../../envs/statistics.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
    params:
        variants=lambda wildcards: list(STUDIES[wildcards.study]["variants"]),
        seed=first_seed,
        diploid=diploid,
        thresholds=effect_thresholds,
        show_genes=setting("show_genes"),
        source_names=source_names,
        library=digest("find_effects"),
    message:
        "{wildcards.study}: effects of genes and sgRNAs"
    script:
        "../../scripts/find_effects.py"


rule check_correction:
    input:
        unpack(control_lists),
        screen="results/{study}/data/screen/screen.parquet",
        corrected="results/{study}/corrected_logfc.parquet",
    output:
        report(
            "results/{study}/correction.csv",
            caption="../report/correction.rst",
            category="{study}",
            subcategory="0. Answer and tables",
            labels={"what": "correction (table)"},
        ),
    log:
        "logs/{study}/check_correction.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        seed=first_seed,
        diploid=diploid,
        library=digest("check_correction"),
    message:
        "{wildcards.study}: check the copy-number correction"
    script:
        "../../scripts/check_correction.py"


rule write_gene_page:
    input:
        unpack(gene_page_extras),
        genes="results/{study}/effects/genes.parquet",
        sgrnas="results/{study}/effects/sgrnas.parquet",
        diagnostics="results/{study}/diagnostics.csv",
    output:
        report(
            "results/{study}/genes.html",
            caption="../report/genes.rst",
            category="{study}",
            subcategory="0. Answer and tables",
            labels={"what": "ANSWER BY GENE"},
        ),
    log:
        "logs/{study}/write_gene_page.log",
    conda:
        "../../envs/data.yaml"
    params:
        thresholds=effect_thresholds,
        library=digest("write_gene_page"),
    message:
        "{wildcards.study}: write the page of genes"
    script:
        "../../scripts/write_gene_page.py"


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
            labels={"what": "sgRNAs: how consistent they are"},
        ),
    log:
        "logs/{study}/plot_effects/{variant}.log",
    conda:
        "../../envs/figures.yaml"
    params:
        seed=first_seed,
        diploid=diploid,
        show_genes=setting("show_genes"),
        library=digest("plot_effects"),
    message:
        "{wildcards.study}: plot the effects of {wildcards.variant}"
    script:
        "../../scripts/plot_effects.py"


rule plot_correction:
    input:
        "results/{study}/correction.csv",
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
