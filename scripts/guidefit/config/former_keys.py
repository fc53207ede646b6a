"""Keys that earlier versions had: a config that still has one gets a message that names the successor.

When a key is renamed or removed, its former path is added here, with * for the name of a study or a variant, for example
"studies.*.sampling.warmup": "Use tune.". No key has been renamed or removed so far.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase

FORMER_KEYS: dict[str, str] = {}
"""Path of a former key -> a sentence that says what to write today."""


def successor(path: str, table: Mapping[str, str]) -> str | None:
    """What to write today in place of the key with this path; None if no earlier version had it."""
    return next(
        (f"this key is no longer used. {sentence}" for former, sentence in table.items() if fnmatchcase(path, former)), None
    )
