# For real screens: effects of genes and sgRNAs without the copy-number part, and how well the copy-number correction works.


EFFECT_THRESHOLDS = ("effect_prob", "effect_min", "few_guides", "cna_sd_min", "leverage_max")


def first_fits(wildcards):
    """The fit of each variant that effects are estimated from: that of the first seed, since all seeds see the same real screen."""
    study = STUDIES[wildcards.study]
    folder = f"results/{wildcards.study}/fits"
    return [f"{folder}/{variant}/seeds_{study['first_batch']}/posterior.nc" for variant in study["variants"]]


def own_files_of_variants(wildcards):
    """The user's own files of all variants of a study."""
    return [file for files in variant_files(wildcards).values() for file in files]


def variant_files(wildcards):
    """Variant -> the user's own files of it; none for a built-in variant."""
    return {name: variant["own_files"] for name, variant in STUDIES[wildcards.study]["variants"].items()}


def variant_codes(wildcards):
    """Checksums of the code of all variants of a study."""
    return [variant["code"] for variant in STUDIES[wildcards.study]["variants"].values()]


def source_names(wildcards):
    """What the source of a real screen calls genes, sgRNAs and cell lines."""
    names = STUDIES[wildcards.study]["screen"].get("columns", {"gene": "Gene", "sgrna": "sgRNA", "cell_line": "ModelID"})
    return {ours: names[ours] for ours in ("gene", "sgrna", "cell_line")}


rule estimate_effects:
    input:
        unpack(lookup("{study}/control_lists", within=STUDIES)),
        screen="results/{study}/data/screen/screen.parquet",
        posteriors=first_fits,
        variants=ancient(own_files_of_variants),
    output:
        gene_effects=in_report("results/{study}/gene_effects.csv", "gene_effects", "genes: effects (table)", SUMMARY),
        sgrna_effects=in_report("results/{study}/sgrna_effects.csv", "sgrna_effects", "sgRNAs: effects (table)", SUMMARY),
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
        mem_mb=times_attempt(4000),
    params:
        variants=variant_files,
        seed=lookup("{study}/first_seed", within=STUDIES),
        diploid=lookup("{study}/covariate/diploid", within=STUDIES),
        thresholds=pick("thresholds", *EFFECT_THRESHOLDS),
        show_genes=lookup("{study}/show_genes", within=STUDIES),
        source_names=source_names,
        code=variant_codes,
        library=digest("estimate_effects"),
    message:
        "{wildcards.study}: estimate the effects of genes and sgRNAs"
    script:
        "../../scripts/estimate_effects.py"


rule assess_correction:
    input:
        unpack(lookup("{study}/control_lists", within=STUDIES)),
        screen="results/{study}/data/screen/screen.parquet",
        corrected=rules.estimate_effects.output.corrected,
    output:
        in_report("results/{study}/correction.csv", "correction", "correction (table)", SUMMARY),
    log:
        "logs/{study}/assess_correction.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        seed=lookup("{study}/first_seed", within=STUDIES),
        diploid=lookup("{study}/covariate/diploid", within=STUDIES),
        library=digest("assess_correction"),
    message:
        "{wildcards.study}: assess the copy-number correction"
    script:
        "../../scripts/assess_correction.py"
