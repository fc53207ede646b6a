# For real screens: effects of genes and sgRNAs without the copy-number part, and how well the copy-number correction works.


DEPMAP_COLUMNS = {"gene": "Gene", "sgrna": "sgRNA", "cell_line": "ModelID"}
EFFECT_THRESHOLDS = (
    *("effect_prob", "effect_min", "fdr", "multiplier_min", "few_guides", "guide_departure_max", "cna_sd_min", "leverage_max"),
)


rule estimate_effects:
    input:
        unpack(lookup("{study}/control_lists", within=STUDIES)),
        screen="results/{study}/data/screen/screen.parquet",
        controls=rules.validate_controls.output.controls,
        posteriors=collect(
            rules.fit.output.posterior,
            variant=lookup("{study}/variants", within=STUDIES),
            seeds=lookup("{study}/first_batch", within=STUDIES),
            allow_missing=True,
        ),
        variants=ancient(lookup("{study}/variants/*/own_files/*", within=STUDIES, default=[])),
    output:
        gene_effects=in_report("results/{study}/gene_effects.csv", "gene_effects", "genes: effects (table)", SUMMARY),
        sgrna_effects=in_report("results/{study}/sgrna_effects.csv", "sgrna_effects", "sgRNAs: effects (table)", SUMMARY),
        corrected="results/{study}/corrected_logfc.parquet",
        gene_lines="results/{study}/gene_line_effects.parquet",
        line_quality=in_report("results/{study}/line_quality.csv", "line_quality", "cell lines: quality (table)", SUMMARY),
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
        mem_mb=times_attempt(4000),
    params:
        variants=lookup("{study}/variants", within=STUDIES),
        seed=lookup("{study}/first_seed", within=STUDIES),
        diploid=lookup("{study}/covariate/diploid", within=STUDIES),
        thresholds=pick("thresholds", *EFFECT_THRESHOLDS),
        show_genes=lookup("{study}/show_genes", within=STUDIES),
        source_names=lookup("{study}/screen/columns", within=STUDIES, default=DEPMAP_COLUMNS),
        library=digest("estimate_effects"),
    message:
        "{wildcards.study}: estimate the effects of genes and sgRNAs"
    script:
        "../../scripts/estimate_effects.py"


rule write_matrices:
    input:
        gene_lines=rules.estimate_effects.output.gene_lines,
    output:
        effects="results/{study}/depmap/{variant}/CRISPRGeneEffect.csv",
        sds="results/{study}/depmap/{variant}/CRISPRGeneEffectSD.csv",
        dependencies="results/{study}/depmap/{variant}/CRISPRGeneDependency.csv",
    log:
        "logs/{study}/write_matrices/{variant}.log",
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=times_attempt(4000),
    params:
        source_names=lookup("{study}/screen/columns", within=STUDIES, default=DEPMAP_COLUMNS),
        library=digest("write_matrices"),
    message:
        "{wildcards.study}: write the matrices of effects of {wildcards.variant}"
    script:
        "../../scripts/write_matrices.py"


rule list_amplified:
    input:
        unpack(lookup("{study}/control_lists", within=STUDIES)),
        screen="results/{study}/data/screen/screen.parquet",
        corrected=rules.estimate_effects.output.corrected,
        gene_lines=rules.estimate_effects.output.gene_lines,
    output:
        in_report("results/{study}/amplified_genes.csv", "amplified_genes", "amplified genes (table)", SUMMARY),
    log:
        "logs/{study}/list_amplified.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        seed=lookup("{study}/first_seed", within=STUDIES),
        diploid=lookup("{study}/covariate/diploid", within=STUDIES),
        library=digest("list_amplified"),
    message:
        "{wildcards.study}: list the amplified genes with strong negative effects"
    script:
        "../../scripts/list_amplified.py"


# Short fits without some of the cell lines and genes, on which the correction is then judged.
rule fit_folds:
    input:
        screen="results/{study}/data/screen/screen.parquet",
        variant=ancient(lookup("{study}/variants/{variant}/own_files", within=STUDIES)),
        posterior=rules.fit.output.posterior,
    output:
        folds="results/{study}/fits/{variant}/seeds_{seeds}/folds.nc",
    log:
        "logs/{study}/fit_folds/{variant}_seeds_{seeds}.log",
    conda:
        "../../envs/fit.yaml"
    threads: lookup("{study}/threads", within=STUDIES)
    resources:
        mem_mb=times_attempt(2000),
        runtime=times_attempt(60),
    params:
        settings=lookup("{study}/variants/{variant}/sampling", within=STUDIES),
        priors=lookup("{study}/variants/{variant}/priors", within=STUDIES),
        seed=lookup("{study}/first_seed", within=STUDIES),
        variant=lookup("{study}/variants/{variant}/code", within=STUDIES),
        library=digest("fit_folds"),
    message:
        "{wildcards.study}: fit {wildcards.variant} without some of the cell lines and genes"
    script:
        "../../scripts/fit_folds.py"


rule assess_correction:
    input:
        unpack(lookup("{study}/control_lists", within=STUDIES)),
        screen="results/{study}/data/screen/screen.parquet",
        corrected=rules.estimate_effects.output.corrected,
        line_quality=rules.estimate_effects.output.line_quality,
        sgrnas=rules.estimate_effects.output.sgrnas,
        checks=rules.collect_tables.output.checks,
        folds=collect(
            rules.fit_folds.output.folds,
            variant=folded_variants,
            seeds=lookup("{study}/first_batch", within=STUDIES),
            allow_missing=True,
        ),
    output:
        correction=in_report("results/{study}/correction.csv", "correction", "correction (table)", SUMMARY),
        shapes=in_report("results/{study}/artefact_shapes.csv", "artefact_shapes", "shapes of the artefact (table)", SUMMARY),
    log:
        "logs/{study}/assess_correction.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        seed=lookup("{study}/first_seed", within=STUDIES),
        diploid=lookup("{study}/covariate/diploid", within=STUDIES),
        covariate=lookup("{study}/covariate", within=STUDIES),
        folded=folded_variants,
        library=digest("assess_correction"),
    message:
        "{wildcards.study}: assess the copy-number correction"
    script:
        "../../scripts/assess_correction.py"
