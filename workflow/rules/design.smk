# Design studies: what each point of a grid gives, gathered in one table and drawn.


rule measure_point:
    input:
        estimates=of_all_fits(rules.diagnose.output.estimates),
        recovery=rules.recover.output[0],
        diagnostics=rules.collect_tables.output.diagnostics,
    output:
        "results/{study}/point.csv",
    log:
        "logs/{study}/measure_point.log",
    wildcard_constraints:
        study="|".join(POINTS) or "(?!)",
    conda:
        "../../envs/statistics.yaml"
    params:
        thresholds=pick("thresholds", "effect_min", "fdr"),
        truth=lookup("{study}/truth", within=STUDIES),
        library=digest("measure_point"),
    message:
        "{wildcards.study}: measure power, error rates and cost"
    script:
        "../../scripts/measure_point.py"


rule collect_design:
    input:
        of_points(rules.measure_point.output[0]),
    output:
        in_report("results/{design}/design.csv", "design_table", "design study (table)", SUMMARY, "{design}"),
    log:
        "logs/{design}/collect_design.log",
    conda:
        "../../envs/data.yaml"
    params:
        points=lambda wildcards: DESIGNS[wildcards.design],
        library=digest("collect_design"),
    message:
        "{wildcards.design}: gather the points of the design study"
    script:
        "../../scripts/collect_design.py"


rule plot_design:
    input:
        design=rules.collect_design.output[0],
    output:
        power=in_report("results/{design}/figures/design-power.svg", "design_power", "power", OVER_SEEDS, "{design}"),
        errors=in_report(
            "results/{design}/figures/design-errors.svg", "design_errors", "error rates and coverage", OVER_SEEDS, "{design}"
        ),
        heat=in_report("results/{design}/figures/design-heat.svg", "design_heat", "power over two axes", OVER_SEEDS, "{design}"),
    log:
        "logs/{design}/plot_design.log",
    conda:
        "../../envs/figures.yaml"
    params:
        thresholds=thresholds_of_points("power_min", "fdr"),
        figure="design",
        library=digest("plot", "guidefit.report.figures.design"),
    message:
        "{wildcards.design}: plot power and error rates"
    script:
        "../../scripts/plot.py"


rule write_design_page:
    input:
        design=rules.collect_design.output[0],
    output:
        page=in_report("results/{design}/design.html", "design_page", "Design", SUMMARY, "{design}"),
    log:
        "logs/{design}/write_design_page.log",
    conda:
        "../../envs/data.yaml"
    params:
        thresholds=thresholds_of_points("power_min", "fdr", "effect_min"),
        page="design",
        library=digest("write_page", "guidefit.report.pages.design"),
    message:
        "{wildcards.design}: write the page of the design study"
    script:
        "../../scripts/write_page.py"
