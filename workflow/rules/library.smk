# The library next to the scripts: found, imported, and its code reduced to digests that rules have among their params.

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

LIBRARY = Library(read_library)
LIBRARY.reached(
    Code("import guidefit.base.progress, guidefit.base.startup, guidefit.config, guidefit.models.declaration")
)  # these are imported next

from guidefit.base.errors import UserError
from guidefit.base import progress
from guidefit.base.startup import check_folders
from guidefit.config import load_config
from guidefit.models.declaration import BUILT_IN, FORMER_MODULES, declare

BUILT_IN_FILES = {name: library_file(f"guidefit/models/variants/{name}.py") for name in BUILT_IN}


@cache
def digest(script, *modules):
    """Checksum of all code that a script depends on, and of the modules that it imports by a computed name."""
    return LIBRARY.digest(Code(Path(library_file(f"{script}.py")).read_text(encoding="utf-8")), *modules)


def resolve_variant(name, settings):
    """What rules ask of a variant besides its settings.

    The user's own files, if any, checksums of its code and of a fit's, and whether it has effects by gene and cell line.
    """
    own = settings["file"] and OwnVariant(settings["file"], LIBRARY, FORMER_MODULES)
    return {
        "own_files": [settings["file"], *own.helpers()] if own else [],
        "code": own.checksum() if own else LIBRARY.digest(Code(""), f"guidefit.models.variants.{name}"),
        "has_lines": declare(settings["file"] or BUILT_IN_FILES[name]).structure is not None,
        "fit_code": digest("fit", f"guidefit.engines.{settings['sampling']['engine']}"),
    }


def describe_variant(name, settings):
    """What pages say of a variant: the docstring of its file, its priors, and whether it has effects by cell line."""
    declared = declare(settings["file"] or BUILT_IN_FILES[name])
    return {"text": declared.text, "priors": settings["priors"], "has_lines": declared.structure is not None}
