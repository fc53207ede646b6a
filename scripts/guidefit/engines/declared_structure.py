"""The check that a user's variant declares, by `GAUSSIAN` or `STRUCTURE`, the model that its build() returns."""

import hashlib
from pathlib import Path

from guidefit.base import startup
from guidefit.models import declaration, structure
from guidefit.models.declaration import Declaration, Priors


def check_once(declared: Declaration, priors: Priors, place: str, key: str, folder: Path | None = None) -> None:
    """Check a user's own variant before the engines `collapsed` and `gibbs` fit it, which never call build().

    They need no PyMC, which takes seconds to import. A check that was passed is therefore noted in the folder (that of the caches
    by default) under `key`, which identifies the variant's code, its priors and the library. Built-in variants are checked by the
    tests of this project. place: start of the message where the structure itself is not possible. Raises UserError where
    GAUSSIAN or STRUCTURE and build() differ.
    """
    if declared.path.resolve().parent == declaration.VARIANTS.resolve() or declared.one_line is not None:
        return
    passed = (folder or startup.cache_folder()) / "passed" / hashlib.sha256(key.encode()).hexdigest()
    if passed.exists():
        return
    from guidefit.models import line_promises, promises

    build = promises.load(declared.path)
    if declared.structure is not None:
        line_promises.check_structure(build, declared, priors)
    else:
        promises.check_gaussian(build, declared, priors, structure.make(declared.gaussian, priors, place))
    passed.parent.mkdir(parents=True, exist_ok=True)
    passed.touch()
