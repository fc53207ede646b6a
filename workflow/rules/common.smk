# Helper functions of all rules. The library is brought along and found here; nothing below runs a model.

import hashlib
import sys
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError


@cache
def library_file(path):
    """A file of the library, by its path under scripts/. It comes along where this workflow is used as a module of another."""
    return workflow.source_path(f"../../scripts/{path}")


def read_library(path):
    """The text of a file of the library; None where there is none."""
    try:
        return Path(library_file(path)).read_text()
    except (WorkflowError, OSError):
        return None


for package in ("__init__", "base/__init__", "base/digests"):
    library_file(f"guidefit/{package}.py")
sys.path.insert(0, str(Path(library_file("guidefit/__init__.py")).parent.parent))

from guidefit.base.digests import Code, Library

LIBRARY = Library(read_library)


@cache
def digest(script, *modules):
    """Checksum of all code that a script depends on, with the modules that it imports by a computed name."""
    code = Code(read_library(f"{script}.py"))
    return LIBRARY.digest(code, *modules)


def digest_of_variant(path):
    """Checksum of a variant's file and of the code that it depends on."""
    return LIBRARY.digest(Code(Path(path).read_text()), "guidefit.models.parts")


LIBRARY.reached(Code("import guidefit.config"))

from guidefit.models.declaration import BUILT_IN

from guidefit.base.errors import UserError
from guidefit.config import load_config

BUILT_IN_FILES = {name: library_file(f"guidefit/models/variants/{name}.py") for name in BUILT_IN}


try:
    loaded = load_config(config, files=workflow.configfiles, built_in=BUILT_IN_FILES, folder=Path.cwd())
except UserError as error:
    raise WorkflowError(str(error)) from None

# Everything that rules look up, spelled out completely. Seeds are kept apart: a lookup searches the whole mapping at each call.
STUDIES, SEEDS, BATCHES = loaded.studies, loaded.seeds, loaded.batches
KEPT = [name for name, study in STUDIES.items() if study["keep_draws"]]
CHECKED = [name for name, study in STUDIES.items() if study["checks"]]
# The truth is known where data are simulated; it is drawn from the prior or a posterior, as calibration needs it, where the study
# says so.
# A real screen answers what knocking out each gene does; with lists of control genes, whether the correction is right.
REAL = [name for name, study in STUDIES.items() if "screen" in study]
TABLES = [name for name in REAL if "path" in STUDIES[name]["screen"]]
DEPMAP = [name for name in REAL if name not in TABLES]
JUDGED = [name for name, study in STUDIES.items() if study["is_judged"]]
SIMULATED = [name for name, study in STUDIES.items() if "simulate" in study]
CALIBRATED = [name for name in SIMULATED if STUDIES[name]["simulate"]["truth"] != "fixed"]
FROM_POSTERIOR = [name for name in SIMULATED if STUDIES[name]["simulate"]["truth"] == "posterior"]
COMPARED = [name for name, study in STUDIES.items() if study["is_compared"]]


wildcard_constraints:
    study="|".join(STUDIES),
    variant="[A-Za-z][A-Za-z0-9_]*",
    source="[A-Za-z][A-Za-z0-9_]*",
    seeds="[0-9]+(-[0-9]+)?",
    seed="[0-9]+",


def any_of(studies):
    """These studies as a pattern; one that nothing matches where there are none."""
    return "|".join(studies) or "(?!)"


def setting(key):
    """A setting of the wildcard's study, as a rule's param."""
    return lambda wildcards: STUDIES[wildcards.study][key]


def screen_settings(*keys):
    """Some settings of the screen of the wildcard's study, those that it has, as a rule's param."""
    return lambda wildcards: {key: value for key, value in STUDIES[wildcards.study]["screen"].items() if key in keys}


def depmap_files(wildcards):
    """The files of DepMap that a screen is imported from."""
    screen = STUDIES[wildcards.study]["screen"]
    controls = ["nonessential"] if "counts" in screen and screen["normalise"] == "nonessential" else []
    return screen_settings("counts", "logfc", "sequence_map", "guide_map", "copy_number", *controls)(wildcards)


def control_lists(wildcards):
    """The lists of control genes that a screen has."""
    return screen_settings("essential", "nonessential")(wildcards)


def diploid(wildcards):
    """The copy number of a diploid gene in the wildcard's study."""
    return covariate_settings(wildcards)["diploid"]


def covariate_settings(wildcards):
    """The covariate of the wildcard's study."""
    return STUDIES[wildcards.study]["covariate"]


def batch_seeds(wildcards):
    """The seeds of a batch."""
    return BATCHES[wildcards.study][wildcards.seeds]


def batch_of(study, seed):
    """The name of the batch that a seed is in."""
    return next(name for name, seeds in BATCHES[study].items() if int(seed) in seeds)


def source_of(study, variant):
    """Where a fit's data come from: 'screen' (a real one), 'design' (shared by variants), or the variant (its prior or posterior)."""
    if "screen" in STUDIES[study]:
        return "screen"
    simulate = STUDIES[study]["simulate"]
    return "design" if simulate["truth"] == "fixed" else simulate.get("variant", variant)


def data_of(study, variant, seeds):
    """Folder of the screen and the truth of a fit. A real screen is the same for all seeds."""
    source = source_of(study, variant)
    return f"results/{study}/data/screen" if source == "screen" else f"results/{study}/data/{source}/seeds_{seeds}"


def screen_of(wildcards):
    return f"{data_of(wildcards.study, wildcards.variant, wildcards.seeds)}/screen.parquet"


def truth_of(wildcards):
    return f"{data_of(wildcards.study, wildcards.variant, wildcards.seeds)}/truth.parquet"


def first_batch(study):
    """The name of the batch of a study's first seed."""
    return STUDIES[study]["first_batch"]


def layout_of(wildcards):
    """The real screen whose rows a simulated study takes, where it takes any."""
    layout = STUDIES[wildcards.study]["simulate"].get("layout")
    return {"layout": f"results/{layout}/data/screen/screen.parquet"} if layout else {}


def layout_posterior(wildcards):
    """The posterior of the same variant given that screen, of its study's first seed."""
    layout = STUDIES[wildcards.study]["simulate"]["layout"]
    return f"results/{layout}/fits/{wildcards.variant}/seeds_{first_batch(layout)}/posterior.nc"


def fit_settings(wildcards):
    return STUDIES[wildcards.study]["variants"][wildcards.variant]["sampling"]


def fit_priors(wildcards):
    return STUDIES[wildcards.study]["variants"][wildcards.variant]["priors"]


def fits_of(file):
    """A file of every fit of the wildcard's study, as a rule's input."""

    def files(wildcards):
        return [
            f"results/{wildcards.study}/fits/{variant}/seeds_{seeds}/{file}"
            for variant in STUDIES[wildcards.study]["variants"]
            for seeds in BATCHES[wildcards.study]
        ]

    return files


def compared_loo(wildcards):
    """The pointwise LOO of every fit, where checks are on."""
    return {"loo": fits_of("loo.parquet")(wildcards)} if wildcards.study in CHECKED else {}


def of_batch(file):
    """A file of the fit that the wildcards' variant and seed are in, as a rule's input."""
    return lambda wildcards: (
        f"results/{wildcards.study}/fits/{wildcards.variant}/seeds_{batch_of(wildcards.study, wildcards.seed)}/{file}"
    )


def effect_thresholds(wildcards):
    """The thresholds of genes' verdicts and flags."""
    keys = ("effect_prob", "effect_min", "few_guides", "cna_sd_min", "leverage_max")
    return {key: STUDIES[wildcards.study]["thresholds"][key] for key in keys}


def first_seed(wildcards):
    """The seed whose fits answer for a real screen: all its seeds see the same data."""
    return STUDIES[wildcards.study]["first_seed"]


def first_fits(wildcards):
    """The posterior of each variant that answers for a real screen."""
    study = wildcards.study
    return [f"results/{study}/fits/{variant}/seeds_{first_batch(study)}/posterior.nc" for variant in STUDIES[study]["variants"]]


def variant_files(wildcards):
    """The file of every variant of the wildcard's study."""
    study = STUDIES[wildcards.study]
    return [own.get("file") or BUILT_IN_FILES[name] for name, own in study["variants"].items()]


def source_names(wildcards):
    """What the source of a real screen calls genes, sgRNAs and cell lines."""
    names = STUDIES[wildcards.study]["screen"].get("columns", {"gene": "Gene", "sgrna": "sgRNA", "cell_line": "ModelID"})
    return {ours: names[ours] for ours in ("gene", "sgrna", "cell_line")}


def gene_page_extras(wildcards):
    """What the page of genes shows where there is any: the comparison of variants, the check of the correction."""
    extras = {}
    if wildcards.study in COMPARED:
        extras["comparison"] = "results/{study}/comparison.csv"
    if wildcards.study in JUDGED:
        extras["correction"] = "results/{study}/correction.csv"
    return extras


def summary_extras(wildcards):
    """What the summary shows where there is any: the comparison, and the rows that were dropped from a real screen."""
    extras = {}
    if wildcards.study in COMPARED:
        extras["comparison"] = "results/{study}/comparison.csv"
    if wildcards.study in SIMULATED:
        extras["recovery"] = "results/{study}/recovery.csv"
    if wildcards.study in CALIBRATED:
        extras["calibration"] = "results/{study}/calibration.csv"
    if "screen" in STUDIES[wildcards.study]:
        extras["dropped"] = "results/{study}/data/screen/dropped.csv"
        extras["on_layout"] = [f"results/{name}/calibration.csv" for name in STUDIES[wildcards.study]["calibrated_on"]]
    return extras


def figures_of(study):
    """Every figure of a study."""
    settings = STUDIES[study]
    folder = f"results/{study}/figures"
    seeds = SEEDS[study][: settings["figure_seeds"]]
    of_fit = PARAMETER_FIGURES + (PREDICTIVE_FIGURES if settings["checks"] else [])
    sources = dict.fromkeys(source_of(study, variant) for variant in settings["variants"])
    return [
        f"{folder}/diagnostics.svg",
        *(
            [f"{folder}/recovery-{name}.svg" for name in ("coverage", "bias")]
            if study in SIMULATED and len(SEEDS[study]) > 1
            else []
        ),
        *(
            f"{folder}/{variant}-calibration_{name}.svg"
            for variant in (settings["variants"] if study in CALIBRATED else [])
            for name in ("ecdf", "ranks")
        ),
        *([f"{folder}/comparison.svg"] if settings["checks"] and study in COMPARED and len(settings["variants"]) > 1 else []),
        *(
            f"{folder}/{variant}-{name}.{kind}"
            for variant in (settings["variants"] if study in REAL else [])
            for name, kind in EFFECT_FIGURES
        ),
        *([f"{folder}/correction.svg"] if study in JUDGED else []),
        *(f"{folder}/{variant}-model.svg" for variant in settings["variants"]),
        *(
            f"{folder}/{variant}-{name}-seed_{seed}.{kind}"
            for variant in settings["variants"]
            for seed in seeds
            for name, kind in of_fit
        ),
        *(
            f"{folder}/data-{source}-{name}-seed_{seed}.{kind}"
            for source in sources
            for seed in seeds
            for name, kind in DATA_FIGURES
        ),
    ]


def variant_file(wildcards):
    """The file of a variant: built in, or the user's own."""
    return STUDIES[wildcards.study]["variants"][wildcards.variant].get("file") or BUILT_IN_FILES[wildcards.variant]
