# Pages of the report.


rule write_line_page:
    input:
        gene_lines=rules.estimate_effects.output.gene_lines,
        line_quality=rules.estimate_effects.output.line_quality,
        sgrnas=rules.estimate_effects.output.sgrnas,
        diagnostics=rules.collect_tables.output.diagnostics,
        comparison=branch(lookup("{study}/is_compared", within=STUDIES), then=rules.compare.output[0]),
    output:
        page=in_report("results/{study}/lines.html", "lines", "Genes by cell lines", SUMMARY),
    log:
        "logs/{study}/write_line_page.log",
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=times_attempt(4000),
    params:
        thresholds=pick("thresholds", "fdr", "multiplier_min"),
        has_copies=lookup("{study}/has_copy_numbers", within=STUDIES),
        page="lines",
        library=digest("write_page", "guidefit.report.pages.lines"),
    message:
        "{wildcards.study}: write the page on genes by cell lines"
    script:
        "../../scripts/write_page.py"


rule write_study_page:
    input:
        diagnostics=rules.collect_tables.output.diagnostics,
        checks=rules.collect_tables.output.checks,
        estimates=rules.collect_tables.output.estimates,
        screen=first_screen,
        recovery=branch(lookup("{study}/kind", within=STUDIES), cases={"simulated": rules.recover.output[0]}, otherwise=[]),
        calibration=branch(lookup("{study}/is_calibrated", within=STUDIES), then=rules.calibrate.output.table),
        evidence=branch(lookup("{study}/is_drawn", within=STUDIES), then=rules.calibrate_evidence.output[0]),
        comparison=branch(lookup("{study}/is_compared", within=STUDIES), then=rules.compare.output[0]),
        dropped=branch(lookup("{study}/kind", within=STUDIES), cases={"simulated": []}, otherwise=rules.import_table.output.dropped),
        samples=branch(lookup("{study}/has_samples", within=STUDIES), then=rules.judge_samples.output.warnings),
        joins=branch(
            lookup("{study}/kind", within=STUDIES), cases={"simulated": []}, otherwise=rules.validate_controls.output.joins
        ),
        on_layout=collect(rules.calibrate.output.table, study=lookup("{study}/calibrated_on", within=STUDIES)),
        genes=branch(lookup("{study}/kind", within=STUDIES), cases={"simulated": []}, otherwise=rules.estimate_effects.output.genes),
        sgrnas=branch(
            lookup("{study}/kind", within=STUDIES), cases={"simulated": []}, otherwise=rules.estimate_effects.output.sgrnas
        ),
        correction=branch(lookup("{study}/is_judged", within=STUDIES), then=rules.assess_correction.output.correction),
        shapes=branch(lookup("{study}/is_judged", within=STUDIES), then=rules.assess_correction.output.shapes),
        amplified=branch(lambda wildcards: wildcards.study in REAL_WITH_COPIES, then=rules.list_amplified.output[0]),
        figures=figures_of_study,
    output:
        page=in_report("results/{study}/index.html", "study", "The page of this study", SUMMARY),
        answer="results/{study}/answer.json",
    log:
        "logs/{study}/write_study_page.log",
    conda:
        "../../envs/data.yaml"
    params:
        thresholds=lookup("{study}/thresholds", within=STUDIES),
        kind=lookup("{study}/kind", within=STUDIES),
        arms=lambda wildcards: pick("screen", "of", "against")(wildcards) if wildcards.study in REAL else {},
        models=lambda wildcards: MODELS[wildcards.study],
        has_lines=lambda wildcards: wildcards.study in WITH_LINES,
        page="study",
        library=digest("write_page", "guidefit.report.pages.study"),
    message:
        "{wildcards.study}: write the page of the study"
    script:
        "../../scripts/write_page.py"


rule list_studies:
    input:
        answers=collect(rules.write_study_page.output.answer, study=LISTED),
    output:
        page="results/index.html",
    log:
        "logs/list_studies.log",
    conda:
        "../../envs/data.yaml"
    params:
        studies=LISTED,
        designs=list(DESIGNS),
        page="studies",
        library=digest("write_page", "guidefit.report.pages.studies"),
    message:
        "list the studies"
    script:
        "../../scripts/write_page.py"
