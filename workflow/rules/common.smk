# What several rule files need: digests of code, the resolved config, and a few functions of wildcards. Nothing here runs a model.

import sys
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError


@cache
def library_file(path):
    """A file under scripts/, by its path there; downloaded where this workflow is used as a module of another."""
    return workflow.source_path(f"../../scripts/{path}")


def read_library(path):
    """The text of a file of the library, or None where there is no such file."""
    try:
        return Path(library_file(path)).read_text(encoding="utf-8") if path.startswith("guidefit/") else None
    except (WorkflowError, OSError):
        return None


for name in ("__init__", "base/__init__", "base/digests", "base/errors"):
    library_file(f"guidefit/{name}.py")
sys.path.insert(0, str(Path(library_file("guidefit/__init__.py")).parents[1]))

from guidefit.base.digests import Code, Library, OwnVariant
from guidefit.base.errors import UserError

LIBRARY = Library(read_library)
LIBRARY.reached(Code("import guidefit.config, guidefit.models.declaration"))  # these are imported next

from guidefit.config import load_config
from guidefit.models.declaration import BUILT_IN, FORMER_MODULES


@cache
def digest(script, *modules):
    """Checksum of all code that a script depends on, and of the modules that it imports by a computed name."""
    return LIBRARY.digest(Code(Path(library_file(f"{script}.py")).read_text(encoding="utf-8")), *modules)


def resolve_variant(name, settings):
    """What rules ask of a variant besides its settings: the user's own files, if any, and the checksum of its code."""
    if settings["file"] is None:
        return {"own_files": [], "code": LIBRARY.digest(Code(""), f"guidefit.models.variants.{name}")}
    own = OwnVariant(settings["file"], LIBRARY, FORMER_MODULES)
    return {"own_files": [settings["file"], *own.helpers()], "code": own.checksum()}


try:
    loaded = load_config(
        config,
        files=workflow.configfiles,
        built_in={name: library_file(f"guidefit/models/variants/{name}.py") for name in BUILT_IN},
        folder=Path.cwd(),
    )
    for study in loaded.studies.values():
        for name, settings in study["variants"].items():
            settings |= resolve_variant(name, settings)
except UserError as error:
    raise WorkflowError(str(error)) from None

# `lookup` walks through all of STUDIES at each call, so that lists of seeds have mappings of their own.
STUDIES, SEEDS, BATCHES = loaded.studies, loaded.seeds, loaded.batches
REAL = [name for name, study in STUDIES.items() if study["kind"] != "simulated"]
SIMULATED = [name for name, study in STUDIES.items() if study["kind"] == "simulated"]
CHECKED = [name for name, study in STUDIES.items() if study["checks"]]
CALIBRATED = [name for name, study in STUDIES.items() if study["is_calibrated"]]
COMPARED = [name for name, study in STUDIES.items() if study["is_compared"]]
JUDGED = [name for name, study in STUDIES.items() if study["is_judged"]]
SEVERAL_SEEDS = [name for name in SIMULATED if len(SEEDS[name]) > 1]
SEVERAL_VARIANTS = [name for name in COMPARED if STUDIES[name]["checks"] and len(STUDIES[name]["variants"]) > 1]


wildcard_constraints:
    study="|".join(STUDIES),
    variant="[A-Za-z][A-Za-z0-9_]*",
    source="[A-Za-z][A-Za-z0-9_]*",
    seeds="[0-9]+(-[0-9]+)?",
    seed="[0-9]+",


def studies_where(key, *values):
    """A pattern of the names of studies in which `key` has one of these values; where there are none, it matches nothing."""
    return "|".join(name for name, study in STUDIES.items() if study[key] in values) or "(?!)"


def batch_names(wildcards):
    """The names of a study's batches of seeds."""
    return list(BATCHES[wildcards.study])


def batch_of(wildcards):
    """The name of the batch that the wildcards name, or that their seed is in."""
    if "seeds" in wildcards.keys():
        return wildcards.seeds
    return next(name for name, seeds in BATCHES[wildcards.study].items() if int(wildcards.seed) in seeds)


def batch_seeds(wildcards):
    """The seeds of a batch."""
    return BATCHES[wildcards.study][wildcards.seeds]


def figure_seeds(wildcards):
    """The seeds of a study that have figures."""
    return SEEDS[wildcards.study][: STUDIES[wildcards.study]["figure_seeds"]]


def source_of(study, variant):
    """Where a fit's data come from: 'screen' (a real one), 'design' (shared by variants), or the variant that simulates them."""
    settings = STUDIES[study]
    if settings["kind"] != "simulated":
        return "screen"
    return settings["simulate"].get("variant", variant) if settings["is_calibrated"] else "design"


def data(file):
    """A file of the screen that a fit or a figure is about, as a rule's input. A real screen is the same for all seeds."""

    def path(wildcards):
        source = wildcards.get("source") or source_of(wildcards.study, wildcards.variant)
        folder = source if source == "screen" else f"{source}/seeds_{batch_of(wildcards)}"
        return f"results/{wildcards.study}/data/{folder}/{file}"

    return path


def fit_of_seed(file):
    """A file of the fit that the wildcards' variant and seed belong to, as a rule's input."""
    return lambda wildcards: f"results/{wildcards.study}/fits/{wildcards.variant}/seeds_{batch_of(wildcards)}/{file}"


def pick(section, *keys):
    """Those of these keys that a section of the study has, as a rule's param: other keys of the section do not matter to the rule."""

    def picked(wildcards):
        settings = STUDIES[wildcards.study][section]
        return {key: settings[key] for key in keys if key in settings}

    return picked


def times_attempt(amount):
    """A resource that grows with each attempt. Profiles hold measured values; this one is used where a profile has none."""
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


SUMMARY, DATA, OVER_SEEDS, OF_VARIANT = "0. Summary and tables", "1. Data", "2. Over all seeds", "{variant}"


def in_report(path, caption, what, section):
    """A file that the report shows in a section of its study, with a caption of workflow/report and a label."""
    return report(path, caption=f"../report/{caption}.rst", category="{study}", subcategory=section, labels={"what": what})
