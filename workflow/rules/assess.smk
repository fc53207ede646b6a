# Predictive checks, estimates and diagnostics of every fit; then recovery, calibration and comparison over all fits.


rule check:
    input:
        unpack(lookup("{study}/control_lists", within=STUDIES)),
        posterior="results/{study}/fits/{variant}/seeds_{seeds}/posterior.nc",
        screen=data("screen.parquet"),
        variant=ancient(lookup("{study}/variants/{variant}/own_files", within=STUDIES)),
    output:
        predictive="results/{study}/fits/{variant}/seeds_{seeds}/predictive.nc",
        loo="results/{study}/fits/{variant}/seeds_{seeds}/loo.parquet",
        lines="results/{study}/fits/{variant}/seeds_{seeds}/predicted_lines.parquet",
    log:
        "logs/{study}/check/{variant}_seeds_{seeds}.log",
    conda:
        "../../envs/fit.yaml"
    resources:
        mem_mb=times_attempt(4000),
        runtime=times_attempt(30),
    params:
        priors=lookup("{study}/variants/{variant}/priors", within=STUDIES),
        engine=lookup("{study}/variants/{variant}/sampling/engine", within=STUDIES),
        draws=lookup("{study}/predictive_draws", within=STUDIES),
        first_seed=lookup("{study}/first_seed", within=STUDIES),
        figure_seeds=figure_seeds,
        variant=lookup("{study}/variants/{variant}/code", within=STUDIES),
        library=digest("check"),
    message:
        "{wildcards.study}: check the predictions of {wildcards.variant}, seeds {wildcards.seeds}"
    script:
        "../../scripts/check.py"


rule diagnose:
    input:
        loo=branch(lookup("{study}/checks", within=STUDIES), then=rules.check.output.loo),
        lines=branch(lookup("{study}/checks", within=STUDIES), then=rules.check.output.lines),
        posterior="results/{study}/fits/{variant}/seeds_{seeds}/posterior.nc",
        screen=data("screen.parquet"),
        truth=data("truth.parquet"),
        ledger=branch(lookup("{study}/kind", within=STUDIES), cases={"simulated": []}, otherwise=rules.import_table.output.dropped),
        samples=branch(lookup("{study}/has_samples", within=STUDIES), then="results/{study}/data/screen/sample_warnings.csv"),
        variant=ancient(lookup("{study}/variants/{variant}/own_files", within=STUDIES)),
    output:
        estimates="results/{study}/fits/{variant}/seeds_{seeds}/estimates.parquet",
        diagnostics="results/{study}/fits/{variant}/seeds_{seeds}/diagnostics.parquet",
        checks="results/{study}/fits/{variant}/seeds_{seeds}/checks.parquet",
        identifiability="results/{study}/fits/{variant}/seeds_{seeds}/identifiability.parquet",
        ranks="results/{study}/fits/{variant}/seeds_{seeds}/ranks.parquet",
    log:
        "logs/{study}/diagnose/{variant}_seeds_{seeds}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        settings=lookup("{study}/variants/{variant}/sampling", within=STUDIES),
        priors=lookup("{study}/variants/{variant}/priors", within=STUDIES),
        calibrate=lookup("{study}/is_calibrated", within=STUDIES),
        from_prior=lookup("{study}/from_own_prior", within=STUDIES),
        thresholds=lookup("{study}/thresholds", within=STUDIES),
        n_ranks=lookup("{study}/n_ranks", within=STUDIES),
        variant=lookup("{study}/variants/{variant}/code", within=STUDIES),
        library=digest("diagnose"),
    message:
        "{wildcards.study}: diagnose {wildcards.variant}, seeds {wildcards.seeds}"
    script:
        "../../scripts/diagnose.py"


# Seeds are added until a quantity is known: what comes next depends on what each look finds.
checkpoint take_look:
    input:
        estimates=collect(
            rules.diagnose.output.estimates,
            variant=lookup("{study}/variants", within=STUDIES),
            seeds=batches_of_look,
            allow_missing=True,
        ),
    output:
        "results/{study}/looks/{look}.json",
    log:
        "logs/{study}/take_look/{look}.log",
    wildcard_constraints:
        study="|".join(STOPPING) or "(?!)",
    conda:
        "../../envs/statistics.yaml"
    params:
        until=lookup("{study}/until", within=STUDIES),
        thresholds=pick("thresholds", "effect_min", "fdr"),
        sizes=lambda wildcards: [len(seeds) for seeds in BATCHES[wildcards.study].values()],
        done=lambda wildcards: len(batches_of_look(wildcards)),
        library=digest("take_look"),
    message:
        "{wildcards.study}: look whether there are enough seeds ({wildcards.look})"
    script:
        "../../scripts/take_look.py"


rule collect_looks:
    input:
        all_looks,
    output:
        in_report("results/{study}/stopping.csv", "stopping", "when seeds were enough (table)", SUMMARY),
    log:
        "logs/{study}/collect_looks.log",
    wildcard_constraints:
        study="|".join(STOPPING) or "(?!)",
    conda:
        "../../envs/statistics.yaml"
    params:
        library=digest("collect_looks"),
    message:
        "{wildcards.study}: gather the looks"
    script:
        "../../scripts/collect_looks.py"


rule collect_tables:
    input:
        estimates=of_every_fit(rules.diagnose.output.estimates),
        diagnostics=of_every_fit(rules.diagnose.output.diagnostics),
        checks=of_every_fit(rules.diagnose.output.checks),
        identifiability=of_every_fit(rules.diagnose.output.identifiability),
    output:
        estimates="results/{study}/estimates.csv",
        excerpt=in_report("results/{study}/estimates_excerpt.csv", "estimates", "estimates (table)", SUMMARY),
        diagnostics=in_report("results/{study}/diagnostics.csv", "diagnostics_table", "diagnostics (table)", SUMMARY),
        checks="results/{study}/checks.csv",
        identifiability=in_report("results/{study}/identifiability.csv", "identifiability", "identifiability (table)", SUMMARY),
    log:
        "logs/{study}/collect_tables.log",
    conda:
        "../../envs/data.yaml"
    params:
        library=digest("collect_tables"),
    message:
        "{wildcards.study}: concatenate the tables of all fits"
    script:
        "../../scripts/collect_tables.py"


rule recover:
    input:
        estimates=of_all_fits(rules.diagnose.output.estimates),
        checks=of_all_fits(rules.diagnose.output.checks),
        tables=ancient("results/{study}/diagnostics.csv"),  # so that a batch of collect_tables leaves this rule out
    output:
        in_report("results/{study}/recovery.csv", "recovery_table", "recovery (table)", SUMMARY),
    log:
        "logs/{study}/recover.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        probabilities=lambda wildcards: STUDIES[wildcards.study]["simulate"].get("variant_probabilities"),
        library=digest("recover"),
    message:
        "{wildcards.study}: compare the estimates with the truth"
    script:
        "../../scripts/recover.py"


rule calibrate:
    input:
        estimates=of_all_fits(rules.diagnose.output.estimates),
        ranks=of_all_fits(rules.diagnose.output.ranks),
        diagnostics=of_all_fits(rules.diagnose.output.diagnostics),
        tables=ancient("results/{study}/diagnostics.csv"),  # so that a batch of collect_tables leaves this rule out
    output:
        table=in_report("results/{study}/calibration.csv", "calibration_table", "calibration (table)", SUMMARY),
        ranks="results/{study}/ranks.parquet",
    log:
        "logs/{study}/calibrate.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        thresholds=lookup("{study}/thresholds", within=STUDIES),
        probabilities=lambda wildcards: STUDIES[wildcards.study]["simulate"].get("variant_probabilities"),
        library=digest("calibrate"),
    message:
        "{wildcards.study}: test whether the ranks of the truth are uniform"
    script:
        "../../scripts/calibrate.py"


rule calibrate_evidence:
    input:
        diagnostics=rules.collect_tables.output.diagnostics,
    output:
        in_report(
            "results/{study}/model_probabilities.csv", "model_probabilities", "posterior model probabilities (table)", SUMMARY
        ),
    log:
        "logs/{study}/calibrate_evidence.log",
    wildcard_constraints:
        study="|".join(DRAWN) or "(?!)",
    conda:
        "../../envs/statistics.yaml"
    params:
        level=lookup("{study}/thresholds/calibration_level", within=STUDIES),
        probabilities=lookup("{study}/simulate/variant_probabilities", within=STUDIES),
        library=digest("calibrate_evidence"),
    message:
        "{wildcards.study}: test whether posterior model probabilities are right"
    script:
        "../../scripts/calibrate_evidence.py"


rule compare:
    input:
        loo=branch(lookup("{study}/checks", within=STUDIES), then=of_all_fits(rules.check.output.loo)),
        diagnostics=rules.collect_tables.output.diagnostics,
    output:
        in_report("results/{study}/comparison.csv", "comparison_table", "comparison (table)", SUMMARY),
    log:
        "logs/{study}/compare.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        thresholds=lookup("{study}/thresholds", within=STUDIES),
        library=digest("compare"),
    message:
        "{wildcards.study}: compare the variants"
    script:
        "../../scripts/compare.py"
