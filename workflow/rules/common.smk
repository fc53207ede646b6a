# Shared by all rules: the resolved config, and functions of wildcards.

import json

try:
    check_folders()
    loaded = load_config(config, files=workflow.configfiles, built_in=BUILT_IN_FILES, folder=Path.cwd())
    for study in loaded.studies.values():
        for name, settings in study["variants"].items():
            settings |= resolve_variant(name, settings)
except UserError as error:
    raise WorkflowError(str(error)) from None

# `lookup` walks through all of STUDIES at each call, so that lists of seeds have mappings of their own.
STUDIES, SEEDS, BATCHES = loaded.studies, loaded.seeds, loaded.batches
# What pages say of variants; kept apart, since fits do not depend on it.
MODELS = {
    study: {name: describe_variant(name, settings) for name, settings in resolved["variants"].items()}
    for study, resolved in STUDIES.items()
}
DESIGNS = loaded.grids
POINTS = [point for points in DESIGNS.values() for point in points]
LISTED = [name for name in STUDIES if name not in POINTS]
COUNT_TABLES = {
    study["screen"]["table"]: study["screen"]["count_table"] for study in STUDIES.values() if "table" in study.get("screen", {})
}
REAL = [name for name, study in STUDIES.items() if study["kind"] != "simulated"]
SIMULATED = [name for name, study in STUDIES.items() if study["kind"] == "simulated"]
CHECKED = [name for name, study in STUDIES.items() if study["checks"]]
CALIBRATED = [name for name, study in STUDIES.items() if study["is_calibrated"]]
DRAWN = [name for name, study in STUDIES.items() if study["is_drawn"]]
COMPARED = [name for name, study in STUDIES.items() if study["is_compared"]]
SAMPLED = [name for name, study in STUDIES.items() if study["has_samples"]]
WITH_COPIES = [name for name, study in STUDIES.items() if study["has_copy_numbers"]]
REAL_WITH_COPIES = [name for name in REAL if name in WITH_COPIES]
WITHOUT_COPIES = [name for name, study in STUDIES.items() if not study["has_copy_numbers"]]
JUDGED = [name for name, study in STUDIES.items() if study["is_judged"]]
WITH_LINES = [name for name in REAL if any(own["has_lines"] for own in STUDIES[name]["variants"].values())]
STOPPING = [name for name, study in STUDIES.items() if study["until"]]
SEVERAL_SEEDS = [name for name in SIMULATED if len(SEEDS[name]) > 1]
SEVERAL_VARIANTS = [name for name in COMPARED if name in CHECKED and len(STUDIES[name]["variants"]) > 1]


wildcard_constraints:
    study="|".join(STUDIES),
    design="|".join(DESIGNS) or "(?!)",
    variant="[A-Za-z][A-Za-z0-9_]*",
    source="[A-Za-z][A-Za-z0-9_]*",
    seeds="[0-9]+(-[0-9]+)?",
    seed="[0-9]+",
    look="[1-9][0-9]*",


def studies_where(key, value):
    """A pattern of the names of studies in which `key` has this value; where there are none, it matches nothing."""
    return "|".join(name for name, study in STUDIES.items() if study[key] == value) or "(?!)"


def batch_names(wildcards):
    """The names of a study's batches of seeds; of a study with until those of its last look."""
    batches = list(BATCHES[wildcards.study])
    return batches[: last_look(wildcards.study)["batches"]] if STUDIES[wildcards.study]["until"] else batches


def read_look(study, look):
    """What a look decided; Snakemake comes back here once it was taken."""
    text = Path(checkpoints.take_look.get(study=study, look=look).output[0]).read_text()
    return json.loads(text)


def last_look(study):
    """What the last look decided, as `take_look` wrote it."""
    look = read_look(study, 1)
    while look["more"]:
        look = read_look(study, look["look"] + 1)
    return look


def batches_of_look(wildcards):
    """The names of the batches that a look is about."""
    look = int(wildcards.look)
    count = STUDIES[wildcards.study]["first_look"] if look == 1 else read_look(wildcards.study, look - 1)["batches"]
    return list(BATCHES[wildcards.study])[:count]


def all_looks(wildcards):
    """The files of all looks of a study."""
    return [f"results/{wildcards.study}/looks/{look + 1}.json" for look in range(last_look(wildcards.study)["look"])]


def batch_seeds(wildcards):
    """The seeds of a batch."""
    return BATCHES[wildcards.study][wildcards.seeds]


def batch_of(wildcards):
    """The name of the batch that the wildcards name, else that of their seed, else that of the study's first seed."""
    seed = int(wildcards.get("seed", STUDIES[wildcards.study]["first_seed"]))
    return wildcards.get("seeds") or next(name for name, seeds in BATCHES[wildcards.study].items() if seed in seeds)


def figure_seeds(wildcards):
    """The seeds of a study that have figures."""
    return SEEDS[wildcards.study][: STUDIES[wildcards.study]["figure_seeds"]]


def source_of(study, variant):
    """Where a fit's data come from: 'screen' (a real one), 'design' (shared by variants), 'drawn' (from a variant that is drawn for
    each seed), or the variant that simulates them.
    """
    if study in REAL:
        return "screen"
    if study in DRAWN:
        return "drawn"
    return STUDIES[study]["simulate"].get("variant", variant) if study in CALIBRATED else "design"


def data(file):
    """A file of the screen that a fit or a figure is about, as a rule's input. A real screen is the same for all seeds."""

    def path(wildcards):
        source = wildcards.get("source") or source_of(wildcards.study, wildcards.variant)
        folder = source if source == "screen" else f"{source}/seeds_{batch_of(wildcards)}"
        return f"results/{wildcards.study}/data/{folder}/{file}"

    return path


def fit_of(file):
    """A file of the fit that a figure is about, as a rule's input."""
    return lambda wildcards: f"results/{wildcards.study}/fits/{wildcards.variant}/seeds_{batch_of(wildcards)}/{file}"


def of_every_fit(output):
    """A file of every fit of a study, as the input of the rule that --batch divides."""
    return collect(output, variant=lookup("{study}/variants", within=STUDIES), seeds=batch_names, allow_missing=True)


def of_all_fits(output):
    """A file of every fit of a study, as the input of rules that need all; none in batches before the last one, which end earlier."""

    def files(wildcards):
        batch = workflow.dag_settings.batch
        return of_every_fit(output)(wildcards) if batch is None or batch.is_final else []

    return files


def first_screen(wildcards):
    """The screen of a study's first seed and first variant, for its page."""
    source = source_of(wildcards.study, next(iter(STUDIES[wildcards.study]["variants"])))
    folder = source if source == "screen" else f"{source}/seeds_{batch_of(wildcards)}"
    return f"results/{wildcards.study}/data/{folder}/screen.parquet"


def drawn_variants(wildcards):
    """What data are generated from, where the variant is drawn for each seed: its files, priors and code."""
    study = STUDIES[wildcards.study]
    return {
        name: {
            "files": study["variants"][name]["own_files"],
            "priors": study["variants"][name]["priors"],
            "code": study["variants"][name]["code"],
        }
        for name in study["simulate"]["variant_probabilities"]
    }


def layout_screen(wildcards):
    """The real screen whose rows a simulated study takes, if it takes any."""
    layout = STUDIES[wildcards.study]["simulate"].get("layout")
    return f"results/{layout}/data/screen/screen.parquet" if layout else []


def layout_posterior(wildcards):
    """The posterior of the same variant given that screen, of its study's first seed."""
    layout = STUDIES[wildcards.study]["simulate"]["layout"]
    return f"results/{layout}/fits/{wildcards.variant}/seeds_{STUDIES[layout]['first_batch']}/posterior.nc"


def screen_files(wildcards):
    """The files that a screen is imported from; a count table as it was converted."""
    screen = STUDIES[wildcards.study]["screen"]
    files = {name: screen[name] for name in ("logfc", "guide_map", "copy_number", "ploidy", "control_list") if name in screen}
    files |= {"sequence_map": sheet} if (sheet := screen.get("samples", screen.get("sequence_map"))) else {}
    if "counts" in screen or "table" in screen:
        files["counts"] = f"results/count-tables/{screen['table']}.parquet" if "table" in screen else screen["counts"]
        files |= {"nonessential": screen["nonessential"]} if screen["normalise"] == "nonessential" else {}
    return files


def pick(section, *keys):
    """Those of these keys that a section of the study has, as a rule's param; other keys of the section do not matter to the rule."""
    return lambda wildcards: {key: value for key, value in STUDIES[wildcards.study][section].items() if key in keys}


def times_attempt(amount):
    """A resource that grows with each attempt, used where no profile says how much."""
    return lambda wildcards, attempt: amount * attempt


def each(output, studies=STUDIES):
    """A rule's output for each of these studies: all its variants, and those sources and seeds that have figures."""
    return [
        collect(
            output,
            study=study,
            variant=STUDIES[study]["variants"],
            source={source_of(study, variant): None for variant in STUDIES[study]["variants"]},
            seed=SEEDS[study][: STUDIES[study]["figure_seeds"]],
        )
        for study in studies
    ]


def each_figure(output, studies=STUDIES):
    """A rule's output for each of these studies that is not a point of a design study, whose figures are made only on request."""
    return each(output, [study for study in studies if study not in POINTS])


def figures_of_study(wildcards):
    """Every figure of a study, for its page; none of a point of a design study."""
    own = [output for output, studies in FIGURES if wildcards.study in studies]
    return [path for output in own for paths in each_figure(output, [wildcards.study]) for path in paths]


def of_points(output):
    """A file of every point of a design study, as a rule's input."""
    return lambda wildcards: collect(output, study=DESIGNS[wildcards.design])


def thresholds_of_points(*keys):
    """These thresholds of a design study, which are the same at all of its points, as a rule's param."""
    return lambda wildcards: {key: STUDIES[next(iter(DESIGNS[wildcards.design]))]["thresholds"][key] for key in keys}


def matrices(output):
    """A rule's output for each variant with effects by gene and cell line, of the studies that ask for matrices."""
    return [
        collect(output, study=study, variant=[name for name, own in STUDIES[study]["variants"].items() if own["has_lines"]])
        for study in REAL
        if STUDIES[study]["matrices"]
    ]


def folded_variants(wildcards):
    """The variants of a study that are fitted without some of the cell lines and genes, too: those whose fits by gibbs are quick."""
    variants = STUDIES[wildcards.study]["variants"].items()
    return [name for name, own in variants if own["has_lines"] and own["sampling"]["engine"] == "gibbs"]


def refuse_batch_of_all(wildcards):
    """No files, or a WorkflowError where --batch names a target: it has to name the rule that reads the files of fits."""
    batch = workflow.dag_settings.batch
    if batch and batch.rulename in ("all", "default"):
        raise WorkflowError(
            f"--batch {batch.rulename}={batch.idx}/{batch.batches} would run every fit in every batch: this rule does not read the "
            f"files of fits. Batch the one that does: --batch collect_tables={batch.idx}/{batch.batches}"
        )
    return []


# Sections of a study in the report.
SUMMARY, DATA, OVER_SEEDS, OF_VARIANT = "0. Summary and tables", "1. Data", "2. Over all seeds", "{variant}"


def in_report(path, caption, label, section, study="{study}"):
    """A file that the report shows in a section of its study, with a caption from workflow/report and a label."""
    return report(path, caption=f"../report/{caption}.rst", category=study, subcategory=section, labels={"what": label})
