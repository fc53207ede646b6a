# What a real screen shows: effects of genes and sgRNAs without the copy-number part, and whether the correction is right.


rule estimate_effects:
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
        "logs/{study}/estimate_effects.log",
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
        library=digest("estimate_effects"),
    message:
        "{wildcards.study}: estimate the effects of genes and sgRNAs"
    script:
        "../../scripts/estimate_effects.py"


rule assess_correction:
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
        "logs/{study}/assess_correction.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        seed=first_seed,
        diploid=diploid,
        library=digest("assess_correction"),
    message:
        "{wildcards.study}: assess the copy-number correction"
    script:
        "../../scripts/assess_correction.py"
