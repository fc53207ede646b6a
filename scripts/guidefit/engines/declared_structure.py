"""The check that a user's variant declares, by `GAUSSIAN`, the model that its build() returns."""

import hashlib
from pathlib import Path

from guidefit.base import startup
from guidefit.models import declaration, structure
from guidefit.models.declaration import Declaration, Priors


def check_once(declared: Declaration, priors: Priors, place: str, key: str, folder: Path | None = None) -> None:
    """Check a user's own variant before the engine `collapsed` fits it. Raises UserError where GAUSSIAN and build() differ.

    The engine itself needs no PyMC, which takes seconds to import. A check that was passed is therefore noted in the folder (that
    of the caches by default) under `key`, which identifies the variant's code, its priors and the library. Built-in variants are
    checked by the tests of this project. place: start of the message where the structure itself is not possible.
    """
    if declared.path.resolve().parent == declaration.VARIANTS.resolve():
        return
    passed = (folder or startup.cache_folder()) / "passed" / hashlib.sha256(key.encode()).hexdigest()
    if passed.exists():
        return
    from guidefit.models import promises

    build = promises.load(declared.path)
    promises.check_gaussian(build, declared, priors, structure.make(declared.gaussian, priors, place))
    passed.parent.mkdir(parents=True, exist_ok=True)
    passed.touch()
