"""Places of results: what the path of a file says about its content, written into the file and compared by its readers."""

import re
from collections.abc import Mapping
from pathlib import Path

from guidefit.base.errors import AGAIN, UserError

KEY = "guidefit"
"""The name under which files carry their ids."""

_PLACE = re.compile(
    r"(?:^|/)results/(?P<study>[^/]+)/"
    r"(?:(?:fits/(?P<variant>[^/]+)|data/(?P<source>[^/]+))/(?:seeds_(?P<seeds>[^/]+)/)?|effects/)?"
    r"(?P<file>[^/]+)$"
)


def ids_of(path: str | Path) -> dict[str, str]:
    """What the path of a result says about its content: study, variant or source of the data, seeds, file; as far as it does."""
    place = _PLACE.search(Path(path).as_posix())
    return {name: value for name, value in place.groupdict().items() if value is not None} if place else {}


def refuse_other(path: str | Path, found: Mapping[str, str]) -> None:
    """Raise UserError where a file was written for another place of the results than the one it is in. found: the ids in it."""
    expected = ids_of(path)
    if expected and found and found != expected:
        raise UserError(f"{path} was written for {_written(found)}, and {_written(expected)} was expected in its place. {AGAIN}")


def _written(ids: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in ids.items())
